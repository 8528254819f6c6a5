import Glibc
import Synchronization
import TestSupport
import Testing

/// An engine's containers become the targets that a real Prometheus makes of them, over a Unix socket and over HTTP.
@Suite struct DockerDiscoveryTests {
    private static let containers = #"""
        [
          {"Id": "a1", "Names": ["/web", "/other/alias"], "Labels": {"com.example/a-b": "x", "ä": "y", "plain": ""},
           "Ports": [{"IP": "0.0.0.0", "PrivatePort": 80, "PublicPort": 8080, "Type": "tcp"},
                     {"IP": "::", "PrivatePort": 80, "PublicPort": 8081, "Type": "tcp"},
                     {"PrivatePort": 443, "Type": "tcp"}, {"PrivatePort": 53, "PublicPort": 53, "Type": "udp"}],
           "HostConfig": {"NetworkMode": "front"},
           "NetworkSettings": {"Networks": {"front": {"NetworkID": "n2", "IPAddress": "172.18.0.2"},
                                            "back": {"NetworkID": "n1", "IPAddress": "172.17.0.2"}}}},
          {"Id": "a2", "Names": ["/noports"], "Labels": {}, "Ports": [], "HostConfig": {"NetworkMode": "default"},
           "NetworkSettings": {"Networks": {"bridge": {"NetworkID": "n0", "IPAddress": "172.16.0.9"}}}},
          {"Id": "a3", "Names": ["/udp"], "Labels": null, "Ports": [{"PrivatePort": 53, "Type": "udp"}],
           "HostConfig": {"NetworkMode": "default"},
           "NetworkSettings": {"Networks": {"bridge": {"NetworkID": "unknown", "IPAddress": "172.16.0.3"}}}},
          {"Id": "a4", "Names": ["/host"], "Labels": {}, "Ports": [], "HostConfig": {"NetworkMode": "host"},
           "NetworkSettings": {"Networks": {"host": {"NetworkID": "nh", "IPAddress": ""}}}},
          {"Id": "a5", "Names": ["/side"], "Labels": {"s": "1"}, "Ports": [{"PrivatePort": 9100, "Type": "tcp"}],
           "HostConfig": {"NetworkMode": "container:a1"}, "NetworkSettings": {"Networks": {}}},
          {"Id": "a6", "Names": ["/side-of-side"], "Labels": {}, "Ports": [],
           "HostConfig": {"NetworkMode": "container:a5"}, "NetworkSettings": {"Networks": {}}},
          {"Id": "a7", "Names": ["/orphan"], "Labels": {}, "Ports": [],
           "HostConfig": {"NetworkMode": "container:gone"}, "NetworkSettings": {"Networks": {}}},
          {"Id": "a8", "Names": [], "Labels": {}, "Ports": [], "HostConfig": {"NetworkMode": "default"},
           "NetworkSettings": {"Networks": {"bridge": {"NetworkID": "n0", "IPAddress": "172.16.0.8"}}}},
          {"Id": "a9", "Names": ["/six"], "Labels": {}, "Ports": [{"PrivatePort": 1, "Type": "tcp"}],
           "HostConfig": {"NetworkMode": "default"},
           "NetworkSettings": {"Networks": {"bridge": {"NetworkID": "n0", "IPAddress": "fd00::9"}}}},
          {"Id": "b1", "Names": ["/none"], "Labels": {}, "Ports": [], "HostConfig": {"NetworkMode": "none"},
           "NetworkSettings": {"Networks": {"none": {"NetworkID": "nn", "IPAddress": ""}}}}
        ]
        """#

    private static let networks = #"""
        [
          {"Name": "bridge", "Id": "n0", "Scope": "local", "Internal": false, "Ingress": false, "Labels": {}},
          {"Name": "back", "Id": "n1", "Scope": "local", "Internal": true, "Ingress": false, "Labels": {"l.m": "1"}},
          {"Name": "front", "Id": "n2", "Scope": "swarm", "Internal": false, "Ingress": true, "Labels": null},
          {"Name": "host", "Id": "nh", "Scope": "local", "Internal": false, "Ingress": false, "Labels": {}}
        ]
        """#

    /// What an engine answers; a filter leaves the containers with the name asked for.
    private static func answer(_ request: String) -> [ScriptedServer.Step] {
        let words = request.split(separator: " ")
        let version = "Api-Version: 1.43\r\n"
        if words[0] == "HEAD" { return ScriptedServer.page("", extra: version) }
        func json(_ text: String) -> [ScriptedServer.Step] {
            ScriptedServer.page(text, contentType: "application/json", extra: version)
        }
        if words[1].contains("/networks") { return json(networks) }
        guard words[1].contains("/containers/json") else { return ScriptedServer.page("OK", extra: version) }
        return json(words[1].contains("filters=%7B%22name%22%3A%7B%22web%22%3Atrue%7D%7D") ? "[]" : containers)
    }

    private static func config(_ socket: String, _ port: Int) -> String {
        let engines = [
            "unix": "host: unix://\(socket)", "all": "host: unix://\(socket)\n    match_first_network: false",
            "ports": "host: tcp://127.0.0.1:\(port)\n    port: 9100\n    host_networking_host: my.host:1",
            "filter": "host: unix://\(socket)\n    filters: [{name: name, values: [web]}]",
            "http": "host: http://127.0.0.1:\(port)\n    basic_auth: {username: u, password: p}",
        ]
        return "global: {scrape_interval: 1h}\nscrape_configs:\n"
            + engines.sorted { $0.key < $1.key }.map { name, settings in
                "- job_name: \(name)\n  docker_sd_configs:\n  - refresh_interval: 1s\n    \(settings)\n"
            }.joined()
    }

    private func targets(_ port: Int) throws -> [String] {
        let answer = try HTTPConnection(port: port).request("GET", "/api/v1/targets?state=active")
        let active = try JSONValue(parsing: answer.body)["data"]?["activeTargets"]?.elements ?? []
        return active.map { target in
            "\(target["discoveredLabels"]?.sortKey ?? "") \(target["labels"]?.sortKey ?? "")"
                + " \(target["scrapeUrl"]?.sortKey ?? "")"
        }.sorted()
    }

    @Test(.enabled(if: RealPrometheus.path != nil, "no Prometheus 3 on the PATH"))
    func containersAreTheTargetsOfARealPrometheus() throws {
        let directory = TemporaryDirectory(.disk)
        let socket = directory.path + "/engine"
        let local = try ScriptedServer(unixSocket: socket) { request, _ in Self.answer(request) }
        let remote = try ScriptedServer { request, _ in Self.answer(request) }
        defer {
            local.close()
            remote.close()
        }
        let config = Self.config(socket, remote.port)
        let theirs = try RealPrometheus(data: directory.path + "/data", config: config)
        defer { theirs.process.finish(SIGKILL) }
        let ours = try TestServer(config: config)
        defer { ours.process.finish(SIGTERM) }
        var last: (theirs: [String], ours: [String]) = ([], [])
        _ = try? eventually("the same targets", within: 240) { () -> Bool? in
            last = (try targets(theirs.port), try targets(ours.port))
            return last.theirs.count > 30 && last.theirs == last.ours ? true : nil
        }
        #expect(last.theirs.filter { !last.ours.contains($0) } == [])
        #expect(last.ours.filter { !last.theirs.contains($0) } == [])
        #expect(last.theirs.count > 30)
        #expect(local.requests.contains { $0.contains("filters=") && $0.contains("tsdb/") })
        #expect(remote.requests.contains { $0.contains("Authorization: Basic dTpw") && $0.contains("tsdb/") })
    }
}
