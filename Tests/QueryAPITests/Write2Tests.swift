import Model
import QueryAPI
import Synchronization
import TestSupport
import Testing

let sampleHistogram = Histogram(
    schema: 3, isFloat: false, counterReset: .notReset, zeroThreshold: 0x1p-128, zeroCount: 2, count: 21, sum: 12.5,
    positiveSpans: [.init(offset: -4, length: 2), .init(offset: 3, length: 1)],
    negativeSpans: [.init(offset: 1, length: 1)], positiveBuckets: [9, 1, 4], negativeBuckets: [5])

/// Native histograms, exemplars and start times, in both versions of remote write.
@Suite struct NativeWriteTests {
    static let histograms = [
        sampleHistogram,
        Histogram(
            schema: -2, isFloat: true, counterReset: .gauge, zeroThreshold: 0.5, zeroCount: 0.25, count: 3.75, sum: -1,
            positiveSpans: [.init(offset: 0, length: 2)], positiveBuckets: [1.5, 2]),
        Histogram(
            schema: -53, isFloat: false, counterReset: .reset, count: 3, sum: 9,
            positiveSpans: [.init(offset: 1, length: 2)], positiveBuckets: [1, 2], customValues: [0.5, 1]),
    ]

    @Test(arguments: histograms) func histogramsAreStoredByBothVersions(_ histogram: Histogram) async throws {
        let store = MemoryStore()
        try await withServer(store) { port in
            let answer = try await write(port) {
                var series = Message()
                series.bytes(1, Message.label(Array("__name__".utf8), Array("one".utf8)))
                series.bytes(4, Message.histogram(1000, histogram))
                series.bytes(4, Message.histogram(2000, histogram))
                $0.bytes(1, series.bytes)
            }
            #expect(answer.status == 204 && answer.written == [nil, nil, nil])
            let second = try await write2(port) {
                $0.series([("__name__", "two")]) { series, _ in
                    series.bytes(3, Message.histogram(1000, histogram, startTime: 500))
                    series.bytes(3, Message.histogram(2000, histogram))
                }
            }
            #expect(second.status == 204 && second.written == ["0", "2", "0"])
        }
        for name in ["one", "two"] {
            #expect(store.histograms[name]?.map(\.timestamp) == [1000, 2000])
            #expect(store.histograms[name]?.map(\.histogram) == [histogram, histogram])
        }
        #expect(store.histograms["two"]?.map(\.startTime) == [500, 0])
    }

    @Test func aStaleHistogramIsAMarker() async throws {
        let store = MemoryStore()
        try await withServer(store) { port in
            let answer = try await write2(port) {
                $0.series([("__name__", "h")]) { series, _ in
                    series.bytes(3, Message.histogram(1, Histogram(isFloat: false, sum: StaleMarker.value)))
                }
            }
            #expect(answer.status == 204)
        }
        #expect(store.histograms["h"]?.first?.histogram.isStale == true)
    }

    @Test func aFinerSchemaIsReducedAndAnUnknownOneNamed() async throws {
        let store = MemoryStore()
        try await withServer(store) { port in
            var fine = sampleHistogram
            fine.schema = 9
            let stored = try await write2(port) {
                $0.series([("__name__", "h")]) { series, _ in series.bytes(3, Message.histogram(1, fine)) }
            }
            #expect(stored.status == 204)
            let refused = try await write2(port) {
                $0.series([("__name__", "h")]) { series, _ in
                    var message = Message()
                    message.sint(4, 300)
                    message.varint(15, 7)
                    series.bytes(3, message.bytes)
                    series.bytes(3, Message.histogram(8, sampleHistogram))
                }
            }
            #expect(refused.status == 400 && refused.written == ["0", "1", "0"])
            #expect(refused.text.hasPrefix("invalid histogram at timestamp 7: histogram has an invalid schema"))
            #expect(refused.text.hasSuffix("got schema 300\n"))
        }
        let first = try #require(store.histograms["h"]?.first?.histogram)
        #expect(first.schema == 8 && first.count == 21 && first.positiveBuckets == [9, 1, 4])
    }

    @Test func exemplarsAreStoredAndAnOldOneFailsNoRequestOfVersion1() async throws {
        let store = MemoryStore()
        try await withServer(store) {
            $0.dependencies.exemplars = store
        } _: { port in
            for (time, value) in [(1500, 1.5), (1000, 9), (2000, .infinity)] as [(Int64, Double)] {
                let answer = try await write(port) {
                    var series = Message()
                    series.bytes(1, Message.label(Array("__name__".utf8), Array("m".utf8)))
                    series.bytes(2, Message.sample(2000, 1))
                    series.bytes(3, Message.exemplar(time, value, [("trace_id", "t\(time)")]))
                    $0.bytes(1, series.bytes)
                }
                #expect(answer.status == 204)
            }
            let found = try await get(port, "/api/v1/query_exemplars", [("query", "rate(m[5m]) + n")])
            #expect(
                found.text
                    == #"{"status":"success","data":[{"seriesLabels":{"__name__":"m"},"exemplars":["#
                    + #"{"labels":{"trace_id":"t1500"},"value":"1.5","timestamp":1.500},"#
                    + #"{"labels":{"trace_id":"t2000"},"value":"+Inf","timestamp":2}]}]}"#)
            for (parameters, isFound) in [
                ([("query", "m"), ("start", "1.6"), ("end", "3")], true), ([("query", "m"), ("end", "1.4")], false),
                ([("query", "m"), ("start", "1700000000000"), ("end", "1700000000001")], false),
                ([("query", "other")], false),
            ] {
                let answer = try await get(port, "/api/v1/query_exemplars", parameters)
                #expect(answer.status == 200 && answer.text.contains("seriesLabels") == isFound, "\(parameters)")
            }
            store.fail(with: .io("bad sector"))
            #expect(try await get(port, "/api/v1/query_exemplars", [("query", "m")]).status == 500)
        }
    }
}

@Suite struct Write2Tests {
    @Test(arguments: [true, false]) func everythingIsStored(symbolsFirst: Bool) async throws {
        let store = MemoryStore()
        try await withServer(store) { port in
            let answer = try await write2(port, symbolsFirst: symbolsFirst) {
                $0.series([("__name__", "requests_total"), ("job", "x")]) { series, message in
                    series.bytes(2, message.sample(1000, 1))
                    series.bytes(2, message.sample(2000, -0.0, startTime: 1500))
                    series.bytes(4, message.exemplar(1900, 0.5, [("trace_id", "abc")]))
                    series.bytes(4, message.exemplar(0, 7, []))
                    series.bytes(5, message.metadata(1, "Requests.", "requests"))
                }
                $0.series([("__name__", "old")]) { series, message in
                    series.bytes(2, message.sample(5, 1))
                    series.bytes(2, message.sample(6, 2, startTime: 4))
                    series.bytes(3, Message.histogram(7, sampleHistogram))
                    series.varint(6, 3)
                }
                for part in ["_bucket", "_sum", "_count"] {
                    $0.series([("__name__", "seconds\(part)")]) { series, message in
                        series.bytes(2, message.sample(1, 1))
                        series.bytes(5, message.metadata(3, "How long.", "s"))
                    }
                }
            }
            #expect(answer.status == 204 && answer.body.isEmpty)
            #expect(answer.written == ["7", "1", "2"])
        }
        let series = #"requests_total{job="x"}"#
        #expect(store.contents[series]?.map(\.value.bitPattern) == [(1.0).bitPattern, (-0.0).bitPattern])
        #expect(store.startTimes[series] == [2000: 1500])
        #expect(store.startTimes["old"] == [5: 3, 6: 4, 7: 3])
        let exemplars = store.state.withLock { $0.exemplars.flatMap(\.self) }
        #expect(
            exemplars == [
                Exemplar(labels: ["trace_id": "abc"], timestamp: 1900, value: 0.5),
                Exemplar(labels: .empty, timestamp: 2000, value: 7),
            ])
        #expect(
            store.metadata(metric: nil).mapValues { Set($0) } == [
                "requests_total": [
                    MetricMetadata(metric: "requests_total", type: .counter, help: "Requests.", unit: "requests")
                ],
                "seconds": [MetricMetadata(metric: "seconds", type: .histogram, help: "How long.", unit: "s")],
            ])
    }

    @Test func knownSeriesAreFoundByOtherSymbols() async throws {
        let store = MemoryStore()
        try await withServer(store) { port in
            for time in Int64(1)...5 {
                let answer = try await write2(port) {
                    // Shifts the numbers of all symbols.
                    for number in 0..<time { _ = $0.symbol("padding \(number)") }
                    $0.series([("__name__", "a"), ("b", "c")]) { $0.bytes(2, $1.sample(time, 1)) }
                    $0.series([("__name__", "a"), ("c", "b")]) { $0.bytes(2, $1.sample(time, 2)) }
                }
                #expect(answer.status == 204)
            }
        }
        #expect(store.state.withLock { $0.resolveCalls } == 1)
        #expect(store.contents[#"a{b="c"}"#]?.map(\.value) == [1, 1, 1, 1, 1])
        #expect(store.contents[#"a{c="b"}"#]?.map(\.value) == [2, 2, 2, 2, 2])
    }

    @Test func forgottenSeriesAreResolvedAgain() async throws {
        let store = MemoryStore()
        try await withServer(store) { port in
            for time in Int64(1)...3 {
                let answer = try await write2(port) {
                    for name in ["a", "b"] {
                        $0.series([("__name__", name)]) { series, message in
                            series.bytes(2, message.sample(time, Double(time), startTime: time))
                            series.bytes(3, Message.histogram(time, sampleHistogram))
                            series.bytes(4, message.exemplar(time, 1, [("n", name)]))
                        }
                    }
                }
                #expect(answer.status == 204 && answer.written == ["2", "2", "2"])
                if time == 1 { store.forgetAll() }
            }
        }
        store.state.withLock { state in
            #expect(state.samples.map { $0.map(\.value) } == [[], [], [2, 3], [2, 3]])
            #expect(state.startTimes[SeriesRef(id: 3)] == [2: 2, 3: 3])
            #expect(state.histograms.map(\.count) == [0, 0, 2, 2])
            #expect(
                state.exemplars.map { $0.map(\.labels) } == [
                    [], [], [["n": "a"], ["n": "a"]], [["n": "b"], ["n": "b"]],
                ])
        }
    }

    @Test func whatCannotBeStoredIsNamedAndTheRestIsCounted() async throws {
        let store = MemoryStore()
        try await withServer(store) { port in
            _ = try await write2(port) {
                $0.series([("__name__", "a")]) { series, message in
                    series.bytes(2, message.sample(1000, 1))
                    series.bytes(3, Message.histogram(1000, sampleHistogram))
                    series.bytes(4, message.exemplar(1000, 1, []))
                }
            }
            let answer = try await write2(port) {
                $0.series([("__name__", "a")]) { series, message in
                    series.bytes(2, message.sample(500, 2))
                    series.bytes(2, message.sample(2000, 3))
                    series.bytes(3, Message.histogram(500, sampleHistogram))
                    var broken = sampleHistogram
                    broken.count = 1
                    series.bytes(3, Message.histogram(2000, broken))
                    series.bytes(4, message.exemplar(500, 2, []))
                    series.bytes(4, message.exemplar(3000, 2, [("long", String(repeating: "é", count: 125))]))
                    series.bytes(4, message.exemplar(3000, 2, [("fits", String(repeating: "é", count: 124))]))
                }
                $0.series([("b", "no name")]) { $0.bytes(2, $1.sample(1, 1)) }
                $0.series([("__name__", "c")]) { $0.bytes(2, $1.sample(1, 4)) }
            }
            #expect(answer.status == 400)
            #expect(answer.written == ["2", "0", "1"])
            #expect(
                answer.text.split(separator: "\n") == [
                    #"invalid labels: no metric name in series {b="no name"}"#,
                    "invalid histogram at timestamp 2000: 21 observations found in buckets, but the Count field is 1: histogram's observation count should equal the number of observations found in the buckets (in absence of NaN)",
                    "invalid labels of exemplars: 1", "out of order sample: series a, timestamp 500, value 2",
                    "out of order sample: series a, timestamp 500, histogram",
                    "out of order exemplar: series a, timestamp 500",
                ])
        }
        #expect(store.contents["a"]?.map(\.value) == [1, 3])
        #expect(store.contents["c"]?.map(\.value) == [4])
    }

    @Test(
        arguments: [
            ([1], "1 label references, which is odd"), ([1, 2, 3], "3 label references, which is odd"),
            ([1, 99], "label references 1 and 99 are beyond the 3 symbols"),
            ([1, 1 << 60], "label references 1 and 1152921504606846976 are beyond the 3 symbols"),
            ([1, 2, 1, 2], #"label name "__name__" is not unique"#), ([], "no metric name"),
            ([1, 0], "no metric name"), ([0, 2], "a label without a name"),
        ] as [([UInt64], String)])
    func labelReferencesThatAreNoneAre400(_ references: [UInt64], _ reason: String) async throws {
        let store = MemoryStore()
        try await withServer(store) { port in
            let answer = try await write2(port) {
                #expect($0.symbol("__name__") == 1)
                #expect($0.symbol("m") == 2)
                var packed = Message()
                for reference in references { packed.varint(reference) }
                var series = Message()
                series.bytes(1, packed.bytes)
                series.bytes(2, Message.sample(1, 1))
                $0.rawSeries(series.bytes)
                $0.series([("__name__", "m")]) { $0.bytes(2, $1.sample(2, 2)) }
            }
            #expect(answer.status == 400 && answer.written == ["1", "0", "0"])
            #expect(answer.text.contains(reason), "\(answer.text)")
        }
        #expect(store.contents["m"]?.map(\.timestamp) == [2])
    }

    @Test func referencesThatAreNotPackedAreRead() async throws {
        let store = MemoryStore()
        try await withServer(store) { port in
            for time in Int64(1)...2 {
                let answer = try await write2(port) {
                    var series = Message()
                    for text in ["__name__", "m", "a"] { series.varint(1, $0.symbol(text)) }
                    series.bytes(2, Message.sample(time, 1))
                    series.varint(1, $0.symbol("b"))
                    $0.rawSeries(series.bytes)
                }
                #expect(answer.status == 204)
            }
        }
        #expect(store.contents[#"m{a="b"}"#]?.count == 2)
    }

    /// A few bytes per series that name a long string each must not become gigabytes.
    @Test func writtenOutLabelsAreBounded() async throws {
        try await withServer { port in
            let answer = try await write2(port) {
                let long = String(repeating: "x", count: 60_000)
                for number in 0..<2500 {
                    $0.series([("__name__", "m"), ("long", long), ("n", "\(number)")]) { $0.bytes(2, $1.sample(1, 1)) }
                }
            }
            #expect(answer.status == 400 && answer.written == ["0", "0", "0"])
            #expect(answer.text == "labels of more than 134217728 bytes in one request\n")
        }
    }

    @Test(arguments: [(StorageError.diskFull("disk full"), 503), (.closed, 503), (.io("bad sector"), 500)])
    func failureOfTheStoreIsCountedAsNothingWritten(_ error: StorageError, _ status: Int) async throws {
        let store = MemoryStore()
        store.fail(with: error)
        try await withServer(store) { port in
            let answer = try await write2(port) { $0.series([("__name__", "a")]) { $0.bytes(2, $1.sample(1, 1)) } }
            #expect(answer.status == status && answer.written == ["0", "0", "0"])
        }
    }

    @Test func aRequestThatDoesNotDecodeIs400() async throws {
        try await withServer { port in
            for body in [[255, 255], [0x2a, 5, 1], [0x2a, 3, 0x1a, 1, 0x60]] as [[UInt8]] {
                let answer = try await ask(
                    port, "POST", "/api/v1/write", headers: write2Headers, body: snappyCompressed(body))
                #expect(answer.status == 400 && answer.written == ["0", "0", "0"], "\(body)")
                #expect(answer.text == "unexpected EOF\n")
            }
        }
    }
}
