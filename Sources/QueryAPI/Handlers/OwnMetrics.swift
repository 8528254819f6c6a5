import Exposition
import Glibc
import Model

extension API {
    /// `/metrics`: what the server counts about itself.
    func ownMetrics(_ call: Call) async throws(APIError) -> Answer {
        let registry = dependencies.registry
        let page = try await onStorageThread { writeText(registry.collect()) }
        return Answer(contentType: "text/plain; version=0.0.4; charset=utf-8", body: .bytes(page))
    }
}

/// Lists what is known of the process and the build, under the names that every Prometheus client library uses.
func registerProcessMetrics(_ registry: MetricRegistry, _ build: BuildDescription, startTimeMs: Int64) {
    registry.gauge(
        "prometheus_build_info",
        "A metric with a constant '1' value labeled by version, revision, branch and compiler of this build.",
        labels: Labels([
            ("version", build.version), ("revision", build.revision), ("branch", build.branch),
            ("goversion", build.compiler),
        ])
    ) { 1 }
    registry.gauge("process_start_time_seconds", "Start time of the process since unix epoch in seconds.") {
        Double(startTimeMs) / 1000
    }
    registry.gauge("process_resident_memory_bytes", "Resident memory size in bytes.") { Double(memoryBytes(field: 1)) }
    registry.gauge("process_open_fds", "Number of open file descriptors.") { Double(openDescriptorCount()) }
    registry.gauge("process_max_fds", "Maximum number of open file descriptors.") {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        return Double(limit.rlim_cur)
    }
    registry.gauge("process_virtual_memory_bytes", "Virtual memory size in bytes.") { Double(memoryBytes(field: 0)) }
    registry.gauge("process_virtual_memory_max_bytes", "Maximum amount of virtual memory available in bytes.") {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit)
        return Double(limit.rlim_cur)
    }
    registry.register {
        [
            MetricFamily(
                "process_cpu_seconds_total", "Total user and system CPU time spent in seconds.", .counter,
                [MetricPoint(labels: .empty, value: cpuSeconds())])
        ]
    }
}

private func cpuSeconds() -> Double {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    let seconds = usage.ru_utime.tv_sec + usage.ru_stime.tv_sec
    return Double(seconds) + Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6
}

/// A number of `/proc/self/statm` in bytes: 0 is what is mapped, 1 what of it is in memory.
private func memoryBytes(field: Int) -> Int {
    let descriptor = open("/proc/self/statm", O_RDONLY)
    guard descriptor >= 0 else { return 0 }
    defer { close(descriptor) }
    var text = [UInt8](repeating: 0, count: 128)
    let count = read(descriptor, &text, text.count)
    guard count > 0 else { return 0 }
    let fields = String(decoding: text[..<count], as: UTF8.self).split(separator: " ")
    return fields.count > field ? (Int(fields[field]) ?? 0) * Int(sysconf(Int32(_SC_PAGESIZE))) : 0
}

private func openDescriptorCount() -> Int {
    guard let directory = opendir("/proc/self/fd") else { return 0 }
    defer { closedir(directory) }
    var count = 0
    while readdir(directory) != nil { count += 1 }
    // Not counted: `.`, `..` and the directory's own descriptor.
    return max(0, count - 3)
}
