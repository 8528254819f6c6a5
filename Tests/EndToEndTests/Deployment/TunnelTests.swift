import Glibc
import TestSupport
import Testing

@testable import TSDBCommand

/// `scripts/tunnel-metrics.sh` through a real SSH server.
@Suite(.enabled(if: LocalPod.isPossible, LocalPod.missing)) struct TunnelTests {
    @Test func severalPodsAreOnSuccessivePortsAndInTheFile() throws {
        let pods = [try LocalPod(), try LocalPod()]
        let remotePort = try freePort()
        let exporter = try startExporter(gpus: 1, port: remotePort)
        defer { exporter.finish(SIGTERM) }
        let local = try twoFreePorts()
        let file = pods[0].home.path + "/targets/pods.json"
        let tunnel = try startScript(
            "scripts/tunnel-metrics.sh",
            pods[0].login + [
                "--accept-new", "--local-port", "\(local)", "--remote-port", "\(remotePort)", "--file-sd", file,
                "first=127.0.0.1", "\(pods[0].port)", "127.0.0.1", "\(pods[1].port)",
            ])
        defer { tunnel.finish(SIGTERM) }
        // The second pod takes another key.
        try writeFile(pods[1].home.path + "/key.pub", readText(pods[0].home.path + "/key.pub"))
        for port in [local, local + 1] {
            try eventually("a page on \(port): \(tunnel.printed)") {
                answers("http://127.0.0.1:\(port)/metrics", holding: "DCGM_FI_DEV_GPU_TEMP") ? () : nil
            }
        }
        let targets = try JSONValue(parsing: readFile(file)).elements
        #expect(
            targets.map { $0["targets"]?.elements } == [
                [.string("127.0.0.1:\(local)")], [.string("127.0.0.1:\(local + 1)")],
            ])
        #expect(targets.map { $0["labels"]?["instance"]?.text } == ["first", "127.0.0.1:\(pods[1].port)"])

        // One pod goes and comes again; the other one notices nothing.
        let other = children(of: tunnel.pid)
        pods[1].stop()
        try eventually("the tunnel breaks: \(tunnel.printed)") {
            answers("http://127.0.0.1:\(local + 1)/metrics") ? nil : ()
        }
        #expect(answers("http://127.0.0.1:\(local)/metrics"))
        try pods[1].start()
        try eventually("the tunnel is back: \(tunnel.printed)") {
            answers("http://127.0.0.1:\(local + 1)/metrics") ? () : nil
        }
        #expect(!other.filter { kill($0, 0) == 0 }.isEmpty)

        #expect(tunnel.finish(SIGTERM) == 0, "\(tunnel.printed)")
        #expect(try JSONValue(parsing: readFile(file)) == .list([]))
        #expect(!answers("http://127.0.0.1:\(local)/metrics"))
        #expect(fileNames(pods[0].home.path + "/targets") == ["pods.json"])
    }

    @Test func unknownHostIsRefusedUnlessToldOtherwiseAndAChangedOneAlways() throws {
        let pod = try LocalPod()
        let local = try freePort()
        func start(_ options: [String]) throws -> ChildProcess {
            try startScript(
                "scripts/tunnel-metrics.sh",
                pod.login + options + ["--local-port", "\(local)", "127.0.0.1", "\(pod.port)"])
        }
        let strict = try start([])
        defer { strict.finish(SIGTERM) }
        try eventually("it is refused") { strict.output.contains("host key is not known") ? () : nil }
        #expect(strict.output.contains("--accept-new"), "\(strict.output)")
        #expect(strict.isRunning)
        strict.finish(SIGTERM)

        let trusting = try start(["--accept-new"])
        defer { trusting.finish(SIGTERM) }
        // Nothing listens on the pod's port 9400, which the script tells apart from a tunnel that is not there; where
        // something does, the page is there.
        try eventually("the tunnel is open: \(trusting.printed)") {
            trusting.output.contains("the tunnel is open") || trusting.output.contains("/metrics") ? () : nil
        }
        trusting.finish(SIGTERM)

        try pod.changeHostKey()
        let deceived = try start(["--accept-new"])
        defer { deceived.finish(SIGTERM) }
        try eventually("it is refused: \(deceived.printed)") {
            deceived.output.contains("its host key is not the one that is known") ? () : nil
        }
        #expect(deceived.output.contains("ssh-keygen -R '[127.0.0.1]:\(pod.port)'"), "\(deceived.output)")
    }

    @Test func nothingInTheUsersConfigurationTurnsChecksOff() throws {
        let home = try PodHome()
        try writeFile(
            home.path + "/config",
            """
            StrictHostKeyChecking no
            UserKnownHostsFile /dev/null
            NoHostAuthenticationForLocalhost yes
            VerifyHostKeyDNS yes
            """)
        let result = try runToEnd(
            "/usr/bin/env",
            home.variables + [
                "bash", "-c",
                ". \"$1\"; set_ssh_arguments 127.0.0.1 22; ssh -G -F \"$2\" \"${ssh_arguments[@]}\"",
                "bash", Repository.path("scripts/ssh-options.sh"), home.path + "/config",
            ])
        #expect(result.status == 0, "\(result.printed)")
        for setting in ["stricthostkeychecking true", "nohostauthenticationforlocalhost no", "verifyhostkeydns false"] {
            #expect(result.output.contains("\n\(setting)\n"), "\(result.output)")
        }
        #expect(result.output.contains("/.ssh/known_hosts") && !result.output.contains("/dev/null"))
    }

    @Test func tunnelsCloseWhenNobodyReadsWhatIsSaid() throws {
        let pod = try LocalPod()
        let local = try freePort()
        let script = Repository.path("scripts/tunnel-metrics.sh")
        // The second thing that is said, that the tunnel is there, is said to nobody.
        let file = pod.home.path + "/pods.json"
        let arguments =
            pod.login + ["--accept-new", "--local-port", "\(local)", "--file-sd", file, "127.0.0.1", "\(pod.port)"]
        let result = try runToEnd(
            "/usr/bin/env",
            ["bash", "-c", "bash \"$@\" | head -n 1; echo ${PIPESTATUS[0]}", "bash", script] + arguments)
        #expect(result.output.hasSuffix("\n1\n"), "\(result.printed)")
        #expect(!answers("http://127.0.0.1:\(local)/metrics"))
        #expect((try? HTTPConnection(port: local)) == nil, "ssh still listens")
        #expect(try JSONValue(parsing: readFile(file)) == .list([]))
    }

    @Test func targetsFileCanBeReadByTheServersUserAndLeavesPort9400Alone() throws {
        let pod = try LocalPod()
        let file = pod.home.path + "/pods.json"
        let command = "umask 077; exec bash \"$@\""
        let tunnel = try ChildProcess(
            "/usr/bin/env",
            ["bash", "-c", command, "bash", Repository.path("scripts/tunnel-metrics.sh")] + pod.login + [
                "--bind", "127.0.0.\(Int.random(in: 2...250))", "--file-sd", file, "127.0.0.1", "\(pod.port)",
            ])
        defer { tunnel.finish(SIGTERM) }
        try eventually("the file: \(tunnel.printed)") { access(file, R_OK) == 0 ? () : nil }
        #expect(try readText(file).contains(":9401\""))
        var status = stat()
        #expect(stat(file, &status) == 0 && status.st_mode & 0o777 == 0o644)
    }

    @Test func portInUseIsToldAtOnce() throws {
        let pod = try LocalPod()
        let result = try runScript(
            "scripts/tunnel-metrics.sh", pod.login + ["--local-port", "\(pod.port)", "127.0.0.1", "\(pod.port)"])
        #expect(result.status == 1)
        #expect(result.errors.contains("127.0.0.1:\(pod.port) is in use"), "\(result.errors)")
    }

    @Test(arguments: [
        (["127.0.0.1"], "HOST and PORT go in pairs"), ([], "no pod is given"), (["a b", "22"], "is no host"),
        (["-oProxyCommand=true", "22"], "there is no option"), (["host", "0"], "is no port"),
        (["host", "65536"], "is no port"), (["--local-port", "09400", "host", "1"], "is no port"),
        (["x=-v@host", "1"], "is no host"), (["x=host", "1", "x=other", "2"], "x is there twice"),
        (["\"=host", "1"], "is no name of a pod"), (["--retry-max", "0", "host", "1"], "expected whole seconds"),
        (["--identity", "/nowhere", "host", "1"], "there is no such file"),
        (["--local-port", "65535", "a", "1", "b", "2"], "is no port"), (["--bind"], "needs a value"),
    ])
    func wrongArgumentIsExplained(_ arguments: [String], _ explanation: String) throws {
        let result = try runScript("scripts/tunnel-metrics.sh", arguments)
        #expect(result.status == 64)
        #expect(result.errors.contains(explanation), "\(result.errors)")
    }

    /// The first of two ports in a row that nothing listens on.
    private func twoFreePorts() throws -> Int {
        try eventually("two free ports in a row") {
            let (first, second) = (try freePort(), try freePort())
            return second == first + 1 ? first : nil
        }
    }
}
