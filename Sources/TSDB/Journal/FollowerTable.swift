import Model
import Synchronization

/// Where those who follow the journal have come to. Thread-safe.
///
/// A record that some follower has not had is held in the journal after it was sealed. ``MetaKey/journalStart`` says then
/// where the records begin that are not sealed.
final class FollowerTable: Sendable {
    private let positions: Mutex<[String: LogPosition]>

    init(_ positions: [String: LogPosition]) { self.positions = Mutex(positions) }

    var all: [String: LogPosition] { positions.withLock { $0 } }

    subscript(name: String) -> LogPosition? { positions.withLock { $0[name] } }

    func set(_ all: [String: LogPosition]) { positions.withLock { $0 = all } }

    /// The first record that is to be kept for followers; `.max` where there are none. It begins a segment, because the
    /// records of a segment build on one another.
    var holdFrom: Int64 { FollowerTable.holdFrom(all) }

    static func holdFrom(_ positions: [String: LogPosition]) -> Int64 {
        guard let lowest = positions.values.map(\.record).min() else { return .max }
        return (lowest >> 32) << 32
    }
}
