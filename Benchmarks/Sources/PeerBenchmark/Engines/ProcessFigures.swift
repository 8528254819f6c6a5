import Glibc

/// What the kernel says of a running process.
struct ProcessFigures {
    let pid: pid_t

    /// CPU seconds so far, of all its threads and of the children that it has waited for.
    func cpuSeconds() throws -> Double {
        // The second field is the name in brackets, which may itself have spaces and brackets in it.
        guard let text = readText("/proc/\(pid)/stat"), let bracket = text.lastIndex(of: ")") else {
            throw BenchmarkError("process \(pid) is gone")
        }
        let fields = text[text.index(after: bracket)...].split(separator: " ")
        // utime, stime, cutime and cstime are the fields 14 to 17 of proc(5), and the first here is field 3.
        let ticks = fields[11...14].compactMap { Double($0) }.reduce(0, +)
        return ticks / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    /// Resident memory now, in MiB.
    func residentMiB() throws -> Double { try statusMiB("VmRSS:") }

    /// The most that was ever resident, in MiB.
    func residentPeakMiB() throws -> Double { try statusMiB("VmHWM:") }

    private func statusMiB(_ key: String) throws -> Double {
        let line = readText("/proc/\(pid)/status")?.split(separator: "\n").first { $0.hasPrefix(key) }
        guard let words = line?.split(whereSeparator: \.isWhitespace), words.count > 1, let kib = Double(words[1])
        else {
            throw BenchmarkError("process \(pid) is gone")
        }
        return kib / 1024
    }
}
