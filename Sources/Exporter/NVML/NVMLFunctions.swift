import Glibc

/// The functions of `libnvidia-ml.so.1`, found at run time, so that the exporter starts on machines without a driver
/// and one binary fits every driver. What older drivers lack is optional; plain readings are in `nvmlCalls`.
///
/// Source: nvml.h of CUDA 12.9. All return `nvmlReturn_t`, an Int32.
///
/// SAFETY: the signatures are those of the header; the library is never unloaded, so the pointers stay valid. NVML is
/// thread-safe.
struct NVMLFunctions: @unchecked Sendable {
    typealias Device = OpaquePointer
    typealias Plain = @convention(c) () -> Int32
    typealias Count = @convention(c) (UnsafeMutablePointer<UInt32>) -> Int32
    typealias SystemText = @convention(c) (UnsafeMutablePointer<CChar>, UInt32) -> Int32
    typealias Handle = @convention(c) (UInt32, UnsafeMutablePointer<Device?>) -> Int32
    typealias DeviceText = @convention(c) (Device, UnsafeMutablePointer<CChar>, UInt32) -> Int32
    typealias DeviceKindText = @convention(c) (Device, UInt32, UnsafeMutablePointer<CChar>, UInt32) -> Int32
    typealias DeviceNumber = @convention(c) (Device, UnsafeMutablePointer<UInt32>) -> Int32
    typealias DeviceTwoNumbers =
        @convention(c) (Device, UnsafeMutablePointer<UInt32>, UnsafeMutablePointer<UInt32>) -> Int32
    typealias DeviceChild = @convention(c) (Device, UInt32, UnsafeMutablePointer<Device?>) -> Int32
    typealias DeviceStructure = @convention(c) (Device, UnsafeMutableRawPointer) -> Int32
    /// A kind (of clock, of sensor), then where the answer goes.
    typealias DeviceKindStructure = @convention(c) (Device, UInt32, UnsafeMutableRawPointer) -> Int32
    typealias DeviceTwoStructures =
        @convention(c) (Device, UnsafeMutableRawPointer, UnsafeMutableRawPointer) -> Int32
    typealias DeviceList =
        @convention(c) (Device, UnsafeMutablePointer<UInt32>, UnsafeMutableRawPointer?) -> Int32
    typealias FieldValues = @convention(c) (Device, Int32, UnsafeMutableRawPointer) -> Int32
    typealias EventSetCreate = @convention(c) (UnsafeMutablePointer<OpaquePointer?>) -> Int32
    typealias RegisterEvents = @convention(c) (Device, UInt64, OpaquePointer) -> Int32
    typealias EventSetWait = @convention(c) (OpaquePointer, UnsafeMutableRawPointer, UInt32) -> Int32
    typealias SampleAlloc = @convention(c) (UnsafeMutablePointer<OpaquePointer?>) -> Int32
    typealias SampleGet = @convention(c) (Device, OpaquePointer) -> Int32
    typealias InstanceSampleGet = @convention(c) (Device, UInt32, OpaquePointer) -> Int32
    typealias MetricsGet = @convention(c) (UnsafeMutableRawPointer) -> Int32

    let initialise: Plain
    let driverVersion: SystemText
    let deviceCount: Count
    let deviceHandle: Handle
    let deviceName: DeviceText
    let deviceUUID: DeviceText
    let pciInfo: DeviceStructure

    let memoryInfo: DeviceStructure?
    let memoryInfoV2: DeviceStructure?
    let fieldValues: FieldValues?
    let eventSetCreate: EventSetCreate?
    let registerEvents: RegisterEvents?
    let eventSetWait: EventSetWait?
    let gpmSupport: DeviceStructure?
    let gpmSampleAlloc: SampleAlloc?
    let gpmSampleGet: SampleGet?
    let gpmInstanceSampleGet: InstanceSampleGet?
    let gpmMetricsGet: MetricsGet?
    let migMode: DeviceTwoNumbers?
    let migDeviceCountMax: DeviceNumber?
    let migDevice: DeviceChild?
    let gpuInstanceID: DeviceNumber?
    /// Of compute, of graphics, of MPS contexts.
    let processLists: [DeviceList]

    let symbols: NVMLSymbols

    /// - Throws: `SourceError` where the library cannot be loaded or lacks what every driver since 2018 has.
    init(libraryPath: String) throws(SourceError) {
        guard let library = dlopen(libraryPath, RTLD_NOW | RTLD_LOCAL) else {
            let reason = dlerror().map { String(cString: $0) } ?? "no reason given"
            throw SourceError("cannot load the NVIDIA driver's library (\(reason)): is there a driver here?")
        }
        let symbols = NVMLSymbols(library: library, path: libraryPath)
        self.symbols = symbols
        initialise = try symbols.required("nvmlInit_v2")
        driverVersion = try symbols.required("nvmlSystemGetDriverVersion")
        deviceCount = try symbols.required("nvmlDeviceGetCount_v2")
        deviceHandle = try symbols.required("nvmlDeviceGetHandleByIndex_v2")
        deviceName = try symbols.required("nvmlDeviceGetName")
        deviceUUID = try symbols.required("nvmlDeviceGetUUID")
        pciInfo = try symbols.required("nvmlDeviceGetPciInfo_v3")
        memoryInfo = symbols.optional("nvmlDeviceGetMemoryInfo")
        memoryInfoV2 = symbols.optional("nvmlDeviceGetMemoryInfo_v2")
        fieldValues = symbols.optional("nvmlDeviceGetFieldValues")
        eventSetCreate = symbols.optional("nvmlEventSetCreate")
        registerEvents = symbols.optional("nvmlDeviceRegisterEvents")
        eventSetWait = symbols.optional("nvmlEventSetWait_v2")
        gpmSupport = symbols.optional("nvmlGpmQueryDeviceSupport")
        gpmSampleAlloc = symbols.optional("nvmlGpmSampleAlloc")
        gpmSampleGet = symbols.optional("nvmlGpmSampleGet")
        gpmInstanceSampleGet = symbols.optional("nvmlGpmMigSampleGet")
        gpmMetricsGet = symbols.optional("nvmlGpmMetricsGet")
        migMode = symbols.optional("nvmlDeviceGetMigMode")
        migDeviceCountMax = symbols.optional("nvmlDeviceGetMaxMigDeviceCount")
        migDevice = symbols.optional("nvmlDeviceGetMigDeviceHandleByIndex")
        gpuInstanceID = symbols.optional("nvmlDeviceGetGpuInstanceId")
        processLists = ["Compute", "Graphics", "MPSCompute"].compactMap {
            symbols.optional("nvmlDeviceGet\($0)RunningProcesses_v3")
        }
    }
}

/// Looks symbols up in a loaded library.
///
/// SAFETY: the library is never unloaded.
struct NVMLSymbols: @unchecked Sendable {
    let library: UnsafeMutableRawPointer
    let path: String

    func optional<Function>(_ name: String) -> Function? {
        // SAFETY: `Function` is a C function pointer, as wide as the address; the caller gives the header's signature.
        dlsym(library, name).map { unsafeBitCast($0, to: Function.self) }
    }

    func required<Function>(_ name: String) throws(SourceError) -> Function {
        if let function: Function = optional(name) { return function }
        throw SourceError("\(path) has no \(name): it is not NVIDIA's library, or the driver is too old")
    }
}
