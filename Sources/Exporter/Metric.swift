/// Everything that can be read from a GPU. `metricTable` says how each is called and described on the page, and in what
/// unit a source gives it.
///
/// The raw value is the metric's place in `metricTable` and in a `GPUReading`.
enum Metric: Int, CaseIterable, Sendable {
    case smClock, memoryClock, memoryTemperature, gpuTemperature, powerUsage, totalEnergy, pcieReplays
    case gpuUtilisation, memoryCopyUtilisation, encoderUtilisation, decoderUtilisation, lastXID
    case framebufferFree, framebufferUsed, framebufferReserved, nvlinkBandwidth, vgpuLicenseStatus
    case uncorrectableRemappedRows, correctableRemappedRows, rowRemapFailure
    case graphicsEngineActive, tensorActive, dramActive, pcieTransmitted, pcieReceived
    // From here on what dcgm-exporter does not show as shipped.
    case videoClock, maxSMClock, maxMemoryClock, clockEventReasons, performanceState, fanSpeed
    case slowdownTemperature, shutdownTemperature, maxMemoryTemperature, maxGPUTemperature
    case powerInstant, powerLimit, powerLimitMin, powerLimitMax, powerLimitDefault, powerLimitEnforced
    case framebufferTotal, framebufferUsedRatio, bar1Total, bar1Used, bar1Free
    case powerViolation, thermalViolation, syncBoostViolation, boardLimitViolation, lowUtilisationViolation
    case reliabilityViolation, appClocksViolation, baseClocksViolation
    case eccMode, eccSingleVolatile, eccDoubleVolatile, eccSingleAggregate, eccDoubleAggregate
    case retiredSingle, retiredDouble, retiredPending, rowRemapPending
    case nvlinkFlitErrors, nvlinkDataErrors, nvlinkReplays, nvlinkRecoveries
    case pcieTransmitThroughput, pcieReceiveThroughput
    case pcieLinkGeneration, pcieLinkWidth, pcieMaxLinkGeneration, pcieMaxLinkWidth
    case computeMode, persistenceMode, migMode
    case smActive, smOccupancy, fp64Active, fp32Active, fp16Active, integerActive
    case tensorIntegerActive, tensorHalfActive, tensorDoubleActive, nvlinkTransmitted, nvlinkReceived
}

/// A set of metrics: what the page shows, so that nothing else is asked of the driver.
struct MetricSet: Equatable, Sendable, ExpressibleByArrayLiteral {
    private var members = [Bool](repeating: false, count: Metric.allCases.count)

    static let all = MetricSet(Metric.allCases)

    init(_ metrics: some Sequence<Metric>) {
        for metric in metrics { members[metric.rawValue] = true }
    }

    init(arrayLiteral elements: Metric...) {
        self.init(elements)
    }

    func contains(_ metric: Metric) -> Bool {
        members[metric.rawValue]
    }

    func forEach(_ body: (Metric) -> Void) {
        for metric in Metric.allCases where contains(metric) { body(metric) }
    }

    mutating func insert(_ metric: Metric) {
        members[metric.rawValue] = true
    }
}

/// One value; whole numbers and ratios are written differently on the page.
enum MetricValue: Equatable, Sendable {
    case whole(Int64)
    case real(Double)

    var double: Double {
        switch self {
        case .whole(let value): Double(value)
        case .real(let value): value
        }
    }
}

/// What one GPU gave in one collection. A metric that the GPU does not support is absent, never zero.
struct GPUReading: Equatable, Sendable {
    private var values = [MetricValue?](repeating: nil, count: Metric.allCases.count)
    /// XID errors that have come since the reading before, oldest first.
    var xidEvents: [Int64] = []
    /// Why the GPU gives nothing but this, where it has fallen off the bus and the error that says so is known.
    var problem: String?
    /// Who uses the GPU; empty unless asked for.
    var processes: [GPUProcess] = []
    /// How it reaches the other GPUs; empty unless asked for.
    var peers: [GPUPeer] = []

    subscript(metric: Metric) -> MetricValue? {
        get { values[metric.rawValue] }
        set { values[metric.rawValue] = newValue }
    }

    /// Sets a whole number where there is one.
    mutating func set(_ metric: Metric, _ value: (some BinaryInteger)?) {
        self[metric] = value.map { .whole(Int64(clamping: $0)) }
    }

    /// Sets the memory, in bytes, and what follows from it. DCGM's ratio leaves out what the driver reserves.
    mutating func setMemory(total: UInt64, free: UInt64, used: UInt64, reserved: UInt64?) {
        set(.framebufferTotal, total)
        set(.framebufferFree, free)
        set(.framebufferUsed, used)
        set(.framebufferReserved, reserved)
        let usable = Double(total) - Double(reserved ?? 0)
        self[.framebufferUsedRatio] = usable > 0 ? .real(Double(used) / usable) : nil
    }
}

/// How a GPU reaches another one over NVLink.
struct GPUPeer: Equatable, Sendable {
    /// The other's.
    var index: Int
    /// The driver's number; 0 says that it does.
    var status: UInt32
}

/// One process that holds memory of a GPU.
struct GPUProcess: Equatable, Sendable {
    var pid: UInt32
    /// Nil where this container cannot see the process.
    var name: String?
    /// Nil where the driver does not say.
    var memoryBytes: UInt64?
    /// The container it runs in, as its control group names it: 64 hexadecimal digits.
    var containerID: String?
    /// The MIG instance it runs on.
    var instanceID: UInt32?
}

/// What does not change about a GPU, or about an instance of one, while the exporter runs: the labels of its samples.
struct GPUIdentity: Equatable, Sendable {
    /// A part of a GPU that MIG has made.
    struct Instance: Equatable, Sendable {
        /// `1g.10gb`.
        var profile: String
        /// NVML's GPU instance id.
        var id: UInt32
    }

    /// The driver's index, which is also in the `device` label (`nvidia0`).
    var index: Int
    /// `GPU-` and a UUID.
    var uuid: String
    /// `00000000:1A:00.0`: domain, bus, device, function.
    var pciBusID: String
    /// As the driver names it: `NVIDIA H100 80GB HBM3`.
    var modelName: String
    var instance: Instance?
    /// What can be shown as labels when the file of counters asks for it.
    var texts: [TextField: String] = [:]
}

/// Texts about a GPU that dcgm-exporter can show as labels.
enum TextField: String, CaseIterable, Sendable {
    case driverVersion, nvmlVersion, brand, serial, oemInforom, eccInforom, powerInforom, inforomImage, vbios

    /// Its name as a label: classic, and as of dcgm-exporter 4.9.
    var names: (classic: String, modern: String) {
        switch self {
        case .driverVersion: ("DCGM_FI_DRIVER_VERSION", "DCGM_FI_SYSTEM_DRIVER_VERSION")
        case .nvmlVersion: ("DCGM_FI_NVML_VERSION", "DCGM_FI_SYSTEM_NVML_VERSION")
        case .brand: ("DCGM_FI_DEV_BRAND", "DCGM_FI_DEV_GPU_BRAND")
        case .serial: ("DCGM_FI_DEV_SERIAL", "DCGM_FI_DEV_BOARD_SERIAL")
        case .oemInforom: ("DCGM_FI_DEV_OEM_INFOROM_VER", "DCGM_FI_DEV_INFOROM_OEM_VERSION")
        case .eccInforom: ("DCGM_FI_DEV_ECC_INFOROM_VER", "DCGM_FI_DEV_INFOROM_ECC_VERSION")
        case .powerInforom: ("DCGM_FI_DEV_POWER_INFOROM_VER", "DCGM_FI_DEV_INFOROM_POWER_VERSION")
        case .inforomImage: ("DCGM_FI_DEV_INFOROM_IMAGE_VER", "DCGM_FI_DEV_INFOROM_IMAGE_VERSION")
        case .vbios: ("DCGM_FI_DEV_VBIOS_VERSION", "DCGM_FI_DEV_VBIOS_VERSION")
        }
    }
}
