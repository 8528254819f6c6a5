import Glibc

/// Where and when a run was made, without which its figures say little.
struct Machine: Codable {
    let cpu: String
    let cores: Int
    let memoryMiB: Int
    let kernel: String
    let date: String

    static func current() -> Machine {
        var system = utsname()
        uname(&system)
        // SAFETY: uname ends the field with a zero.
        let kernel = withUnsafeBytes(of: &system.release) {
            String(cString: $0.bindMemory(to: CChar.self).baseAddress!)
        }
        var seconds = time(nil)
        var date = tm()
        gmtime_r(&seconds, &date)
        let memoryKiB = field("MemTotal", of: "/proc/meminfo")?.split(separator: " ").first.flatMap { Int($0) }
        return Machine(
            cpu: field("model name", of: "/proc/cpuinfo") ?? "unknown", cores: sysconf(Int32(_SC_NPROCESSORS_ONLN)),
            memoryMiB: (memoryKiB ?? 0) / 1024, kernel: kernel,
            date: "\(date.tm_year + 1900)-\(twoDigits(date.tm_mon + 1))-\(twoDigits(date.tm_mday))")
    }
}

/// The value of the first `name: value` line of a file.
private func field(_ name: String, of path: String) -> String? {
    let line = readText(path)?.split(separator: "\n").first { $0.hasPrefix(name) }
    return line?.split(separator: ":", maxSplits: 1).dropFirst().first.map { String($0.drop { $0 == " " }) }
}

private func twoDigits(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
