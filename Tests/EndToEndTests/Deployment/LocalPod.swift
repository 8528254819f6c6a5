import Glibc
import Synchronization
import TestSupport
import Testing

/// A real SSH server on this machine in a pod's place, with keys, configuration and programs of its own.
final class LocalPod: Sendable {
    static let sshd: String? = ["/usr/sbin/sshd", "/usr/bin/sshd"].first { (path: String) in access(path, X_OK) == 0 }
    /// Why a test that needs one is skipped.
    static let missing: Comment = "no sshd: apt-get install openssh-server"
    static let isPossible = sshd != nil && findProgram("ssh") != nil && findProgram("ssh-keygen") != nil

    let home: PodHome
    let port: Int
    private let server = Mutex<ChildProcess?>(nil)

    init() throws {
        home = try PodHome()
        port = try freePort()
        try makeKey("host")
        try makeKey("key")
        try writeConfiguration()
        // Where a server that root starts puts its unprivileged part; the service makes it when it starts.
        if getuid() == 0 { mkdir("/run/sshd", 0o755) }
        try start()
    }

    deinit { stop() }

    /// Arguments of the scripts: how they log in.
    var login: [String] {
        ["--identity", home.path + "/key", "--known-hosts", home.path + "/known_hosts", "--user", Self.user]
    }

    /// Makes a new host key, as a pod has that was made anew.
    func changeHostKey() throws {
        stop()
        unlink(home.path + "/host")
        unlink(home.path + "/host.pub")
        try makeKey("host")
        try start()
    }

    func start() throws {
        let process = try ChildProcess(
            "/usr/bin/env", home.variables + [Self.sshd ?? "sshd", "-D", "-e", "-f", home.path + "/sshd_config"])
        try eventually("sshd listens") {
            guard process.isRunning else { throw TestFailure("sshd ended: \(process.printed)") }
            guard (try? HTTPConnection(port: port)) != nil else { return nil as Void? }
            return ()
        }
        server.withLock { $0 = process }
    }

    /// Ends the server and every connection to it.
    func stop() {
        server.withLock { process in
            guard let running = process else { return }
            // Its sessions are found through it.
            let sessions = children(of: running.pid)
            running.finish(SIGTERM)
            for session in sessions { kill(session, SIGKILL) }
            process = nil
        }
    }

    private static let user = String(cString: getpwuid(getuid()).pointee.pw_name)

    private func makeKey(_ name: String) throws {
        let made = try runToEnd(
            try #require(findProgram("ssh-keygen")), ["-q", "-t", "ed25519", "-N", "", "-f", "\(home.path)/\(name)"])
        #expect(made.status == 0, "\(made.errors)")
    }

    private func writeConfiguration() throws {
        try writeFile(
            home.path + "/sshd_config",
            """
            ListenAddress 127.0.0.1:\(port)
            HostKey \(home.path)/host
            AuthorizedKeysFile \(home.path)/key.pub
            # The folder is below /tmp, which everybody can write to.
            StrictModes no
            PidFile none
            UsePAM no
            PasswordAuthentication no
            PermitRootLogin prohibit-password
            SetEnv \(home.variables.joined(separator: " "))

            """)
    }
}
