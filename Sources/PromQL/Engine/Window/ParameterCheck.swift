import Model

extension RangeCall {
    /// Says of a quantile that it is none, at the steps at which there is a result.
    ///
    /// - Parameter range: where in the query the quantile is.
    func checkQuantile(_ column: Column, at range: SourceRange, _ context: QueryContext) {
        guard function == .quantile, parameters[0].elements.contains(where: { !(0...1 ~= $0) }) else { return }
        for (step, value) in parameters[0].elements.enumerated() where !(0...1 ~= value) && isPresent(column[step]) {
            context.warnOfQuantile(value, at: range)
        }
    }

    /// - Throws: where a factor of smoothing is none at a step whose window has a sample.
    func checkFactors(_ samples: SampleBuffer) throws(QueryError) {
        guard function == .smoothing else { return }
        for (parameter, name, symbol) in [(parameters[0], "smoothing", "sf"), (parameters[1], "trend", "tf")] {
            // NaN is let through, as by Prometheus.
            for (step, value) in parameter.elements.enumerated() where value <= 0 || value >= 1 {
                let end = windows.end(step)
                let window = end &- windows.rangeMs &+ 1...end
                guard (0..<samples.count).contains(where: { window ~= samples.timestamps[$0] }) else { continue }
                throw .execution(
                    "invalid \(name) factor. Expected: 0 < \(symbol) < 1, got: \(sixDecimals(value))")
            }
        }
    }
}

extension QueryContext {
    /// Warns once about a quantile that is none.
    func warnOfQuantile(_ value: Double, at range: SourceRange) {
        warn("quantile value should be between 0 and 1, got \(formatFloat(value, .general))", at: range)
    }
}

/// As C's `%f` writes a number.
private func sixDecimals(_ value: Double) -> String {
    guard value.isFinite, value.magnitude < 1e12 else { return formatFloat(value) }
    let millionths = Int64((value * 1e6).rounded())
    let digits = String(millionths.magnitude % 1_000_000)
    let fraction = String(repeating: "0", count: 6 - digits.count) + digits
    return "\(millionths < 0 ? "-" : "")\(millionths.magnitude / 1_000_000).\(fraction)"
}
