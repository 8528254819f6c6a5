import Model
import RemoteProtocol

/// The series that one query of a remote read selects, with the labels that they have outside of this server.
struct ReadSelection: Sendable {
    private let found: any SeriesSet
    private let externalLabels: Labels
    /// The places of the series in the set, in the order of their labels outside; nil where it is the set's own.
    private let order: [Int]?
    /// Whether the asker wants to know which series there are, and none of their samples.
    let isSeriesOnly: Bool

    init(_ query: ReadRequest.Query, _ querier: any Querier, _ externalLabels: Labels) throws(StorageError) {
        self.externalLabels = externalLabels
        // A series of here does not have the labels that it gets on its way out.
        let matchers = query.matchers.filter { matcher in
            matcher.op != .equal || matcher.value.isEmpty || externalLabels[matcher.name] != matcher.value
        }
        isSeriesOnly = query.hints?.function == "series"
        let range = query.range
        let hints = SelectHints(
            minTime: range.min, maxTime: range.max, step: query.hints?.step ?? 0, function: query.hints?.function ?? "")
        let found = try querier.select(matchers, hints: hints)
        self.found = found
        order =
            externalLabels.isEmpty
            ? nil
            : (0..<found.count).map { ($0, merged(externalLabels, found.labels($0))) }.sorted { $0.1 < $1.1 }.map(\.0)
    }

    var count: Int { found.count }

    func labels(_ index: Int) -> Labels { merged(externalLabels, found.labels(order?[index] ?? index)) }

    func read(_ index: Int, into buffer: SampleBuffer) throws(StorageError) {
        buffer.removeAll()
        try found.read(order?[index] ?? index, into: buffer)
    }
}

extension ReadRequest.Query {
    /// The times that are wanted, in milliseconds and both included: the hints', as far as they are the query's too.
    var range: (min: Int64, max: Int64) {
        guard let hints, hints.startTime != 0 || hints.endTime != 0 else { return (startTime, endTime) }
        return (max(startTime, hints.startTime), min(endTime, hints.endTime))
    }
}

/// The labels of a series with those of this server's where it has none of the name.
private func merged(_ external: Labels, _ own: Labels) -> Labels {
    if external.isEmpty { return own }
    var builder = LabelsBuilder(external)
    for label in own { builder.set(label.name, label.value) }
    return builder.labels()
}
