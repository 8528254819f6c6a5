import Model

/// A part of a query's text: byte offsets, the end not included. Messages count characters from 1.
public struct SourceRange: Sendable, Hashable {
    public var start: Int
    public var end: Int

    public init(_ start: Int, _ end: Int) {
        self.start = start
        self.end = end
    }
}

/// What an expression evaluates to.
public enum ValueType: String, Sendable {
    case scalar
    case string
    case vector
    case matrix

    /// The name used in messages: "instant vector" and "range vector" for the two vector types.
    public var documented: String {
        switch self {
        case .scalar, .string: rawValue
        case .vector: "instant vector"
        case .matrix: "range vector"
        }
    }
}

/// A parsed, type-checked PromQL expression.
public indirect enum Expr: Sendable {
    case number(Double, SourceRange)
    /// A number written as a duration; the number is that of its seconds.
    case duration(Double, SourceRange)
    case string(String, SourceRange)
    case paren(Expr, SourceRange)
    case unary(UnaryExpr)
    case binary(BinaryExpr)
    case aggregate(AggregateExpr)
    case call(CallExpr)
    case vectorSelector(VectorSelector)
    case matrixSelector(MatrixSelector)
    case subquery(SubqueryExpr)

    public var range: SourceRange {
        switch self {
        case .number(_, let range), .duration(_, let range), .string(_, let range), .paren(_, let range): range
        case .unary(let e): e.range
        case .binary(let e): e.range
        case .aggregate(let e): e.range
        case .call(let e): e.range
        case .vectorSelector(let e): e.range
        case .matrixSelector(let e): e.range
        case .subquery(let e): e.range
        }
    }

    public var type: ValueType {
        switch self {
        case .number, .duration: .scalar
        case .string: .string
        case .paren(let inner, _): inner.type
        case .unary(let e): e.operand.type
        case .binary(let e): e.lhs.type == .scalar && e.rhs.type == .scalar ? .scalar : .vector
        case .aggregate, .vectorSelector: .vector
        case .call(let e): e.function.returns
        case .matrixSelector, .subquery: .matrix
        }
    }
}

public struct UnaryExpr: Sendable {
    /// Whether the sign is a minus; a plus changes nothing.
    public var isNegation: Bool
    public var operand: Expr
    public var range: SourceRange
}

public enum BinaryOperator: String, Sendable, CaseIterable {
    case add = "+"
    case subtract = "-"
    case multiply = "*"
    case divide = "/"
    case modulo = "%"
    case power = "^"
    case atan2
    case equal = "=="
    case notEqual = "!="
    case greater = ">"
    case less = "<"
    case greaterOrEqual = ">="
    case lessOrEqual = "<="
    case and
    case or
    case unless
    /// Of histograms: keeps the observations below a number.
    case trimUpper = "</"
    /// Of histograms: keeps the observations above a number.
    case trimLower = ">/"

    public var isComparison: Bool {
        switch self {
        case .equal, .notEqual, .greater, .less, .greaterOrEqual, .lessOrEqual: true
        default: false
        }
    }

    public var isSet: Bool { self == .and || self == .or || self == .unless }

    /// Whether it takes observations out of histograms.
    public var isTrim: Bool { self == .trimUpper || self == .trimLower }

    /// Whether what it gives is still the metric that its left side was.
    var keepsName: Bool { isComparison || isTrim }
}

public struct BinaryExpr: Sendable {
    public var op: BinaryOperator
    public var lhs: Expr
    public var rhs: Expr
    /// Whether a comparison gives 0 or 1 instead of filtering.
    public var returnsBool: Bool
    /// How series are paired; nil unless both sides are instant vectors.
    public var matching: VectorMatching?
    public var range: SourceRange
}

/// How the series of two instant vectors are paired.
public struct VectorMatching: Sendable, Equatable {
    public enum Cardinality: String, Sendable {
        case oneToOne = "one-to-one"
        case manyToOne = "many-to-one"
        case oneToMany = "one-to-many"
        case manyToMany = "many-to-many"
    }

    public var cardinality: Cardinality = .oneToOne
    /// The labels of `on` or `ignoring`.
    public var labels: [String] = []
    /// Whether `labels` are the only ones compared (`on`) or the ones left out (`ignoring`, and nothing written).
    public var isOn = false
    /// Labels that `group_left` or `group_right` takes over from the "one" side.
    public var include: [String] = []
    /// Values that `fill_left` and `fill_right` put in place of a missing left or right side.
    public var fillLeft: Double?
    public var fillRight: Double?
}

public enum Aggregator: String, Sendable, CaseIterable {
    case sum, avg, count, min, max, group, stddev, stdvar, topk, bottomk, quantile
    case countValues = "count_values"
    case limitk
    case limitRatio = "limit_ratio"

    /// The type of the parameter before the vector; nil for aggregators without one.
    public var parameterType: ValueType? {
        switch self {
        case .topk, .bottomk, .quantile, .limitk, .limitRatio: .scalar
        case .countValues: .string
        default: nil
        }
    }

    /// Whether the result keeps whole input series rather than one value per group.
    public var selectsSeries: Bool {
        switch self {
        case .topk, .bottomk, .limitk, .limitRatio: true
        default: false
        }
    }
}

public struct AggregateExpr: Sendable {
    public var op: Aggregator
    public var operand: Expr
    public var parameter: Expr?
    /// The labels of `by` or `without`.
    public var grouping: [String]
    public var isWithout: Bool
    public var range: SourceRange
}

public struct CallExpr: Sendable {
    public var function: FunctionSignature
    public var arguments: [Expr]
    public var range: SourceRange
}

/// What a function takes and gives; the table of all functions is ``FunctionSignature/all``.
public struct FunctionSignature: Sendable, Equatable {
    public let name: String
    public let parameters: [ValueType]
    /// How many further arguments there may be: 0 none, a positive number at most as many of the trailing parameters
    /// left out or repeated as Prometheus's signature says, -1 any number.
    public let variadic: Int
    public let returns: ValueType
    /// Whether Prometheus has it behind a feature flag; here it is always on.
    public let isExperimental: Bool

    public init(
        _ name: String, _ parameters: [ValueType], variadic: Int = 0, returns: ValueType = .vector,
        isExperimental: Bool = false
    ) {
        self.name = name
        self.parameters = parameters
        self.variadic = variadic
        self.returns = returns
        self.isExperimental = isExperimental
    }
}

/// The evaluation time that an `@` modifier names.
public enum AtModifier: Sendable, Equatable {
    /// Milliseconds since the Unix epoch.
    case timestamp(Int64)
    case start
    case end
}

/// `anchored` and `smoothed`, which change which samples at a range's ends count.
public enum RangeExtension: String, Sendable {
    case anchored
    case smoothed
}

public struct VectorSelector: Sendable {
    /// The metric name as written before the braces, or nil where it is only among the matchers.
    public var name: String?
    /// All conditions, that of `name` included.
    public var matchers: [Matcher]
    /// Milliseconds into the past; negative into the future.
    public var offsetMs: Int64
    public var at: AtModifier?
    public var rangeExtension: RangeExtension?
    public var range: SourceRange
    /// An offset written as a calculation. One that depends on the query's time range takes the place of `offsetMs`; see
    /// ``Expr/resolved(stepMs:rangeMs:)``.
    public var offsetExpression: DurationExpr? = nil
}

public struct MatrixSelector: Sendable {
    public var selector: VectorSelector
    public var rangeMs: Int64
    public var range: SourceRange
    /// A range written as a calculation. One that depends on the query's time range takes the place of `rangeMs`.
    public var rangeExpression: DurationExpr? = nil
}

public struct SubqueryExpr: Sendable {
    public var operand: Expr
    public var rangeMs: Int64
    /// nil: the server's default step.
    public var stepMs: Int64?
    public var offsetMs: Int64
    public var at: AtModifier?
    public var range: SourceRange
    /// Durations written as calculations. Those that depend on the query's time range take the place of `rangeMs`,
    /// `stepMs` and `offsetMs`.
    public var rangeExpression: DurationExpr? = nil
    public var stepExpression: DurationExpr? = nil
    public var offsetExpression: DurationExpr? = nil
}
