import Glibc
import Model
import TestSupport
import Testing

@testable import TSDB

@Suite struct DirectoryLockTests {
    /// A child that another thread starts shares the descriptor until it runs its program.
    @Test func lockGoesWithItsOwnerThoughAChildStillHasItsDescriptor() throws {
        let directory = TemporaryDirectory()
        var lock: DirectoryLock? = try DirectoryLock(directory: directory.path, clock: SystemClock())
        let childs = dup(lock?.descriptor ?? -1)
        defer { close(childs) }
        try #require(childs >= 0)
        lock = nil
        _ = try DirectoryLock(directory: directory.path, clock: SystemClock())
    }
}
