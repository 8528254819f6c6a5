import ArgumentParser

/// `tsdb check rules`.
struct CheckRules: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rules", abstract: "Whether files hold well-formed rules.",
        discussion: """
            Reads groups of recording and alerting rules and parses their expressions. `tsdb serve` does not evaluate \
            rules yet: this is for the files of a Prometheus or a vmalert that asks it.

            EXAMPLES
              tsdb check rules rules/*.yml
              tsdb check rules --lint-fatal alerts.yml
              kubectl get configmap rules -o jsonpath='{.data.rules\\.yml}' | tsdb check rules
            """)

    enum Lint: String, CaseIterable {
        case all
        case duplicateRules = "duplicate-rules"
        case none
    }

    @Argument(help: ArgumentHelp("Rule files; standard input where there are none.", valueName: "file"))
    var files: [String] = []

    @Option(help: "What style to check, several between commas: whether a rule comes twice.")
    var lint = Lints(Lint.duplicateRules)

    @Flag(name: .customLong("lint-fatal"), help: "End with exit status 3 where a style check complains.")
    var isLintFatal = false

    @Flag(name: .customLong("ignore-unknown-fields"), help: "Take keys that Prometheus does not know.")
    var ignoresUnknown = false

    func run() async throws {
        try checkFiles(files.isEmpty ? ["-"] : files, isLintFatal: isLintFatal) { path in
            let file = try RuleFile(path: path, ignoresUnknown: ignoresUnknown)
            return FileFindings(
                what: "\(counted(file.groups.reduce(0) { $0 + $1.rules.count }, "rule")) found",
                lints: lint.kinds.contains { $0 != .none } ? file.duplicates() : [])
        }
    }
}
