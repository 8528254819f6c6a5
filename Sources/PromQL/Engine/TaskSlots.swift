/// One place for the result of each task, which several threads fill.
final class TaskSlots<Element: Sendable>: @unchecked Sendable {
    // SAFETY: `count` initialised elements, owned by this object; threads write to elements of their own, and they are
    // read only after the threads have finished.
    private let slots: UnsafeMutablePointer<Element?>
    private let count: Int

    init(_ count: Int) {
        self.count = count
        slots = .allocate(capacity: max(count, 1))
        slots.initialize(repeating: nil, count: count)
    }

    deinit {
        slots.deinitialize(count: count)
        slots.deallocate()
    }

    subscript(_ index: Int) -> Element? {
        get { slots[index] }
        set { slots[index] = newValue }
    }

    /// The results that there are, in the order of the tasks.
    var present: [Element] { (0..<count).compactMap { slots[$0] } }
}
