import Model

// The parser, in the order in which an expression is taken apart:
//
// 1. `Parser+Expression`: binary operators by precedence climbing, then signs.
// 2. `Parser+Matching`: what stands between a binary operator and its right side.
// 3. `Parser+Operand`: numbers, strings, parentheses, calls, aggregations.
// 4. `Parser+Selector`: metric names and what stands in braces.
// 5. `Parser+Modifiers`: brackets, `offset`, `@`, `anchored` and `smoothed` after an operand.
// 6. `Parser+Duration`: durations in brackets and after `offset`.
// 7. `TypeChecker`: what only the whole expression shows.
//
// The first error ends parsing. Which one is first, its position and its text follow Prometheus.

/// Bounds on a query, which keep a hostile one from costing much.
public enum ParserLimits {
    /// The longest text, in bytes: room for Grafana's largest multi-value variables.
    public static let textBytesMax = 1 << 20
    /// The deepest expression. Each level of parentheses, calls and signs costs some stack while parsing, and a thread
    /// may have no more than 512 KiB.
    public static let nestingMax = 64
    /// The longest chain of operators, such as the `or` of many selectors: it makes a tree as deep as it is long.
    public static let depthMax = 256
}

/// Parses and type-checks a PromQL expression.
///
/// - Throws: ``QueryError/parse(_:)``, whose text begins with the line and column of the error.
/// - Complexity: linear in the text.
/// - Source: Prometheus 3.14 with all of its language features on.
public func parse(_ query: String) throws(QueryError) -> Expr {
    var parser = try Parser(query)
    let expr = try parser.parseWhole()
    return try TypeChecker(bytes: parser.lexer.bytes).check(expr)
}

/// Parses a series selector, such as a `match[]` parameter of the HTTP API.
///
/// - Throws: ``QueryError/parse(_:)`` where it is none, or would select every series.
public func parseSelector(_ text: String) throws(QueryError) -> [Matcher] {
    guard !text.isEmpty else { throw .parse("unknown position: parse error: unexpected end of input") }
    var parser = try Parser(text)
    let token = try parser.peek()
    guard token.kind == .leftBrace || token.kind.isMetricName else { throw parser.unexpected(token) }
    let selector = try parser.parseVectorSelector()
    try parser.expectEnd()
    guard selector.matchers.contains(where: { !$0.matchesEmpty }) else {
        throw .parse("match[] must contain at least one non-empty matcher")
    }
    return selector.matchers
}

/// An expression and how many levels it has.
struct Node {
    var expr: Expr
    var depth: Int
}

struct Parser {
    var lexer: Lexer
    private var ahead: Token?
    /// Where the last token taken ends.
    private(set) var lastEnd = 0
    /// What messages name as the place of an unexpected token.
    var context = ""
    var nesting = 0

    init(_ text: String) throws(QueryError) {
        let count = text.utf8.count
        guard count <= ParserLimits.textBytesMax else {
            throw .parse("1:1: parse error: the text has \(count) bytes, more than \(ParserLimits.textBytesMax)")
        }
        lexer = Lexer(text)
    }

    mutating func parseWhole() throws(QueryError) -> Expr {
        if try peek().kind == .endOfInput {
            let place = lexer.bytes.isEmpty ? "unknown position" : "1:1"
            throw .parse("\(place): parse error: no expression found in input")
        }
        let node = try parseExpression()
        try expectEnd()
        return node.expr
    }

    mutating func expectEnd() throws(QueryError) {
        let token = try peek()
        guard token.kind == .endOfInput else { throw unexpected(token) }
    }

    // MARK: Tokens

    mutating func peek() throws(QueryError) -> Token {
        if let ahead { return ahead }
        let token = try lexer.next()
        ahead = token
        return token
    }

    @discardableResult
    mutating func take() throws(QueryError) -> Token {
        let token = try peek()
        ahead = nil
        lastEnd = token.range.end
        return token
    }

    /// Takes the next token where it is of this kind.
    mutating func take(_ kind: TokenKind) throws(QueryError) -> Bool {
        guard try peek().kind == kind else { return false }
        try take()
        return true
    }

    func text(_ token: Token) -> String { lexer.text(token.range) }

    // MARK: Errors

    func failure(at offset: Int, _ message: String) -> QueryError { parseFailure(lexer.bytes, at: offset, message) }

    /// An error about a token that cannot stand where it does.
    func unexpected(_ token: Token, in context: String? = nil, expected: String = "") -> QueryError {
        var message = "unexpected " + tokenDescription(token.kind, text(token))
        let context = context ?? self.context
        if !context.isEmpty { message += " in \(context)" }
        if !expected.isEmpty { message += ", expected \(expected)" }
        return failure(at: token.range.start, message)
    }

    /// - Throws: where a tree of `depth` levels that begins at byte `start` is too deep.
    func checkDepth(_ depth: Int, at start: Int) throws(QueryError) {
        guard depth <= ParserLimits.depthMax else {
            throw failure(at: start, "expression is too deep: more than \(ParserLimits.depthMax) operators in a row")
        }
    }
}
