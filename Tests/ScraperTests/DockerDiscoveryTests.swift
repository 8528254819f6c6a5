import Synchronization
import TestSupport
import Testing

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
              docker_sd_configs: [{host: 'unix://\(directory.path)/engine', refresh_interval: 200ms}]
              relabel_configs: [{source_labels: [__meta_docker_container_name], target_label: name}]
            """)
        try await harness.wait("the first answer") { harness.targetLabels == [#"{instance="10.0.0.1:80", name="/a"}"#] }
        let bad = [
            ("500 Oops", "[]", "the engine returned HTTP status 500"),
            ("200 OK", "{}", "the engine's list of containers cannot be read: not a list in JSON"),
            ("200 OK", "[", "the engine's list of containers cannot be read: not a list in JSON"),
            ("200 OK", #"[{"Id": 5}]"#, "found another thing than expected at [0].Id"),
            ("200 OK", #"[{"Names": []}]"#, "found another thing than expected at [0]"),
            ("200 OK", #"[{"Id": "a", "Ports": [{"PrivatePort": 70000}]}]"#, "the engine's list of containers"),
        ]
        for (status, containers, reason) in bad {
            answer.withLock { $0 = (status, containers) }
            try await harness.wait(reason) { harness.log.lines.last?.contains(reason) == true }
            #expect(harness.targetLabels == [#"{instance="10.0.0.1:80", name="/a"}"#])
        }
        answer.withLock { $0 = ("200 OK", Self.container("b")) }
        try await harness.wait("another") { harness.targetLabels == [#"{instance="10.0.0.1:80", name="/b"}"#] }
        await harness.manager.stop()
        #expect(harness.lines("notice asking for targets works again") == 1, "\(harness.log.lines)")
    }

    @Test func anEngineThatIsNotThereIsNamed() async throws {
        let harness = Harness()
        try harness.discover("  docker_sd_configs: [{host: 'unix:///nonexistent/engine', refresh_interval: 5m}]")
        try await harness.wait("the failure") {
            harness.log.lines.contains {
                $0.contains("source=unix:///nonexistent/engine") && $0.contains("No such file or directory")
            }
        }
        await harness.manager.stop()
    }
}
