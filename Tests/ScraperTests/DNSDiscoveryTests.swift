import Glibc
import TestSupport
import Testing

@testable import Scraper

/// Names of a real server, dnsmasq.
@Suite(.enabled(if: dnsmasq != nil, "no dnsmasq on the PATH")) struct DNSDiscoveryTests {
    /// Starts a server of these records, and waits until it answers. To be killed: it inherits the mask of a thread that
    /// takes no signals.
    private func serve(_ records: [String], port: Int) throws -> ChildProcess {
        let user = geteuid() == 0 ? ["--user=root"] : []
        let process = try ChildProcess(
            dnsmasq ?? "",
            [
                "--keep-in-foreground", "--conf-file=/dev/null", "--port=\(port)", "--listen-address=127.0.0.1",
                "--bind-interfaces", "--no-resolv", "--no-hosts", "--pid-file=", "--local=/test/", "--log-facility=-",
                "--host-record=ready.test,127.0.0.9",
            ] + user + records)
        try eventually("dnsmasq answers") {
            guard process.isRunning else { throw TestFailure("dnsmasq ended: \(process.printed)") }
            let answer = lookUp("ready.test", .a, nameserver: Nameserver(address: "127.0.0.1", port: port))
            return (try? answer.get())?.isEmpty == false ? () : nil
        }
        return process
    }

    private static let records = [
        "--host-record=a.test,127.0.0.3", "--host-record=a.test,127.0.0.2", "--host-record=six.test,::1",
        "--srv-host=_m._tcp.test,h1.test,9400", "--srv-host=_m._tcp.test,h2.test,9401",
        "--mx-host=mail.test,mx.test,10", "--dns-rr=zone.test,2,02:6e:73:04:74:65:73:74:00",
        "--cname=alias.test,six.test",
    ]

    @Test func recordsOfEveryTypeBecomeTargets() async throws {
        let port = try freePort()
        let server = try serve(Self.records, port: port)
        defer { server.finish(SIGKILL) }
        let harness = Harness(nameserver: Nameserver(address: "127.0.0.1", port: port))
        try harness.discover(
            """
              dns_sd_configs:
              - {names: [_m._tcp.test]}
              - {names: [a.test, missing.test], type: A, port: 1}
              - {names: [six.test, alias.test], type: AAAA, port: 2}
              - {names: [mail.test], type: MX, port: 3}
              - {names: [zone.test], type: NS, port: 4}
              relabel_configs:
              - {regex: __meta_dns_(name|.*_target|.*_port), action: labelmap}
            """)
        let expected = [
            #"{instance="127.0.0.2:1", name="a.test"}"#, #"{instance="127.0.0.3:1", name="a.test"}"#,
            #"{instance="[::1]:2", name="alias.test"}"#, #"{instance="[::1]:2", name="six.test"}"#,
            #"{instance="h1.test:9400", name="_m._tcp.test", srv_record_port="9400", srv_record_target="h1.test."}"#,
            #"{instance="h2.test:9401", name="_m._tcp.test", srv_record_port="9401", srv_record_target="h2.test."}"#,
            #"{instance="mx.test:3", mx_record_target="mx.test.", name="mail.test"}"#,
            #"{instance="ns.test:4", name="zone.test", ns_record_target="ns.test."}"#,
        ]
        try await harness.wait("all names") { harness.targetLabels == expected }
        #expect(harness.targetLabels == expected)
        await harness.manager.stop()
        #expect(harness.metric("prometheus_sd_dns_lookups_total") ?? 0 >= 7)
        #expect(harness.metric("prometheus_sd_dns_lookup_failures_total") == 0)
    }

    /// The server refuses what is not below test.
    @Test func aNameIsMissingOnlyWhereEveryDomainSaysSo() throws {
        let port = try freePort()
        let server = try serve(["--host-record=a.test,127.0.0.2"], port: port)
        defer { server.finish(SIGKILL) }
        func addresses(_ name: String, domain: String) throws -> [String]? {
            let server = Nameserver(address: "127.0.0.1", port: port, domain: domain)
            return try? lookUp(name, .a, nameserver: server).get().map(\.address)
        }
        #expect(try addresses("a.test", domain: "elsewhere") == ["127.0.0.2"])
        #expect(try addresses("a", domain: "test") == ["127.0.0.2"])
        #expect(try addresses("missing.test", domain: "") == [])
        #expect(try addresses("missing.test", domain: "test") == [])
        #expect(try addresses("missing.test.", domain: "elsewhere") == [])
        #expect(try addresses("missing.test", domain: "elsewhere") == nil)
        #expect(try addresses("missing", domain: "test") == nil)
    }

    @Test func aServerThatIsAwayKeepsTheTargetsAndAnswersAreFollowed() async throws {
        let port = try freePort()
        let first = try serve(["--host-record=a.test,127.0.0.2"], port: port)
        defer { first.finish(SIGKILL) }
        let harness = Harness(nameserver: Nameserver(address: "127.0.0.1", port: port))
        try harness.discover("  dns_sd_configs: [{names: [a.test], type: A, port: 1, refresh_interval: 50ms}]")
        try await harness.wait("the first answer") { harness.targetLabels == [#"{instance="127.0.0.2:1"}"#] }
        first.finish(SIGKILL)
        try await harness.wait("failures") { (harness.metric("prometheus_sd_dns_lookup_failures_total") ?? 0) >= 2 }
        #expect(harness.targetLabels == [#"{instance="127.0.0.2:1"}"#])
        #expect(harness.lines("error looking up targets failed") > 0)
        #expect(!harness.repeats("looking up targets"), "\(harness.log.lines)")
        let second = try serve(["--host-record=a.test,127.0.0.4"], port: port)
        defer { second.finish(SIGKILL) }
        try await harness.wait("the second server") { harness.targetLabels == [#"{instance="127.0.0.4:1"}"#] }
        second.finish(SIGKILL)
        let empty = try serve([], port: port)
        defer { empty.finish(SIGKILL) }
        try await harness.wait("a name that is gone") { harness.targetLabels == [] }
        await harness.manager.stop()
    }
}

private let dnsmasq = findProgram("dnsmasq") ?? (access("/usr/sbin/dnsmasq", X_OK) == 0 ? "/usr/sbin/dnsmasq" : nil)
