/// Memory of one kind of element that is kept from use to use and grows to what was asked for.
///
/// Not thread-safe: it belongs to one encoder.
final class Scratch<Element: BitwiseCopyable> {
    // SAFETY: `base` has room for `capacity` elements, is owned by this object and freed in `deinit`. Elements are
    // plain bits; whoever takes the room writes an element before reading it.
    private var base: UnsafeMutablePointer<Element>
    private var capacity: Int

    init() {
        capacity = 64
        base = .allocate(capacity: capacity)
    }

    deinit { base.deallocate() }

    /// Room for `count` elements, whose contents are lost where it has to grow. What was taken before is no longer valid.
    func room(_ count: Int) -> UnsafeMutablePointer<Element> {
        if count > capacity {
            base.deallocate()
            capacity = count + count / 2
            base = .allocate(capacity: capacity)
        }
        return base
    }
}
