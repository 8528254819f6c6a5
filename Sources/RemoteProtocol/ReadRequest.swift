import Model
import Protobuf

/// What a remote read asks for.
package struct ReadRequest: Sendable {
    package enum ResponseType: UInt64, Sendable, CaseIterable {
        case samples = 0
        case streamedChunks = 1

        package var name: String { self == .samples ? "SAMPLES" : "STREAMED_XOR_CHUNKS" }
    }

    package struct Query: Sendable {
        /// Milliseconds since the Unix epoch, both included.
        package var startTime: Int64 = 0
        package var endTime: Int64 = 0
        package var matchers: [Matcher] = []
        package var hints: Hints?

        package init(startTime: Int64, endTime: Int64, matchers: [Matcher], hints: Hints? = nil) {
            (self.startTime, self.endTime, self.matchers, self.hints) = (startTime, endTime, matchers, hints)
        }

        fileprivate init() {}
    }

    /// What the asker knows about how it will use the samples.
    package struct Hints: Sendable {
        package var step: Int64 = 0
        package var function = ""
        package var startTime: Int64 = 0
        package var endTime: Int64 = 0

        package init() {}
    }

    package var queries: [Query]
    /// The numbers of the types of answer that the asker takes, the most wanted first; empty means samples alone.
    package var acceptedTypes: [UInt64]

    package init(queries: [Query], acceptedTypes: [ResponseType]) {
        self.queries = queries
        self.acceptedTypes = acceptedTypes.map(\.rawValue)
    }

    /// Bounds on a request.
    package static let queriesMax = 1000
    package static let matchersMax = 1000
    package static let typesMax = 100

    /// Queries 1, accepted types 2.
    package init(_ message: UnsafeRawBufferPointer) throws(ProtobufError) {
        var queries: [Query] = []
        var types: [UInt64] = []
        var reader = ProtobufReader(message)
        while let (field, value) = try reader.next() {
            switch (field, value) {
            case (1, .bytes(let query)):
                try check(queries.count, ReadRequest.queriesMax, "queries")
                queries.append(try ReadRequest.query(query))
            case (2, _):
                try value.forEachVarint { number throws(ProtobufError) in
                    try check(types.count, ReadRequest.typesMax, "response types")
                    types.append(number)
                }
            default: break
            }
        }
        (self.queries, acceptedTypes) = (queries, types)
    }

    /// Start 1, end 2, matchers 3, hints 4.
    private static func query(_ message: UnsafeRawBufferPointer) throws(ProtobufError) -> Query {
        var query = Query()
        var reader = ProtobufReader(message)
        while let (field, value) = try reader.next() {
            switch (field, value) {
            case (1, .varint(let number)): query.startTime = Int64(bitPattern: number)
            case (2, .varint(let number)): query.endTime = Int64(bitPattern: number)
            case (3, .bytes(let matcher)):
                try check(query.matchers.count, matchersMax, "matchers in a query")
                query.matchers.append(try readMatcher(matcher))
            case (4, .bytes(let hints)): query.hints = try readHints(hints)
            default: break
            }
        }
        return query
    }

    /// The message with its bytes.
    package func encoded() -> [UInt8] {
        var out = ProtobufWriter()
        for query in queries { out.message(1) { query.write(&$0) } }
        out.packedNumbers(2, acceptedTypes)
        return out.bytes
    }
}

extension ReadRequest.Query {
    fileprivate func write(_ out: inout ProtobufWriter) {
        out.int64(1, startTime)
        out.int64(2, endTime)
        for matcher in matchers {
            out.message(3) {
                $0.varint(1, operators.firstIndex(of: matcher.op).map { UInt64($0) } ?? 0)
                $0.string(2, matcher.name)
                $0.string(3, matcher.value)
            }
        }
        guard let hints else { return }
        out.message(4) {
            $0.int64(1, hints.step)
            $0.string(2, hints.function)
            $0.int64(3, hints.startTime)
            $0.int64(4, hints.endTime)
        }
    }
}

/// By their number in the message.
private let operators: [Matcher.Operator] = [.equal, .notEqual, .matches, .notMatches]

/// Type 1, name 2, value 3.
private func readMatcher(_ message: UnsafeRawBufferPointer) throws(ProtobufError) -> Matcher {
    var type: UInt64 = 0
    var (name, text) = ("", "")
    var reader = ProtobufReader(message)
    while let (field, value) = try reader.next() {
        switch (field, value) {
        case (1, .varint(let number)): type = number
        case (2, .bytes(let bytes)): name = try string(bytes)
        case (3, .bytes(let bytes)): text = try string(bytes)
        default: break
        }
    }
    guard type < UInt64(operators.count) else { throw ProtobufError(description: "invalid matcher type") }
    do throws(RegularExpression.SyntaxError) {
        return try Matcher(name, operators[Int(type)], text)
    } catch {
        throw ProtobufError(description: "error parsing regexp \(quoted(text)): \(error)")
    }
}

/// Step 1, function 2, start 3, end 4; what follows is about grouping.
private func readHints(_ message: UnsafeRawBufferPointer) throws(ProtobufError) -> ReadRequest.Hints {
    var hints = ReadRequest.Hints()
    var reader = ProtobufReader(message)
    while let (field, value) = try reader.next() {
        switch (field, value) {
        case (1, .varint(let number)): hints.step = Int64(bitPattern: number)
        case (2, .bytes(let bytes)): hints.function = try string(bytes)
        case (3, .varint(let number)): hints.startTime = Int64(bitPattern: number)
        case (4, .varint(let number)): hints.endTime = Int64(bitPattern: number)
        default: break
        }
    }
    return hints
}

func string(_ bytes: UnsafeRawBufferPointer) throws(ProtobufError) -> String {
    guard let text = String(validating: bytes, as: UTF8.self) else {
        throw ProtobufError(description: "string field contains invalid UTF-8")
    }
    return text
}

func check(_ count: Int, _ most: Int, _ what: String) throws(ProtobufError) {
    guard count < most else { throw ProtobufError(description: "more than \(most) \(what)") }
}
