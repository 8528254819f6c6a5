import Glibc
import TestSupport

@testable import TSDBCommand

/// A folder that is a pod's: programs, home, logs, and the locks of what `keep-running.sh` keeps there, which ends with it.
final class PodHome: Sendable {
    let path: String
    private let directory: TemporaryDirectory

    init() throws {
        directory = TemporaryDirectory(.disk)
        path = directory.path
        mkdir(path + "/bin", 0o700)
        try link("gpu-exporter", to: Programs.exporter)
        try link("keep-running", to: Repository.path("scripts/keep-running.sh"))
    }

    deinit { stopServices() }

    /// The environment of what runs in the pod.
    var variables: [String] { ["HOME=\(path)", "TMPDIR=\(path)", "PATH=\(path)/bin:/usr/sbin:/usr/bin:/sbin:/bin"] }

    func link(_ name: String, to program: String) throws {
        guard symlink(program, "\(path)/bin/\(name)") == 0 else { throw TestFailure("no link to \(program)") }
    }

    /// A program of the pod's own; in place of the link of that name, not of what that leads to.
    func addProgram(_ name: String, _ script: String) throws {
        unlink("\(path)/bin/\(name)")
        try writeFile("\(path)/bin/\(name)", "#!/bin/bash\n\(script)\n")
        chmod("\(path)/bin/\(name)", 0o700)
    }

    /// Where `keep-running.sh` has its locks.
    private var locks: String { "\(path)/keep-running.\(geteuid())" }

    /// The process that keeps `service` running, or nil.
    func supervisor(_ service: String) -> pid_t? {
        let text = (try? readText("\(locks)/\(service).lock")) ?? ""
        guard let pid = pid_t(text.split(separator: "\n").last ?? "") else { return nil }
        // One that has ended has no command line, though its parent may not have heard of it; and its number may be another's.
        let command = (try? readText("/proc/\(pid)/cmdline")) ?? ""
        return command.contains("keep-running") ? pid : nil
    }

    /// Ends everything that is kept running here.
    func stopServices() {
        for name in fileNames(locks) {
            guard let pid = supervisor(String(name.dropLast(".lock".count))) else { continue }
            kill(pid, SIGTERM)
            _ = try? eventually("supervisor \(pid) ends") { kill(pid, 0) == 0 ? nil : () }
        }
    }
}

/// Whether `url` answers with a page that holds `text`.
func answers(_ url: String, holding text: String = "") -> Bool {
    guard let answer = try? HTTPClient.get(url, timeoutSeconds: 5), answer.status == 200 else { return false }
    return text.isEmpty || String(decoding: answer.body, as: UTF8.self).contains(text)
}
