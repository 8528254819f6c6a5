/// The profiling ratios of Hopper and later GPUs (NVML's "GPM"), which need no privileges and no DCGM.
///
/// Two samples of hardware counters make one set of values, so each reading covers the time since the one before;
/// the first covers the time since the exporter opened the GPU. GPUs before Hopper have none of these.
///
/// SAFETY: the samples belong to this value's device for the life of the process, and are never freed.
struct NVMLProfiling {
    private let device: NVMLFunctions.Device
    /// NVML's id of the MIG instance; nil for the whole GPU.
    private let instance: UInt32?
    private let functions: NVMLFunctions
    private let wanted: [(metric: Metric, id: UInt32, scale: Double)]
    private let metricsGet: NVMLFunctions.MetricsGet
    private var earlier: OpaquePointer
    private var later: OpaquePointer
    private var earlierNs: UInt64
    private var hasEarlier: Bool
    /// What is given again where readings come faster than samples may.
    private var lastValues: [(Metric, MetricValue?)] = []

    /// `nvmlGpmMetricId_t`, and what to multiply by: percent to ratio, MiB/s to bytes/s.
    private static let table: [(metric: Metric, id: UInt32, scale: Double)] = [
        (.graphicsEngineActive, 1, 0.01), (.smActive, 2, 0.01), (.smOccupancy, 3, 0.01), (.integerActive, 4, 0.01),
        (.tensorActive, 5, 0.01), (.tensorDoubleActive, 6, 0.01), (.tensorHalfActive, 7, 0.01),
        (.tensorIntegerActive, 9, 0.01), (.dramActive, 10, 0.01), (.fp64Active, 11, 0.01), (.fp32Active, 12, 0.01),
        (.fp16Active, 13, 0.01), (.pcieTransmitted, 20, mebibyte), (.pcieReceived, 21, mebibyte),
        (.nvlinkReceived, 60, mebibyte), (.nvlinkTransmitted, 61, mebibyte),
    ]
    private static let mebibyte = 1_048_576.0
    /// Everything that it can give.
    static let metrics = table.map(\.metric)
    /// Counters are updated some ten times a second; closer samples give noise.
    private static let apartNsMin: UInt64 = 100_000_000

    /// Nil where the GPU or the driver does not have it.
    init?(device: NVMLFunctions.Device, instance: UInt32?, functions: NVMLFunctions, wanted: MetricSet) {
        typealias Layout = NVMLLayout.GPMSupport
        guard let support = functions.gpmSupport, let sampleAlloc = functions.gpmSampleAlloc,
            functions.gpmSampleGet != nil, let metricsGet = functions.gpmMetricsGet
        else { return nil }
        let wanted = Self.table.filter { wanted.contains($0.metric) }
        guard !wanted.isEmpty else { return nil }
        let isSupported = withNVMLStructure(Layout.size) { answer in
            answer.storeBytes(of: 1, as: UInt32.self)
            return support(device, answer) == 0 && answer.load(fromByteOffset: Layout.isSupported, as: UInt32.self) != 0
        }
        var samples: (OpaquePointer?, OpaquePointer?)
        guard isSupported, sampleAlloc(&samples.0) == 0, sampleAlloc(&samples.1) == 0,
            let earlier = samples.0, let later = samples.1
        else { return nil }
        self.device = device
        self.instance = instance
        self.functions = functions
        self.wanted = wanted
        self.metricsGet = metricsGet
        self.earlier = earlier
        self.later = later
        hasEarlier = functions.takeSample(device, instance, earlier)
        earlierNs = monotonicNs()
    }

    /// Adds what the time since the last reading comes to; adds nothing where a sample fails.
    mutating func read(into reading: inout GPUReading, nowNs: UInt64) {
        guard !hasEarlier || nowNs &- earlierNs >= Self.apartNsMin else {
            for (metric, value) in lastValues { reading[metric] = value }
            return
        }
        lastValues = []
        guard functions.takeSample(device, instance, later) else {
            hasEarlier = false
            return
        }
        if hasEarlier {
            compare(&reading)
            lastValues = wanted.map { ($0.metric, reading[$0.metric]) }
        }
        swap(&earlier, &later)
        earlierNs = nowNs
        hasEarlier = true
    }

    private func compare(_ reading: inout GPUReading) {
        typealias Layout = NVMLLayout.GPMMetrics
        // 333: the newest header's array; a library that looked at all of it would stay inside.
        withNVMLStructure(Layout.metrics + 333 * Layout.stride) { request in
            request.storeBytes(of: 1, as: UInt32.self)
            request.storeBytes(of: UInt32(wanted.count), toByteOffset: Layout.count, as: UInt32.self)
            request.storeBytes(of: earlier, toByteOffset: Layout.earlier, as: OpaquePointer.self)
            request.storeBytes(of: later, toByteOffset: Layout.later, as: OpaquePointer.self)
            for (place, metric) in wanted.enumerated() {
                request.storeBytes(
                    of: metric.id, toByteOffset: Layout.metrics + place * Layout.stride, as: UInt32.self)
            }
            guard metricsGet(request) == 0 else { return }
            for (place, metric) in wanted.enumerated() {
                let entry = request + Layout.metrics + place * Layout.stride
                guard entry.load(fromByteOffset: Layout.status, as: Int32.self) == 0 else { continue }
                reading.setProfiled(
                    metric.metric, entry.load(fromByteOffset: Layout.value, as: Double.self) * metric.scale)
            }
        }
    }
}

extension NVMLFunctions {
    /// Whether a sample of the GPU's, or the instance's, counters could be taken.
    fileprivate func takeSample(_ device: Device, _ instance: UInt32?, _ sample: OpaquePointer) -> Bool {
        guard let instance else { return gpmSampleGet?(device, sample) == 0 }
        return gpmInstanceSampleGet?(device, instance, sample) == 0
    }
}

extension GPUReading {
    /// Ratios stay doubles, byte rates become whole numbers; what is not a number is left out.
    fileprivate mutating func setProfiled(_ metric: Metric, _ value: Double) {
        guard value.isFinite, value >= 0 else { return }
        let byteRates: [Metric] = [.pcieTransmitted, .pcieReceived, .nvlinkTransmitted, .nvlinkReceived]
        if byteRates.contains(metric) {
            self[metric] = Int64(exactly: value.rounded(.towardZero)).map { .whole($0) }
        } else {
            self[metric] = .real(value)
        }
    }
}
