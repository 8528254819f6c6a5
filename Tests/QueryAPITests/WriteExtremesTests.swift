import Model
import TSDB
import TestSupport
import Testing

private let now: Int64 = 1_700_000_000_000
private let name = Array("__name__".utf8)

/// Remote write of what no honest sender sends, into a real store: a clear answer, and a store that is as before.
@Suite struct WriteExtremesTests {
    /// Runs `body` with a server on a new database, which has to take and answer more afterwards, and to be sound.
    private func withStore(
        outOfOrderMs: Int64 = 0, _ body: (_ port: Int, _ database: Database) async throws -> Void
    ) async throws {
        let directory = TemporaryDirectory()
        var options = DatabaseOptions(retentionMs: 0, clock: FixedClock(ms: now))
        options.outOfOrderMs = outOfOrderMs
        let database = try Database.open(directory: directory.path, options: options)
        try await withServer(database) { port in
            try await body(port, database)
            let answer = try await write(port) { $0.series([("__name__", "afterwards")], [(now, 5)]) }
            #expect(answer.status == 204)
            let found = try await get(port, "/api/v1/query", [("query", "afterwards"), ("time", "\(now / 1000)")])
            #expect(found.text.contains(#""value":[1700000000,"5"]"#), "\(found.text)")
        }
        let samples = try database.allSamples()
        #expect(database.takeProblems() == [])
        database.close()
        let findings = try Database.check(directory.path).findings
        #expect(findings.isEmpty, "\(findings)")
        let again = try Database.openReadOnly(directory.path)
        #expect(try again.allSamples() == samples)
        again.close()
    }

    // MARK: Many series

    /// A series of version 1.0 takes 46 bytes here, so that a million of them are more than a request may have.
    @Test func aMillionSeriesOfVersion1AreTooMany() async throws {
        try await withStore { port, database in
            let client = try HTTPClient(port: port, receiveTimeoutSeconds: 120)
            var message = Message()
            for number in 0..<1000 {
                var series = Message()
                series.bytes(1, Message.label(name, [109]))
                series.bytes(1, Message.label([110], Array(String(number).utf8)))
                series.bytes(2, Message.sample(now, 1))
                message.bytes(1, series.bytes)
            }
            // The rest is as these, which takes less time to make.
            let bytes = (0..<1000).flatMap { _ in message.bytes }
            #expect(bytes.count > 32 << 20)
            let answer = try await client.request(
                "POST", "/api/v1/write", headers: writeHeaders, body: snappyCompressed(bytes))
            #expect(answer.status == 400)
            #expect(answer.text == "snappy: decoded length \(bytes.count) exceeds limit 33554432\n")
            #expect(database.stats().series == 0)
        }
    }

    /// In version 2.0 a million fit.
    @Test func manySeriesOfOneRequestAreStored() async throws {
        let count = tries(10_000, slow: 1_000_000)
        try await withStore { port, database in
            let client = try HTTPClient(port: port, receiveTimeoutSeconds: 300)
            var message = Message()
            for text in ["", "__name__", "m", "n"] { message.bytes(4, Array(text.utf8)) }
            for number in 0..<count { message.bytes(4, Array(String(number, radix: 36).utf8)) }
            let sample = Message.sample(0, 1)
            for number in 0..<count {
                var references = Message()
                for reference in [1, 2, 3, UInt64(4 + number)] { references.varint(reference) }
                var series = Message()
                series.bytes(1, references.bytes)
                series.bytes(2, sample)
                message.bytes(5, series.bytes)
            }
            #expect(message.bytes.count < 32 << 20)
            let answer = try await client.request(
                "POST", "/api/v1/write", headers: write2Headers, body: snappyCompressed(message.bytes))
            #expect(answer.status == 204 && answer.written == ["\(count)", "0", "0"], "\(answer.text)")
            #expect(database.stats().series == count)
        }
    }

    // MARK: Labels

    private static let longest = [UInt8](repeating: 97, count: 64 << 10)

    /// Labels, and what is said of them where they are refused.
    static let labels: [([([UInt8], [UInt8])], String?)] = [
        ([(name, [109]), (longest, longest)], nil),
        ([(name, longest)], nil),
        ([(name, [109]), (longest + [97], [98])], "is longer than 65536 bytes"),
        ([(name, [109]), ([97], longest + [97])], "is longer than 65536 bytes"),
        ([(name, [109]), ([97], [0xed, 0xa0, 0x80])], #"the value of label "a" is not UTF-8"#),
        ([(name, [109]), ([97], [0xf4, 0x90, 0x80, 0x80])], #"the value of label "a" is not UTF-8"#),
        ([(name, [109]), ([97, 0xc0, 0x80], [98])], "is not UTF-8"),
        ([(name, [0xff])], #"the value of label "__name__" is not UTF-8"#),
        ([(name, [109]), ([0], [0])], nil),
        ([(name, [109]), ([], [98])], "a label without a name"),
        ([(name, [109]), ([97], [98]), ([97], [98])], #"label name "a" is not unique"#),
    ]

    @Test(arguments: labels.indices) func extremeLabelsAreStoredOrNamed(_ index: Int) async throws {
        let (labels, reason) = WriteExtremesTests.labels[index]
        try await withStore { port, database in
            let first = try await write(port) { $0.series(labels, [(now, 1)]) }
            var message = Message()
            let strings = [[]] + labels.flatMap { [$0.0, $0.1] }
            for text in strings { message.bytes(4, text) }
            var references = Message()
            for number in 1..<strings.count { references.varint(UInt64(number)) }
            var series = Message()
            series.bytes(1, references.bytes)
            series.bytes(2, Message.sample(now + 1, 1))
            message.bytes(5, series.bytes)
            let second = try await ask(
                port, "POST", "/api/v1/write", headers: write2Headers, body: snappyCompressed(message.bytes))
            for answer in [first, second] {
                #expect(answer.status == (reason == nil ? 204 : 400))
                #expect(reason.map { answer.text.contains($0) } ?? true, "\(answer.text.prefix(500))")
                // What is said of a label that is too long must not be as long.
                #expect(answer.body.count < 2000)
            }
            let written = labels.map {
                (name: String(decoding: $0.0, as: UTF8.self), value: String(decoding: $0.1, as: UTF8.self))
            }
            let samples = PlainValue.float((1.0).bitPattern)
            let wanted: PlainSamples = reason == nil ? [Labels(written): [now: samples, now + 1: samples]] : [:]
            #expect(try database.allSamples() == wanted)
        }
    }

    // MARK: Times

    @Test func timesThatCannotBeStoredAreNamedAndTheRestIsStored() async throws {
        try await withStore { port, database in
            let answer = try await write(port) {
                $0.series([("__name__", "a")], [(.min, 1), (now, 2), (.max, 3)])
                $0.series([("__name__", "b")], [(now + 3_600_000, 4)])
            }
            #expect(answer.status == 400)
            #expect(
                answer.text == """
                    out of bounds: series a, timestamp -9223372036854775808, value 1
                    out of bounds: series a, timestamp 9223372036854775807, value 3
                    out of bounds: series b, timestamp 1700003600000, value 4

                    """)
            let second = try await write2(port) {
                $0.series([("__name__", "c")]) { series, message in
                    for time in [Int64.max, .min, now] { series.bytes(2, message.sample(time, 5, startTime: time)) }
                    for (time, start) in [(now + 1, Int64.max), (now + 2, .min)] {
                        series.bytes(2, message.sample(time, 5, startTime: start))
                    }
                    series.bytes(3, Message.histogram(.max, sampleHistogram, startTime: 1))
                    series.bytes(4, message.exemplar(.min, 1, []))
                }
            }
            #expect(second.status == 400 && second.written == ["3", "0", "0"])
            #expect(
                second.text == """
                    out of bounds: series c, timestamp 9223372036854775807, value 5
                    out of bounds: series c, timestamp -9223372036854775808, value 5
                    out of bounds: series c, timestamp 9223372036854775807, histogram
                    out of bounds: series c, timestamp -9223372036854775808

                    """)
            let five = PlainValue.float((5.0).bitPattern)
            #expect(
                try database.allSamples() == [
                    ["__name__": "a"]: [now: .float((2.0).bitPattern)],
                    ["__name__": "c"]: [now: five, now + 1: five, now + 2: five],
                ])
        }
    }

    @Test(arguments: [0, 60_000] as [Int64]) func unsortedSamplesAreNamedOrSorted(_ outOfOrderMs: Int64) async throws {
        try await withStore(outOfOrderMs: outOfOrderMs) { port, database in
            let times = [now, now - 2000, now - 1000, now - 2000]
            let answer = try await write(port) {
                $0.series([("__name__", "a")], zip(times, [1, 2, 3, 4]).map { ($0, $1) })
            }
            let found = try database.allSamples()[["__name__": "a"]]
            if outOfOrderMs == 0 {
                #expect(answer.status == 400)
                #expect(answer.text.split(separator: "\n").count == 3)
                #expect(answer.text.hasPrefix("out of order sample: series a, timestamp 1699999998000, value 2\n"))
                #expect(found == [now: .float((1.0).bitPattern)])
            } else {
                #expect(answer.status == 204)
                // Of the two of one time the first.
                #expect(
                    found == [
                        now: .float((1.0).bitPattern), now - 2000: .float((2.0).bitPattern),
                        now - 1000: .float((3.0).bitPattern),
                    ])
            }
        }
    }
}
