import Model

extension Database: SampleLog {
    public func setFollowers(_ names: [String]) throws(StorageError) {
        // Most databases have none, and then there is nothing to wait for.
        if names.isEmpty, state.followers.all.isEmpty { return }
        try perform { (writer) throws(StorageError) in try writer.setFollowers(names) }
    }

    public func follow(_ name: String) throws(StorageError) -> any LogFollower {
        try checkOpen()
        guard let position = state.followers[name] else { throw .io("nothing is kept for \(name)") }
        return try JournalFollower(self, name, position)
    }

    // Raised behind the commit: who sees it raised finds what was appended.
    public var logLength: Int { state.counters.commits.value }
}
