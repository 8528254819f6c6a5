/// One function of NVML that fills in numbers, and which metrics they are.
struct NVMLCall: Sendable {
    enum Shape: Sendable {
        /// `f(device, &answer)`, the answer a number or a structure.
        case plain
        /// `f(device, kind, &answer)`.
        case kind(UInt32)
        /// `f(device, &first, &second)`; the second is at offset 8.
        case two
    }

    /// What a number is, which says how wide it is, what it becomes, and what cannot be true.
    enum Number: Sendable {
        case count, wideCount, celsius, milliwatts, megahertz, percent, bytes, performanceState
    }

    struct Output: Sendable {
        let metric: Metric
        let offset: Int
        let number: Number

        init(_ metric: Metric, _ number: Number, at offset: Int = 0) {
            self.metric = metric
            self.offset = offset
            self.number = number
        }
    }

    /// How often it is asked.
    enum Pace: Sendable {
        case everyReading
        /// What changes rarely or never.
        case slow
    }

    /// The names that drivers have for it, newest first.
    let symbols: [String]
    let shape: Shape
    let pace: Pace
    let outputs: [Output]

    /// Room for every answer: the largest structure is that of vGPU licences, 860 bytes.
    static let answerBytes = 1024

    init(_ symbols: String..., shape: Shape = .plain, pace: Pace = .everyReading, gives outputs: [Output]) {
        self.symbols = symbols.map { "nvmlDeviceGet" + $0 }
        self.shape = shape
        self.pace = pace
        self.outputs = outputs
    }
}

/// Source: nvml.h of CUDA 12.9: `nvmlClockType_t`, `nvmlTemperatureThresholds_t`, `nvmlPerfPolicyType_t`,
/// `nvmlUtilization_t`, `nvmlBAR1Memory_t`, `nvmlViolationTime_t`, `nvmlGridLicensableFeatures_v4_t`.
let nvmlCalls: [NVMLCall] = [
    .init("ClockInfo", shape: .kind(1), gives: [.init(.smClock, .megahertz)]),
    .init("ClockInfo", shape: .kind(2), gives: [.init(.memoryClock, .megahertz)]),
    .init("ClockInfo", shape: .kind(3), gives: [.init(.videoClock, .megahertz)]),
    .init("Temperature", shape: .kind(0), gives: [.init(.gpuTemperature, .celsius)]),
    .init("PowerUsage", gives: [.init(.powerUsage, .milliwatts)]),
    .init("TotalEnergyConsumption", gives: [.init(.totalEnergy, .wideCount)]),
    .init(
        "UtilizationRates", gives: [.init(.gpuUtilisation, .percent), .init(.memoryCopyUtilisation, .percent, at: 4)]),
    .init("EncoderUtilization", shape: .two, gives: [.init(.encoderUtilisation, .percent)]),
    .init("DecoderUtilization", shape: .two, gives: [.init(.decoderUtilisation, .percent)]),
    .init(
        "CurrentClocksEventReasons", "CurrentClocksThrottleReasons", gives: [.init(.clockEventReasons, .wideCount)]),
    .init("PerformanceState", gives: [.init(.performanceState, .performanceState)]),
    .init("FanSpeed", gives: [.init(.fanSpeed, .percent)]),
    .init(
        "BAR1MemoryInfo",
        gives: [.init(.bar1Total, .bytes), .init(.bar1Free, .bytes, at: 8), .init(.bar1Used, .bytes, at: 16)]),
    .init("PcieThroughput", shape: .kind(0), gives: [.init(.pcieTransmitThroughput, .count)]),
    .init("PcieThroughput", shape: .kind(1), gives: [.init(.pcieReceiveThroughput, .count)]),
    .init("ViolationStatus", shape: .kind(0), gives: [.init(.powerViolation, .wideCount, at: 8)]),
    .init("ViolationStatus", shape: .kind(1), gives: [.init(.thermalViolation, .wideCount, at: 8)]),
    .init("ViolationStatus", shape: .kind(2), gives: [.init(.syncBoostViolation, .wideCount, at: 8)]),
    .init("ViolationStatus", shape: .kind(3), gives: [.init(.boardLimitViolation, .wideCount, at: 8)]),
    .init("ViolationStatus", shape: .kind(4), gives: [.init(.lowUtilisationViolation, .wideCount, at: 8)]),
    .init("ViolationStatus", shape: .kind(5), gives: [.init(.reliabilityViolation, .wideCount, at: 8)]),
    .init("ViolationStatus", shape: .kind(10), gives: [.init(.appClocksViolation, .wideCount, at: 8)]),
    .init("ViolationStatus", shape: .kind(11), gives: [.init(.baseClocksViolation, .wideCount, at: 8)]),
    .init("PcieReplayCounter", pace: .slow, gives: [.init(.pcieReplays, .count)]),
    .init("GridLicensableFeatures_v4", pace: .slow, gives: [.init(.vgpuLicenseStatus, .count, at: 12)]),
    .init("MaxClockInfo", shape: .kind(1), pace: .slow, gives: [.init(.maxSMClock, .megahertz)]),
    .init("MaxClockInfo", shape: .kind(2), pace: .slow, gives: [.init(.maxMemoryClock, .megahertz)]),
    .init("TemperatureThreshold", shape: .kind(0), pace: .slow, gives: [.init(.shutdownTemperature, .celsius)]),
    .init("TemperatureThreshold", shape: .kind(1), pace: .slow, gives: [.init(.slowdownTemperature, .celsius)]),
    .init("TemperatureThreshold", shape: .kind(2), pace: .slow, gives: [.init(.maxMemoryTemperature, .celsius)]),
    .init("TemperatureThreshold", shape: .kind(3), pace: .slow, gives: [.init(.maxGPUTemperature, .celsius)]),
    .init("PowerManagementLimit", pace: .slow, gives: [.init(.powerLimit, .milliwatts)]),
    .init("PowerManagementDefaultLimit", pace: .slow, gives: [.init(.powerLimitDefault, .milliwatts)]),
    .init("EnforcedPowerLimit", pace: .slow, gives: [.init(.powerLimitEnforced, .milliwatts)]),
    .init(
        "PowerManagementLimitConstraints", shape: .two, pace: .slow,
        gives: [.init(.powerLimitMin, .milliwatts), .init(.powerLimitMax, .milliwatts, at: 8)]),
    .init("CurrPcieLinkGeneration", pace: .slow, gives: [.init(.pcieLinkGeneration, .count)]),
    .init("CurrPcieLinkWidth", pace: .slow, gives: [.init(.pcieLinkWidth, .count)]),
    .init("MaxPcieLinkGeneration", pace: .slow, gives: [.init(.pcieMaxLinkGeneration, .count)]),
    .init("MaxPcieLinkWidth", pace: .slow, gives: [.init(.pcieMaxLinkWidth, .count)]),
    .init("ComputeMode", pace: .slow, gives: [.init(.computeMode, .count)]),
    .init("PersistenceMode", pace: .slow, gives: [.init(.persistenceMode, .count)]),
    .init("MigMode", shape: .two, pace: .slow, gives: [.init(.migMode, .count)]),
    .init("EccMode", shape: .two, pace: .slow, gives: [.init(.eccMode, .count)]),
]

/// A call whose function the driver has.
///
/// SAFETY: the function pointer is of the shape that the table says, and the library is never unloaded.
struct NVMLBoundCall: @unchecked Sendable {
    private enum Function {
        case plain(NVMLFunctions.DeviceStructure)
        case kind(NVMLFunctions.DeviceKindStructure, UInt32)
        case two(NVMLFunctions.DeviceTwoStructures)
    }

    let call: NVMLCall
    private let function: Function

    /// Nil where the driver does not have it.
    init?(_ call: NVMLCall, _ symbols: NVMLSymbols) {
        func found<Value>() -> Value? { call.symbols.lazy.compactMap { symbols.optional($0) }.first }
        self.call = call
        switch call.shape {
        case .plain:
            guard let pointer: NVMLFunctions.DeviceStructure = found() else { return nil }
            function = .plain(pointer)
        case .kind(let kind):
            guard let pointer: NVMLFunctions.DeviceKindStructure = found() else { return nil }
            function = .kind(pointer, kind)
        case .two:
            guard let pointer: NVMLFunctions.DeviceTwoStructures = found() else { return nil }
            function = .two(pointer)
        }
    }

    /// Asks, and puts what is plausible into the reading.
    func read(_ device: NVMLFunctions.Device, into reading: inout GPUReading) -> NVMLStatus {
        let answer = withNVMLStructure(NVMLCall.answerBytes) { answer in
            let code =
                switch function {
                case .plain(let function): function(device, answer)
                case .kind(let function, let kind): function(device, kind, answer)
                case .two(let function): function(device, answer, answer + 8)
                }
            return (code, call.outputs.map { $0.number.value(answer + $0.offset) })
        }
        guard answer.0 == 0 else { return NVMLStatus(code: answer.0) }
        for (output, value) in zip(call.outputs, answer.1) { reading[output.metric] = value }
        return .success
    }
}

extension NVMLCall.Number {
    /// Nil for what no GPU can have: how some boards say that they have no sensor, and what a broken library gives.
    func value(_ address: UnsafeMutableRawPointer) -> MetricValue? {
        let narrow = address.load(as: UInt32.self)
        switch self {
        case .count: return .whole(Int64(narrow))
        // DCGM drops temperatures above 200 °C too.
        case .celsius: return narrow <= 200 ? .whole(Int64(narrow)) : nil
        // 20 kW and 20 GHz: ten times what a GPU has.
        case .milliwatts: return narrow <= 20_000_000 ? .real(Double(narrow) / 1000) : nil
        case .megahertz: return narrow <= 20_000 ? .whole(Int64(narrow)) : nil
        // Fans can turn faster than their nominal speed.
        case .percent: return narrow <= 200 ? .whole(Int64(narrow)) : nil
        // 32 is NVML's "unknown".
        case .performanceState: return narrow < 32 ? .whole(Int64(narrow)) : nil
        case .wideCount, .bytes: return Int64(exactly: address.load(as: UInt64.self)).map { .whole($0) }
        }
    }
}
