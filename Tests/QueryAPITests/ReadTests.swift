import Model
import PrometheusData
import Protobuf
import TestSupport
import Testing

@testable import QueryAPI
@testable import RemoteProtocol

@Suite struct ReadTests {
    private static func store(_ count: Int = 1000) -> MemoryStore {
        MemoryStore(
            ["a", "b"].map { name in
                (["__name__": "load", "name": name], (0..<count).map { (Int64($0) * 1000, Double($0)) })
            })
    }

    private static let everything = ReadRequest.Query(
        startTime: 0, endTime: 10_000_000, matchers: [Matcher("__name__", equals: "load")])

    private func post(_ port: Int, _ body: [UInt8]) async throws -> HTTPAnswer {
        try await ask(port, "POST", "/api/v1/read", headers: [("Content-Encoding", "snappy")], body: body)
    }

    private func post(_ port: Int, _ request: ReadRequest) async throws -> HTTPAnswer {
        try await post(port, snappyCompressed(request.encoded()))
    }

    /// The frames of a streamed answer: how many bytes each has, and its number of samples.
    private func frames(_ body: [UInt8]) throws -> [Int] {
        var sizes: [Int] = []
        var offset = 0
        while offset < body.count {
            var (length, shift) = (0, 0)
            repeat {
                length |= Int(body[offset] & 127) << shift
                shift += 7
                offset += 1
            } while body[offset - 1] >= 128
            let sum = body[offset..<offset + 4].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
            let message = Array(body[offset + 4..<offset + 4 + length])
            #expect(message.withUnsafeBytes { crc32c($0) } == sum)
            sizes.append(length)
            offset += 4 + length
        }
        return sizes
    }

    @Test func longSeriesAreSplitIntoFrames() async throws {
        try await withServer(Self.store(), { $0.options.readFrameBytesMax = 1000 }) { port in
            let answer = try await post(
                port, ReadRequest(queries: [Self.everything], acceptedTypes: [.streamedChunks, .samples]))
            #expect(answer.status == 200)
            #expect(
                answer.header("Content-Type")
                    == "application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse")
            let sizes = try frames(answer.body)
            #expect(sizes.count > 2 && sizes.allSatisfy { $0 <= 1100 }, "\(sizes)")
        }
    }

    @Test func moreSamplesThanTheLimitAreRefusedUnlessStreamed() async throws {
        try await withServer(Self.store(), { $0.options.readSamplesMax = 1999 }) { port in
            let refused = try await post(port, ReadRequest(queries: [Self.everything], acceptedTypes: []))
            #expect(refused.status == 400)
            #expect(refused.text == "exceeded sample limit (1999)\n")
            let streamed = try await post(
                port, ReadRequest(queries: [Self.everything], acceptedTypes: [.streamedChunks]))
            #expect(streamed.status == 200)
        }
    }

    @Test func manyReadsAtOnceWaitForOneAnother() async throws {
        try await withServer(Self.store(5000), { $0.options.readConcurrencyMax = 1 }) { port in
            let request = ReadRequest(queries: [Self.everything, Self.everything], acceptedTypes: [.streamedChunks])
            try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<6 { group.addTask { try await post(port, request).body.count } }
                var sizes: Set<Int> = []
                for try await size in group { sizes.insert(size) }
                #expect(sizes.count == 1)
            }
        }
    }

    @Test func aStoreThatCannotBeReadIsAnError() async throws {
        let store = Self.store()
        try await withServer(store) { port in
            store.fail(with: .corrupted("row 7"))
            for type in ReadRequest.ResponseType.allCases {
                let answer = try await post(port, ReadRequest(queries: [Self.everything], acceptedTypes: [type]))
                #expect(answer.status == 500 && answer.text.contains("row 7"))
            }
        }
    }

    @Test func requestsThatAreNoneAreRefused() async throws {
        try await withServer(Self.store()) { port in
            #expect(try await post(port, [1, 2, 3]).status == 400)
            var unknown = ReadRequest(queries: [Self.everything], acceptedTypes: [])
            unknown.acceptedTypes = [17]
            let answer = try await post(port, unknown)
            #expect(answer.status == 400 && answer.text.contains("supported: SAMPLES, STREAMED_XOR_CHUNKS"))
            // A block that says that it is 3 GiB long.
            #expect(try await post(port, [0xff, 0xff, 0xff, 0xff, 0x0b, 0, 0]).status == 400)
            var wrong = ProtobufWriter()
            wrong.message(1) {
                $0.message(3) {
                    $0.varint(1, 2); $0.string(2, "a"); $0.string(3, "(")
                }
            }
            let text = try await post(port, snappyCompressed(wrong.bytes)).text
            #expect(text.contains("error parsing regexp"), "\(text)")
            #expect(try await ask(port, "GET", "/api/v1/read").status == 405)
        }
    }
}
