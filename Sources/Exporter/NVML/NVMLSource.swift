/// The machine's GPUs through NVML, each a lane of its own.
struct NVMLSource: GPUSource {
    let name = "NVML"
    let driverVersion: String
    let lanes: [any GPULane]
    let warnings: [String]

    /// Initialises NVML, which can take seconds while the driver wakes the GPUs.
    ///
    /// - Parameters:
    ///   - startMs: how long that may take before the driver counts as hanging.
    ///   - openMs: how long one GPU may take to be opened before it is left out.
    /// - Throws: `SourceError` where there is no driver or no GPU that can be shown.
    init(
        libraryPath: String, request: SourceRequest = SourceRequest(), startMs: Int = 60_000, openMs: Int = 20_000,
        peersEveryMs: Int = 10_000
    ) throws(SourceError) {
        let functions = try NVMLFunctions(libraryPath: libraryPath)
        let (version, count) = try DriverCall("start NVML").answer(withinMs: startMs) { () throws(SourceError) in
            try Self.start(functions)
        }
        driverVersion = version
        guard count > 0 else { throw SourceError("the NVIDIA driver is here, but it shows no GPU") }
        let indexes = 0..<min(Int(count), DeviceSelection.indexMax + 1)
        let chosen = indexes.filter(request.selection.containsGPU)
        guard !chosen.isEmpty else {
            throw SourceError("--devices chooses none of the GPUs 0 to \(count - 1) of this machine")
        }
        // A broken GPU must not hide the others.
        let (devices, problems) = Self.open(chosen, functions, request, openMs)
        if devices.isEmpty, let problem = problems.first { throw problem }
        warnings = problems.map(\.description)
        lanes = Self.lanes(devices, request, request.peers ? NVMLPeers(devices, functions, everyMs: peersEveryMs) : nil)
        guard !lanes.isEmpty else { throw SourceError("--devices chooses none of this machine's MIG instances") }
    }

    private static func start(_ functions: NVMLFunctions) throws(SourceError) -> (version: String, count: UInt32) {
        try check(functions.initialise(), "start NVML")
        let version = try readText(capacity: 80, "read the driver's version") { functions.driverVersion($0, $1) }
        var count: UInt32 = 0
        try check(functions.deviceCount(&count), "count the GPUs")
        return (version, count)
    }

    private static func open(
        _ indexes: [Int], _ functions: NVMLFunctions, _ request: SourceRequest, _ openMs: Int
    ) -> ([NVMLDevice], [SourceError]) {
        var devices: [NVMLDevice] = []
        var problems: [SourceError] = []
        for index in indexes {
            do {
                let call = DriverCall<NVMLDevice>("open GPU \(index)")
                let device = try call.answer(withinMs: openMs) { () throws(SourceError) in
                    try NVMLDevice(index: index, functions: functions, wanted: request.metrics)
                }
                devices.append(device)
            } catch {
                problems.append(error)
            }
        }
        return (devices, problems)
    }

    /// MIG instances are numbered through all GPUs, which is what `--devices i:…` chooses by.
    private static func lanes(
        _ devices: [NVMLDevice], _ request: SourceRequest, _ peers: NVMLPeers?
    ) -> [any GPULane] {
        var number = 0
        return devices.compactMap { device in
            var instances: [NVMLInstance] = []
            if request.selection.wantsInstances {
                let all = NVMLInstance.all(of: device, wanted: request.metrics)
                instances = all.enumerated().filter { request.selection.containsInstance(number + $0.offset) }
                    .map(\.element)
                number += all.count
                if all.isEmpty, !request.selection.wantsWholeGPUs { return nil }
                if !all.isEmpty, instances.isEmpty { return nil }
            }
            return NVMLLane(device, instances, listsProcesses: request.processes, peers)
        }
    }

    private static func check(_ code: Int32, _ attempt: String) throws(SourceError) {
        let status = NVMLStatus(code: code)
        guard status == .success else { throw SourceError("cannot \(attempt): \(status)") }
    }
}

/// One GPU, or its MIG instances.
///
/// SAFETY: the variables are changed by `read` alone, which its protocol says is never called by two at a time.
final class NVMLLane: GPULane, @unchecked Sendable {
    let gpus: [GPUIdentity]
    private var device: NVMLDevice
    private var instances: [NVMLInstance]
    private var xids: NVMLXIDWatch?
    private var processes: NVMLProcesses?
    private let peers: NVMLPeers?

    fileprivate init(
        _ device: NVMLDevice, _ instances: [NVMLInstance], listsProcesses: Bool, _ peers: NVMLPeers?
    ) {
        self.device = device
        self.instances = instances
        gpus = instances.isEmpty ? [device.identity] : instances.map(\.identity)
        xids = NVMLXIDWatch(functions: device.functions, device: device.handle)
        processes = listsProcesses ? NVMLProcesses(device.functions) : nil
        self.peers = peers
    }

    func read() throws(SourceError) -> [GPUReading] {
        let nowNs = monotonicNs()
        let events = xids?.drain() ?? []
        var reading = device.read(nowNs: nowNs)
        if let problem = device.problem {
            let sentence = "cannot read GPU \(device.identity.index): \(problem)"
            // What the driver said before it lost the GPU is the most wanted line of the page.
            guard let xids, xids.lastCode != 0 else { throw SourceError(sentence) }
            reading.problem = sentence
        } else {
            reading.processes = processes?.list(of: device.handle) ?? []
            reading.peers = peers?.peers(of: device.identity.index) ?? []
        }
        reading.set(.lastXID, xids?.lastCode)
        reading.xidEvents = events
        guard !instances.isEmpty, device.problem == nil else { return gpus.map { _ in reading } }
        return instances.indices.map { instances[$0].read(reading, device.functions, nowNs: nowNs) }
    }
}
