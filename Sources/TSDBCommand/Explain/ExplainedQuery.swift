import Glibc
import Model
import PromQL
import TSDB

/// A query that was evaluated to see how.
struct ExplainedQuery {
    let expression: String
    let times: QueryTimes
    let plan: QueryPlan
    let stats: QueryStats
    let parseNs: UInt64
    let notices: [String]
    let problems: [String]
    /// The most memory that this process had at a time.
    let residentBytesMax: Int64

    init(_ text: String, _ times: QueryTimes, on database: Database, timeoutMs: Int64) throws {
        let began = monotonicNs()
        let expr = try parse(text)
        parseNs = monotonicNs() - began
        expression = expr.description
        self.times = times
        let trace = QueryTrace()
        var options = QueryOptions(timeoutMs: timeoutMs)
        options.trace = trace
        let result =
            switch times {
            case .instant(let time): try Engine().instant(expr, text: text, on: database, at: time, options: options)
            case .range(let range):
                try Engine().range(
                    expr, text: text, on: database, start: range.start, end: range.end, step: range.step,
                    options: options)
            }
        plan = trace.report()
        stats = result.stats
        notices = result.warnings + result.infos
        problems = database.takeProblems()
        var usage = rusage()
        residentBytesMax =
            getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 ? Int64(usage.ru_maxrss) * 1024 : 0
    }

    var executeNs: UInt64 { plan.wallNs - min(plan.planNs, plan.wallNs) }

    /// The same for programs: times in seconds, sizes in bytes.
    var json: String {
        let evaluated =
            switch times {
            case .instant(let time): "\"time\":\(seconds(time))"
            case .range(let range):
                "\"start\":\(seconds(range.start)),\"end\":\(seconds(range.end)),\"step\":\(seconds(range.step))"
            }
        let timings = [
            ("parse", parseNs), ("plan", plan.planNs), ("execute", executeNs), ("threads", plan.threadNs),
        ].map { "\"\($0)\":\(secondsText($1))" }.joined(separator: ",")
        let samples =
            "{\"decoded\":\(plan.root.total(\.samplesDecoded)),\"totalQueryableSamples\":\(stats.totalQueryableSamples)"
            + ",\"peakSamples\":\(stats.peakSamples)}"
        let stored =
            "{\"runs\":\(plan.root.total(\.storedRuns)),\"bytes\":\(plan.root.total(\.storedBytes))}"
        return "{\"query\":\(jsonString(expression)),\(evaluated),\"timings\":{\(timings)},\"samples\":\(samples)"
            + ",\"stored\":\(stored),\"residentBytesMax\":\(residentBytesMax),\"plan\":\(json(plan.root))}\n"
    }

    private func json(_ one: PlanOperator) -> String {
        let numbers = [
            ("steps", one.steps), ("threads", one.threads), ("seriesIn", one.seriesIn), ("seriesOut", one.seriesOut),
            ("samplesDecoded", one.samplesDecoded), ("samplesLookedAt", one.samplesSeen),
            ("storedRuns", one.storedRuns), ("storedBytes", one.storedBytes),
        ].map { "\"\($0)\":\($1)" }
        let times = [("self", one.selfNs), ("total", one.totalNs), ("lookUp", one.indexNs)]
            .map { "\"\($0)\":\(secondsText($1))" }
        let members =
            [
                "\"operator\":\(jsonString(one.text))", "\"expression\":\(jsonString(one.expression))",
                "\"note\":\(jsonString(one.note))", "\"stepInvariant\":\(one.isStepInvariant)",
            ] + numbers + times + ["\"inputs\":[\(one.inputs.map(json).joined(separator: ","))]"]
        return "{\(members.joined(separator: ","))}"
    }

    private func seconds(_ milliseconds: Int64) -> String { formatFloat(Double(milliseconds) / 1000, .plain) }

    private func secondsText(_ nanoseconds: UInt64) -> String { formatFloat(Double(nanoseconds) / 1e9, .plain) }
}
