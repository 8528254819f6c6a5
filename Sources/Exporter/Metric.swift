/// Everything that can be read from a GPU. `MetricTable` says how each is called and described on the page.
///
/// The raw value is the metric's place in `metricTable` and in a `GPUReading`.
enum Metric: Int, CaseIterable, Sendable {
    case smClock
    case memoryClock
    case memoryTemperature
    case gpuTemperature
    case powerUsage
    case totalEnergy
    case pcieReplays
    case gpuUtilisation
    case memoryCopyUtilisation
    case encoderUtilisation
    case decoderUtilisation
    case lastXID
    case framebufferFree
    case framebufferUsed
    case framebufferReserved
    case nvlinkBandwidth
    case vgpuLicenseStatus
    case uncorrectableRemappedRows
    case correctableRemappedRows
    case rowRemapFailure
    case graphicsEngineActive
    case tensorActive
    case dramActive
    case pcieTransmitted
    case pcieReceived
}

/// One value; whole numbers and ratios are written differently on the page.
enum MetricValue: Equatable, Sendable {
    case whole(Int64)
    case real(Double)
}

/// What one GPU gave in one collection. A metric that the GPU does not support is absent, never zero.
struct GPUReading: Equatable, Sendable {
    private var values = [MetricValue?](repeating: nil, count: Metric.allCases.count)

    subscript(metric: Metric) -> MetricValue? {
        get { values[metric.rawValue] }
        set { values[metric.rawValue] = newValue }
    }

    /// Sets a whole number where there is one.
    mutating func set(_ metric: Metric, _ value: (some BinaryInteger)?) {
        self[metric] = value.map { .whole(Int64(clamping: $0)) }
    }
}

/// What does not change about a GPU while the exporter runs: the labels of its samples.
struct GPUIdentity: Equatable, Sendable {
    /// The driver's index, which is also in the `device` label (`nvidia0`).
    var index: Int
    /// `GPU-` and a UUID.
    var uuid: String
    /// `00000000:1A:00.0`: domain, bus, device, function.
    var pciBusID: String
    /// As the driver names it: `NVIDIA H100 80GB HBM3`.
    var modelName: String
}
