import Synchronization

/// GPUs that do not exist, for a laptop, a demonstration or a test: their load is that of training jobs, and power,
/// temperature, clocks and energy follow it as they do on an H100. A function of seed and time alone.
///
/// The model's name says that they are simulated, so that no panel can be taken for a real one.
final class SimulatedSource: GPUSource, GPULane {
    let name = "simulated"
    let driverVersion = "simulated"
    let gpus: [GPUIdentity]
    private let tracks: [SimulatedTrack]
    private let seed: UInt64
    private let listsProcesses: Bool
    private let listsPeers: Bool
    private let nowMs: @Sendable () -> Int64
    /// When read last: errors since then are new.
    private let lastMs: Mutex<Int64?> = Mutex(nil)

    var lanes: [any GPULane] { [self] }

    init(
        gpuCount: Int, seed: UInt64, request: SourceRequest = SourceRequest(),
        nowMs: @escaping @Sendable () -> Int64 = wallClockMs
    ) {
        let selection = request.selection
        let indexes = (0..<gpuCount).filter { selection.wantsWholeGPUs && selection.containsGPU($0) }
        self.seed = seed
        self.nowMs = nowMs
        listsProcesses = request.processes
        listsPeers = request.peers
        gpus = indexes.map { Self.identity($0, seed: seed) }
        tracks = indexes.map { SimulatedTrack(seed: mixed(seed, UInt64($0))) }
    }

    func read() throws(SourceError) -> [GPUReading] {
        let now = nowMs()
        let last = lastMs.withLock { last in
            defer { last = now }
            return last
        }
        return zip(gpus, tracks).map { gpu, track in
            var reading = track.reading(atMs: now, noise: mixed(seed, UInt64(gpu.index)))
            if let last { reading.xidEvents = track.errors(afterMs: last, throughMs: now) }
            if listsPeers {
                reading.peers = gpus.filter { $0.index != gpu.index }.map { GPUPeer(index: $0.index, status: 0) }
            }
            if listsProcesses { reading.processes = track.processes(atMs: now, gpu: gpu.index) }
            return reading
        }
    }

    private static func identity(_ index: Int, seed: UInt64) -> GPUIdentity {
        let high = hex(mixed(seed, UInt64(index), 1), digits: 16)
        let low = hex(mixed(seed, UInt64(index), 2), digits: 16)
        let uuid =
            "GPU-\(high.prefix(8))-\(high.dropFirst(8).prefix(4))-\(high.suffix(4))-\(low.prefix(4))-\(low.suffix(12))"
        // Buses as an 8-GPU H100 board has them; further GPUs sit in further PCI domains.
        let buses = ["1A", "3D", "4E", "5F", "9B", "BD", "CE", "DF"]
        return GPUIdentity(
            index: index, uuid: uuid,
            pciBusID: "\(hex(UInt64(index / buses.count), digits: 8)):\(buses[index % buses.count]):00.0",
            modelName: "Simulated H100 80GB HBM3",
            texts: [
                .nvmlVersion: "simulated", .brand: "Tesla",
                .serial: String(mixed(seed, UInt64(index), 3) % 10_000_000_000),
                .vbios: "96.00.00.00.01",
            ])
    }

    private static func hex(_ value: UInt64, digits: Int) -> String {
        let text = String(value, radix: 16)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }
}
