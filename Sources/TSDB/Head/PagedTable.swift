/// A table from series numbers to elements. Numbers ascend and are never used again, so that pages whose elements are
/// all gone are freed.
struct PagedTable<Element: BitwiseCopyable> {
    // SAFETY: a page is one allocation, a header and room for `pageSize` elements, of which those with their bit in
    // `used` are initialised. Pages are owned by the table, which is not copied; `removeAll` frees them.
    private struct Header {
        var used: InlineArray<16, UInt64> = .init(repeating: 0)
        var count = 0
    }

    private static var pageSize: Int { 1024 }
    private static var headerBytes: Int { MemoryLayout<Header>.stride }
    private var pages: [UnsafeMutableRawPointer?] = []
    private(set) var count = 0

    /// One past the highest number that there can be an element of.
    var end: UInt32 { UInt32(clamping: pages.count * Self.pageSize) }

    /// The place of an element, which stays until it is removed; nil where there is none.
    @inline(__always)
    subscript(id: UInt32) -> UnsafeMutablePointer<Element>? {
        let index = Int(id) >> 10
        guard index < pages.count, let page = pages[index] else { return nil }
        let slot = Int(id) & 1023
        let word = page.load(fromByteOffset: (slot >> 6) << 3, as: UInt64.self)
        guard word >> UInt64(slot & 63) & 1 != 0 else { return nil }
        return Self.elements(page) + slot
    }

    /// Adds an element where there is none yet.
    mutating func insert(_ id: UInt32, _ element: Element) -> UnsafeMutablePointer<Element> {
        precondition(self[id] == nil, "BUG: series \(id) is in the table")
        let index = Int(id) >> 10
        while pages.count <= index { pages.append(nil) }
        let page = pages[index] ?? Self.makePage()
        pages[index] = page
        let slot = Int(id) & 1023
        Self.header(page).pointee.used[slot >> 6] |= 1 << UInt64(slot & 63)
        Self.header(page).pointee.count += 1
        count += 1
        let place = Self.elements(page) + slot
        place.initialize(to: element)
        return place
    }

    /// Removes an element, and its page where it was the last one there.
    mutating func remove(_ id: UInt32) {
        let index = Int(id) >> 10
        guard self[id] != nil, let page = pages[index] else { return }
        let slot = Int(id) & 1023
        Self.header(page).pointee.used[slot >> 6] &= ~(1 << UInt64(slot & 63))
        Self.header(page).pointee.count -= 1
        count -= 1
        if Self.header(page).pointee.count == 0 {
            page.deallocate()
            pages[index] = nil
        }
    }

    /// Calls `body` with each number in `range` that has an element, ascending.
    func forEach(in range: Range<UInt32>? = nil, _ body: (UInt32, UnsafeMutablePointer<Element>) -> Void) {
        let range = (range ?? 0..<end).clamped(to: 0..<end)
        var id = range.lowerBound
        while id < range.upperBound {
            if id & 1023 == 0, pages[Int(id) >> 10] == nil {
                id += 1024
                continue
            }
            if let element = self[id] { body(id, element) }
            id += 1
        }
    }

    mutating func removeAll() {
        for page in pages { page?.deallocate() }
        pages = []
        count = 0
    }

    private static func makePage() -> UnsafeMutableRawPointer {
        let bytes = headerBytes + pageSize * MemoryLayout<Element>.stride
        let page = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 16)
        header(page).initialize(to: Header())
        return page
    }

    @inline(__always)
    private static func header(_ page: UnsafeMutableRawPointer) -> UnsafeMutablePointer<Header> {
        page.assumingMemoryBound(to: Header.self)
    }

    @inline(__always)
    private static func elements(_ page: UnsafeMutableRawPointer) -> UnsafeMutablePointer<Element> {
        (page + headerBytes).assumingMemoryBound(to: Element.self)
    }
}
