import Glibc
import Model

/// Starts a thread that is given `object`, retained, which it takes over.
///
/// - Parameter name: what the thread does, for the error.
func startThread(
    _ object: AnyObject, _ body: @escaping @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer?,
    _ name: String
) throws(StorageError) -> pthread_t {
    var thread = pthread_t()
    let code = pthread_create(&thread, nil, body, Unmanaged.passRetained(object).toOpaque())
    guard code == 0 else {
        Unmanaged.passUnretained(object).release()
        throw .io("cannot start the \(name) thread: \(systemError(code))")
    }
    return thread
}
