import Model
import PromQL

/// A plan for a person: a line per operator, numbers first so that a long expression only loses its end.
struct PlanTable {
    private let explained: ExplainedQuery
    private let columns: Int

    init(_ explained: ExplainedQuery, terminal: Terminal) {
        self.explained = explained
        columns = terminal.isScreen ? terminal.columns : .max
    }

    /// The table between what was asked and what it came to.
    var text: String {
        let header = ["self", "total", "%", "", "series", "decoded", "looked", "stored", "operator"]
        var rows: [[String]] = []
        add(explained.plan.root, first: "", rest: "", steps: explained.plan.root.steps, to: &rows)
        let widths = header.indices.map { column in
            max(header[column].count, rows.map { $0[column].count }.max() ?? 0)
        }
        let lines = ([header] + rows).map { line($0, widths) }
        return "\(explained.expression)\n\(when)\n\n\(lines.joined())\n\(totals)"
    }

    private var when: String {
        switch explained.times {
        case .instant(let time): return "at \(rfc3339(time))"
        case .range(let range):
            return "at \(counted(explained.plan.root.steps, "step")) of \(PrometheusDuration.format(range.step)) from "
                + "\(rfc3339(range.start)) to \(rfc3339(range.end))"
        }
    }

    /// Adds the rows of an operator and of what is below it.
    /// - Parameters:
    ///   - first: what stands before the operator.
    ///   - rest: what stands before the operators below it.
    ///   - steps: at how many the operator above it was evaluated.
    private func add(_ one: PlanOperator, first: String, rest: String, steps: Int, to rows: inout [[String]]) {
        let share = Double(one.selfNs) / Double(max(explained.plan.threadNs, 1))
        rows.append([
            duration(one.selfNs), duration(one.totalNs), oneDecimal(100 * share), bar(share),
            one.inputs.isEmpty ? "\(one.seriesOut)" : "\(one.seriesIn)→\(one.seriesOut)", number(one.samplesDecoded),
            number(one.samplesSeen), one.storedBytes > 0 ? readableBytes(Int64(one.storedBytes)) : "",
            first + one.text + marks(one, steps),
        ])
        for (index, input) in one.inputs.enumerated() {
            let isLast = index == one.inputs.count - 1
            add(
                input, first: rest + (isLast ? "└─ " : "├─ "), rest: rest + (isLast ? "   " : "│  "), steps: one.steps,
                to: &rows)
        }
    }

    /// What is worth knowing about how an operator is done.
    private func marks(_ one: PlanOperator, _ steps: Int) -> String {
        var marks: [String] = []
        if one.steps != steps {
            marks.append(
                one.isStepInvariant && one.steps == 1 ? "once, the same at every step" : "at \(one.steps) steps")
        }
        if one.threads > 1 { marks.append("\(one.threads) threads") }
        if !one.note.isEmpty { marks.append(one.note) }
        return marks.isEmpty ? "" : "  [\(marks.joined(separator: "; "))]"
    }

    /// A count in five characters or so.
    private func number(_ count: Int) -> String {
        switch count {
        case 0: ""
        case ..<10_000: "\(count)"
        case ..<1_000_000: "\(oneDecimal(Double(count) / 1e3))k"
        default: "\(oneDecimal(Double(count) / 1e6))M"
        }
    }

    /// A bar of up to eight characters, drawn in eighths.
    private func bar(_ share: Double) -> String {
        let eighths = Int((min(max(share, 0), 1) * 64).rounded())
        let parts = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"]
        return String(repeating: "█", count: eighths / 8) + parts[eighths % 8]
    }

    /// Numbers flush right, the bar and the operator flush left; cut where the screen ends.
    private func line(_ cells: [String], _ widths: [Int]) -> String {
        let padded = cells.enumerated().map { column, cell in
            let space = String(repeating: " ", count: widths[column] - cell.count)
            return column == 3 || column == 8 ? cell + space : space + cell
        }
        let line = padded.joined(separator: "  ")
        let cut = line.count > columns ? line.prefix(columns - 1) + "…" : line[...]
        return String(cut.reversed().drop { $0 == " " }.reversed()) + "\n"
    }

    private var totals: String {
        let plan = explained.plan
        let stored = Int64(plan.root.total(\.storedBytes))
        return """
            samples  \(plan.root.total(\.samplesDecoded)) decoded of \(readableBytes(stored)) in \
            \(counted(plan.root.total(\.storedRuns), "run")), \(explained.stats.totalQueryableSamples) looked at, \
            at most \(explained.stats.peakSamples) held at a time
            memory   \(readableBytes(explained.residentBytesMax)) resident at most
            time     parse \(duration(explained.parseNs)), plan \(duration(plan.planNs)) (open the database's view \
            \(duration(plan.openNs)), look for series \(duration(plan.planNs - plan.openNs))), execute \
            \(duration(explained.executeNs)); \(duration(plan.threadNs)) of all threads

            """
    }

    /// Three or so digits, in the unit that fits.
    private func duration(_ nanoseconds: UInt64) -> String {
        switch nanoseconds {
        case 0..<1_000_000: "\((nanoseconds + 500) / 1000) µs"
        case ..<1_000_000_000: "\(oneDecimal(Double(nanoseconds) / 1e6)) ms"
        default: "\(twoDecimals(Double(nanoseconds) / 1e9)) s"
        }
    }
}
