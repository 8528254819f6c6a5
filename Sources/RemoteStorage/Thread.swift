import Glibc
import Model

/// Sleeps for a moment.
func pause() { usleep(2000) }

/// Runs `body`, which may block, where it blocks nobody else.
func onThread<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
    await withCheckedContinuation { continuation in
        // Where no thread can be made it has to be done here.
        if !startThread({ continuation.resume(returning: body()) }) { continuation.resume(returning: body()) }
    }
}
