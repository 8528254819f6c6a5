/// How a metric appears on the page under one set of names.
struct MetricName: Equatable, Sendable {
    /// From a source's unit to that of the name.
    enum Conversion: Equatable, Sendable {
        case none
        /// Whole numbers, multiplied or divided and cut off.
        case times(Int64)
        case dividedBy(Int64)
        /// A number with decimals.
        case fraction(of: Double)
    }

    let name: String
    let conversion: Conversion
}

/// A metric's names, type and help text.
struct MetricDefinition: Sendable {
    enum Kind: String, Sendable {
        case gauge
        case counter
    }

    let metric: Metric
    let kind: Kind
    /// Of the classic name.
    let help: String
    /// dcgm-exporter's name up to 4.8, and from 4.9 on.
    let classic: MetricName
    let modern: MetricName
    /// Whether dcgm-exporter shows it as shipped.
    let isDefault: Bool

    var name: String { classic.name }
}

/// How a source's unit becomes that of either name.
private enum Unit {
    case plain
    /// MHz; Hz in 4.9.
    case megahertz
    /// Millijoules; joules in 4.9.
    case millijoules
    /// Percent; 0 to 1 in 4.9.
    case percent
    /// Bytes, shown as MiB; bytes in 4.9.
    case bytes
    /// Bytes per second, shown as thousands of KiB, which DCGM calls MB/s; bytes per second in 4.9.
    case byteRate
    /// Nanoseconds; seconds in 4.9.
    case nanoseconds

    var conversions: (classic: MetricName.Conversion, modern: MetricName.Conversion) {
        switch self {
        case .plain: (.none, .none)
        case .megahertz: (.none, .times(1_000_000))
        case .millijoules: (.none, .dividedBy(1000))
        case .percent: (.none, .fraction(of: 100))
        case .bytes: (.dividedBy(1 << 20), .none)
        case .byteRate: (.dividedBy(1_024_000), .none)
        case .nanoseconds: (.none, .fraction(of: 1_000_000_000))
        }
    }
}

/// A row of the table. `modern` is the 4.9 name after its `DCGM_FI_`; nil where it is the classic one.
private func row(
    _ metric: Metric, _ kind: MetricDefinition.Kind, _ classic: String, _ modern: String?, _ help: String,
    _ unit: Unit = .plain
) -> MetricDefinition {
    let (old, new) = unit.conversions
    return MetricDefinition(
        metric: metric, kind: kind, help: help,
        classic: MetricName(name: "DCGM_FI_" + classic, conversion: old),
        modern: MetricName(name: "DCGM_FI_" + (modern ?? classic), conversion: new),
        isDefault: metric.rawValue <= Metric.pcieReceived.rawValue)
}

private let rate = " - including both protocol headers and data payloads - in bytes per second."

/// The page, in its order. Names, types and help texts of the first part are those of dcgm-exporter's default counters,
/// because dashboards, alerts and recorded metadata depend on them, `DCGM_FI_DEV_NVLINK_BANDWIDTH_TOTAL` included: it
/// is a rate in MB/s, which DCGM declares a counter.
///
/// Source: dcgm-exporter 4.5.3-4.8.2, `etc/default-counters.csv`; the names of 4.9 are those of DCGM 4.7's field list.
let metricTable: [MetricDefinition] = defaultMetrics + optionalMetrics

private let defaultMetrics: [MetricDefinition] = [
    row(.smClock, .gauge, "DEV_SM_CLOCK", "DEV_SM_CLOCK_HERTZ", "SM clock frequency (in MHz).", .megahertz),
    row(
        .memoryClock, .gauge, "DEV_MEM_CLOCK", "DEV_MEMORY_CLOCK_HERTZ", "Memory clock frequency (in MHz).", .megahertz),
    row(.memoryTemperature, .gauge, "DEV_MEMORY_TEMP", "DEV_MEMORY_TEMP_CELSIUS", "Memory temperature (in C)."),
    row(.gpuTemperature, .gauge, "DEV_GPU_TEMP", "DEV_GPU_TEMP_CELSIUS", "GPU temperature (in C)."),
    row(.powerUsage, .gauge, "DEV_POWER_USAGE", "DEV_BOARD_POWER_WATTS", "Power draw (in W)."),
    row(
        .totalEnergy, .counter, "DEV_TOTAL_ENERGY_CONSUMPTION", "DEV_GPU_ENERGY_JOULES_TOTAL",
        "Total energy consumption since boot (in mJ).", .millijoules),
    row(.pcieReplays, .counter, "DEV_PCIE_REPLAY_COUNTER", "DEV_PCIE_REPLAY_TOTAL", "Total number of PCIe retries."),
    row(.gpuUtilisation, .gauge, "DEV_GPU_UTIL", "DEV_GPU_UTIL_RATIO", "GPU utilization (in %).", .percent),
    row(
        .memoryCopyUtilisation, .gauge, "DEV_MEM_COPY_UTIL", "DEV_MEMORY_UTIL_RATIO", "Memory utilization (in %).",
        .percent),
    row(.encoderUtilisation, .gauge, "DEV_ENC_UTIL", "DEV_ENC_UTIL_RATIO", "Encoder utilization (in %).", .percent),
    row(.decoderUtilisation, .gauge, "DEV_DEC_UTIL", "DEV_DEC_UTIL_RATIO", "Decoder utilization (in %).", .percent),
    row(.lastXID, .gauge, "DEV_XID_ERRORS", "DEV_XID_ERROR", "Value of the last XID error encountered."),
    row(.framebufferFree, .gauge, "DEV_FB_FREE", "DEV_FB_FREE_BYTES", "Framebuffer memory free (in MiB).", .bytes),
    row(.framebufferUsed, .gauge, "DEV_FB_USED", "DEV_FB_USED_BYTES", "Framebuffer memory used (in MiB).", .bytes),
    row(
        .framebufferReserved, .gauge, "DEV_FB_RESERVED", "DEV_FB_RESERVED_BYTES",
        "Framebuffer memory reserved (in MiB).", .bytes),
    row(
        .nvlinkBandwidth, .counter, "DEV_NVLINK_BANDWIDTH_TOTAL", "DEV_NVLINK_THROUGHPUT_BYTES_PER_SECOND",
        "Total number of NVLink bandwidth counters for all lanes.", .byteRate),
    row(.vgpuLicenseStatus, .gauge, "DEV_VGPU_LICENSE_STATUS", nil, "vGPU License status"),
    row(
        .uncorrectableRemappedRows, .counter, "DEV_UNCORRECTABLE_REMAPPED_ROWS", "DEV_ROW_REMAP_UNCORRECTABLE_TOTAL",
        "Number of remapped rows for uncorrectable errors"),
    row(
        .correctableRemappedRows, .counter, "DEV_CORRECTABLE_REMAPPED_ROWS", "DEV_ROW_REMAP_CORRECTABLE_TOTAL",
        "Number of remapped rows for correctable errors"),
    row(
        .rowRemapFailure, .gauge, "DEV_ROW_REMAP_FAILURE", "DEV_ROW_REMAP_FAILED",
        "Whether remapping of rows has failed"),
    row(
        .graphicsEngineActive, .gauge, "PROF_GR_ENGINE_ACTIVE", "PROF_GR_ENGINE_UTIL_RATIO",
        "Ratio of time the graphics engine is active."),
    row(
        .tensorActive, .gauge, "PROF_PIPE_TENSOR_ACTIVE", "PROF_TENSOR_UTIL_RATIO",
        "Ratio of cycles the tensor (HMMA) pipe is active."),
    row(
        .dramActive, .gauge, "PROF_DRAM_ACTIVE", "PROF_DRAM_UTIL_RATIO",
        "Ratio of cycles the device memory interface is active sending or receiving data."),
    row(.pcieTransmitted, .gauge, "PROF_PCIE_TX_BYTES", nil, "The rate of data transmitted over the PCIe bus" + rate),
    row(.pcieReceived, .gauge, "PROF_PCIE_RX_BYTES", nil, "The rate of data received over the PCIe bus" + rate),
]

/// Help texts here are this exporter's own; a file of counters brings its own ones.
private let optionalMetrics: [MetricDefinition] = [
    row(.videoClock, .gauge, "DEV_VIDEO_CLOCK", "DEV_VIDEO_CLOCK_HERTZ", "Video clock (in MHz).", .megahertz),
    row(.maxSMClock, .gauge, "DEV_MAX_SM_CLOCK", "DEV_SM_MAX_CLOCK_HERTZ", "Highest SM clock (in MHz).", .megahertz),
    row(
        .maxMemoryClock, .gauge, "DEV_MAX_MEM_CLOCK", "DEV_MEMORY_MAX_CLOCK_HERTZ", "Highest memory clock (in MHz).",
        .megahertz),
    row(
        .clockEventReasons, .gauge, "DEV_CLOCK_THROTTLE_REASONS", "DEV_CLOCKS_EVENT_REASONS",
        "Why clocks are held back, as a bit mask."),
    row(.performanceState, .gauge, "DEV_PSTATE", "DEV_GPU_PSTATE", "Performance state, 0 the highest."),
    row(.fanSpeed, .gauge, "DEV_FAN_SPEED", "DEV_FAN_SPEED_RATIO", "Fan speed (in %).", .percent),
    row(
        .slowdownTemperature, .gauge, "DEV_SLOWDOWN_TEMP", "DEV_GPU_TEMP_SLOWDOWN_CELSIUS",
        "Temperature at which the GPU slows down (in C)."),
    row(
        .shutdownTemperature, .gauge, "DEV_SHUTDOWN_TEMP", "DEV_GPU_TEMP_SHUTDOWN_CELSIUS",
        "Temperature at which the GPU shuts down (in C)."),
    row(
        .maxMemoryTemperature, .gauge, "DEV_MEM_MAX_OP_TEMP", "DEV_MEMORY_MAX_OP_TEMP_CELSIUS",
        "Highest temperature at which the memory operates (in C)."),
    row(
        .maxGPUTemperature, .gauge, "DEV_GPU_MAX_OP_TEMP", "DEV_GPU_MAX_OP_TEMP_CELSIUS",
        "Highest temperature at which the GPU operates (in C)."),
    row(
        .powerInstant, .gauge, "DEV_POWER_USAGE_INSTANT", "DEV_BOARD_POWER_RAW_WATTS",
        "Power draw at this moment (in W)."),
    row(
        .powerLimit, .gauge, "DEV_POWER_MGMT_LIMIT", "DEV_BOARD_POWER_LIMIT_REQUESTED_WATTS", "Power limit (in W)."),
    row(
        .powerLimitMin, .gauge, "DEV_POWER_MGMT_LIMIT_MIN", "DEV_BOARD_POWER_LIMIT_MIN_WATTS",
        "Lowest power limit that can be set (in W)."),
    row(
        .powerLimitMax, .gauge, "DEV_POWER_MGMT_LIMIT_MAX", "DEV_BOARD_POWER_LIMIT_MAX_WATTS",
        "Highest power limit that can be set (in W)."),
    row(
        .powerLimitDefault, .gauge, "DEV_POWER_MGMT_LIMIT_DEF", "DEV_BOARD_POWER_LIMIT_DEFAULT_WATTS",
        "Power limit as shipped (in W)."),
    row(
        .powerLimitEnforced, .gauge, "DEV_ENFORCED_POWER_LIMIT", "DEV_BOARD_POWER_LIMIT_ENFORCED_WATTS",
        "Power limit that the driver enforces (in W)."),
    row(.framebufferTotal, .gauge, "DEV_FB_TOTAL", "DEV_FB_CAPACITY_BYTES", "Framebuffer memory (in MiB).", .bytes),
    row(
        .framebufferUsedRatio, .gauge, "DEV_FB_USED_PERCENT", "DEV_FB_USED_RATIO",
        "Used part of the framebuffer memory (0 to 1)."),
    row(.bar1Total, .gauge, "DEV_BAR1_TOTAL", "DEV_BAR1_CAPACITY_BYTES", "BAR1 memory (in MiB).", .bytes),
    row(.bar1Used, .gauge, "DEV_BAR1_USED", "DEV_BAR1_USED_BYTES", "BAR1 memory used (in MiB).", .bytes),
    row(.bar1Free, .gauge, "DEV_BAR1_FREE", "DEV_BAR1_FREE_BYTES", "BAR1 memory free (in MiB).", .bytes),
    violation(.powerViolation, "POWER_VIOLATION", "GPU_POWER", "power constraints"),
    violation(.thermalViolation, "THERMAL_VIOLATION", "GPU_THERMAL", "thermal constraints"),
    violation(.syncBoostViolation, "SYNC_BOOST_VIOLATION", "GPU_SYNC_BOOST", "sync boost"),
    violation(.boardLimitViolation, "BOARD_LIMIT_VIOLATION", "GPU_LIMIT", "board limits"),
    violation(.lowUtilisationViolation, "LOW_UTIL_VIOLATION", "GPU_LOW_UTIL", "low utilisation"),
    violation(.reliabilityViolation, "RELIABILITY_VIOLATION", "GPU_RELIABILITY", "reliability"),
    violation(.appClocksViolation, "TOTAL_APP_CLOCKS_VIOLATION", "GPU_APP", "application clocks"),
    violation(.baseClocksViolation, "TOTAL_BASE_CLOCKS_VIOLATION", "GPU_BASE", "base clocks"),
    row(.eccMode, .gauge, "DEV_ECC_CURRENT", "DEV_ECC_MODE", "Whether ECC is on."),
    row(.eccSingleVolatile, .counter, "DEV_ECC_SBE_VOL_TOTAL", nil, "Single-bit ECC errors since the driver's start."),
    row(.eccDoubleVolatile, .counter, "DEV_ECC_DBE_VOL_TOTAL", nil, "Double-bit ECC errors since the driver's start."),
    row(.eccSingleAggregate, .counter, "DEV_ECC_SBE_AGG_TOTAL", nil, "Single-bit ECC errors in the GPU's life."),
    row(.eccDoubleAggregate, .counter, "DEV_ECC_DBE_AGG_TOTAL", nil, "Double-bit ECC errors in the GPU's life."),
    row(
        .retiredSingle, .counter, "DEV_RETIRED_SBE", "DEV_PAGE_RETIRED_SBE_TOTAL",
        "Pages retired because of single-bit errors."),
    row(
        .retiredDouble, .counter, "DEV_RETIRED_DBE", "DEV_PAGE_RETIRED_DBE_TOTAL",
        "Pages retired because of double-bit errors."),
    row(
        .retiredPending, .gauge, "DEV_RETIRED_PENDING", "DEV_PAGE_RETIRED_PENDING", "Whether pages wait for retirement."
    ),
    row(.rowRemapPending, .gauge, "DEV_ROW_REMAP_PENDING", nil, "Whether rows wait for remapping."),
    row(
        .nvlinkFlitErrors, .counter, "DEV_NVLINK_CRC_FLIT_ERROR_COUNT_TOTAL", "DEV_NVLINK_CRC_FLIT_ERROR_TOTAL",
        "NVLink flow-control CRC errors."),
    row(
        .nvlinkDataErrors, .counter, "DEV_NVLINK_CRC_DATA_ERROR_COUNT_TOTAL", "DEV_NVLINK_CRC_DATA_ERROR_TOTAL",
        "NVLink data CRC errors."),
    row(
        .nvlinkReplays, .counter, "DEV_NVLINK_REPLAY_ERROR_COUNT_TOTAL", "DEV_NVLINK_REPLAY_ERROR_TOTAL",
        "NVLink replays."),
    row(
        .nvlinkRecoveries, .counter, "DEV_NVLINK_RECOVERY_ERROR_COUNT_TOTAL", "DEV_NVLINK_RECOVERY_ERROR_TOTAL",
        "NVLink recoveries."),
    row(.pcieTransmitThroughput, .gauge, "DEV_PCIE_TX_THROUGHPUT", nil, "PCIe transmission over 20 ms (in KB/s)."),
    row(.pcieReceiveThroughput, .gauge, "DEV_PCIE_RX_THROUGHPUT", nil, "PCIe reception over 20 ms (in KB/s)."),
    row(.pcieLinkGeneration, .gauge, "DEV_PCIE_LINK_GEN", nil, "PCIe generation of the link."),
    row(.pcieLinkWidth, .gauge, "DEV_PCIE_LINK_WIDTH", nil, "PCIe lanes of the link."),
    row(.pcieMaxLinkGeneration, .gauge, "DEV_PCIE_MAX_LINK_GEN", nil, "Highest PCIe generation of the link."),
    row(.pcieMaxLinkWidth, .gauge, "DEV_PCIE_MAX_LINK_WIDTH", nil, "Most PCIe lanes of the link."),
    row(.computeMode, .gauge, "DEV_COMPUTE_MODE", "DEV_GPU_COMPUTE_MODE", "Compute mode."),
    row(
        .persistenceMode, .gauge, "DEV_PERSISTENCE_MODE", "DEV_GPU_PERSISTENCE_MODE", "Whether persistence mode is on."),
    row(.migMode, .gauge, "DEV_MIG_MODE", nil, "Whether MIG is on."),
    row(.smActive, .gauge, "PROF_SM_ACTIVE", "PROF_SM_UTIL_RATIO", "Ratio of cycles an SM has a warp assigned."),
    row(
        .smOccupancy, .gauge, "PROF_SM_OCCUPANCY", "PROF_SM_OCCUPANCY_RATIO",
        "Ratio of warps resident on an SM to the most there can be."),
    pipe(.fp64Active, "FP64_ACTIVE", "FP64", "fp64"),
    pipe(.fp32Active, "FP32_ACTIVE", "FP32", "fp32"),
    pipe(.fp16Active, "FP16_ACTIVE", "FP16", "fp16"),
    pipe(.integerActive, "INT_ACTIVE", "INT", "integer"),
    pipe(.tensorIntegerActive, "TENSOR_IMMA_ACTIVE", "IMMA", "integer tensor"),
    pipe(.tensorHalfActive, "TENSOR_HMMA_ACTIVE", "HMMA", "half-precision tensor"),
    pipe(.tensorDoubleActive, "TENSOR_DFMA_ACTIVE", "DFMA", "double-precision tensor"),
    row(.nvlinkTransmitted, .gauge, "PROF_NVLINK_TX_BYTES", nil, "Bytes per second sent over NVLink."),
    row(.nvlinkReceived, .gauge, "PROF_NVLINK_RX_BYTES", nil, "Bytes per second received over NVLink."),
]

private func violation(_ metric: Metric, _ classic: String, _ modern: String, _ reason: String) -> MetricDefinition {
    row(
        metric, .counter, "DEV_" + classic, "DEV_\(modern)_THROTTLE_SECONDS_TOTAL",
        "Time for which \(reason) held the clocks back (in ns).", .nanoseconds)
}

private func pipe(_ metric: Metric, _ classic: String, _ modern: String, _ what: String) -> MetricDefinition {
    row(
        metric, .gauge, "PROF_PIPE_" + classic, "PROF_\(modern)_UTIL_RATIO",
        "Ratio of cycles the \(what) pipe is active.")
}
