import Glibc
import Model
import PromQL
import TSDB
import TestSupport
import Testing

@testable import TSDBCommand

/// `/api/v1/admin/tsdb/…` of a running server.
@Suite struct AdminTests {
    private static let start: Int64 = 1_706_659_200_000

    private func post(_ server: TestServer, _ path: String) throws -> (status: Int, body: String) {
        let answer = try HTTPConnection(port: server.port).request("POST", path)
        return (answer.status, answer.text)
    }

    /// A server with a hundred samples of each of two series.
    private func makeServer(_ flags: [String]) throws -> TestServer {
        let server = try TestServer(
            config: "scrape_configs: []\n", flags: ["--web.enable-remote-write-receiver"] + flags)
        let series = ["a", "b"].map { job in
            WrittenSeries(
                ["__name__": "m", "job": job],
                (0..<100).map { (time: Self.start + $0 * 1000, sample: .float(Double($0))) })
        }
        let answer = try HTTPConnection(port: server.port).request(
            "POST", "/api/v1/write",
            headers: [("Content-Encoding", "snappy"), ("Content-Type", "application/x-protobuf")],
            body: remoteWriteBody(series))
        #expect(answer.status == 204, "\(answer.text)")
        return server
    }

    private func counts(_ server: TestServer) throws -> [String: Double] {
        let value = try instantQuery(
            server.url, "count_over_time(m[100s])", at: Self.start + 99_000)
        guard case .vector(let samples) = value else { throw TestFailure("no vector") }
        return Dictionary(uniqueKeysWithValues: samples.map { ($0.labels["job"] ?? "", $0.value) })
    }

    @Test func whatIsDeletedIsGoneAtOnceAndForGood() throws {
        let server = try makeServer(["--web.enable-admin-api"])
        defer { server.process.finish(SIGKILL) }
        let from = Self.start / 1000 + 10
        let path = "/api/v1/admin/tsdb/delete_series"
        #expect(try post(server, "\(path)?match[]=m%7Bjob=%22a%22%7D&start=\(from)&end=\(from + 9)").status == 204)
        #expect(try counts(server) == ["a": 90, "b": 100])
        #expect(try post(server, "\(path)?match[]=%7Bjob=%22b%22%7D").status == 204)
        #expect(try counts(server) == ["a": 90])
        #expect(try post(server, "/api/v1/admin/tsdb/clean_tombstones").status == 204)
        server.process.finish(SIGKILL)
        let again = try TestServer(config: "scrape_configs: []\n", data: server.data)
        defer { again.process.finish(SIGTERM) }
        #expect(try counts(again) == ["a": 90])
    }

    @Test func aSnapshotIsADatabase() throws {
        let server = try makeServer(["--web.enable-admin-api"])
        defer { server.process.finish(SIGTERM) }
        let answer = try post(server, "/api/v1/admin/tsdb/snapshot?skip_head=true")
        #expect(answer.status == 200)
        let names = fileNames(server.data + "/snapshots")
        let name = try #require(names.first)
        #expect(names.count == 1)
        #expect(answer.body == #"{"status":"success","data":{"name":"\#(name)"}}"#)
        #expect(name.wholeMatch(of: /\d{8}T\d{6}Z-[0-9a-f]{16}/) != nil)
        let copy = try Database.openReadOnly(server.data + "/snapshots/" + name)
        #expect(copy.stats().series == 2)
    }

    @Test(arguments: [
        ("delete_series", 400, "no match[] parameter provided"),
        ("delete_series?match[]=%7B", 400, "parse error"),
        ("delete_series?match[]=m&start=x", 400, #"cannot parse \"x\" to a valid timestamp"#),
        ("snapshot?skip_head=maybe", 400, #"strconv.ParseBool: parsing \"maybe\": invalid syntax"#),
        ("nothing", 404, "404 page not found"),
    ])
    func whatIsWrongIsSaid(_ request: (path: String, status: Int, text: String)) throws {
        let server = try makeServer(["--web.enable-admin-api"])
        defer { server.process.finish(SIGTERM) }
        let answer = try post(server, "/api/v1/admin/tsdb/" + request.path)
        #expect(answer.status == request.status)
        #expect(answer.body.contains(request.text), "\(answer.body)")
        #expect(try counts(server) == ["a": 100, "b": 100])
    }

    @Test(arguments: ["delete_series?match[]=m", "clean_tombstones", "snapshot"])
    func withoutTheFlagNothingIsDone(_ action: String) throws {
        let server = try makeServer([])
        defer { server.process.finish(SIGTERM) }
        let answer = try post(server, "/api/v1/admin/tsdb/" + action)
        #expect(answer.status == 500)
        #expect(answer.body == #"{"status":"error","errorType":"unavailable","error":"admin APIs disabled"}"#)
        #expect(try counts(server) == ["a": 100, "b": 100])
    }
}
