/// `nvidia-smi --query-gpu`: which fields are asked for, and what its lines mean.
struct SMIQuery: Sendable {
    struct Row {
        var identity: GPUIdentity
        var driverVersion: String
        var reading: GPUReading
    }

    private let program: String
    private var fields: [(name: String, meaning: Meaning)]

    /// Ten seconds, in which even a driver that has to wake its GPUs answers.
    static let timeoutMs: Int32 = 10_000
    /// 256 GPUs of 4 KiB each.
    private static let outputMax = 1 << 20
    /// `nvidia-smi` names one unknown field at a time.
    private static let attemptsMax = 64

    fileprivate enum Meaning: Sendable {
        case index, uuid, pciBusID, modelName, driverVersion
        case number(Metric, Number)
    }

    fileprivate enum Number: Sendable {
        case whole, real, mebibytes, hexadecimal, isEnabled
    }

    init(program: String, wanted: MetricSet) {
        self.program = program
        fields = smiFields.filter { field in
            guard case .number(let metric, _) = field.meaning else { return true }
            // The total comes along, because the ratio follows from it.
            return wanted.contains(metric) || metric == .framebufferTotal
        }
    }

    /// Asks, leaving out one by one the fields that this version does not know.
    mutating func learn() throws(SourceError) -> [Row] {
        for _ in 0..<Self.attemptsMax {
            let (output, status) = try run()
            if let unknown = unknownField(output), let place = fields.firstIndex(where: { $0.name == unknown }) {
                fields.remove(at: place)
                continue
            }
            return try parsed(output, status)
        }
        throw SourceError("\(program) knows none of the fields that it is asked for")
    }

    func rows() throws(SourceError) -> [Row] {
        let (output, status) = try run()
        return try parsed(output, status)
    }

    private func run() throws(SourceError) -> (String, Int32) {
        let names = fields.map(\.name).joined(separator: ",")
        return try runProgram(
            program, ["--query-gpu=\(names)", "--format=csv,noheader,nounits"], timeoutMs: Self.timeoutMs,
            outputMax: Self.outputMax)
    }

    /// `Field "x" is not a valid field to query.`
    private func unknownField(_ output: String) -> String? {
        guard output.hasPrefix("Field \"") else { return nil }
        let parts = output.split(separator: "\"", maxSplits: 2)
        return parts.count == 3 && parts[2].hasPrefix(" is not a valid field") ? String(parts[1]) : nil
    }

    private func parsed(_ output: String, _ status: Int32) throws(SourceError) -> [Row] {
        let lines = output.split(whereSeparator: \.isNewline)
        guard status == 0 else {
            throw SourceError("\(program) ended with status \(status): \(lines.first ?? "and said nothing")")
        }
        var rows: [Row] = []
        for line in lines { rows.append(try row(line)) }
        guard !rows.isEmpty else { throw SourceError("\(program) shows no GPU") }
        return rows
    }

    private func row(_ line: Substring) throws(SourceError) -> Row {
        let parts = line.split(separator: ",", omittingEmptySubsequences: false).map(\.trimmed)
        guard parts.count == fields.count else {
            throw SourceError(
                "\(program) printed \(parts.count) fields instead of \(fields.count): \"\(line.prefix(200))\"")
        }
        var row = Row(
            identity: GPUIdentity(index: -1, uuid: "", pciBusID: "", modelName: ""), driverVersion: "",
            reading: GPUReading())
        for (field, part) in zip(fields, parts) {
            switch field.meaning {
            case .index: row.identity.index = Int(part) ?? -1
            case .uuid: row.identity.uuid = String(part)
            case .pciBusID: row.identity.pciBusID = String(part)
            case .modelName: row.identity.modelName = String(part)
            case .driverVersion: row.driverVersion = String(part)
            case .number(let metric, let number): row.reading[metric] = number.value(part)
            }
        }
        guard row.identity.index >= 0 else {
            throw SourceError("\(program) printed a line without a GPU's index: \"\(line.prefix(200))\"")
        }
        row.reading.completeMemory()
        return row
    }
}

extension SMIQuery.Number {
    /// Nil for `[N/A]`, `[Not Supported]` and whatever else is no number.
    fileprivate func value(_ text: Substring) -> MetricValue? {
        switch self {
        case .whole: Int64(text).map { .whole($0) }
        case .real: Double(text).flatMap { $0.isFinite ? .real($0) : nil }
        case .mebibytes: Int64(text).flatMap { $0 < 1 << 40 ? .whole($0 << 20) : nil }
        case .hexadecimal: text.hasPrefix("0x") ? Int64(text.dropFirst(2), radix: 16).map { .whole($0) } : nil
        case .isEnabled: text == "Enabled" ? .whole(1) : text == "Disabled" ? .whole(0) : nil
        }
    }
}

extension GPUReading {
    /// The used part of the memory, as DCGM has it.
    fileprivate mutating func completeMemory() {
        guard case .whole(let total)? = self[.framebufferTotal], case .whole(let used)? = self[.framebufferUsed] else {
            return
        }
        let reserved = self[.framebufferReserved]?.double ?? 0
        if Double(total) > reserved { self[.framebufferUsedRatio] = .real(Double(used) / (Double(total) - reserved)) }
    }
}

/// Source: `nvidia-smi --help-query-gpu` of driver 570.
private let smiFields: [(name: String, meaning: SMIQuery.Meaning)] = [
    ("index", .index), ("uuid", .uuid), ("pci.bus_id", .pciBusID), ("name", .modelName),
    ("driver_version", .driverVersion),
    ("clocks.sm", .number(.smClock, .whole)), ("clocks.mem", .number(.memoryClock, .whole)),
    ("clocks.video", .number(.videoClock, .whole)), ("clocks.max.sm", .number(.maxSMClock, .whole)),
    ("clocks.max.mem", .number(.maxMemoryClock, .whole)),
    ("clocks_event_reasons.active", .number(.clockEventReasons, .hexadecimal)),
    ("temperature.gpu", .number(.gpuTemperature, .whole)), ("temperature.memory", .number(.memoryTemperature, .whole)),
    ("power.draw", .number(.powerUsage, .real)), ("power.draw.instant", .number(.powerInstant, .real)),
    ("power.limit", .number(.powerLimit, .real)), ("power.min_limit", .number(.powerLimitMin, .real)),
    ("power.max_limit", .number(.powerLimitMax, .real)), ("power.default_limit", .number(.powerLimitDefault, .real)),
    ("enforced.power.limit", .number(.powerLimitEnforced, .real)), ("fan.speed", .number(.fanSpeed, .whole)),
    ("utilization.gpu", .number(.gpuUtilisation, .whole)),
    ("utilization.memory", .number(.memoryCopyUtilisation, .whole)),
    ("utilization.encoder", .number(.encoderUtilisation, .whole)),
    ("utilization.decoder", .number(.decoderUtilisation, .whole)),
    ("memory.total", .number(.framebufferTotal, .mebibytes)), ("memory.free", .number(.framebufferFree, .mebibytes)),
    ("memory.used", .number(.framebufferUsed, .mebibytes)),
    ("memory.reserved", .number(.framebufferReserved, .mebibytes)),
    ("ecc.errors.corrected.volatile.total", .number(.eccSingleVolatile, .whole)),
    ("ecc.errors.uncorrected.volatile.total", .number(.eccDoubleVolatile, .whole)),
    ("ecc.errors.corrected.aggregate.total", .number(.eccSingleAggregate, .whole)),
    ("ecc.errors.uncorrected.aggregate.total", .number(.eccDoubleAggregate, .whole)),
    ("ecc.mode.current", .number(.eccMode, .isEnabled)), ("mig.mode.current", .number(.migMode, .isEnabled)),
    ("persistence_mode", .number(.persistenceMode, .isEnabled)),
    ("retired_pages.single_bit_ecc.count", .number(.retiredSingle, .whole)),
    ("retired_pages.double_bit.count", .number(.retiredDouble, .whole)),
    ("pcie.link.gen.gpucurrent", .number(.pcieLinkGeneration, .whole)),
    ("pcie.link.width.current", .number(.pcieLinkWidth, .whole)),
    ("pcie.link.gen.max", .number(.pcieMaxLinkGeneration, .whole)),
    ("pcie.link.width.max", .number(.pcieMaxLinkWidth, .whole)),
]
