import Glibc

/// Gives memory that was freed back to the system, which the allocator does by itself only at the end of its heap.
func releaseFreedMemory() {
    typealias Trim = @convention(c) (Int) -> Int32
    // Looked up by name, because Swift's module of the C library leaves it out, and other C libraries do not have it.
    guard let symbol = dlsym(nil, "malloc_trim") else { return }
    _ = unsafeBitCast(symbol, to: Trim.self)(0)
}
