import TestSupport

/// The files of this repository that are not built.
enum Repository {
    static let root = String(
        #filePath.prefix(#filePath.count - "/Tests/EndToEndTests/Deployment/Repository.swift".count))

    static func path(_ name: String) -> String { "\(root)/\(name)" }

    static func text(_ name: String) throws -> String { try readText(path(name)) }

    static func json(_ name: String) throws -> JSONValue { try JSONValue(parsing: readFile(path(name))) }
}

/// Runs a script of this repository to its end, with these variables beside the environment's.
func runScript(_ name: String, _ arguments: [String], variables: [String] = []) throws -> ProgramResult {
    try runToEnd("/usr/bin/env", variables + ["bash", Repository.path(name)] + arguments)
}

/// Starts a script of this repository; the program that runs is bash with it.
func startScript(_ name: String, _ arguments: [String], variables: [String] = []) throws -> ChildProcess {
    try ChildProcess("/usr/bin/env", variables + ["bash", Repository.path(name)] + arguments)
}

extension JSONValue {
    subscript(_ name: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members[name]
    }

    var text: String? {
        guard case .string(let text) = self else { return nil }
        return text
    }

    /// The elements of a list; none where it is no list.
    var elements: [JSONValue] {
        guard case .list(let elements) = self else { return [] }
        return elements
    }

    /// The members of an object; none where it is no object.
    var members: [String: JSONValue] {
        guard case .object(let members) = self else { return [:] }
        return members
    }
}
