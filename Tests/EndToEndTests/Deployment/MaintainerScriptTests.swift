import Glibc
import TestSupport
import Testing

/// The package's scripts, as dpkg calls them, with stand-ins for what they call.
@Suite struct MaintainerScriptTests {
    private let home: PodHome
    private var calls: String { (try? readText(home.path + "/calls")) ?? "" }

    init() throws {
        home = try PodHome()
        mkdir(home.path + "/systemd", 0o700)
        for program in ["systemctl", "deb-systemd-helper", "deb-systemd-invoke", "useradd", "userdel", "install"] {
            try home.addProgram(program, "echo \"\(program) $*\" >>'\(home.path)/calls'")
        }
        try home.addProgram("getent", "exit 2")
    }

    /// Runs a script whose `/run/systemd/system` is there, and whose other folders are this test's.
    private func run(_ script: String, _ arguments: [String]) throws -> ProgramResult {
        let text = try Repository.text("packaging/\(script)")
            .replacing("/run/systemd/system", with: home.path + "/systemd")
            .replacing("/etc/tsdb", with: home.path + "/etc").replacing("/var/lib/tsdb", with: home.path + "/data")
        try writeFile("\(home.path)/\(script)", text)
        return try runToEnd("/usr/bin/env", home.variables + ["sh", "\(home.path)/\(script)"] + arguments)
    }

    /// The first time; an upgrade; and after a removal, which leaves the configuration and with it the last version.
    @Test(arguments: [["configure"], ["configure", "0.0.1"]])
    func serverRunsAfterEveryInstallation(_ arguments: [String]) throws {
        let result = try run("postinst", arguments)
        #expect(result.status == 0, "\(result.printed)")
        #expect(calls.contains("deb-systemd-helper enable tsdb.service\n"))
        let restart = "deb-systemd-invoke restart tsdb.service gpu-exporter.service"
        #expect(calls.hasSuffix("systemctl daemon-reload\n\(restart)\n"))
        // systemctl itself knows of no policy-rc.d.
        #expect(!calls.contains("systemctl enable") && !calls.contains("systemctl try-restart"))
    }

    @Test func whatTheAdministratorHasDisabledOrMaskedStays() throws {
        try home.addProgram("deb-systemd-helper", "echo \"helper $*\" >>'\(home.path)/calls'; [ \"$1\" != --quiet ]")
        try home.addProgram("deb-systemd-invoke", "exit 1")
        let result = try run("postinst", ["configure", "0.0.1"])
        #expect(result.status == 0, "\(result.printed)")
        #expect(calls.contains("helper --quiet was-enabled tsdb.service\n") && !calls.contains("helper enable"))
    }

    @Test func failingServicesLeaveNothingHalfConfigured() throws {
        for program in ["systemctl", "deb-systemd-helper", "deb-systemd-invoke"] {
            try home.addProgram(program, "exit 1")
        }
        for (script, arguments) in [
            ("postinst", ["configure"]), ("prerm", ["remove"]), ("postrm", ["remove"]), ("postrm", ["purge"]),
        ] {
            #expect(try run(script, arguments).status == 0, "\(script) \(arguments)")
        }
    }

    @Test func onlyPurgingDeletes() throws {
        for folder in ["etc", "etc/pods", "data"] { mkdir("\(home.path)/\(folder)", 0o700) }
        try writeFile(home.path + "/etc/pods/tunnel.json", "[]")
        try writeFile(home.path + "/data/tsdb.sqlite", "")
        #expect(try run("prerm", ["remove"]).status == 0)
        #expect(calls == "deb-systemd-invoke stop tsdb.service gpu-exporter.service\n")
        #expect(try run("postrm", ["remove"]).status == 0)
        #expect(access(home.path + "/data/tsdb.sqlite", F_OK) == 0)
        #expect(access(home.path + "/etc/pods/tunnel.json", F_OK) == 0)
        #expect(try run("postrm", ["purge"]).status == 0)
        #expect(access(home.path + "/data", F_OK) != 0 && access(home.path + "/etc/pods", F_OK) != 0)
        #expect(calls.contains("deb-systemd-helper purge tsdb.service gpu-exporter.service\n"))
    }
}
