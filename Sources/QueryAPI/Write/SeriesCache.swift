import Model
import Synchronization

/// Which series the labels of earlier requests named, by a hash of their bytes as they were sent.
///
/// Senders repeat a series' labels byte for byte, so that most series of a request are found here and no string is
/// made for them. Two hashes with seeds of this process stand for the bytes: that two series share all 128 bits is as
/// good as impossible, also for a client that tries.
final class SeriesCache: Sendable {
    struct Key {
        let first: UInt64
        let second: UInt64
    }

    private struct Entry {
        let check: UInt64
        let ref: SeriesRef
    }

    private let seeds = (UInt64.random(in: .min ... .max), UInt64.random(in: .min ... .max))
    private let entries = Mutex<[UInt64: Entry]>([:])

    func key(_ labels: UnsafeRawBufferPointer) -> Key {
        let bytes = labels.bindMemory(to: UInt8.self)
        return Key(first: hash64(bytes, seed: seeds.0), second: hash64(bytes, seed: seeds.1))
    }

    /// The series of each key; nil for those that are not known.
    func find(_ keys: [Key?]) -> [SeriesRef?] {
        entries.withLock { entries in
            keys.map { key in
                guard let key, let entry = entries[key.first], entry.check == key.second else { return nil }
                return entry.ref
            }
        }
    }

    func insert(_ key: Key, _ ref: SeriesRef) {
        entries.withLock { entries in
            // Starting afresh costs each live series one look-up in the store; keeping order would cost each sample.
            if entries.count >= Limit.writeCachedSeries { entries.removeAll() }
            entries[key.first] = Entry(check: key.second, ref: ref)
        }
    }

    func remove(_ key: Key) {
        entries.withLock { entries in
            if entries[key.first]?.check == key.second { entries[key.first] = nil }
        }
    }
}
