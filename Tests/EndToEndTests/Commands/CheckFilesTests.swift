import TestSupport
import Testing

/// What `tsdb check` says of files and of pages of metrics, and with which exit status.
@Suite struct CheckFilesTests {
    struct Case: Sendable, CustomStringConvertible {
        var description: String
        /// The subcommand and its flags.
        var arguments: [String]
        var file: String
        var status: Int32
        /// What is printed, the file's path written as FILE.
        var says: [String]
    }

    static let rules = "groups:\n  - name: g\n    rules:\n"

    static let cases: [Case] = [
        Case(
            description: "good configuration", arguments: ["config"], file: "scrape_configs: [{job_name: a}]\n",
            status: 0,
            says: ["Checking FILE\n", "SUCCESS: FILE is a valid configuration, 1 job"]),
        Case(
            description: "YAML that breaks off", arguments: ["config"], file: "global:\n  scrape_interval: [15s\n",
            status: 1, says: ["FAILED:\n    FILE:3:1: "]),
        Case(
            description: "misspelt key", arguments: ["config"], file: "global:\n  scrape_intervall: 15s\n", status: 1,
            says: ["FILE:2:3: unknown key \"scrape_intervall\" in global; did you mean scrape_interval?"]),
        Case(
            description: "named file that is missing", arguments: ["config"],
            file: "scrape_configs: [{job_name: a, tls_config: {ca_file: /nonexistent/ca.pem}}]\n", status: 1,
            says: ["cannot read ca_file /nonexistent/ca.pem: No such file or directory"]),
        Case(
            description: "file of targets that is missing", arguments: ["config"],
            file: "scrape_configs: [{job_name: a, file_sd_configs: [{files: [/nonexistent/pods.json]}]}]\n", status: 0,
            says: ["warning: /nonexistent/pods.json of file_sd_configs of job \"a\" does not exist", "SUCCESS"]),
        Case(
            // Its own file, which is no list of targets.
            description: "file of targets that is none", arguments: ["config"],
            file: "scrape_configs: [{job_name: a, file_sd_configs: [{files: ['*.yml']}]}]\n", status: 1,
            says: ["expected a list of groups of targets, found a mapping"]),
        Case(
            description: "named file that is not looked for", arguments: ["config", "--syntax-only"],
            file: "scrape_configs: [{job_name: a, tls_config: {ca_file: /nonexistent/ca.pem}}]\n", status: 0,
            says: ["SUCCESS"]),
        Case(
            description: "rare scrapes", arguments: ["config", "--lint", "too-long-scrape-interval"],
            file: "scrape_configs: [{job_name: a, scrape_interval: 10m}]\n", status: 0,
            says: ["lint: job \"a\" is scraped every 10m, which is too long", "SUCCESS"]),
        Case(
            description: "rare scrapes, fatal", arguments: ["config", "--lint=all", "--lint-fatal"],
            file: "scrape_configs: [{job_name: a, scrape_interval: 10m}]\n", status: 3, says: ["scraped every 10m"]),
        Case(
            description: "rare scrapes that nobody asks about", arguments: ["config", "--lint=none", "--lint-fatal"],
            file: "scrape_configs: [{job_name: a, scrape_interval: 10m}]\n", status: 0, says: ["SUCCESS"]),
        Case(
            description: "good rules", arguments: ["rules"],
            file: rules + "      - {record: a:b, expr: sum(up)}\n      - {alert: Down, expr: up == 0, for: 5m}\n",
            status: 0, says: ["SUCCESS: 2 rules found"]),
        Case(
            description: "expression that is none", arguments: ["rules"],
            file: rules + "      - record: a:b\n        expr: sum(up\n", status: 1,
            says: [
                "FILE:5:15: group \"g\", rule 1, \"a:b\": could not parse expression: 1:7: parse error: "
                    + "unclosed left parenthesis"
            ]),
        Case(
            description: "rule of both kinds", arguments: ["rules"],
            file: rules + "      - {record: a, alert: B, expr: up}\n", status: 1,
            says: ["FILE:4:9: group \"g\", rule 1, \"a\": expected one of record and alert, found both"]),
        Case(
            description: "group that comes twice", arguments: ["rules"], file: "groups: [{name: g}, {name: g}]\n",
            status: 1, says: ["FILE:1:28: expected each group name once, found \"g\" a second time"]),
        Case(
            description: "unknown key of a rule", arguments: ["rules"],
            file: rules + "      - {alert: B, expr: up, fore: 5m}\n", status: 1,
            says: ["FILE:4:30: unknown key \"fore\" in rules entry; did you mean for?"]),
        Case(
            description: "unknown key that is allowed", arguments: ["rules", "--ignore-unknown-fields"],
            file: rules + "      - {alert: B, expr: up, owner: me}\n", status: 0, says: ["SUCCESS: 1 rule found"]),
        Case(
            description: "rule that comes twice", arguments: ["rules"],
            file: rules + "      - {record: a, expr: up}\n      - {record: a, expr: up}\n", status: 0,
            says: ["lint: FILE:5:9: duplicate rule \"a\" with labels {}, first at line 4", "SUCCESS: 2 rules found"]),
        Case(
            description: "rule that comes twice, fatal", arguments: ["rules", "--lint-fatal"],
            file: rules + "      - {record: a, expr: up}\n      - {record: a, expr: up}\n", status: 3,
            says: ["duplicate rule \"a\""]),
        Case(
            description: "rule whose group's labels are others", arguments: ["rules", "--lint-fatal"],
            file: """
                groups:
                  - {name: a, labels: {team: a}, rules: [{record: a, expr: up}]}
                  - {name: b, labels: {team: b}, rules: [{record: a, expr: up}]}
                """, status: 0, says: ["SUCCESS: 2 rules found"]),
        Case(
            description: "alert called like a metric of the same labels", arguments: ["rules", "--lint-fatal"],
            file: """
                groups:
                  - {name: a, labels: {team: a}, rules: [{record: a, expr: up}]}
                  - {name: b, rules: [{alert: a, expr: up, labels: {team: a}}]}
                """, status: 3, says: ["duplicate rule \"a\" with labels {team=\"a\"}"]),
        Case(
            description: "two style checks", arguments: ["rules", "--lint=none,duplicate-rules", "--lint-fatal"],
            file: rules + "      - {record: a, expr: up}\n      - {record: a, expr: up}\n", status: 3,
            says: ["duplicate rule \"a\""]),
        Case(
            description: "style check that is none", arguments: ["rules", "--lint=all,nonsense"], file: rules,
            status: 64,
            says: ["all,nonsense", "duplicate-rules"]),
        Case(
            description: "recording rule that waits for nothing", arguments: ["rules"],
            file: rules + "      - {record: a, expr: up, for: 0s, keep_firing_for: 0s, annotations: {}}\n", status: 0,
            says: ["SUCCESS: 1 rule found"]),
        Case(
            description: "recording rule that waits", arguments: ["rules"],
            file: rules + "      - {record: a, expr: up, for: 1m}\n", status: 1,
            says: ["\"a\": for means nothing in a recording rule"]),
        Case(
            description: "annotation called like the metric's name", arguments: ["rules"],
            file: rules + "      - {alert: a, expr: up, annotations: {__name__: x}}\n", status: 0,
            says: ["SUCCESS: 1 rule found"]),
        Case(
            description: "label called like the metric's name", arguments: ["rules"],
            file: rules + "      - {alert: a, expr: up, labels: {__name__: x}}\n", status: 1,
            says: ["\"__name__\" cannot be a name in labels"]),
        Case(
            description: "good web configuration", arguments: ["web-config"],
            file: "http_server_config: {headers: {X-Frame-Options: deny}}\n", status: 0,
            says: ["SUCCESS: FILE is a valid web configuration"]),
        Case(
            description: "web configuration with a misspelt key", arguments: ["web-config"],
            file: "basic_auth_user: {}\n",
            status: 1, says: ["FILE:1:1: unknown key \"basic_auth_user\""]),
    ]

    /// Prometheus's own judgement of rules, where our exit status is not of the command line's parser.
    @Test(
        .enabled(if: findProgram("promtool") != nil),
        arguments: cases.filter { $0.arguments[0] == "rules" && $0.status != 64 })
    func promtoolJudgesRulesAlike(_ one: Case) throws {
        let directory = TemporaryDirectory(.disk)
        let path = directory.path + "/file.yml"
        try writeFile(path, one.file)
        let run = try runToEnd(findProgram("promtool") ?? "", ["check"] + one.arguments + [path])
        #expect(run.status == one.status, "\(run.printed)")
    }

    @Test(arguments: cases) func fileIsJudged(_ one: Case) throws {
        let directory = TemporaryDirectory(.disk)
        let path = directory.path + "/file.yml"
        try writeFile(path, one.file)
        let run = try runToEnd(Programs.tsdb, ["check"] + one.arguments + [path])
        #expect(run.status == one.status, "\(run.printed)")
        for text in one.says {
            let expected = text.split(separator: "FILE", omittingEmptySubsequences: false).joined(separator: path)
            #expect(run.printed.contains(expected), "\(run.printed)")
        }
    }

    @Test(arguments: ["config", "rules", "web-config"]) func missingFileIsNamed(_ what: String) throws {
        let run = try runToEnd(Programs.tsdb, ["check", what, "/nonexistent.yml"])
        #expect(run.status == 1)
        #expect(run.errors.contains("/nonexistent.yml"), "\(run.printed)")
        #expect(run.errors.contains("No such file or directory"), "\(run.printed)")
    }

    @Test func oneBadFileOfSeveralFails() throws {
        let directory = TemporaryDirectory(.disk)
        try writeFile(directory.path + "/a.yml", "nonsense: 1\n")
        try writeFile(directory.path + "/b.yml", "{}\n")
        let run = try runToEnd(
            Programs.tsdb, ["check", "config", directory.path + "/a.yml", directory.path + "/b.yml"])
        #expect(run.status == 1)
        #expect(run.output.contains("SUCCESS: \(directory.path)/b.yml"), "\(run.printed)")
    }

    @Test func rulesComeFromStandardInputToo() throws {
        let run = try runToEnd(
            Programs.tsdb, ["check", "rules"], input: Self.rules + "      - {record: a, expr: up{}\n")
        #expect(run.status == 1)
        #expect(run.errors.contains("standard input:"), "\(run.printed)")
    }

    @Test func misspeltFlagIsAnsweredWithTheRightOne() throws {
        let run = try runToEnd(Programs.tsdb, ["check", "config", "--sintax-only", "a.yml"])
        #expect(run.status != 0)
        #expect(run.errors.contains("--syntax-only"), "\(run.printed)")
    }

    static let pages: [(String, Int32, [String])] = [
        ("# HELP a_total x\n# TYPE a_total counter\na_total 1\n", 0, []),
        (
            "# TYPE foo counter\nfoo{a=\"1\"} 1\nfoo{a=\"2\"} 1\n# HELP bar_total x\n# TYPE bar_total gauge\nbar_total 1\n",
            3,
            [
                "bar_total non-counter metrics should not have \"_total\" suffix",
                "foo counter metrics should have \"_total\" suffix", "foo no help text",
            ]
        ),
        (
            "# HELP h_minutes x\n# TYPE h_minutes histogram\nh_minutes_bucket{le=\"+Inf\"} 1\nh_minutes_sum 1\n"
                + "h_minutes_count 1\n", 3, ["h_minutes use base unit \"seconds\" instead of \"minutes\""]
        ),
        (
            "# HELP aB x\n# TYPE aB gauge\naB{cD=\"1\",le=\"1\"} 1\n", 3,
            [
                "aB label names should be written in 'snake_case' not 'camelCase'",
                "aB metric names should be written in 'snake_case' not 'camelCase'",
                "aB non-histogram metrics should not have \"le\" label",
            ]
        ),
        (
            "# HELP a_gauge_kilobits x\n# TYPE a_gauge_kilobits gauge\na_gauge_kilobits 1\n# HELP x_ms x\n"
                + "# TYPE x_ms untyped\nx_ms{le=\"1\"} 1\n", 3,
            [
                "a_gauge_kilobits metric name should not include type 'gauge'",
                "a_gauge_kilobits use base unit \"bytes\" instead of \"kilobits\"",
                "x_ms metric names should not contain abbreviated units",
            ]
        ),
        ("a 1\nfoo{ 1\n", 1, ["tsdb: standard input, line 2, column 6: expected a label name or a closing brace"]),
    ]

    @Test(arguments: pages.indices) func pageIsJudged(_ index: Int) throws {
        let (page, status, says) = Self.pages[index]
        let run = try runToEnd(Programs.tsdb, ["check", "metrics"], input: page)
        #expect(run.status == status, "\(run.printed)")
        let lines = run.errors.split(separator: "\n").map(String.init)
        #expect(lines.count == says.count, "\(run.errors)")
        for (line, expected) in zip(lines, says) { #expect(line.hasPrefix(expected)) }
    }

    @Test(.enabled(if: findProgram("promtool") != nil), arguments: pages.indices)
    func promtoolJudgesPagesAlike(_ index: Int) throws {
        let page = Self.pages[index].0
        let own = try runToEnd(Programs.tsdb, ["check", "metrics"], input: page)
        let other = try runToEnd(findProgram("promtool") ?? "", ["check", "metrics"], input: page)
        #expect(own.status == other.status)
        guard own.status != 1 else { return }
        #expect(own.errors.split(separator: "\n").sorted() == other.errors.split(separator: "\n").sorted())
    }

    @Test func openMetricsCounterIsJudgedByItsTotal() throws {
        let page = "# TYPE a counter\n# HELP a x\na_total 1\na_created 1700000000\n# EOF\n"
        let run = try runToEnd(Programs.tsdb, ["check", "metrics"], input: page)
        #expect(run.status == 0, "\(run.printed)")
    }

    @Test func seriesOfEachMetricAreCounted() throws {
        let run = try runToEnd(Programs.tsdb, ["check", "metrics", "--extended"], input: Self.pages[1].0)
        #expect(run.status == 3)
        let rows = run.output.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
        #expect(
            rows == [
                ["Metric", "Cardinality", "Percentage"], ["foo", "2", "66.67%"], ["bar_total", "1", "33.33%"],
                ["Total", "3", "100%"],
            ])
    }

    @Test func databaseIsCheckedWithoutASubcommand() throws {
        let directory = TemporaryDirectory(.disk)
        let server = try TestServer(config: "{}", data: directory.path + "/data")
        server.process.finish(15)
        let run = try runToEnd(Programs.tsdb, ["check", "--db", directory.path + "/data"])
        #expect(run.status == 0, "\(run.printed)")
        #expect(run.output.hasPrefix("sound: "))
    }

    @Test(arguments: ["healthy", "ready"]) func runningServerIsWell(_ what: String) throws {
        let server = try TestServer(config: "{}")
        let well = try runToEnd(Programs.tsdb, ["check", what, "--url", server.url])
        #expect(well.status == 0, "\(well.printed)")
        server.process.finish(15)
        let gone = try runToEnd(Programs.tsdb, ["check", what, "--url", server.url])
        #expect(gone.status == 1)
        #expect(gone.errors.contains("no answer from \(server.url)/-/\(what)"), "\(gone.printed)")
    }

    @Test(arguments: ["bash", "zsh", "fish"]) func completionScriptNamesTheCommands(_ shell: String) throws {
        let run = try runToEnd(Programs.tsdb, ["--generate-completion-script", shell])
        #expect(run.status == 0)
        #expect(run.output.contains("web-config"))
    }
}
