/// Sizes and offsets in bytes of the C structures that NVML fills in, on 64-bit machines.
///
/// Source: nvml.h of CUDA 12.9. A versioned structure carries its size and version: `size | version << 24`.
enum NVMLLayout {
    /// `nvmlMemory_t`: bytes, three UInt64.
    enum Memory {
        static let size = 24
        static let total = 0
        static let free = 8
        static let used = 16
    }

    /// `nvmlMemory_v2_t`: a UInt32 version, padding, then bytes in four UInt64.
    enum MemoryV2 {
        static let size = 40
        static let version: UInt32 = 40 | 2 << 24
        static let total = 8
        static let reserved = 16
        static let free = 24
        static let used = 32
    }

    /// `nvmlPciInfo_t`: a short bus id of 16 characters, five UInt32, a bus id of 32.
    enum PCIInfo {
        static let size = 68
        static let busID = 36
        static let busIDLength = 32
    }

    /// `nvmlFieldValue_t`.
    ///
    ///     0 fieldId u32 · 4 scopeId u32 · 8 timestamp i64 · 16 latency i64
    ///     24 valueType u32 · 28 nvmlReturn i32 · 32 value, a union of 8 bytes
    enum FieldValue {
        static let size = 40
        static let scope = 4
        static let valueType = 24
        static let status = 28
        static let value = 32
    }

    /// `nvmlProcessInfo_t` of version 3: process id u32, used memory u64, instance u32, compute instance u32.
    enum ProcessInfo {
        static let size = 24
        static let memory = 8
        static let instance = 16
    }

    /// `nvmlEventData_t`: device pointer, event type u64, event data u64, two UInt32.
    enum EventData {
        static let size = 32
        static let data = 16
    }

    /// `nvmlGpmSupport_t`: version (1) and whether the device supports it, two UInt32.
    enum GPMSupport {
        static let size = 8
        static let isSupported = 4
    }

    /// `nvmlGpmMetricsGet_t` and its `nvmlGpmMetric_t`.
    ///
    ///     0 version u32 (1) · 4 metric count u32 · 8 sample · 16 sample · 24 metrics, 40 bytes each:
    ///     0 id u32 · 4 nvmlReturn i32 · 8 value f64 · 16 three char *
    ///
    /// Headers differ in how many metrics the array holds; the library reads as many as the count says.
    enum GPMMetrics {
        static let count = 4
        static let earlier = 8
        static let later = 16
        static let metrics = 24
        static let stride = 40
        static let status = 4
        static let value = 8
    }
}
