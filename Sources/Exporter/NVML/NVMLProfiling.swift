/// The profiling ratios of Hopper and later GPUs (NVML's "GPM"), which need no privileges and no DCGM.
///
/// Two samples of hardware counters make one set of values, so each reading covers the time since the one before;
/// the first covers the time since the exporter opened the GPU. GPUs before Hopper have none of these.
///
/// SAFETY: the samples belong to this value's device for the life of the process, and are never freed.
struct NVMLProfiling {
    private let device: NVMLFunctions.Device
    private let sampleGet: NVMLFunctions.SampleGet
    private let metricsGet: NVMLFunctions.MetricsGet
    private var earlier: OpaquePointer
    private var later: OpaquePointer
    private var earlierNs: UInt64
    private var hasEarlier: Bool

    /// `nvmlGpmMetricId_t`, and what to multiply by: percent to ratio, MiB/s to bytes/s.
    private static let metrics: [(metric: Metric, id: UInt32, scale: Double)] = [
        (.graphicsEngineActive, 1, 0.01),
        (.tensorActive, 5, 0.01),
        (.dramActive, 10, 0.01),
        (.pcieTransmitted, 20, 1_048_576),
        (.pcieReceived, 21, 1_048_576),
    ]
    /// Counters are updated some ten times a second; closer samples give noise.
    private static let apartNsMin: UInt64 = 100_000_000

    /// Nil where the GPU or the driver does not have it.
    init?(device: NVMLFunctions.Device, functions: NVMLFunctions) {
        typealias Layout = NVMLLayout.GPMSupport
        guard let support = functions.gpmSupport, let sampleAlloc = functions.gpmSampleAlloc,
            let sampleGet = functions.gpmSampleGet, let metricsGet = functions.gpmMetricsGet
        else { return nil }
        let isSupported = withNVMLStructure(Layout.size) { answer in
            answer.storeBytes(of: 1, as: UInt32.self)
            return support(device, answer) == 0 && answer.load(fromByteOffset: Layout.isSupported, as: UInt32.self) != 0
        }
        var samples: (OpaquePointer?, OpaquePointer?)
        guard isSupported, sampleAlloc(&samples.0) == 0, sampleAlloc(&samples.1) == 0,
            let earlier = samples.0, let later = samples.1
        else { return nil }
        self.device = device
        self.sampleGet = sampleGet
        self.metricsGet = metricsGet
        self.earlier = earlier
        self.later = later
        hasEarlier = sampleGet(device, earlier) == 0
        earlierNs = monotonicNs()
    }

    /// Adds what the time since the last reading comes to; adds nothing where a sample fails.
    mutating func read(into reading: inout GPUReading, nowNs: UInt64) {
        guard !hasEarlier || nowNs &- earlierNs >= Self.apartNsMin else { return }
        guard sampleGet(device, later) == 0 else {
            hasEarlier = false
            return
        }
        if hasEarlier { compare(&reading) }
        swap(&earlier, &later)
        earlierNs = nowNs
        hasEarlier = true
    }

    private func compare(_ reading: inout GPUReading) {
        typealias Layout = NVMLLayout.GPMMetrics
        // 333: the newest header's array; a library that looked at all of it would stay inside.
        withNVMLStructure(Layout.metrics + 333 * Layout.stride) { request in
            request.storeBytes(of: 1, as: UInt32.self)
            request.storeBytes(of: UInt32(Self.metrics.count), toByteOffset: Layout.count, as: UInt32.self)
            request.storeBytes(of: earlier, toByteOffset: Layout.earlier, as: OpaquePointer.self)
            request.storeBytes(of: later, toByteOffset: Layout.later, as: OpaquePointer.self)
            for (place, metric) in Self.metrics.enumerated() {
                request.storeBytes(
                    of: metric.id, toByteOffset: Layout.metrics + place * Layout.stride, as: UInt32.self)
            }
            guard metricsGet(request) == 0 else { return }
            for (place, metric) in Self.metrics.enumerated() {
                let entry = request + Layout.metrics + place * Layout.stride
                guard entry.load(fromByteOffset: Layout.status, as: Int32.self) == 0 else { continue }
                reading.setProfiled(
                    metric.metric, entry.load(fromByteOffset: Layout.value, as: Double.self) * metric.scale)
            }
        }
    }
}

extension GPUReading {
    /// Ratios stay doubles, byte rates become whole numbers; what is not a number is left out.
    fileprivate mutating func setProfiled(_ metric: Metric, _ value: Double) {
        guard value.isFinite, value >= 0 else { return }
        if metric == .pcieTransmitted || metric == .pcieReceived {
            self[metric] = Int64(exactly: value.rounded(.towardZero)).map { .whole($0) }
        } else {
            self[metric] = .real(value)
        }
    }
}
