/// Flags of Prometheus that change nothing here. They are accepted, so that a command line written for Prometheus works
/// unchanged, and each one given is named in the log with its reason.
enum IgnoredFlags {
    struct Flag {
        let name: String
        let takesValue: Bool
        let reason: String
    }

    static let all: [Flag] = [
        Flag(name: "enable-feature", takesValue: true, reason: "every feature of the query language is always on"),
        Flag(name: "web.console.templates", takesValue: true, reason: "there are no console templates"),
        Flag(name: "web.console.libraries", takesValue: true, reason: "there are no console templates"),
        Flag(name: "web.user-assets", takesValue: true, reason: "the web page has no assets of the user's"),
        Flag(name: "storage.tsdb.wal-compression", takesValue: false, reason: "the journal is always compact"),
        Flag(name: "storage.tsdb.wal-compression-type", takesValue: true, reason: "the journal is always compact"),
        Flag(name: "storage.tsdb.wal-segment-size", takesValue: true, reason: "the journal is a table of the database"),
        Flag(name: "storage.tsdb.min-block-duration", takesValue: true, reason: "blocks have a fixed length"),
        Flag(name: "storage.tsdb.max-block-duration", takesValue: true, reason: "blocks have a fixed length"),
        Flag(name: "storage.tsdb.no-lockfile", takesValue: false, reason: "a second writer is always refused"),
        Flag(name: "storage.tsdb.allow-overlapping-blocks", takesValue: false, reason: "blocks never overlap"),
        Flag(name: "rules.alert.for-outage-tolerance", takesValue: true, reason: "rules are not evaluated yet"),
        Flag(name: "rules.alert.for-grace-period", takesValue: true, reason: "rules are not evaluated yet"),
        Flag(name: "rules.alert.resend-delay", takesValue: true, reason: "rules are not evaluated yet"),
        Flag(name: "rules.max-concurrent-evals", takesValue: true, reason: "rules are not evaluated yet"),
        Flag(name: "alertmanager.notification-queue-capacity", takesValue: true, reason: "alerts are not sent yet"),
        Flag(name: "auto-gomemlimit", takesValue: false, reason: "this is no Go program"),
        Flag(name: "auto-gomemlimit.ratio", takesValue: true, reason: "this is no Go program"),
        Flag(name: "auto-gomaxprocs", takesValue: false, reason: "this is no Go program"),
    ]

    /// `arguments` without the flags of ``all``, and what to log of each that was among them.
    static func removing(from arguments: [String]) -> (rest: [String], notes: [String]) {
        var rest: [String] = []
        var notes: [String] = []
        var index = 0
        while index < arguments.count {
            let argument = arguments[index]
            index += 1
            guard argument.hasPrefix("--"), let flag = find(argument.dropFirst(2)) else {
                rest.append(argument)
                continue
            }
            if flag.takesValue, !argument.contains("="), index < arguments.count { index += 1 }
            notes.append("--\(flag.name) has no effect: \(flag.reason)")
        }
        return (rest, notes)
    }

    private static func find(_ argument: Substring) -> Flag? {
        let name = argument.prefix { $0 != "=" }
        return all.first { $0.name == name || !$0.takesValue && "no-\($0.name)" == name }
    }
}
