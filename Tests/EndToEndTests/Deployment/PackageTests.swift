import Glibc
import TestSupport
import Testing

@testable import TSDBCommand

/// `make install` and `make package`, of the programs that are built beside the tests.
@Suite struct PackageTests {
    private let directory = TemporaryDirectory(.disk)
    private var root: String { directory.path + "/root" }

    private static let hasPackaging = findProgram("dpkg-deb") != nil && findProgram("dpkg-shlibdeps") != nil
    private var binaries: String { "BINARIES=" + Programs.tsdb.dropLast("/tsdb".count) }

    @Test(.enabled(if: hasPackaging, "no dpkg-shlibdeps: apt-get install dpkg-dev")) func packageHoldsARunningServer()
        throws
    {
        let file = try makePackage()
        let fields = try runToEnd(
            "/usr/bin/dpkg-deb", ["-f", file, "Package", "Version", "Architecture", "Depends", "Installed-Size"]
        ).output
        let version = try runToEnd(Programs.tsdb, ["--version"]).output.split(separator: " ")[1]
        #expect(fields.contains("Package: tsdb\n") && fields.contains("Version: \(version)\n"), "\(fields)")
        for library in ["libc6", "libcurl4", "libsqlite3-0", "passwd"] {
            #expect(fields.contains(" \(library)"), "\(library) is not in \(fields)")
        }
        #expect(try runToEnd("/usr/bin/dpkg-deb", ["--extract", file, root]).status == 0)
        #expect(try runToEnd("/usr/bin/dpkg-deb", ["--control", file, directory.path + "/control"]).status == 0)
        for name in try readText(directory.path + "/control/conffiles").split(separator: "\n") {
            #expect(access(root + name, R_OK) == 0, "\(name)")
        }
        for name in ["etc/tsdb/prometheus.yml", "usr/lib/systemd/system/tsdb.service", "usr/bin/tsdb"] {
            var status = stat()
            #expect(stat("\(root)/\(name)", &status) == 0 && status.st_mode & 0o044 == 0o044, "\(name)")
        }
        for script in ["postinst", "prerm", "postrm"] {
            #expect(try runToEnd("/bin/sh", ["-n", "\(directory.path)/control/\(script)"]).status == 0)
        }
        try expectServerStarts()
        try expectExporterStarts()
        let help = try runToEnd("/bin/bash", [root + "/usr/share/tsdb/scripts/tunnel-metrics.sh", "--help"])
        #expect(help.status == 0 && help.output.contains("--accept-new"), "\(help.printed)")
        #expect(try readText(root + "/usr/share/bash-completion/completions/tsdb").contains("complete -o filenames"))
    }

    @Test func systemdFindsTheUnitsOfAnotherPrefix() throws {
        let variables = [binaries, "DESTDIR=\(root)", "PREFIX=/opt/tsdb"]
        #expect(try runScript("scripts/install.sh", [], variables: variables).status == 0)
        #expect(try readText(root + "/etc/systemd/system/tsdb.service").contains("ExecStart=/opt/tsdb/bin/tsdb serve"))
    }

    @Test func configurationStaysWhenItIsInstalledAgain() throws {
        #expect(try install().status == 0)
        let configuration = directory.path + "/etc/tsdb/prometheus.yml"
        #expect(try readText(configuration) == Repository.text("config/prometheus.yml"))
        try writeFile(configuration, "global: {}\n")
        #expect(try install().status == 0)
        #expect(try readText(configuration) == "global: {}\n")
    }

    @Test(.enabled(if: findProgram("systemd-analyze") != nil, "no systemd-analyze"))
    func unitsAreValid() throws {
        #expect(try install().status == 0)
        for unit in ["tsdb", "gpu-exporter"] {
            // What it tells of other units of this machine is not counted.
            let result = try runToEnd(
                try #require(findProgram("systemd-analyze")),
                [
                    "verify", "--man=no", "--recursive-errors=no",
                    "\(directory.path)/usr/lib/systemd/system/\(unit).service",
                ])
            #expect(!result.printed.contains("\(unit).service:"), "\(result.printed)")
        }
    }

    @Test func missingProgramsAreExplained() throws {
        let result = try runScript("scripts/install.sh", [], variables: ["BINARIES=/nowhere", "DESTDIR=\(root)"])
        #expect(result.status == 1)
        #expect(result.errors.contains("There is no /nowhere/tsdb: make build"), "\(result.errors)")
    }

    private func makePackage() throws -> String {
        // As a careful user has it: what is installed is to be read by everybody all the same.
        let result = try runToEnd(
            "/usr/bin/env",
            [
                binaries, "DPKG_DEB_COMPRESSOR_TYPE=none", "bash", "-c", "umask 077; exec bash \"$@\"", "bash",
                Repository.path("scripts/package.sh"), directory.path + "/out",
            ])
        #expect(result.status == 0, "\(result.printed)")
        return String(result.output.split(separator: "\n").last ?? "")
    }

    /// Installs below the test's folder; `/.` stands for the machine's root, where no user is made.
    private func install() throws -> ProgramResult {
        try runScript(
            "scripts/install.sh", [],
            variables: [
                binaries, "DESTDIR=/.", "PREFIX=\(directory.path)/usr", "SYSCONFDIR=\(directory.path)/etc",
                "UNITDIR=\(directory.path)/usr/lib/systemd/system",
            ])
    }

    /// The words of a unit's command, where `/etc` and `/usr` are those of the package.
    private func command(of unit: String) throws -> [String] {
        let text = try readText("\(root)/usr/lib/systemd/system/\(unit).service")
        let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("ExecStart=") })
        return line.dropFirst("ExecStart=".count).split(separator: " ").filter { !$0.hasPrefix("$") }.map {
            String($0).replacing("/etc/", with: "\(root)/etc/").replacing("/usr/", with: "\(root)/usr/")
                .replacing("/var/lib/tsdb", with: "\(directory.path)/data")
        }
    }

    private func expectServerStarts() throws {
        let words = try command(of: "tsdb")
        let port = try freePort()
        let server = try ChildProcess(words[0], words.dropFirst() + ["--web.listen-address=127.0.0.1:\(port)"])
        defer { server.finish(SIGTERM) }
        try waitUntilReady("http://127.0.0.1:\(port)", server)
        #expect(server.finish(SIGTERM) == 0, "\(server.printed)")
        #expect(access(directory.path + "/data/tsdb.sqlite", R_OK) == 0)
    }

    private func expectExporterStarts() throws {
        let words = try command(of: "gpu-exporter")
        let port = try freePort()
        let exporter = try ChildProcess(
            words[0], words.dropFirst() + ["--simulate", "1", "--address", "127.0.0.1:\(port)"])
        defer { exporter.finish(SIGTERM) }
        try eventually("the page: \(exporter.printed)") {
            answers("http://127.0.0.1:\(port)/metrics", holding: "DCGM_FI_DEV_CLOCK_THROTTLE_REASONS{") ? () : nil
        }
    }
}
