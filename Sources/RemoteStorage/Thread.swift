import Glibc

/// Runs `body` on a thread of its own.
/// - Returns: whether the thread could be made.
func startThread(_ body: @escaping @Sendable () -> Void) -> Bool {
    let context = Unmanaged.passRetained(ThreadBody(body)).toOpaque()
    var thread = pthread_t()
    guard pthread_create(&thread, nil, threadMain, context) == 0 else {
        Unmanaged<ThreadBody>.fromOpaque(context).release()
        return false
    }
    pthread_detach(thread)
    return true
}

private final class ThreadBody: Sendable {
    let run: @Sendable () -> Void

    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}

/// The thread's body; a closure could inherit an actor's isolation and trap.
private func threadMain(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    if let context { Unmanaged<ThreadBody>.fromOpaque(context).takeRetainedValue().run() }
    return nil
}

/// Sleeps for a moment.
func pause() { usleep(2000) }

/// Runs `body`, which may block, where it blocks nobody else.
func onThread<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
    await withCheckedContinuation { continuation in
        // Where no thread can be made it has to be done here.
        if !startThread({ continuation.resume(returning: body()) }) { continuation.resume(returning: body()) }
    }
}
