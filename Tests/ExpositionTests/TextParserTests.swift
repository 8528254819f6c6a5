import Exposition
import Model
import TestSupport
import Testing

@Suite struct TextParserTests {
    @Test func everyFeatureOfTheFormatIsRead() throws {
        let (samples, metadata) = try readPage(samplePage)
        let expected: [(String, Double, Int64?)] = [
            (#"http_requests_total{code="200", method="post"}"#, 1027, 1_395_066_363_000),
            (#"http_requests_total{code="400", method="post"}"#, 3, 1_395_066_363_000),
            (
                #"msdos_file_access_time_seconds{error="Cannot find file:\n\"FILE.TXT\"", path="C:\\DIR\\FILE.TXT"}"#,
                1_458_255_915, nil
            ),
            ("metric_without_timestamp_and_labels", 12.47, nil),
            (#"something_weird{problem="division by zero"}"#, .infinity, -3_982_045),
            (#"request_duration_seconds_bucket{le="0.05"}"#, 24054, nil),
            (#"request_duration_seconds_bucket{le="1.0"}"#, 133_988, nil),
            (#"request_duration_seconds_bucket{le="+Inf"}"#, 144_320, nil),
            ("request_duration_seconds_sum", 53423, nil), ("request_duration_seconds_count", 144_320, nil),
            (#"rpc_duration_seconds{quantile="0.5"}"#, 4773, nil),
            (#"rpc_duration_seconds{quantile="1.0"}"#, 76656, nil),
            (#"{__name__="a.dotted.name", "label name"="x"}"#, .ordinaryNaN, nil),
            (#"spaced{a="b", c="d"}"#, 0.005, nil),
        ]
        #expect(samples.map { "\($0.labels)" } == expected.map(\.0))
        #expect(samples.map(\.valueBits) == expected.map { $0.1.bitPattern })
        #expect(samples.map(\.timestamp) == expected.map(\.2))
        #expect(
            metadata == [
                .help(metric: "http_requests_total", text: "The total number of HTTP requests."),
                .type(metric: "http_requests_total", .counter),
                .type(metric: "request_duration_seconds", .histogram),
                .help(metric: "rpc_duration_seconds", text: "A summary of the RPC \\ duration\nin seconds."),
                .type(metric: "rpc_duration_seconds", .summary),
            ])
    }

    private static let pages: [(String, Int)] = [
        ("", 0), ("\n\n", 0), ("# just a comment", 0), ("#", 0), ("#HELP", 0), ("a 1", 1), ("  a 1  \n", 1),
        ("a{} 1\n", 1), ("a{b=\"c\"}1\n", 1),
        ("a{b=\"}\"} 1\n", 1), ("a{b=\"\"} 1\n", 1), ("a{b=\"\\x\"} 1\n", 1), ("# HELP a\na 1\n", 1),
        ("# TYPE a untyped\n", 0), ("a\t1\t2\n", 1),
        ("a{b=\"c\nd\"} 1\n", 1), ("{\"a\nb\"} 1\nc 1\n", 2), ("a{b=\"\",b=\"c\"} 1\n", 1),
        ("a{b=\"c\",d=\"e\",b=\"\"} 1\n", 1), ("a{b=\"\",b=\"\"} 1\n", 1), ("# HELP :a x\n", 0),
        ("{\"a\"} 1\n", 1), ("{b=\"c\",\"a\"} 1\n", 1), ("# HELP \"a b\" text\n", 0), ("a:b_c:d9 1", 1),
    ]

    @Test(arguments: pages)
    func pagesThatPrometheusReadsAreRead(page: String, count: Int) throws {
        #expect(try readPage(page).samples.count == count)
    }

    private static let errors: [(String, String)] = [
        ("a\n", "line 1, column 2: expected a value after the name and labels, found the end of the line"),
        ("x 1\ny 2\na", "line 3, column 2: expected a value after the name and labels, found the end of the page"),
        ("a{b=\"c\"} \n", "line 1, column 10: expected a value after the name and labels, found the end of the line"),
        ("a{b=\"c\"} x\n", "line 1, column 10: expected a number as the value, found \"x\""),
        ("a{b=\"c\n", "line 1, column 5: expected a closing quote for the label value \"\\\"c\""),
        (
            "a{b=\"c\"\n",
            "line 1, column 8: expected a comma or a closing brace after the label, found the end of the line"
        ),
        (
            "a{b=\"c\" d=\"e\"} 1\n",
            "line 1, column 9: expected a comma or a closing brace after the label, found \"d=\\\"e\\\"} 1\""
        ),
        ("a{b} 1\n", "line 1, column 4: expected an equals sign after the label name, found \"} 1\""),
        ("a{b=c} 1\n", "line 1, column 5: expected a label value in double quotes, found \"c} 1\""),
        ("a{=\"c\"} 1\n", "line 1, column 3: expected a label name or a closing brace, found \"=\\\"c\\\"} 1\""),
        ("a{b=\"c\",b=\"d\"} 1\n", "line 1, column 1: label name \"b\" is not unique: invalid sample"),
        ("a 1 2 3\n", "line 1, column 7: expected the end of the line, found \"3\""),
        ("a 1 x\n", "line 1, column 5: expected a timestamp in milliseconds or the end of the line, found \"x\""),
        (
            "a 1 99999999999999999999\n",
            "line 1, column 5: expected a timestamp in milliseconds or the end of the line, found \"99999999999999999999\""
        ),
        ("<html>\n", "line 1, column 1: expected a metric name, found \"<html>\""),
        ("{b=\"c\"} 1\n", "line 1, column 1: expected a metric name, found \"{b=\\\"c\\\"} 1\""),
        ("9a 1\n", "line 1, column 1: expected a metric name, found \"9a 1\""),
        (
            "# TYPE a banana\n",
            "line 1, column 10: invalid metric type \"banana\", expected counter, gauge, histogram, summary or untyped"
        ),
        ("# TYPE\n", "line 1, column 7: expected a metric name after TYPE, found \"\""),
        ("# TYPE a-b gauge\n", "line 1, column 8: expected a metric name after TYPE, found \"a-b\""),
        ("# HELP 1a x\n", "line 1, column 8: expected a metric name after HELP, found \"1a\""),
        ("# HELP ä x\n", "line 1, column 8: expected a metric name after HELP, found \"\\xc3\\xa4\""),
        ("# HELP \"a x\na 1\n", "line 1, column 8: expected a closing quote for the metric name \"\\\"a x\""),
        ("# HELP \"a\"x\n", "line 1, column 8: expected a metric name after HELP, found \"\\\"a\\\"x\""),
        ("{__name__=\"a\"} 1\n", "line 1, column 1: expected a metric name, found \"{__name__=\\\"a\\\"} 1\""),
        ("a 1 +5\n", "line 1, column 5: expected a timestamp in milliseconds or the end of the line, found \"+5\""),
        (
            "{\"a\",\"b\"} 1\n",
            "line 1, column 9: expected an equals sign after the label name, as the metric already has a name, found \"} 1\""
        ),
    ]

    @Test(arguments: errors)
    func errorsNamePlaceAndExpectation(page: String, message: String) {
        let error = #expect(throws: ExpositionError.self) { try readPage(page) }
        #expect(error?.description == message)
    }

    /// As in Prometheus, a label that is there twice is none where it is empty once.
    @Test func anEmptyLabelTakesOthersOfItsNameAway() throws {
        let page = try readPage("a{x=\"\",x=\"z\",y=\"1\"} 1\na{x=\"z\",x=\"\"} 1\n")
        #expect(page.samples.map(\.labels) == [["__name__": "a", "y": "1"], ["__name__": "a"]])
    }

    @Test func rawLineFeedsBelongToTheirLabel() throws {
        let page = "a 1\nb{x=\"1\n2\\\"\n\",y=\"}\"} 2\nc 3\n"
        let expected: [Labels] = [["__name__": "a"], ["__name__": "b", "x": "1\n2\"\n", "y": "}"], ["__name__": "c"]]
        #expect(try readPage(page).samples.map(\.labels) == expected)
        #expect(throws: ExpositionError.self) { try readPage(page + "# EOF\n", .openMetrics) }
    }

    @Test func boundsHaveNoNegativeZero() throws {
        let page = try readPage("# TYPE h histogram\nh_bucket{le=\"-0\"} 1\nh_bucket{le=\"-1\"} 1\n")
        #expect(page.samples.map { $0.labels["le"] } == ["0.0", "-1.0"])
    }

    @Test func invalidUTF8IsRefused() {
        let page = Array("a{b=\"".utf8) + [0xff, 0xfe] + Array("\"} 1\n".utf8)
        let error = #expect(throws: ExpositionError.self) { try readPage(page) }
        #expect(error?.reason == "expected valid UTF-8 in the label value, found \"\\xff\\xfe\"")
        #expect(throws: ExpositionError.self) { try readPage(Array("# HELP a ".utf8) + [0xc0, 0x0a]) }
    }

    @Test func linesBeyondTheBoundAreRefused() {
        let long = String(repeating: "x", count: TextParser.lineBytesMax + 1)
        #expect(throws: ExpositionError.self) { try readPage("a{b=\"\(long)\"} 1\n") }
        #expect(throws: ExpositionError.self) { try readPage("# \(long)\n") }
    }

    /// Each space looked behind by itself would take hours; a line that is too long is refused all the same.
    @Test func spacesBeforeLabelsAreReadOnce() throws {
        let page = { (count: Int) in "a" + String(repeating: " ", count: count) + "{x=\"y\"} 1\n" }
        #expect(try readPage(page(1_000_000)).samples.map(\.labels) == [["__name__": "a", "x": "y"]])
        #expect(throws: ExpositionError.self) { try readPage(page(16_000_000)) }
        #expect(throws: ExpositionError.self) {
            try readPage("a" + String(repeating: " \t", count: 8_000_000) + "x\n")
        }
    }

    @Test func openMetricsIsRead() throws {
        let page = """
            # TYPE foo counter
            # UNIT foo_seconds seconds
            # HELP foo Some \\"text\\".
            foo_total{a="b"} 17.0 1520879607.789 # {trace_id="x"} 0.67
            foo_created 1520872607.123
            # EOF

            """
        let (samples, metadata) = try readPage(page, .openMetrics)
        #expect(samples.map(\.timestamp) == [1_520_879_607_789, nil])
        #expect(metadata.contains(.unit(metric: "foo_seconds", "seconds")))
        #expect(metadata.contains(.help(metric: "foo", text: "Some \"text\".")))
        #expect(throws: ExpositionError.self) { try readPage("foo 1\n", .openMetrics) }
        #expect(throws: ExpositionError.self) { try readPage("# EOF\nfoo 1\n", .openMetrics) }
    }

    /// Times that no store takes are read all the same, and so are labels of exemplars that no series could have.
    @Test func openMetricsThatCannotBeStoredIsRead() throws {
        let page = """
            a 1 1e300
            b 1 -1e300
            c_total 1 # {x="1",x="2",__name__="n"} 1 1e300
            # EOF

            """
        let samples = try readPage(page, .openMetrics).samples
        let latest: Int64 = 9_000_000_000_000_000_000
        #expect(samples.map(\.timestamp) == [latest, -latest, nil])
        let line = Array("c_total 1 # {x=\"1\",x=\"2\",__name__=\"n\"} 1\n# EOF\n".utf8)
        let exemplar = try line.withUnsafeBufferPointer {
            var parser = TextParser($0, format: .openMetrics)
            _ = try parser.nextLine()
            _ = try parser.readValue()
            return parser.exemplar
        }
        #expect(exemplar == ExposedExemplar(labels: ["__name__": "n", "x": "2"], value: 1))
    }

    private static let openMetricsErrors: [(String, String)] = [
        ("a{x=\"y\"}1\n# EOF\n", "line 1, column 9: expected a space before the value, found \"1\""),
        (
            "a 1 #{x=\"y\"} 1\n# EOF\n",
            "line 1, column 5: expected a space and an exemplar's labels in braces after \"#\", found \"{x=\\\"y\\\"} 1\""
        ),
        ("a 1 # {x=\"y\"}1\n# EOF\n", "line 1, column 14: expected a space before the exemplar's value, found \"1\""),
        ("a 1\n# EOFx\n", "line 2, column 6: unexpected data after # EOF: \"x\""),
        ("# EOF \na 1\n# EOF\n", "line 1, column 6: unexpected data after # EOF: \" \""),
        ("a 1", "line 1, column 4: data does not end with # EOF"),
        ("a 1\n", "line 2, column 1: data does not end with # EOF"),
        ("a{x=\"b\nc\"} 1\n# EOF\n", "line 1, column 5: expected a closing quote for the label value \"\\\"b\""),
    ]

    @Test(arguments: openMetricsErrors)
    func errorsOfOpenMetricsNamePlaceAndExpectation(page: String, message: String) {
        let error = #expect(throws: ExpositionError.self) { try readPage(page, .openMetrics) }
        #expect(error?.description == message)
    }

    @Test(arguments: [
        ("text/plain", ExpositionFormat.text), ("text/plain; version=0.0.4; charset=utf-8", .text),
        ("TEXT/PLAIN;version=1.0.0", .text),
        ("application/openmetrics-text; version=1.0.0", .openMetrics),
    ])
    func contentTypesNameTheFormat(type: String, format: ExpositionFormat) throws {
        #expect(try ExpositionFormat.of(contentType: type) == format)
    }

    @Test func otherContentTypesNeedAFallback() throws {
        for type in ["", "text/html", "application/json", "text"] {
            #expect(throws: ExpositionFormat.UnknownContentType.self) { try ExpositionFormat.of(contentType: type) }
            #expect(try ExpositionFormat.of(contentType: type, fallback: .text) == .text)
        }
    }

    /// Every truncation and every flipped byte gives samples or an error, never a trap.
    @Test func damagedPagesNeverTrap() {
        let page = Array(samplePage.utf8)
        for length in 0..<page.count { _ = try? readPage(Array(page[..<length])) }
        let seed = makeSeed()
        var random = SeededGenerator(seed: seed)
        for _ in 0..<3000 {
            var damaged = page
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let place = Int.random(in: 0..<damaged.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: damaged[place] = UInt8.random(in: 0...255, using: &random)
                case 1: damaged.remove(at: place)
                default: damaged.insert(Array("{}\"\\=,# \n".utf8).randomElement(using: &random) ?? 0, at: place)
                }
            }
            _ = try? readPage(damaged, Bool.random(using: &random) ? .text : .openMetrics)
        }
    }
}
