import Glibc

/// Lets this process have as many files and sockets open as it may. Systems begin with a low number for the sake of old
/// programs; Go's raise it at their start too.
func allowOpenFiles() {
    let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    var limit = rlimit()
    guard getrlimit(resource, &limit) == 0, limit.rlim_cur < limit.rlim_max else { return }
    limit.rlim_cur = limit.rlim_max
    setrlimit(resource, &limit)
}
