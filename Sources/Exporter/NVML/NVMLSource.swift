/// The machine's GPUs through NVML.
///
/// SAFETY: `devices` is changed by `read` alone, which its protocol says is never called by two at a time.
final class NVMLSource: GPUSource, @unchecked Sendable {
    let name = "NVML"
    let driverVersion: String
    let gpus: [GPUIdentity]
    let warnings: [String]
    private var devices: [NVMLDevice]
    private var xids: NVMLXIDWatch?

    /// Initialises NVML, which can take seconds while the driver wakes the GPUs.
    ///
    /// - Throws: `SourceError` where there is no driver or no GPU that can be shown.
    init(libraryPath: String, selection: DeviceSelection) throws(SourceError) {
        let functions = try NVMLFunctions(libraryPath: libraryPath)
        try Self.check(functions.initialise(), "start NVML")
        driverVersion = try readText(capacity: 80, "read the driver's version") {
            functions.driverVersion($0, $1)
        }
        var count: UInt32 = 0
        try Self.check(functions.deviceCount(&count), "count the GPUs")
        guard count > 0 else { throw SourceError("the NVIDIA driver is here, but it shows no GPU") }
        let chosen = (0..<min(Int(count), DeviceSelection.indexMax + 1)).filter(selection.contains)
        guard !chosen.isEmpty else {
            throw SourceError("--devices chooses none of the GPUs 0 to \(count - 1) of this machine")
        }
        // A broken GPU must not hide the others.
        let (devices, problems) = Self.open(chosen, functions)
        if devices.isEmpty, let problem = problems.first { throw problem }
        warnings = problems.map(\.description)
        self.devices = devices
        gpus = devices.map(\.identity)
        xids = NVMLXIDWatch(functions: functions, devices: devices.map(\.handle))
    }

    func read() throws(SourceError) -> [GPUReading] {
        let nowNs = monotonicNs()
        var readings: [GPUReading] = []
        readings.reserveCapacity(devices.count)
        var lastProblem: NVMLStatus?
        xids?.drain()
        for place in devices.indices {
            var reading = devices[place].read(nowNs: nowNs)
            if let problem = devices[place].problem {
                lastProblem = problem
                if problem.isDriverGone { throw SourceError("cannot read GPU \(gpus[place].index): \(problem)") }
            } else {
                reading.set(.lastXID, xids?.lastCode(place))
            }
            readings.append(reading)
        }
        if let lastProblem, devices.allSatisfy({ $0.problem != nil }) {
            throw SourceError("cannot read any GPU: \(lastProblem)")
        }
        return readings
    }

    private static func open(_ indexes: [Int], _ functions: NVMLFunctions) -> ([NVMLDevice], [SourceError]) {
        var devices: [NVMLDevice] = []
        var problems: [SourceError] = []
        for index in indexes {
            do {
                devices.append(try NVMLDevice(index: index, functions: functions))
            } catch {
                problems.append(error)
            }
        }
        return (devices, problems)
    }

    private static func check(_ code: Int32, _ attempt: String) throws(SourceError) {
        let status = NVMLStatus(code: code)
        guard status == .success else { throw SourceError("cannot \(attempt): \(status)") }
    }
}

/// Calls a function that writes a C string.
///
/// - Throws: `SourceError` saying what was attempted.
func readText(
    capacity: Int, _ attempt: String, _ call: (UnsafeMutablePointer<CChar>, UInt32) -> Int32
) throws(SourceError) -> String {
    var buffer = [CChar](repeating: 0, count: capacity)
    let code = buffer.withUnsafeMutableBufferPointer { buffer in
        buffer.baseAddress.map { call($0, UInt32(capacity)) } ?? NVMLStatus.functionNotFound.code
    }
    let status = NVMLStatus(code: code)
    guard status == .success else { throw SourceError("cannot \(attempt): \(status)") }
    return text(buffer)
}

/// The characters before the first zero; a library that wrote none ends at the buffer's end.
func text(_ characters: some Sequence<CChar>) -> String {
    String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
