import Glibc

/// Lets `malloc` keep at most two arenas. Each keeps what its threads have freed; with one per thread, as is usual, a
/// server that has taken in and answered much holds half as much memory again, and is no faster.
func limitAllocatorArenas() {
    typealias Option = @convention(c) (Int32, Int32) -> Int32
    /// `M_ARENA_MAX` of glibc's `malloc.h`, which Swift's module of the C library leaves out.
    let arenasMax: Int32 = -8
    guard let symbol = dlsym(nil, "mallopt") else { return }
    _ = unsafeBitCast(symbol, to: Option.self)(arenasMax, 2)
}
