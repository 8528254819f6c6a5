import Glibc
import TestSupport
import Testing

@testable import TSDBCommand

private let dockerCompose: String? = findProgram("docker-compose").flatMap { path in
    (try? runToEnd(path, ["version", "--short"]))?.output.hasPrefix("2.") == true ? path : nil
}

/// The compose file, resolved by docker-compose, which needs no engine for it, against the files and programs that it names.
@Suite(.enabled(if: dockerCompose != nil, "no docker-compose 2 on the PATH: make test-tools brings one"))
struct ComposeTests {
    private let services: [String: JSONValue]
    private let volumes: Set<String>

    init() throws {
        let resolved = try runToEnd(
            try #require(dockerCompose),
            ["-f", Repository.path("docker/docker-compose.yml"), "--profile", "*", "config", "--format", "json"])
        #expect(resolved.status == 0, "\(resolved.errors)")
        let file = try JSONValue(parsing: Array(resolved.output.utf8))
        services = file["services"]?.members ?? [:]
        volumes = Set((file["volumes"]?.members ?? [:]).keys)
    }

    @Test func everyServiceIsConfined() throws {
        #expect(Set(services.keys) == ["prometheus", "grafana", "gpu-exporter", "backend", "frontend"])
        for (name, service) in services {
            #expect(service["restart"]?.text == "unless-stopped", "\(name)")
            #expect(service["read_only"] == .bool(true), "\(name)")
            #expect(service["cap_drop"]?.elements == [.string("ALL")], "\(name)")
            #expect(service["security_opt"]?.elements == [.string("no-new-privileges:true")], "\(name)")
            #expect(service["user"]?.text.map { !$0.hasPrefix("0") && !$0.hasPrefix("root") } == true, "\(name)")
            #expect(service["healthcheck"]?["test"]?.elements.count ?? 0 > 1, "\(name)")
            let limits = service["deploy"]?["resources"]?["limits"]
            #expect(limits?["memory"] != nil && limits?["cpus"] != nil && limits?["pids"] != nil, "\(name)")
            let tag = try #require(service["image"]?.text).split(separator: ":")
            #expect(tag.count == 2 && (tag[1] == "local" || tag[1].contains(/^\d+\.\d+\.\d+/)), "\(tag) is not pinned")
            #expect((tag[1] == "local") == (service["build"] != nil), "\(name)")
        }
        #expect(services["gpu-exporter"]?["profiles"]?.elements == [.string("simulated")])
        for name in ["backend", "frontend"] {
            #expect(services[name]?["profiles"]?.elements == [.string("placeholders")])
        }
    }

    @Test func mountsAndPortsAreThere() throws {
        var published: Set<String> = []
        var kept: Set<String> = []
        for (name, service) in services {
            for mount in service["volumes"]?.elements ?? [] {
                let source = try #require(mount["source"]?.text)
                if mount["type"]?.text == "volume" {
                    kept.insert(source)
                } else {
                    #expect(access(source, R_OK) == 0, "\(name): \(source)")
                    #expect(mount["read_only"] == .bool(true), "\(name): \(source)")
                }
            }
            for port in service["ports"]?.elements ?? [] {
                #expect(port["host_ip"]?.text == "127.0.0.1", "\(name)")
                let number = port["published"]?.text ?? ""
                #expect(!published.contains(number), "\(name): a port that another has")
                published.insert(number)
            }
        }
        #expect(published == ["9090", "3001", "8080", "3000"])
        #expect(kept == volumes && volumes == ["prometheus-data", "grafana-data"])
    }

    @Test func serversCommandLineStarts() throws {
        let server = try #require(services["prometheus"])
        let targets = (server["volumes"]?.elements ?? []).compactMap { $0["target"]?.text }
        let port = try freePort()
        let directory = TemporaryDirectory(.disk)
        var configuration = ""
        let arguments = (server["command"]?.elements ?? []).compactMap(\.text).map { argument in
            let parts = argument.split(separator: "=", maxSplits: 1)
            switch parts[0] {
            case "--config.file":
                #expect(parts[1].hasPrefix("/etc/prometheus/"))
                configuration =
                    source(of: "/etc/prometheus", in: server) + parts[1].dropFirst("/etc/prometheus".utf8.count)
                return "--config.file=\(configuration)"
            case "--storage.tsdb.path":
                #expect(targets.contains(String(parts[1])))
                return "--storage.tsdb.path=\(directory.path)"
            case "--web.listen-address":
                #expect(parts[1] == "0.0.0.0:\(containerPort(server))")
                return "--web.listen-address=127.0.0.1:\(port)"
            default: return argument
            }
        }
        let process = try ChildProcess(Programs.tsdb, ["serve"] + arguments)
        defer { process.finish(SIGTERM) }
        try waitUntilReady("http://127.0.0.1:\(port)", process)
        try expectHealthy(server, port)
        // The files of targets are beside the configuration, as `pods/*.json` in it says.
        #expect(access(source(of: "/etc/prometheus", in: server) + "/pods", R_OK) == 0)
        #expect(try readText(configuration).contains("files: [pods/*.json]"))
        #expect(process.finish(SIGTERM) == 0, "\(process.printed)")
    }

    @Test func exportersCommandLineStarts() throws {
        let exporter = try #require(services["gpu-exporter"])
        let port = try freePort()
        let arguments = (exporter["command"]?.elements ?? []).compactMap(\.text)
        let process = try ChildProcess(Programs.exporter, arguments + ["--address", "127.0.0.1:\(port)"])
        defer { process.finish(SIGTERM) }
        try eventually("the page: \(process.printed)") { answers("http://127.0.0.1:\(port)/metrics") ? () : nil }
        try expectHealthy(exporter, port)
        process.finish(SIGTERM)
        #expect(try check(exporter, port).status != 0)
    }

    @Test func everyTargetIsAServiceOrTheHost() throws {
        let configuration = try Repository.text("config/prometheus-docker.yml")
        let targets = configuration.matches(of: /targets: \["([\w.-]+):(\d+)"\]/)
        #expect(targets.count == 2)
        for target in targets {
            switch target.1 {
            case "localhost": #expect(target.2 == "\(containerPort(services["prometheus"]))")
            case "host.docker.internal":
                let hosts = services["prometheus"]?["extra_hosts"]?.elements ?? []
                #expect(hosts == [.string("host.docker.internal=host-gateway")])
            default: Issue.record("\(target.0): down without its profile")
            }
        }
        // A service of a profile is found by its name while it runs.
        let found = try #require(configuration.firstMatch(of: /names: \[([\w-]+)\]\n +type: A\n +port: (\d+)\n/))
        let test = services[String(found.1)]?["healthcheck"]?["test"]?.elements ?? []
        #expect(test.contains(.string(String(found.2))), "\(found.0)")
    }

    @Test func grafanaFindsWhatIsProvisioned() throws {
        let grafana = try #require(services["grafana"])
        let datasource = try Repository.text("docker/grafana/provisioning/datasources/prometheus.yml")
        #expect(datasource.contains("url: http://prometheus:\(containerPort(services["prometheus"]))\n"))
        let provider = try Repository.text("docker/grafana/provisioning/dashboards/dashboards.yml")
        let folder = try #require(provider.firstMatch(of: /path: (\S+)/)).1
        #expect(source(of: String(folder), in: grafana) == Repository.path("docker/grafana/dashboards"))
        #expect(source(of: "/etc/grafana/provisioning", in: grafana) == Repository.path("docker/grafana/provisioning"))
        let environment = grafana["environment"]?.members ?? [:]
        let home = try #require(environment["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]?.text)
        #expect(home.hasPrefix(folder + "/"))
        #expect(access(Repository.path("docker/grafana/dashboards") + home.dropFirst(folder.utf8.count), R_OK) == 0)
        // A variable of the datasource that nothing sets would be put in as nothing.
        for variable in datasource.matches(of: /[^$]\$\{(\w+)\}/) { #expect(environment[String(variable.1)] != nil) }
    }

    /// What is mounted at a path in a container.
    private func source(of target: String, in service: JSONValue) -> String {
        (service["volumes"]?.elements ?? []).first { $0["target"]?.text == target }?["source"]?.text ?? ""
    }

    private func containerPort(_ service: JSONValue?) -> Int {
        guard case .number(let port) = service?["ports"]?.elements.first?["target"] else { return 0 }
        return Int(port)
    }

    /// Runs the service's health check, which the image has, against a server at another port.
    private func check(_ service: JSONValue, _ port: Int) throws -> ProgramResult {
        let words = (service["healthcheck"]?["test"]?.elements ?? []).compactMap(\.text)
        #expect(words.prefix(2) == ["CMD", "healthcheck"] && words.count == 4)
        return try runScript("docker/healthcheck.sh", ["\(port)", words[3]])
    }

    private func expectHealthy(_ service: JSONValue, _ port: Int) throws {
        let result = try check(service, port)
        #expect(result.status == 0, "\(result.printed)")
    }
}
