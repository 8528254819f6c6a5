import FoundationEssentials
import Model
import YAML

/// Why a text gives no targets, in words.
struct TargetTextError: Error {
    let reason: String
}

/// The groups of targets that a text lists.
enum TargetGroupText {
    /// The longest text, in bytes.
    static let bytesMax = YAMLReader.bytesMax

    /// - Source: Go's `encoding/json`: capitals in keys mean nothing, other keys than these are refused.
    private struct JSONGroup: Decodable {
        var targets: [String]?
        var labels: [String: String]?

        private struct Key: CodingKey {
            let stringValue: String
            var intValue: Int? { nil }

            init(stringValue: String) { self.stringValue = stringValue }
            init?(intValue: Int) { nil }
        }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: Key.self)
            for key in container.allKeys {
                switch key.stringValue.lowercased() {
                case "targets": targets = try container.decodeIfPresent([String].self, forKey: key)
                case "labels": labels = try container.decodeIfPresent([String: String].self, forKey: key)
                default:
                    throw TargetTextError(
                        reason: "unknown key \(quoted(key.stringValue)) in a group of targets; expected targets and "
                            + "labels")
                }
            }
        }
    }

    static func json(_ bytes: [UInt8]) throws(TargetTextError) -> [TargetGroup] {
        do {
            return try JSONDecoder().decode([JSONGroup].self, from: Data(bytes)).map { group in
                if group.labels?[""] != nil { throw TargetTextError(reason: "\"\" is not a valid label name") }
                let labels = Labels((group.labels ?? [:]).map { (name: $0.key, value: $0.value) })
                return TargetGroup(targets: group.targets ?? [], labels: labels)
            }
        } catch let error as DecodingError {
            throw TargetTextError(reason: describe(error))
        } catch let error as TargetTextError {
            throw error
        } catch {
            throw TargetTextError(reason: "\(error)")
        }
    }

    static func yaml(_ text: String, file: String) throws(TargetTextError) -> [TargetGroup] {
        let diagnostics = Diagnostics(file: file)
        var groups: [TargetGroup] = []
        do {
            guard let root = try YAMLReader.read(text) else { return [] }
            if case .sequence(let nodes) = root.content {
                groups = nodes.compactMap { .decode($0, "group of targets", checksAddresses: false, diagnostics) }
            } else if !root.isNull {
                diagnostics.report(root.mark, "expected a list of groups of targets, found \(root.kindName)")
            }
        } catch {
            diagnostics.report(error.mark, error.reason)
        }
        do { try diagnostics.finish() } catch { throw TargetTextError(reason: error.description) }
        return groups
    }

    private static func describe(_ error: DecodingError) -> String {
        switch error {
        case .typeMismatch(_, let context), .valueNotFound(_, let context), .keyNotFound(_, let context):
            let path = context.codingPath.map { $0.intValue.map { "[\($0)]" } ?? ".\($0.stringValue)" }.joined()
            return "expected a list of {\"targets\": [TEXT, …], \"labels\": {TEXT: TEXT, …}}, found another thing"
                + (path.isEmpty ? "" : " at \(path)")
        case .dataCorrupted(let context):
            return "not JSON: \(context.underlyingError.map { "\($0)" } ?? context.debugDescription)"
        @unknown default: return "not JSON: \(error)"
        }
    }
}
