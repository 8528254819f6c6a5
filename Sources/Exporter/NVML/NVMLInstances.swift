/// The MIG instances of a GPU. What belongs to the whole GPU (heat, power, clocks) is the same for each of them, as with
/// DCGM; memory and profiling ratios are an instance's own.
struct NVMLInstance {
    let identity: GPUIdentity
    private let handle: NVMLFunctions.Device
    private var gpm: NVMLProfiling?

    /// The instances of a GPU, by their NVML id; none where MIG is off or unknown.
    static func all(of device: NVMLDevice, wanted: MetricSet) -> [NVMLInstance] {
        let functions = device.functions
        var (current, pending, count): (UInt32, UInt32, UInt32) = (0, 0, 0)
        guard functions.migMode?(device.handle, &current, &pending) == 0, current == 1,
            functions.migDeviceCountMax?(device.handle, &count) == 0
        else { return [] }
        var instances: [NVMLInstance] = []
        // 64: a GPU has seven at most; a library that gives garbage must not keep us here.
        for place in 0..<min(count, 64) {
            guard let instance = NVMLInstance(device, place, wanted),
                !instances.contains(where: { $0.identity.instance?.id == instance.identity.instance?.id })
            else { continue }
            instances.append(instance)
        }
        return instances.sorted { ($0.identity.instance?.id ?? 0) < ($1.identity.instance?.id ?? 0) }
    }

    private init?(_ device: NVMLDevice, _ place: UInt32, _ wanted: MetricSet) {
        let functions = device.functions
        var child: NVMLFunctions.Device?
        var id: UInt32 = 0
        guard functions.migDevice?(device.handle, place, &child) == 0, let child,
            functions.gpuInstanceID?(child, &id) == 0,
            let name = try? readText(
                capacity: 96, "read the name of an instance", { functions.deviceName(child, $0, $1) })
        else { return nil }
        handle = child
        var identity = device.identity
        identity.instance = .init(profile: Self.profile(name), id: id)
        self.identity = identity
        gpm = NVMLProfiling(device: device.handle, instance: id, functions: functions, wanted: wanted)
    }

    /// The instance's reading, from that of its GPU.
    mutating func read(_ whole: GPUReading, _ functions: NVMLFunctions, nowNs: UInt64) -> GPUReading {
        var reading = whole
        for metric in NVMLProfiling.metrics { reading[metric] = nil }
        for metric: Metric in [.framebufferTotal, .framebufferFree, .framebufferUsed, .framebufferReserved] {
            reading[metric] = nil
        }
        reading[.framebufferUsedRatio] = nil
        reading.processes.removeAll { $0.instanceID != identity.instance?.id }
        _ = functions.readMemory(of: handle, into: &reading)
        gpm?.read(into: &reading, nowNs: nowNs)
        return reading
    }

    /// `NVIDIA H100 80GB HBM3 MIG 1c.3g.40gb` is a compute instance of the profile `3g.40gb`.
    static func profile(_ name: String) -> String {
        let profile = name.split(separator: " ").last ?? ""
        let parts = profile.split(separator: ".")
        guard parts.count == 3, parts[0].last == "c" else { return String(profile) }
        return parts[1...].joined(separator: ".")
    }
}
