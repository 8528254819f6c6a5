extension FunctionSignature {
    /// Every function of the language, sorted by name.
    ///
    /// - Source: Prometheus 3.14, `promql/parser` signatures.
    public static let all: [FunctionSignature] =
        (onInstantVector + onRangeVector + ofTime + constants + withParameters + onLabels + onHistograms).sorted {
            $0.name < $1.name
        }

    private static let byName = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })

    /// The function called `name`, which is case-sensitive, or nil where there is none.
    public static func named(_ name: String) -> FunctionSignature? { byName[name] }

    private static let onInstantVector =
        [
            "abs", "absent", "acos", "acosh", "asin", "asinh", "atan", "atanh", "ceil", "cos", "cosh", "deg", "exp",
            "floor", "ln", "log10", "log2", "rad", "sgn", "sin", "sinh", "sort", "sort_desc", "sqrt", "tan", "tanh",
            "timestamp",
        ].map { FunctionSignature($0, [.vector]) } + [
            FunctionSignature("start_timestamp", [.vector], isExperimental: true)
        ]

    private static let onRangeVector =
        [
            "absent_over_time", "avg_over_time", "changes", "count_over_time", "delta", "deriv", "first_over_time",
            "idelta", "increase", "irate", "last_over_time", "max_over_time", "min_over_time", "present_over_time",
            "rate", "resets", "stddev_over_time", "stdvar_over_time", "sum_over_time",
        ].map { FunctionSignature($0, [.matrix]) }
        + [
            "mad_over_time", "ts_of_first_over_time", "ts_of_last_over_time", "ts_of_max_over_time",
            "ts_of_min_over_time",
        ].map { FunctionSignature($0, [.matrix], isExperimental: true) }

    /// Parts of a date; without an argument, of the evaluation time.
    private static let ofTime = [
        "day_of_month", "day_of_week", "day_of_year", "days_in_month", "hour", "minute", "month", "year",
    ].map { FunctionSignature($0, [.vector], variadic: 1) }

    private static let constants =
        ["pi", "time"].map { FunctionSignature($0, [], returns: .scalar) }
        + ["start", "end", "step", "range"].map {
            FunctionSignature($0, [], returns: .scalar, isExperimental: true)
        }
        + ["min_of", "max_of"].map {
            FunctionSignature($0, [.scalar, .scalar], returns: .scalar, isExperimental: true)
        }

    private static let withParameters = [
        FunctionSignature("clamp", [.vector, .scalar, .scalar]),
        FunctionSignature("clamp_max", [.vector, .scalar]),
        FunctionSignature("clamp_min", [.vector, .scalar]),
        FunctionSignature("double_exponential_smoothing", [.matrix, .scalar, .scalar], isExperimental: true),
        FunctionSignature("predict_linear", [.matrix, .scalar]),
        FunctionSignature("quantile_over_time", [.scalar, .matrix]),
        FunctionSignature("round", [.vector, .scalar], variadic: 1),
        FunctionSignature("scalar", [.vector], returns: .scalar),
        FunctionSignature("vector", [.scalar]),
    ]

    private static let onLabels = [
        FunctionSignature("info", [.vector, .vector], variadic: 1, isExperimental: true),
        FunctionSignature("label_join", [.vector, .string, .string, .string], variadic: -1),
        FunctionSignature("label_replace", [.vector, .string, .string, .string, .string]),
        FunctionSignature("sort_by_label", [.vector, .string], variadic: -1, isExperimental: true),
        FunctionSignature("sort_by_label_desc", [.vector, .string], variadic: -1, isExperimental: true),
    ]

    private static let onHistograms =
        [
            "histogram_avg", "histogram_count", "histogram_stddev", "histogram_stdvar", "histogram_sum",
        ].map { FunctionSignature($0, [.vector]) } + [
            FunctionSignature("histogram_fraction", [.scalar, .scalar, .vector]),
            FunctionSignature("histogram_quantile", [.scalar, .vector]),
            FunctionSignature(
                "histogram_quantiles", [.vector, .string, .scalar, .scalar], variadic: 9, isExperimental: true),
        ]
}
