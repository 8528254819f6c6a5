/// A metric that each GPU has, and what kind of numbers it goes through.
struct GPUMetric {
    enum Kind {
        case constant(Double)
        case smClock, temperature, power, energy, utilization, framebufferFree, framebufferUsed
        /// Whole bytes each second, in proportion to the load.
        case bytes
        /// 0...1 with six decimals.
        case ratio
        /// All 52 bits of the mantissa in use.
        case fullMantissa
    }

    let name: String
    let kind: Kind

    /// What an exporter gives for one GPU: clocks, temperatures, power with three decimals, a counter with big steps,
    /// percentages, sizes, ratios, and many that hardly ever change.
    static let all = [
        GPUMetric(name: "DCGM_FI_DEV_SM_CLOCK", kind: .smClock),
        GPUMetric(name: "DCGM_FI_DEV_MEM_CLOCK", kind: .constant(1593)),
        GPUMetric(name: "DCGM_FI_DEV_MEMORY_TEMP", kind: .temperature),
        GPUMetric(name: "DCGM_FI_DEV_GPU_TEMP", kind: .temperature),
        GPUMetric(name: "DCGM_FI_DEV_POWER_USAGE", kind: .power),
        GPUMetric(name: "DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION", kind: .energy),
        GPUMetric(name: "DCGM_FI_DEV_PCIE_REPLAY_COUNTER", kind: .constant(0)),
        GPUMetric(name: "DCGM_FI_DEV_GPU_UTIL", kind: .utilization),
        GPUMetric(name: "DCGM_FI_DEV_MEM_COPY_UTIL", kind: .utilization),
        GPUMetric(name: "DCGM_FI_DEV_ENC_UTIL", kind: .constant(0)),
        GPUMetric(name: "DCGM_FI_DEV_DEC_UTIL", kind: .constant(0)),
        GPUMetric(name: "DCGM_FI_DEV_XID_ERRORS", kind: .constant(0)),
        GPUMetric(name: "DCGM_FI_DEV_FB_FREE", kind: .framebufferFree),
        GPUMetric(name: "DCGM_FI_DEV_FB_USED", kind: .framebufferUsed),
        GPUMetric(name: "DCGM_FI_DEV_UNCORRECTABLE_REMAPPED_ROWS", kind: .constant(0)),
        GPUMetric(name: "DCGM_FI_DEV_CORRECTABLE_REMAPPED_ROWS", kind: .constant(0)),
        GPUMetric(name: "DCGM_FI_DEV_ROW_REMAP_FAILURE", kind: .constant(0)),
        GPUMetric(name: "DCGM_FI_DEV_NVLINK_BANDWIDTH_TOTAL", kind: .bytes),
        GPUMetric(name: "DCGM_FI_DEV_VGPU_LICENSE_STATUS", kind: .constant(0)),
        GPUMetric(name: "DCGM_FI_PROF_GR_ENGINE_ACTIVE", kind: .ratio),
        GPUMetric(name: "DCGM_FI_PROF_PIPE_TENSOR_ACTIVE", kind: .ratio),
        GPUMetric(name: "DCGM_FI_PROF_DRAM_ACTIVE", kind: .ratio),
        GPUMetric(name: "DCGM_FI_PROF_PCIE_TX_BYTES", kind: .bytes),
        GPUMetric(name: "DCGM_FI_PROF_PCIE_RX_BYTES", kind: .bytes),
        GPUMetric(name: "scrape_like_duration_seconds", kind: .fullMantissa),
    ]
}
