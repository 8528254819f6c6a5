import Model
import QueryAPI
import Synchronization
import TestSupport
import Testing

@Suite struct WriteTests {
    @Test func samplesAndMetadataAreStored() async throws {
        let store = MemoryStore()
        try await withServer(store) { port in
            let answer = try await write(port) {
                $0.series([("job", "x"), ("__name__", "up")], [(1000, 1), (2000, .nan), (3000, -0.0)])
                $0.series([("__name__", "空 y"), ("empty", "")], [(-5, 5e-324)])
                $0.metadata(1, "up_total", "help", "s")
                $0.metadata(99, "odd", "", "")
            }
            #expect(answer.status == 204)
            #expect(answer.body.isEmpty)
        }
        let up = try #require(store.contents[#"up{job="x"}"#])
        #expect(up.map(\.timestamp) == [1000, 2000, 3000])
        #expect(up.map(\.value.bitPattern) == [1.0, Double.nan, -0.0].map(\.bitPattern))
        #expect(store.contents[#"{__name__="空 y"}"#]?.first?.timestamp == -5)
        #expect(
            store.metadata(metric: nil) == [
                "up_total": [MetricMetadata(metric: "up_total", type: .counter, help: "help", unit: "s")],
                "odd": [MetricMetadata(metric: "odd", type: .unknown, help: "")],
            ])
    }

    /// Senders may write a sample's fields in any order, leave out zeros and add fields; timestamps have one to ten bytes.
    @Test func samplesAreReadInEveryLayout() async throws {
        let store = MemoryStore()
        var random = SeededGenerator(seed: 11)
        // Ascending, over each length of a varint and its neighbours; negative ones have ten bytes.
        var times: [Int64] = [.min + 1, -(1 << 41), -1, 0]
        for bits in 1..<62 { times += [(1 << bits) - 1, 1 << bits, (1 << bits) + 1] }
        times = Array(Set(times)).sorted()
        let samples = times.map { ($0, Double($0) / 3) }
        try await withServer(store) { port in
            let answer = try await write(port) { message in
                var series = Message()
                for (index, (time, value)) in samples.enumerated() {
                    if index == 20 { series.bytes(1, Message.label(Array("__name__".utf8), Array("a".utf8))) }
                    series.bytes(2, Self.laidOut(time, value, layout: Int.random(in: 0..<6, using: &random)))
                }
                series.bytes(1, Message.label(Array("b".utf8), Array("c".utf8)))
                message.bytes(1, series.bytes)
            }
            #expect(answer.status == 204, "\(answer.text)")
        }
        let stored = try #require(store.contents[#"a{b="c"}"#])
        #expect(stored.map(\.timestamp) == times)
        #expect(stored.map(\.value) == samples.map(\.1))
    }

    private static func laidOut(_ time: Int64, _ value: Double, layout: Int) -> [UInt8] {
        var sample = Message()
        let number = UInt64(bitPattern: time)
        switch layout {
        case 0:
            sample.varint(2, number)
            sample.double(1, value)
        case 1:
            if value != 0 { sample.double(1, value) }
            if time != 0 { sample.varint(2, number) }
        case 2:
            sample.double(1, value)
            sample.varint(2, number)
            sample.bytes(15, [1, 2, 3])
        case 3:
            // The last one counts.
            sample.varint(2, 77)
            sample.double(1, value)
            sample.varint(2, number)
        default: return Message.sample(time, value)
        }
        return sample.bytes
    }

    @Test func knownSeriesAreNotResolvedAgain() async throws {
        let store = MemoryStore()
        try await withServer(store) { port in
            for time in Int64(1)...5 {
                let answer = try await write(port) { message in
                    for name in ["a", "b", "c"] { message.series([("__name__", name)], [(time, 1)]) }
                }
                #expect(answer.status == 204)
            }
        }
        #expect(store.state.withLock { $0.resolveCalls } == 1)
        #expect(store.contents["b"]?.count == 5)
    }

    @Test func forgottenSeriesAreResolvedAgain() async throws {
        let store = MemoryStore()
        try await withServer(store) { port in
            _ = try await write(port) {
                $0.series([("__name__", "a")], [(1, 1)]); $0.series([("__name__", "b")], [(1, 1)])
            }
            store.forgetAll()
            let answer = try await write(port) {
                $0.series([("__name__", "a")], [(2, 2), (3, 3)]); $0.series([("__name__", "b")], [(2, 4)])
            }
            #expect(answer.status == 204)
            _ = try await write(port) { $0.series([("__name__", "b")], [(3, 5)]) }
        }
        let samples = store.state.withLock { state in state.labels.indices.map { state.samples[$0].map(\.value) } }
        #expect(samples == [[], [], [2, 3], [4, 5]])
    }

    @Test func whatCannotBeStoredIsNamedAndTheRestIsStored() async throws {
        let store = MemoryStore()
        try await withServer(store) { port in
            _ = try await write(port) { $0.series([("__name__", "a")], [(1000, 1)]) }
            let answer = try await write(port) {
                $0.series([("__name__", "a")], [(500, 2)])
                $0.series([("__name__", "b"), ("x", "1")], [(1000, 3)])
                $0.series([("__name__", "a")], [(1000, 4), (2000, 5)])
            }
            #expect(answer.status == 400)
            #expect(
                answer.text == "out of order sample: series a, timestamp 500, value 2\n"
                    + "duplicate sample for timestamp: series a, timestamp 1000, value 4\n")
            #expect(answer.header("Content-Type") == "text/plain; charset=utf-8")
        }
        #expect(store.contents["a"]?.map(\.value) == [1, 5])
        #expect(store.contents[#"b{x="1"}"#]?.map(\.value) == [3])
    }

    @Test func repeatedSamplesAreAccepted() async throws {
        try await withServer(MemoryStore()) { port in
            for _ in 0..<2 {
                let answer = try await write(port) { $0.series([("__name__", "a")], [(1000, 1)]) }
                #expect(answer.status == 204)
            }
        }
    }

    @Test func listOfRejectedSamplesIsBounded() async throws {
        try await withServer(MemoryStore()) { port in
            let answer = try await write(port) { message in
                message.series([("__name__", "a")], (0..<100).map { (Int64(100 - $0), 1) })
            }
            #expect(answer.text.split(separator: "\n").count == 11)
            #expect(answer.text.hasSuffix("and 89 more samples\n"))
        }
    }

    static let invalidLabels: [([([UInt8], [UInt8])], String)] = [
        ([(Array("__name__".utf8), [97]), ([97], [49]), ([97], [50])], #"label name "a" is not unique"#),
        ([(Array("__name__".utf8), [97]), ([], [49])], "a label without a name"),
        ([([97], [49])], "no metric name"),
        ([(Array("__name__".utf8), [])], "no metric name"),
        ([], "no metric name"),
        ([(Array("__name__".utf8), [97]), ([97], [0xff])], #"the value of label "a" is not UTF-8"#),
        ([(Array("__name__".utf8), [97]), ([0xff], [97])], "is not UTF-8"),
        (
            [(Array("__name__".utf8), [97]), ([97], [UInt8](repeating: 97, count: 65 << 10))],
            "is longer than 65536 bytes"
        ),
    ]

    @Test(arguments: invalidLabels.indices) func invalidLabelsAre400AndTheRestIsStored(_ index: Int) async throws {
        let (labels, reason) = WriteTests.invalidLabels[index]
        let store = MemoryStore()
        try await withServer(store) { port in
            let answer = try await write(port) {
                $0.series([("__name__", "good")], [(1, 1)])
                $0.series(labels, [(1, 2), (2, 2)])
                $0.series([("__name__", "fine")], [(1, 3)])
            }
            #expect(answer.status == 400)
            #expect(answer.text.hasPrefix("invalid labels: "))
            #expect(answer.text.contains(reason), "\(answer.text)")
        }
        #expect(store.contents["good"]?.map(\.value) == [1])
        #expect(store.contents["fine"]?.map(\.value) == [3])
        #expect(store.contents.count == 2)
    }

    @Test func labelsBetweenSamplesAreRead() async throws {
        let store = MemoryStore()
        try await withServer(store) { port in
            for time in Int64(1)...2 {
                var series = Message()
                series.bytes(1, Message.label(Array("__name__".utf8), Array("m".utf8)))
                series.bytes(2, Message.sample(time, 1))
                series.bytes(1, Message.label(Array("a".utf8), Array("b".utf8)))
                let answer = try await write(port) { $0.bytes(1, series.bytes) }
                #expect(answer.status == 204)
            }
        }
        #expect(store.contents[#"m{a="b"}"#]?.count == 2)
    }

    static let bodies: [(name: String, body: [UInt8], status: Int, text: String)] = [
        ("empty", [], 400, "snappy: corrupt input\n"),
        ("no snappy", [255, 255, 255, 255, 255], 400, "snappy: corrupt input\n"),
        (
            "too long", [0x80, 0x80, 0x80, 0x80, 0x08, 0], 400,
            "snappy: decoded length 2147483648 exceeds limit 33554432\n"
        ),
        ("empty request", snappyCompressed([]), 204, ""),
        ("no message", snappyCompressed([255, 255, 255]), 400, "unexpected EOF\n"),
        ("cut", snappyCompressed([10, 5, 1]), 400, "unexpected EOF\n"),
        ("group", snappyCompressed([0x0b]), 400, "illegal wireType 3 of field 1 at byte 1\n"),
        ("field 0", snappyCompressed([2, 0]), 400, "illegal tag 2 at byte 1\n"),
        (
            "unknown fields", snappyCompressed([0x78, 1, 0x7a, 1, 65, 0x7d, 1, 2, 3, 4, 0x79, 1, 2, 3, 4, 5, 6, 7, 8]),
            204, ""
        ),
    ]

    @Test func malformedBodiesAre400() async throws {
        try await withServer { port in
            for body in WriteTests.bodies {
                let answer = try await ask(port, "POST", "/api/v1/write", headers: writeHeaders, body: body.body)
                #expect(answer.status == body.status, "\(body.name)")
                #expect(answer.text == body.text, "\(body.name)")
            }
        }
    }

    @Test(arguments: [
        (
            "Content-Type", "application/x-protobuf;proto=io.prometheus.write.v3.Request", 415,
            "got application/x-protobuf;proto=io.prometheus.write.v3.Request content type; unknown remote write protobuf message io.prometheus.write.v3.Request, supported: prometheus.WriteRequest, io.prometheus.write.v2.Request\n"
        ),
        (
            "Content-Type", "application/json", 415,
            "expected application/x-protobuf as the first (media) part, got application/json content-type\n"
        ),
        (
            "Content-Encoding", "gzip", 415,
            "gzip encoding (compression) is not accepted by this server; only snappy is acceptable\n"
        ),
        ("Content-Type", "application/x-protobuf;proto=prometheus.WriteRequest", 204, ""),
        ("Content-Type", "application/x-protobuf;proto=io.prometheus.write.v2.Request", 204, ""),
        ("Content-Type", "application/x-protobuf; charset=utf-8", 204, ""),
        ("Content-Encoding", "Snappy", 204, ""),
    ])
    func otherContentIs415(_ header: String, _ value: String, _ status: Int, _ text: String) async throws {
        try await withServer { port in
            let answer = try await ask(
                port, "POST", "/api/v1/write", headers: [(header, value)], body: snappyCompressed([]))
            #expect(answer.status == status)
            #expect(answer.text == text)
        }
    }

    @Test(arguments: [
        (StorageError.diskFull("disk full at /data"), 503), (.closed, 503), (.io("bad sector"), 500),
    ])
    func failureOfTheStoreAsksForRepetition(_ error: StorageError, _ status: Int) async throws {
        let store = MemoryStore()
        store.fail(with: error)
        try await withServer(store) { port in
            let answer = try await write(port) { $0.series([("__name__", "a")], [(1, 1)]) }
            #expect(answer.status == status)
            #expect(answer.text == error.description + "\n")
        }
    }

    @Test func receiverIsOffUnlessEnabled() async throws {
        try await withServer {
            $0.options.enableRemoteWriteReceiver = false
        } _: { port in
            let answer = try await write(port) { _ in }
            #expect(answer.status == 404)
            #expect(
                answer.text == "remote write receiver needs to be enabled with --web.enable-remote-write-receiver\n")
        }
    }
}
