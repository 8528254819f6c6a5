/// What a check of a database has found.
public struct CheckReport: Sendable {
    /// Something that is not as it should be.
    public struct Finding: Sendable, CustomStringConvertible {
        /// Where it is: the block with its times, the series with its labels, or the table and the row.
        public let place: String
        /// What is wrong there, with what was expected.
        public let problem: String
        /// Whether a repair makes it good, or at least sets the damaged bytes aside.
        public let isRepairable: Bool

        public var description: String { "\(place): \(problem)" }
    }

    /// In the order in which they were found, at most ``findingsMax``.
    public internal(set) var findings: [Finding] = []
    /// How many there are, those included that ``findings`` has no room for.
    public internal(set) var findingCount = 0
    /// What is no damage and worth knowing: rows that an interrupted operation left, and what was set aside before.
    public internal(set) var notes: [String] = []

    /// What was looked at.
    public internal(set) var blocks = 0
    /// Series' rows in blocks, with the samples and bytes of those that decode.
    public internal(set) var rows = 0
    public internal(set) var samples: Int64 = 0
    public internal(set) var bytes: Int64 = 0
    public internal(set) var series = 0
    public internal(set) var journalRecords = 0
    public internal(set) var exemplars = 0

    /// The most findings that are kept.
    public static let findingsMax = 10_000

    /// Whether nothing is wrong.
    public var isSound: Bool { findingCount == 0 }
}

/// What a repair has done.
public struct RepairReport: Sendable {
    /// What was found at first.
    public let before: CheckReport
    /// What was done about it, in order, a sentence each.
    public let actions: [String]
    /// What is found now.
    public let after: CheckReport
}
