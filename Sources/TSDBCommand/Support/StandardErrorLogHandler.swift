import Logging
import Model

/// Writes log records to standard error as Prometheus does: one `key=value` line each, or one JSON object.
struct StandardErrorLogHandler: LogHandler {
    enum Format: String {
        case logfmt
        case json
    }

    let format: Format
    let label: String
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var fields: [(String, String)] = [
            ("time", rfc3339(SystemClock().nowMs())), ("level", Self.name(event.level)),
            ("msg", event.message.description),
            ("component", label),
        ]
        let all = metadata.merging(event.metadata ?? [:]) { $1 }
        fields += all.sorted { $0.key < $1.key }.map { ($0.key, $0.value.description) }
        writeToStandardError((format == .json ? Self.json(fields) : Self.logfmt(fields)) + "\n")
    }

    private static func name(_ level: Logger.Level) -> String {
        switch level {
        case .trace, .debug: "DEBUG"
        case .info, .notice: "INFO"
        case .warning: "WARN"
        case .error, .critical: "ERROR"
        }
    }

    private static func logfmt(_ fields: [(String, String)]) -> String {
        fields.map { key, value in
            let isPlain = !value.isEmpty && value.utf8.allSatisfy { $0 > 0x20 && $0 != 0x22 && $0 != 0x3d && $0 < 0x7f }
            return "\(key)=\(isPlain ? value : quoted(value))"
        }.joined(separator: " ")
    }

    private static func json(_ fields: [(String, String)]) -> String {
        let pairs = fields.map { "\(jsonString($0.0)):\(jsonString($0.1))" }
        return "{\(pairs.joined(separator: ","))}"
    }
}

/// `text` as a JSON string.
func jsonString(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\"": result += "\\\""
        case "\\": result += "\\\\"
        case "\n": result += "\\n"
        case _ where scalar.value < 0x20:
            let hex = String(scalar.value, radix: 16)
            result += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
        default: result.unicodeScalars.append(scalar)
        }
    }
    return result + "\""
}
