import FoundationEssentials
import Synchronization
import TestSupport
import Testing
import YAML

@testable import Scraper

@Suite struct DockerDiscoveryTests {
    private static func container(_ name: String) -> String {
        """
        [{"Id": "\(name)", "Names": ["/\(name)"], "Ports": [], "HostConfig": {"NetworkMode": "default"},
          "NetworkSettings": {"Networks": {"bridge": {"NetworkID": "n0", "IPAddress": "10.0.0.1"}}}}]
        """
    }

    /// What an engine said stays in force while it says nothing that can be used.
    @Test func targetsStayWhenTheEngineFails() async throws {
        let directory = TemporaryDirectory(.disk)
        let answer = Mutex((status: "200 OK", containers: Self.container("a")))
        let server = try ScriptedServer(unixSocket: directory.path + "/engine") { request, _ in
            let (status, containers) = answer.withLock { $0 }
            return ScriptedServer.page(
                request.contains("/networks") ? "[]" : containers, contentType: "application/json", status: status)
        }
        defer { server.close() }
        let harness = Harness()
        try harness.discover(
            """
              docker_sd_configs: [{host: 'unix://\(directory.path)/engine', refresh_interval: 1s}]
              relabel_configs: [{source_labels: [__meta_docker_container_name], target_label: name}]
            """)
        try await harness.wait("the first answer") { harness.targetLabels == [#"{instance="10.0.0.1:80", name="/a"}"#] }
        let bad = [
            (
                "400 Bad", #"{"message": "client version 1.24 is too old.\nMinimum supported: 1.44"}"#,
                "the engine returned HTTP status 400: client version 1.24 is too old. Minimum supported: 1.44"
            ),
            ("500 Oops", "no\u{1b}[31m disk", "the engine returned HTTP status 500: no[31m disk"),
            ("503 Oops", "", "the engine returned HTTP status 503"),
            ("200 OK", "{}", "the engine's list of containers cannot be read: not a list in JSON, or a number"),
            ("200 OK", "[", "the engine's list of containers cannot be read: not a list in JSON, or a number"),
            ("200 OK", #"[{"Id": 5}]"#, "found another thing than expected at [0].Id"),
        ]
        for (status, containers, reason) in bad {
            answer.withLock { $0 = (status, containers) }
            try await harness.wait(reason) { harness.log.lines.contains { $0.contains(reason) } }
            #expect(harness.targetLabels == [#"{instance="10.0.0.1:80", name="/a"}"#])
        }
        answer.withLock { $0 = ("200 OK", Self.container("b")) }
        try await harness.wait("another") { harness.targetLabels == [#"{instance="10.0.0.1:80", name="/b"}"#] }
        await harness.manager.stop()
        // An answer that took more than the second is another failure.
        #expect(harness.lines("notice asking for targets works again") >= 1, "\(harness.log.lines)")
    }

    private func groups(
        _ containers: String, _ docker: DiscoveryConfiguration.Docker = .init()
    ) throws -> [JobConfiguration.TargetGroup] {
        let list = try JSONDecoder().decode([DockerContainer].self, from: Data(containers.utf8))
        return try docker.groups(list, [])
    }

    /// What Go's `encoding/json` makes of it, which Prometheus reads the list with.
    @Test func whatIsMissingOrNullIsEmpty() throws {
        let found = try groups(
            """
            [{"Names": ["/a"], "Labels": {"x": null, "y": "1"}, "Ports": [null, {"Type": "tcp"}],
              "NetworkSettings": {"Networks": {"n": {"IPAddress": "10.0.0.1"}}}},
             {"Id": null, "Names": [null], "Labels": null, "Ports": null, "HostConfig": null,
              "NetworkSettings": {"Networks": {"m": null, "n": {"IPAddress": "10.0.0.2"}}}},
             {"Names": []}, {"Names": null}, {}]
            """)
        #expect(found.map(\.targets) == [["10.0.0.1:0"], ["10.0.0.2:80"]])
        #expect(
            found.map { "\($0.labels)" } == [
                #"{__meta_docker_container_label_y="1", __meta_docker_container_name="/a", "#
                    + #"__meta_docker_network_ip="10.0.0.1", __meta_docker_port_private="0"}"#,
                #"{__meta_docker_network_ip="10.0.0.2"}"#,
            ])
    }

    @Test func aListThatIsTooLongIsCalledThat() async throws {
        let directory = TemporaryDirectory(.disk)
        let list = "[" + String(repeating: " ", count: 16 << 20) + "]"
        let server = try ScriptedServer(unixSocket: directory.path + "/engine") { request, _ in
            ScriptedServer.page(request.contains("/networks") ? "[]" : list, contentType: "application/json")
        }
        defer { server.close() }
        let harness = Harness()
        try harness.discover("  docker_sd_configs: [{host: 'unix://\(directory.path)/engine', refresh_interval: 1d}]")
        try await harness.wait("the failure") {
            harness.log.lines.contains { $0.contains("the engine's list of containers has more than 16 MiB") }
        }
        await harness.manager.stop()
    }

    @Test func aListThatIsNullIsEmpty() async throws {
        let directory = TemporaryDirectory(.disk)
        let server = try ScriptedServer(unixSocket: directory.path + "/engine") { request, _ in
            let containers = "[null, " + Self.container("a").dropFirst()
            return ScriptedServer.page(
                request.contains("/networks") ? "null" : containers, contentType: "application/json")
        }
        defer { server.close() }
        let harness = Harness()
        try harness.discover("  docker_sd_configs: [{host: 'unix://\(directory.path)/engine'}]")
        try await harness.wait("the target") { harness.targetLabels == [#"{instance="10.0.0.1:80"}"#] }
        await harness.manager.stop()
    }

    /// A label of 20 kB for each of 65,535 ports would be 1.3 GB.
    @Test func labelsOfAllPortsAreBounded() throws {
        func container(_ labelBytes: Int) -> String {
            let ports = (1...65535).map { #"{"PrivatePort": \#($0), "Type": "tcp"}"# }.joined(separator: ",")
            return """
                [{"Id": "big", "Names": ["/c"], "Labels": {"x": "\(String(repeating: "y", count: labelBytes))"},
                  "Ports": [\(ports)], "NetworkSettings": {"Networks": {"b": {"IPAddress": "10.0.0.1"}}}}]
                """
        }
        let error = #expect(throws: TargetTextError.self) { try groups(container(20_000)) }
        #expect(
            error?.reason
                == "the engine's containers make targets with more than 64 MiB of labels, the last of them of container "
                + "\"big\"; leave containers out by filters")
        #expect(try groups(container(200)).count == 65535)
    }

    /// Each shares the network of the next; following each chain to its end took minutes.
    @Test func longChainsAndRingsOfContainersAreFollowedOnce() throws {
        let count = 50_000
        func containers(lastOf last: String) -> String {
            let chain = (0..<count).map {
                #"{"Id": "\#($0)", "Names": ["/c"], "HostConfig": {"NetworkMode": "container:\#($0 + 1)"}}"#
            }
            return "[" + chain.joined(separator: ",") + ",{\"Id\": \"\(count)\", \"Names\": [\"/c\"], \(last)}]"
        }
        let ip = #""NetworkSettings": {"Networks": {"b": {"IPAddress": "10.0.0.1"}}}"#
        let found = try groups(containers(lastOf: ip))
        #expect(found.count == count + 1 && found.allSatisfy { $0.targets == ["10.0.0.1:80"] })
        #expect(try groups(containers(lastOf: #""HostConfig": {"NetworkMode": "container:0"}"#)).isEmpty)
        #expect(try groups(containers(lastOf: #""HostConfig": {"NetworkMode": "container:no"}"#)).isEmpty)
    }

    @Test(arguments: ["http://127.0.0.1:2375/base?x=Y", "tcp://127.0.0.1:2375?x", "https://127.0.0.1:2375/#top"])
    func aHostHasNoQuery(_ host: String) {
        let error = #expect(throws: ConfigurationError.self) {
            try Configuration.parse(
                text: "scrape_configs: [{job_name: a, docker_sd_configs: [{host: '\(host)'}]}]", file: "test.yml")
        }
        #expect(error?.description.contains("expected unix:///var/run/docker.sock, or a URL such as") == true)
    }

    @Test func anEngineThatIsNotThereIsNamed() async throws {
        let harness = Harness()
        try harness.discover("  docker_sd_configs: [{host: 'unix:///nonexistent/engine', refresh_interval: 1d}]")
        try await harness.wait("the failure") {
            harness.log.lines.contains {
                $0.contains("source=unix:///nonexistent/engine") && $0.contains("No such file or directory")
            }
        }
        await harness.manager.stop()
    }
}
