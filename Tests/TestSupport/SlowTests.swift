import Glibc

/// Whether tests run at full size, which takes long: the environment has `TSDB_TEST_SLOW=1`, as in `make test-slow`.
public let isSlowRun = getenv("TSDB_TEST_SLOW").map { String(cString: $0) == "1" } ?? false

/// How often something is tried: `quick` times in `make test`, `slow` times in `make test-slow`.
public func tries(_ quick: Int, slow: Int) -> Int { isSlowRun ? slow : quick }
