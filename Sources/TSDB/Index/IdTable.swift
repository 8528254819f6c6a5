/// A hash table from keys that lie elsewhere to their numbers: open addressing with linear probing, eight bytes a slot.
///
/// The table keeps 32 bits of each key's hash; whether a number's key is the wanted one the caller says.
struct IdTable {
    /// Upper half: hash; lower half: number + 1; zero where the slot is free.
    private var slots: [UInt64] = Array(repeating: 0, count: 16)
    private(set) var count = 0

    /// The number of the key with this hash that `isWanted` accepts.
    @inline(__always)
    func find(_ hash: UInt64, _ isWanted: (UInt32) -> Bool) -> UInt32? {
        let mask = slots.count - 1
        var index = Int(truncatingIfNeeded: hash) & mask
        while slots[index] != 0 {
            let slot = slots[index]
            if slot >> 32 == hash & 0xffff_ffff {
                let id = UInt32(truncatingIfNeeded: slot) &- 1
                if isWanted(id) { return id }
            }
            index = (index + 1) & mask
        }
        return nil
    }

    /// Adds a key that is not there yet.
    mutating func insert(_ hash: UInt64, _ id: UInt32) {
        // At most three quarters are full, so that probes stay short.
        if (count + 1) * 4 > slots.count * 3 { resize(to: slots.count * 2) }
        place((hash & 0xffff_ffff) << 32 | UInt64(id &+ 1))
        count += 1
    }

    /// Removes the number `id`, whose key has this hash.
    mutating func remove(_ hash: UInt64, _ id: UInt32) {
        let mask = slots.count - 1
        let wanted = (hash & 0xffff_ffff) << 32 | UInt64(id &+ 1)
        var index = Int(truncatingIfNeeded: hash) & mask
        while slots[index] != wanted {
            if slots[index] == 0 { return }
            index = (index + 1) & mask
        }
        slots[index] = 0
        count -= 1
        // What follows without a gap may have been pushed there by what is gone: place it again.
        index = (index + 1) & mask
        while slots[index] != 0 {
            let moved = slots[index]
            slots[index] = 0
            place(moved)
            index = (index + 1) & mask
        }
    }

    /// Gives back room that many removals have left.
    mutating func shrink() {
        var size = 16
        while (count + 1) * 4 > size * 3 { size *= 2 }
        if size * 2 <= slots.count { resize(to: size) }
    }

    private mutating func place(_ slot: UInt64) {
        let mask = slots.count - 1
        // The kept bits are the hash's low ones: enough to find the slot again at any size up to 2^32.
        var index = Int(slot >> 32) & mask
        while slots[index] != 0 { index = (index + 1) & mask }
        slots[index] = slot
    }

    private mutating func resize(to size: Int) {
        let old = slots
        slots = Array(repeating: 0, count: size)
        for slot in old where slot != 0 { place(slot) }
    }
}
