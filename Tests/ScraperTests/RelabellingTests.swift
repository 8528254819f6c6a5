import Model
import Testing
import YAML

@testable import Scraper

@Suite struct RelabellingTests {
    /// The labels after the rules, or nil where they drop what bears them.
    private func relabel(_ labels: String, _ rules: String) throws -> String? {
        let text = "scrape_configs: [{job_name: x, relabel_configs: [\(rules)]}]"
        let parsed = try Configuration.parse(text: text, file: "p.yml").jobs[0].relabelRules
        var builder = LabelsBuilder()
        for pair in labels.split(separator: " ") {
            let parts = pair.split(separator: "=", omittingEmptySubsequences: false)
            builder.set(String(parts[0]), String(parts[1]))
        }
        guard parsed.apply(&builder) else { return nil }
        return builder.labels().map { "\($0.name)=\($0.value)" }.joined(separator: " ")
    }

    /// To set or remove each label by itself would take hours.
    @Test(.timeLimit(.minutes(5))) func manyLabelsAreMappedAndDroppedAtOnce() throws {
        let count = 200_000
        var builder = LabelsBuilder((0..<count).map { Label(name: "meta_\($0)", value: "\($0)") })
        var map = RelabelRule(regex: try RegularExpression("meta_(.*)"))
        (map.action, map.replacement) = (.labelmap, "l_${1}")
        var drop = RelabelRule(regex: try RegularExpression("meta_.*"))
        drop.action = .labeldrop
        #expect([map, drop].apply(&builder))
        let labels = builder.labels()
        #expect(labels.count == count && labels["l_\(count - 1)"] == "\(count - 1)")
    }

    private static let actions: [(String, String, String?)] = [
        (
            "a=foo b=bar", "{source_labels: [a], regex: f(.*), target_label: d, replacement: 'ch${1}-ch${1}'}",
            "a=foo b=bar d=choo-choo"
        ),
        (
            "a=foo b=bar", "{source_labels: [a, b], regex: 'f(.*);(.*)r', target_label: a, replacement: 'b${1}${2}m'}",
            "a=boobam b=bar"
        ),
        ("a=foo", "{source_labels: [a], regex: .*o.*, action: drop}", nil),
        ("a=foo", "{source_labels: [a], regex: o, action: drop}", "a=foo"),
        (
            "a=abc", "{source_labels: [a], regex: '.*(b).*', target_label: d, separator: ',', replacement: $1}",
            "a=abc d=b"
        ),
        ("a=foo", "{source_labels: [a], regex: no-match, action: keep}", nil),
        ("a=foo", "{source_labels: [a], regex: f.*, action: keep}", "a=foo"),
        ("a=foo", "{source_labels: [a], regex: no-match, target_label: b, replacement: x}", "a=foo"),
        ("a=foo b=x", "{source_labels: [a], regex: f.., target_label: b, replacement: ''}", "a=foo"),
        ("a=foo", "{target_label: c, replacement: static}", "a=foo c=static"),
        ("a=foo", "{source_labels: [a], target_label: '${1}', replacement: v}", "a=foo foo=v"),
        ("a=foo", "{source_labels: [missing], target_label: a}", ""),
        ("a=Foo", "{source_labels: [a], target_label: l, action: lowercase}", "a=Foo l=foo"),
        ("a=Foo", "{source_labels: [a], target_label: u, action: uppercase}", "a=Foo u=FOO"),
        ("a=x b=x", "{source_labels: [a], target_label: b, action: keepequal}", "a=x b=x"),
        ("a=x b=y", "{source_labels: [a], target_label: b, action: keepequal}", nil),
        ("a=x b=x", "{source_labels: [a], target_label: b, action: dropequal}", nil),
        ("a=x b=y", "{source_labels: [a], target_label: b, action: dropequal}", "a=x b=y"),
        ("meta_a=1 meta_b=2 c=3", "{regex: 'meta_(.*)', action: labelmap}", "a=1 b=2 c=3 meta_a=1 meta_b=2"),
        (
            "meta_a=1 meta_b=2 c=3", "{regex: 'meta_(.*)', replacement: 'x_${1}', action: labelmap}",
            "c=3 meta_a=1 meta_b=2 x_a=1 x_b=2"
        ),
        ("aa=1 ab=2 b=3", "{regex: 'a.*', action: labeldrop}", "b=3"),
        ("aa=1 ab=2 b=3", "{regex: 'a.*', action: labelkeep}", "aa=1 ab=2"),
        ("a=1", "{source_labels: [a], target_label: b}, {source_labels: [b], target_label: c}", "a=1 b=1 c=1"),
    ]

    @Test(arguments: actions)
    func actionsDoWhatPrometheussDo(labels: String, rules: String, expected: String?) throws {
        #expect(try relabel(labels, rules) == expected)
    }

    @Test(arguments: [
        ("", "d41d8cd98f00b204e9800998ecf8427e"), ("a", "0cc175b9c0f1b6a831c399e269772661"),
        ("abc", "900150983cd24fb0d6963f7d28e17f72"), ("message digest", "f96b697d7cb7938d525a2f31aaf161d0"),
        ("abcdefghijklmnopqrstuvwxyz", "c3fcd3d76192e4007dfb496cca67e13b"),
        (
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
            "d174ab98d277d9f5a5611c2c9f419d9f"
        ),
        (String(repeating: "1234567890", count: 8), "57edf4a22be3c955ac49da2e2107b67a"),
    ])
    func digestsAreThoseOfTheRFC(message: String, digest: String) {
        let hex = md5(Array(message.utf8)).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }
        #expect(hex.joined() == digest)
    }

    @Test(arguments: [
        ("target_label: b", "requires non-zero modulus"), ("modulus: 5", "requires 'target_label' value"),
    ])
    func hashmodNeedsItsSettings(settings: String, reason: String) {
        let error = #expect(throws: ConfigurationError.self) {
            try relabel("a=1", "{source_labels: [a], \(settings), action: hashmod}")
        }
        #expect(error?.description.contains(reason) == true)
    }

    private func series(_ exposed: [(String, String)], honor: Bool, limits: ScrapeLimits = ScrapeLimits()) throws
        -> String?
    {
        let labeller = SampleLabeller(
            targetLabels: ["instance": "i", "job": "j"], honorLabels: honor, rules: [], limits: limits)
        let labels = [Label(name: "__name__", value: "m")] + exposed.map { Label(name: $0.0, value: $0.1) }
        return try labeller.series(labels)?.description
    }

    @Test func conflictingLabelsAreExportedOrHonoured() throws {
        #expect(try series([("job", "x")], honor: false) == #"m{exported_job="x", instance="i", job="j"}"#)
        #expect(try series([("job", "x")], honor: true) == #"m{instance="i", job="x"}"#)
        #expect(try series([("job", "")], honor: true) == #"m{instance="i"}"#)
        #expect(try series([("job", "")], honor: false) == #"m{instance="i", job="j"}"#)
        #expect(
            try series([("job", "x"), ("exported_job", "y")], honor: false)
                == #"m{exported_exported_job="x", exported_job="y", instance="i", job="j"}"#)
    }

    @Test func labelLimitsFailTheScrapeInPrometheussWords() {
        var limits = ScrapeLimits()
        limits.labels = 3
        #expect(
            throws: ScrapeFailure(
                kind: .labelLimit, message: "label_limit exceeded (metric: m, number of labels: 4, limit: 3)")
        ) {
            try series([("a", "b")], honor: false, limits: limits)
        }
        limits = ScrapeLimits()
        limits.labelNameBytes = 8
        #expect(
            throws: ScrapeFailure(
                kind: .labelLimit,
                message: "label_name_length_limit exceeded (metric: m, label name: longlonglong, length: 12, limit: 8)")
        ) {
            try series([("longlonglong", "b")], honor: false, limits: limits)
        }
        limits = ScrapeLimits()
        limits.labelValueBytes = 2
        #expect(
            throws: ScrapeFailure(
                kind: .labelLimit,
                message:
                    "label_value_length_limit exceeded (metric: m, label name: a, value: \"bcd\", length: 3, limit: 2)")
        ) {
            try series([("a", "bcd")], honor: false, limits: limits)
        }
    }
}
