/// What is wrong with a configuration file.
public struct ConfigurationError: Error, Sendable, CustomStringConvertible {
    /// One fault and its place, counted from 1.
    public struct Problem: Sendable, Equatable, CustomStringConvertible {
        public let file: String
        public let line: Int
        public let column: Int
        public let message: String

        package init(file: String, line: Int, column: Int, message: String) {
            self.file = file
            self.line = line
            self.column = column
            self.message = message
        }

        public var description: String { "\(file):\(line):\(column): \(message)" }
    }

    /// In the order of the file; never empty.
    public let problems: [Problem]

    package init(problems: [Problem]) { self.problems = problems }

    /// One line per problem.
    public var description: String { problems.map(\.description).joined(separator: "\n") }
}

/// Collects what is wrong while a configuration is decoded, so that one run names every fault.
package final class Diagnostics {
    private let file: String
    package private(set) var problems: [ConfigurationError.Problem] = []
    package private(set) var warnings: [ConfigurationError.Problem] = []

    /// How many problems are kept; one more fault hardly helps who reads them.
    package static let problemsMax = 50

    package init(file: String) { self.file = file }

    package func report(_ mark: YAMLMark, _ message: String) {
        guard problems.count < Diagnostics.problemsMax else { return }
        problems.append(.init(file: file, line: mark.line, column: mark.column, message: message))
    }

    package func warn(_ mark: YAMLMark, _ message: String) {
        warnings.append(.init(file: file, line: mark.line, column: mark.column, message: message))
    }

    /// In the order of the file.
    package var sortedProblems: [ConfigurationError.Problem] {
        problems.sorted { ($0.line, $0.column) < ($1.line, $1.column) }
    }

    /// - Throws: where anything was reported.
    package func finish() throws(ConfigurationError) {
        guard !problems.isEmpty else { return }
        throw ConfigurationError(problems: sortedProblems)
    }
}
