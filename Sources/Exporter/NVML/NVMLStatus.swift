/// What an NVML call returned.
///
/// Source: `nvmlReturn_t` in nvml.h of CUDA 12.9.
struct NVMLStatus: Equatable, Sendable, CustomStringConvertible {
    let code: Int32

    static let success = NVMLStatus(code: 0)
    static let notSupported = NVMLStatus(code: 3)
    static let insufficientSize = NVMLStatus(code: 7)
    static let functionNotFound = NVMLStatus(code: 13)

    /// The GPU cannot be read at all, by whatever call.
    var isGPUGone: Bool { code == 15 || code == 16 }
    /// NVML itself, or the driver under it, has gone: nothing can be read.
    var isDriverGone: Bool { code == 1 || code == 9 || code == 18 }

    var description: String {
        "\(Self.words[code] ?? "unknown error") (NVML error \(code))"
    }

    private static let words: [Int32: String] = [
        0: "success",
        1: "NVML is not initialised",
        2: "invalid argument",
        3: "not supported by this GPU",
        4: "no permission",
        6: "not found",
        7: "buffer too small",
        8: "the GPU's external power cable is not attached",
        9: "the NVIDIA driver is not loaded",
        10: "timed out",
        11: "the kernel found an interrupt problem with a GPU",
        12: "the NVML library was not found",
        13: "this driver's NVML lacks the function",
        14: "the GPU's infoROM is corrupted",
        15: "the GPU has fallen off the bus",
        16: "the GPU must be reset",
        17: "the operating system or its cgroups block the GPU",
        18: "the NVML library and the kernel driver have different versions",
        19: "the GPU is in use",
        20: "out of memory",
        21: "no data",
        23: "out of resources",
        25: "this driver does not know the structure's version",
        26: "withdrawn from this driver",
        27: "not ready",
        28: "no GPU was found",
        29: "the GPU is in a state that does not allow it",
        999: "an internal driver error",
    ]
}
