import Model
import PromQL

/// What several commands take to say which samples are meant.
enum Selection {
    /// The matchers of each `--match`.
    static func parse(_ match: [String]) throws(CommandFailure) -> [[Matcher]] {
        var selectors: [[Matcher]] = []
        for text in match {
            do throws(QueryError) {
                selectors.append(try parseSelector(text))
            } catch {
                throw CommandFailure("--match '\(text)': \(error)")
            }
        }
        return selectors
    }

    /// The times from `--start` to `--end`, both included; all there are where they are missing.
    static func timeRange(_ start: String?, _ end: String?, now: Int64) throws(CommandFailure) -> ClosedRange<Int64> {
        let first = try time("--start", start, now) ?? .min
        let last = try time("--end", end, now) ?? .max
        guard first <= last else { throw CommandFailure("--end \(end ?? "") is before --start \(start ?? "")") }
        return first...last
    }

    private static func time(_ option: String, _ text: String?, _ now: Int64) throws(CommandFailure) -> Int64? {
        guard let text else { return nil }
        guard let time = parseTimeArgument(text, now: now) else { throw CommandFailure(notATime(option, text)) }
        return time
    }
}
