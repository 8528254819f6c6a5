import Model
import Protobuf
import RemoteProtocol
import Synchronization

/// Which series the labels of earlier requests named, by a hash of them as they were sent.
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

    /// The key of labels that are written out.
    func key(_ labels: UnsafeRawBufferPointer) -> Key {
        let bytes = labels.bindMemory(to: UInt8.self)
        return Key(first: hash64(bytes, seed: seeds.0), second: hash64(bytes, seed: seeds.1))
    }

    /// The key of labels that are numbers of symbols, which mean other strings in each request; nil where one is of none.
    ///
    /// - Parameters:
    ///   - references: the numbers as varints.
    ///   - symbols: the keys of the request's symbols.
    func key(_ references: UnsafeRawBufferPointer, _ symbols: [Key]) -> Key? {
        var reader = ProtobufReader(references)
        var first = seeds.0
        var second = seeds.1
        while !reader.isAtEnd {
            guard let number = try? reader.varint(), number < UInt64(symbols.count) else { return nil }
            // Each step mixes what came before, so that order and number count.
            first = mixed(first ^ symbols[Int(number)].first, 0xa076_1d64_78bd_642f)
            second = mixed(second ^ symbols[Int(number)].second, 0xe703_7ed1_a0b4_28db)
        }
        return Key(first: first, second: second)
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

/// Both halves of the product, folded into one.
@inline(__always)
private func mixed(_ a: UInt64, _ b: UInt64) -> UInt64 {
    let product = a.multipliedFullWidth(by: b)
    return product.high ^ product.low
}
