import FoundationEssentials

/// Any JSON, to compare what two servers answer.
public enum JSONValue: Decodable, Equatable, Sendable {
    case null
    case bool(Bool)
    case number(Double)
    case string(String)
    case list([JSONValue])
    case object([String: JSONValue])

    /// - Throws: where the bytes are no JSON.
    public init(parsing bytes: [UInt8]) throws {
        self = try JSONDecoder().decode(JSONValue.self, from: Data(bytes))
    }

    public init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if value.decodeNil() {
            self = .null
        } else if let bool = try? value.decode(Bool.self) {
            self = .bool(bool)
        } else if let number = try? value.decode(Double.self) {
            self = .number(number)
        } else if let string = try? value.decode(String.self) {
            self = .string(string)
        } else if let list = try? value.decode([JSONValue].self) {
            self = .list(list)
        } else {
            self = .object(try value.decode([String: JSONValue].self))
        }
    }

    /// The value with what `change` makes of each object's members, the innermost first.
    public func mapMembers(_ change: (String, JSONValue) -> JSONValue) -> JSONValue {
        switch self {
        case .list(let elements): .list(elements.map { $0.mapMembers(change) })
        case .object(let members):
            .object(Dictionary(uniqueKeysWithValues: members.map { ($0, change($0, $1.mapMembers(change))) }))
        default: self
        }
    }

    /// An order for lists whose order says nothing.
    public var sortKey: String {
        switch self {
        case .object(let members):
            "{" + members.sorted { $0.key < $1.key }.map { "\($0):\($1.sortKey)" }.joined(separator: ",") + "}"
        case .list(let elements): "[" + elements.map(\.sortKey).joined(separator: ",") + "]"
        default: "\(self)"
        }
    }
}
