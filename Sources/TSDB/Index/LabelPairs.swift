import Model

/// The distinct label names, and the distinct pairs of name and value with the series that have them.
///
/// A series keeps the numbers of its pairs, so that a string is stored once however many series have it. Numbers of
/// pairs are those of the `label` table; one that was removed is given again.
struct LabelPairs {
    struct Name {
        /// Where it lies in `nameArena`.
        var offset: Int
        var count: Int
        /// Numbers of the pairs with this name, in no order; those included whose series have no sample yet.
        var pairs: [UInt32] = []
    }

    struct Pair {
        var name: UInt32
        /// Where the value lies in `arena`.
        var offset: UInt32
        var count: UInt32
        /// How many series refer to it, those without a sample included; the pair goes when none does.
        var uses: UInt32 = 0
        /// Whether it has its row in the database. Used by the writer thread alone.
        var isPersisted = false
    }

    private(set) var names: [Name] = []
    private(set) var pairs: [Pair] = []
    /// Per pair its series that have samples, ascending.
    private(set) var postings: [[UInt32]] = []
    private var arena: [UInt8] = []
    /// Names stay: there are few, and the same ones come again.
    private var nameArena: [UInt8] = []
    private var garbageBytes = 0
    private var nameTable = IdTable()
    private var pairTable = IdTable()
    private var freePairs: [UInt32] = []

    /// The number of a name, or nil where no series has it.
    func name(_ bytes: UnsafeBufferPointer<UInt8>) -> UInt32? {
        nameTable.find(tableHash(bytes)) { withName($0) { equalBytes($0, bytes) } }
    }

    /// The number of a pair, or nil where no series has it.
    func pair(_ name: UInt32, _ value: UnsafeBufferPointer<UInt8>) -> UInt32? {
        pairTable.find(tableHash(value, seed: UInt64(name))) { id in
            pairs[Int(id)].name == name && withValue(id) { equalBytes($0, value) }
        }
    }

    /// The number of a pair, which is new where it was not there.
    mutating func intern(_ nameBytes: UnsafeBufferPointer<UInt8>, _ value: UnsafeBufferPointer<UInt8>) -> UInt32 {
        let name = internName(nameBytes)
        if let known = pair(name, value) { return known }
        let id = freePairs.popLast() ?? UInt32(pairs.count)
        add(id, name, value)
        return id
    }

    /// Adds a pair that the database knows as `id`.
    mutating func load(_ id: UInt32, _ nameBytes: UnsafeBufferPointer<UInt8>, _ value: UnsafeBufferPointer<UInt8>) {
        add(id, internName(nameBytes), value)
        pairs[Int(id)].isPersisted = true
    }

    /// Whether the values of new labels can be told by their 32 bits of place, and numbers given to them.
    func hasRoom(for labels: Labels) -> Bool {
        arena.count + labels.encoded.count <= Int(UInt32.max) && pairs.count + labels.count <= Int(SeriesIndex.pairsMax)
    }

    /// Makes the numbers of pairs that no series has available.
    mutating func finishLoading() {
        freeUnused(pairs.indices.map { UInt32($0) }.filter { pairs[Int($0)].name != .max && pairs[Int($0)].uses == 0 })
        freePairs = pairs.indices.reversed().filter { pairs[$0].name == .max }.map { UInt32($0) }
    }

    private mutating func internName(_ bytes: UnsafeBufferPointer<UInt8>) -> UInt32 {
        if let known = name(bytes) { return known }
        let id = UInt32(names.count)
        names.append(Name(offset: nameArena.count, count: bytes.count))
        nameArena.append(contentsOf: bytes)
        nameTable.insert(tableHash(bytes), id)
        return id
    }

    private mutating func add(_ id: UInt32, _ name: UInt32, _ value: UnsafeBufferPointer<UInt8>) {
        while pairs.count <= Int(id) {
            // A name that no pair has marks a number that is free.
            pairs.append(Pair(name: .max, offset: 0, count: 0))
            postings.append([])
        }
        pairs[Int(id)] = Pair(name: name, offset: UInt32(arena.count), count: UInt32(value.count))
        arena.append(contentsOf: value)
        names[Int(name)].pairs.append(id)
        pairTable.insert(tableHash(value, seed: UInt64(name)), id)
    }

    /// Calls `body` with the bytes of a pair's value, which are valid during the call.
    @inline(__always)
    func withValue<Value>(_ id: UInt32, _ body: (UnsafeBufferPointer<UInt8>) -> Value) -> Value {
        let pair = pairs[Int(id)]
        return arena.withUnsafeBufferPointer { body($0.part(Int(pair.offset), Int(pair.count))) }
    }

    /// Calls `body` with the bytes of a name, which are valid during the call.
    @inline(__always)
    func withName<Value>(_ id: UInt32, _ body: (UnsafeBufferPointer<UInt8>) -> Value) -> Value {
        let (offset, count) = (names[Int(id)].offset, names[Int(id)].count)
        return nameArena.withUnsafeBufferPointer { body($0.part(offset, count)) }
    }

    /// The labels with the numbers `list`.
    func labels(_ list: UnsafeBufferPointer<UInt32>) -> Labels {
        var size = 0
        for number in list {
            let pair = pairs[Int(number)]
            size += names[Int(pair.name)].count + Int(pair.count) + 2
        }
        var encoded: [UInt8] = []
        encoded.reserveCapacity(size)
        encode(list, into: &encoded)
        return Labels(encoded: encoded)
    }

    /// Writes the labels with the numbers `list` as ``Labels`` encodes them.
    func encode(_ list: UnsafeBufferPointer<UInt32>, into encoded: inout [UInt8]) {
        encoded.removeAll(keepingCapacity: true)
        for number in list {
            withName(pairs[Int(number)].name) { encoded.appendLabelString($0) }
            withValue(number) { encoded.appendLabelString($0) }
        }
    }

    func value(_ id: UInt32) -> String { withValue(id) { String(decoding: $0, as: UTF8.self) } }

    func nameText(_ id: UInt32) -> String { withName(id) { String(decoding: $0, as: UTF8.self) } }

    mutating func addUse(_ id: UInt32) { pairs[Int(id)].uses += 1 }

    mutating func setPersisted(_ id: UInt32, _ value: Bool = true) { pairs[Int(id)].isPersisted = value }

    /// Adds a series to a pair's postings. Nearly always it is the newest one; a series that got its first sample later
    /// than one with a higher number is put in its place.
    mutating func publish(_ series: UInt32, to id: UInt32) {
        postings[Int(id)].insertAscending(series)
    }

    /// Takes series out of the pairs that they refer to, and the pairs that nothing refers to any more out of the
    /// index.
    ///
    /// - Parameter users: per series the numbers of its pairs.
    mutating func remove(_ users: [(series: UInt32, pairs: [UInt32])]) {
        let gone = Set(users.map(\.series))
        var affected = Set<UInt32>()
        for user in users {
            for id in user.pairs {
                pairs[Int(id)].uses -= 1
                affected.insert(id)
            }
        }
        for id in affected where pairs[Int(id)].uses > 0 { postings[Int(id)].removeAll { gone.contains($0) } }
        freeUnused(affected.filter { pairs[Int($0)].uses == 0 })
        compact()
    }

    private mutating func freeUnused(_ ids: some Collection<UInt32>) {
        let touched = Set(ids.map { pairs[Int($0)].name })
        for id in ids { free(id) }
        for name in touched { names[Int(name)].pairs.removeAll { pairs[Int($0)].name != name } }
    }

    private mutating func free(_ id: UInt32) {
        let hash = withValue(id) { tableHash($0, seed: UInt64(pairs[Int(id)].name)) }
        pairTable.remove(hash, id)
        garbageBytes += Int(pairs[Int(id)].count)
        pairs[Int(id)] = Pair(name: .max, offset: 0, count: 0)
        postings[Int(id)] = []
        freePairs.append(id)
    }

    /// Gives back the room of values that are gone, where it is more than half.
    private mutating func compact() {
        pairTable.shrink()
        guard garbageBytes > arena.count / 2 else { return }
        var kept: [UInt8] = []
        kept.reserveCapacity(arena.count - garbageBytes)
        for index in pairs.indices where pairs[index].name != .max {
            let old = Int(pairs[index].offset)
            pairs[index].offset = UInt32(kept.count)
            kept.append(contentsOf: arena[old..<old + Int(pairs[index].count)])
        }
        arena = kept
        garbageBytes = 0
    }
}

extension UnsafeBufferPointer<UInt8> {
    @inline(__always)
    fileprivate func part(_ offset: Int, _ count: Int) -> UnsafeBufferPointer<UInt8> {
        UnsafeBufferPointer(rebasing: self[offset..<offset + count])
    }
}

extension [UInt32] {
    /// Inserts a number that is not there yet into an ascending array.
    mutating func insertAscending(_ number: UInt32) {
        guard let last, last > number else { return append(number) }
        insert(number, at: firstIndex(atLeast: number))
    }

    /// Index of the first element that is `number` or greater, in an ascending array.
    func firstIndex(atLeast number: UInt32) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if self[middle] < number { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
