import Model

/// What `/api/v1/admin/tsdb/…` does to the store. Called on threads that may block.
public struct StorageAdministration: Sendable {
    /// Deletes the samples of a range of time, in milliseconds and both ends included, of the series that any of the
    /// selectors selects; their room is free when it returns.
    public var deleteSeries: @Sendable ([[Matcher]], ClosedRange<Int64>) throws(StorageError) -> Void
    /// Copies the store beside itself; returns the copy's name in the directory `snapshots`.
    public var snapshot: @Sendable () throws(StorageError) -> String

    public init(
        deleteSeries: @escaping @Sendable ([[Matcher]], ClosedRange<Int64>) throws(StorageError) -> Void,
        snapshot: @escaping @Sendable () throws(StorageError) -> String
    ) {
        self.deleteSeries = deleteSeries
        self.snapshot = snapshot
    }
}

extension API {
    /// `/api/v1/admin/tsdb/delete_series`: deletes the samples of a range of time of the series that are selected.
    func deleteSeries(_ call: Call) async throws(APIError) -> Answer {
        let administration = try administration()
        try call.form.requireWhole()
        let texts = call.form.all("match[]")
        guard !texts.isEmpty else { throw .badData("no match[] parameter provided") }
        let start = try call.form.time("start") ?? TimeBounds.min
        let end = try call.form.time("end") ?? TimeBounds.max
        var selectors: [[Matcher]] = []
        for text in texts { selectors.append(try selector(text, "match[]")) }
        guard start <= end else { return .noContent() }
        let wanted = selectors
        try await onStorageThread { () throws(StorageError) in try administration.deleteSeries(wanted, start...end) }
        return .noContent()
    }

    /// `/api/v1/admin/tsdb/clean_tombstones`: deleting has left nothing to clean.
    func cleanTombstones(_ call: Call) async throws(APIError) -> Answer {
        _ = try administration()
        return .noContent()
    }

    /// `/api/v1/admin/tsdb/snapshot`: copies the store. What is in memory is always in the copy: `skip_head` is read, and
    /// changes nothing.
    func snapshot(_ call: Call) async throws(APIError) -> Answer {
        let administration = try administration()
        try call.form.requireWhole()
        let skipsHead = call.form["skip_head"]
        guard skipsHead.isEmpty || goBoolean(skipsHead) != nil else {
            throw .invalidParameter(
                "skip_head",
                "unable to parse boolean \"skip_head\" argument: strconv.ParseBool: parsing \(quoted(skipsHead)): "
                    + "invalid syntax")
        }
        let name = try await onStorageThread { () throws(StorageError) in try administration.snapshot() }
        return .data { out in out.appendJSONObject([("name", name)]) }
    }

    private func administration() throws(APIError) -> StorageAdministration {
        guard options.enableAdmin, let administration = dependencies.administration else {
            throw APIError(.unavailable, "admin APIs disabled")
        }
        return administration
    }
}

/// What Go's `strconv.ParseBool` makes of a text; nil where it is none of those that it takes.
func goBoolean(_ text: String) -> Bool? {
    if ["1", "t", "T", "TRUE", "true", "True"].contains(text) { return true }
    return ["0", "f", "F", "FALSE", "false", "False"].contains(text) ? false : nil
}
