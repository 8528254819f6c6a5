import Glibc

/// A thread that a test waits for: what it runs may block, which a task must not.
public final class TestThread {
    // SAFETY: set by `init` and used by `join` on the test's own thread.
    private var thread = pthread_t()

    public init(_ body: @escaping @Sendable () -> Void) {
        let box = Unmanaged.passRetained(Body(run: body)).toOpaque()
        pthread_create(
            &thread, nil,
            { box in
                Unmanaged<Body>.fromOpaque(box!).takeRetainedValue().run()
                return nil
            }, box)
    }

    public func join() { pthread_join(thread, nil) }

    private final class Body: Sendable {
        let run: @Sendable () -> Void
        init(run: @escaping @Sendable () -> Void) { self.run = run }
    }
}
