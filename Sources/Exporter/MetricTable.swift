/// A metric's name, type and help text on the page.
struct MetricDefinition: Sendable {
    enum Kind: String, Sendable {
        case gauge
        case counter
    }

    let metric: Metric
    let name: String
    let kind: Kind
    let help: String

    init(_ metric: Metric, _ name: String, _ kind: Kind, _ help: String) {
        self.metric = metric
        self.name = name
        self.kind = kind
        self.help = help
    }
}

/// The page, in its order. Names, types and help texts are those of dcgm-exporter's default counters, because
/// dashboards, alerts and recorded metadata depend on them, `DCGM_FI_DEV_NVLINK_BANDWIDTH_TOTAL` included: it is a rate
/// in MB/s, which DCGM declares a counter.
///
/// Source: dcgm-exporter 4.5.3-4.8.2, `etc/default-counters.csv`.
let metricTable: [MetricDefinition] = [
    .init(.smClock, "DCGM_FI_DEV_SM_CLOCK", .gauge, "SM clock frequency (in MHz)."),
    .init(.memoryClock, "DCGM_FI_DEV_MEM_CLOCK", .gauge, "Memory clock frequency (in MHz)."),
    .init(.memoryTemperature, "DCGM_FI_DEV_MEMORY_TEMP", .gauge, "Memory temperature (in C)."),
    .init(.gpuTemperature, "DCGM_FI_DEV_GPU_TEMP", .gauge, "GPU temperature (in C)."),
    .init(.powerUsage, "DCGM_FI_DEV_POWER_USAGE", .gauge, "Power draw (in W)."),
    .init(
        .totalEnergy, "DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION", .counter,
        "Total energy consumption since boot (in mJ)."),
    .init(.pcieReplays, "DCGM_FI_DEV_PCIE_REPLAY_COUNTER", .counter, "Total number of PCIe retries."),
    .init(.gpuUtilisation, "DCGM_FI_DEV_GPU_UTIL", .gauge, "GPU utilization (in %)."),
    .init(.memoryCopyUtilisation, "DCGM_FI_DEV_MEM_COPY_UTIL", .gauge, "Memory utilization (in %)."),
    .init(.encoderUtilisation, "DCGM_FI_DEV_ENC_UTIL", .gauge, "Encoder utilization (in %)."),
    .init(.decoderUtilisation, "DCGM_FI_DEV_DEC_UTIL", .gauge, "Decoder utilization (in %)."),
    .init(.lastXID, "DCGM_FI_DEV_XID_ERRORS", .gauge, "Value of the last XID error encountered."),
    .init(.framebufferFree, "DCGM_FI_DEV_FB_FREE", .gauge, "Framebuffer memory free (in MiB)."),
    .init(.framebufferUsed, "DCGM_FI_DEV_FB_USED", .gauge, "Framebuffer memory used (in MiB)."),
    .init(.framebufferReserved, "DCGM_FI_DEV_FB_RESERVED", .gauge, "Framebuffer memory reserved (in MiB)."),
    .init(
        .nvlinkBandwidth, "DCGM_FI_DEV_NVLINK_BANDWIDTH_TOTAL", .counter,
        "Total number of NVLink bandwidth counters for all lanes."),
    .init(.vgpuLicenseStatus, "DCGM_FI_DEV_VGPU_LICENSE_STATUS", .gauge, "vGPU License status"),
    .init(
        .uncorrectableRemappedRows, "DCGM_FI_DEV_UNCORRECTABLE_REMAPPED_ROWS", .counter,
        "Number of remapped rows for uncorrectable errors"),
    .init(
        .correctableRemappedRows, "DCGM_FI_DEV_CORRECTABLE_REMAPPED_ROWS", .counter,
        "Number of remapped rows for correctable errors"),
    .init(.rowRemapFailure, "DCGM_FI_DEV_ROW_REMAP_FAILURE", .gauge, "Whether remapping of rows has failed"),
    .init(
        .graphicsEngineActive, "DCGM_FI_PROF_GR_ENGINE_ACTIVE", .gauge,
        "Ratio of time the graphics engine is active."),
    .init(
        .tensorActive, "DCGM_FI_PROF_PIPE_TENSOR_ACTIVE", .gauge,
        "Ratio of cycles the tensor (HMMA) pipe is active."),
    .init(
        .dramActive, "DCGM_FI_PROF_DRAM_ACTIVE", .gauge,
        "Ratio of cycles the device memory interface is active sending or receiving data."),
    .init(
        .pcieTransmitted, "DCGM_FI_PROF_PCIE_TX_BYTES", .gauge,
        "The rate of data transmitted over the PCIe bus - including both protocol headers and data payloads - "
            + "in bytes per second."),
    .init(
        .pcieReceived, "DCGM_FI_PROF_PCIE_RX_BYTES", .gauge,
        "The rate of data received over the PCIe bus - including both protocol headers and data payloads - "
            + "in bytes per second."),
]
