/// The tables of a run.
struct Report {
    let results: Results

    /// For a terminal.
    var terminal: String { sections.map { "\($0.title)\n\n\($0.table.aligned)\n" }.joined(separator: "\n") }

    /// For docs/benchmarks.md.
    var markdown: String {
        let machine = results.machine
        var engines: [String] = []
        for engine in results.workloads.first?.engines ?? [] { engines.append("\(engine.name) \(engine.version)") }
        let head = """
            `\(results.command)`, \(machine.date): \(engines.joined(separator: ", ")); \(machine.cpu), \
            \(machine.cores) cores, \(machine.memoryMiB / 1024) GiB, Linux \(machine.kernel).
            """
        return ([head] + sections.map { "\($0.title):\n\n\($0.table.markdown)" }).joined(separator: "\n\n") + "\n"
    }

    /// Of a workload that was run with several lengths the longest, and how it compares with the shortest.
    private var sections: [(title: String, table: Table)] {
        var sections: [(title: String, table: Table)] = []
        for (index, workload) in results.workloads.enumerated() {
            let name = workload.workload
            let shorter = results.workloads[..<index].first { $0.workload == name }
            if results.workloads[(index + 1)...].contains(where: { $0.workload == name }) { continue }
            sections.append(
                (
                    "\(name): \(workload.gpus) GPUs, \(workload.scrapes) scrapes, \(millions(workload.samples)) samples",
                    figures(workload)
                ))
            if !workload.engines[0].queries.isEmpty {
                sections.append(("\(name): ms per query, median / 95th percentile", queries(workload)))
            }
            if let shorter {
                let title = "\(name): what \(short(workload.days)) days need, against \(short(shorter.days))"
                sections.append((title, growth(shorter, workload)))
            }
        }
        return sections
    }

    private func figures(_ workload: WorkloadResults) -> Table {
        let engines = workload.engines
        var table = Table(header: ["figure"] + engines.map(\.name) + ratioTitles(engines))
        for measure in Measure.allCases where engines.contains(where: { $0.figures[measure] != nil }) {
            let values = engines.map { $0.figures[measure] ?? .nan }
            table.rows.append([measure.title] + values.map { $0.isNaN ? "–" : short($0) } + ratios(values))
        }
        return table
    }

    private func queries(_ workload: WorkloadResults) -> Table {
        let engines = workload.engines
        let reference = engines.count > 1 ? engines[1].name : ""
        let compared = engines.count > 1 ? engines.indices.filter { $0 != 1 } : []
        var table = Table(
            header: ["query"] + engines.map(\.name) + ratioTitles(engines)
                + compared.map { "\(engines[$0].name) differs from \(reference)" })
        for (index, query) in engines[0].queries.enumerated() {
            let measured = engines.map { $0.queries[index] }
            table.rows.append(
                [query.name] + measured.map { "\(short($0.medianMs)) / \(short($0.p95Ms))" }
                    + ratios(measured.map(\.medianMs)) + compared.map { describe(measured[$0].difference) })
        }
        return table
    }

    /// What must not grow with the days that are stored.
    private func growth(_ few: WorkloadResults, _ many: WorkloadResults) -> Table {
        let names = many.engines.map(\.name)
        var table = Table(header: ["figure"] + names.flatMap { [$0, "ratio"] })
        func row(_ title: String, _ before: [Double], _ after: [Double]) {
            let cells = zip(before, after).flatMap { ["\(short($0)) → \(short($1))", short($1 / $0) + "x"] }
            table.rows.append([title] + cells)
        }
        for measure in [Measure.residentPeakMiB, .residentLoadedMiB, .residentRestartedMiB, .restartAnswerSeconds] {
            row(
                measure.title, few.engines.map { $0.figures[measure] ?? .nan },
                many.engines.map { $0.figures[measure] ?? .nan })
        }
        for (index, query) in few.engines[0].queries.enumerated() where query.spanSeconds == 3600 {
            let after = many.engines.map { engine in engine.queries.first { $0.name == query.name }?.medianMs ?? .nan }
            row("ms, \(query.name)", few.engines.map { $0.queries[index].medianMs }, after)
        }
        return table
    }

    private func ratioTitles(_ engines: [EngineResults]) -> [String] {
        engines.dropFirst().map { "\(engines[0].name) / \($0.name)" }
    }

    private func ratios(_ values: [Double]) -> [String] {
        values.dropFirst().map { (values[0] / $0).isFinite ? short(values[0] / $0) + "x" : "–" }
    }
}

private func describe(_ difference: Difference?) -> String {
    guard let difference else { return "" }
    return [difference.relative.map { $0 == 0 ? "0" : scientific($0) }, difference.mismatch].compactMap { $0 }
        .joined(separator: "; ")
}

/// One digit and a power of ten: what is of interest in a difference.
private func scientific(_ value: Double) -> String {
    var exponent = 0
    var digit = value
    while digit < 1 {
        digit *= 10
        exponent -= 1
    }
    return "\(Int(digit.rounded()))e\(exponent)"
}
