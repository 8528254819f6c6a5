/// One GPU: its handle, and what is remembered between readings for those values that are differences.
struct NVMLDevice {
    let handle: NVMLFunctions.Device
    let identity: GPUIdentity
    let functions: NVMLFunctions
    /// Why the GPU as a whole could not be read the last time, if it could not.
    private(set) var problem: NVMLStatus?
    private var gpm: NVMLProfiling?
    private var nvlink = NVLinkRate()

    init(index: Int, functions: NVMLFunctions) throws(SourceError) {
        var handle: NVMLFunctions.Device?
        let status = NVMLStatus(code: functions.deviceHandle(UInt32(index), &handle))
        guard status == .success, let handle else { throw SourceError("cannot open GPU \(index): \(status)") }
        self.handle = handle
        self.functions = functions
        identity = GPUIdentity(
            index: index,
            uuid: try readText(capacity: 96, "read the UUID of GPU \(index)") {
                functions.deviceUUID(handle, $0, $1)
            },
            pciBusID: Self.pciBusID(handle, functions),
            modelName: try readText(capacity: 96, "read the name of GPU \(index)") {
                functions.deviceName(handle, $0, $1)
            })
        gpm = NVMLProfiling(device: handle, functions: functions)
    }

    /// Reads everything the GPU supports. What it does not support is absent; with `problem` set all is.
    mutating func read(nowNs: UInt64) -> GPUReading {
        problem = nil
        var reading = GPUReading()
        readClocksAndHeat(&reading)
        readLoad(&reading)
        readMemory(&reading)
        readFields(&reading, nowNs: nowNs)
        if problem == nil { gpm?.read(into: &reading, nowNs: nowNs) }
        return problem == nil ? reading : GPUReading()
    }

    /// Whether a call's value can be used; remembers what says that the whole GPU is gone.
    private mutating func accepts(_ code: Int32?) -> Bool {
        guard let code else { return false }
        let status = NVMLStatus(code: code)
        if status.isGPUGone || status.isDriverGone { problem = status }
        return status == .success
    }

    private static func pciBusID(_ handle: NVMLFunctions.Device, _ functions: NVMLFunctions) -> String {
        typealias Layout = NVMLLayout.PCIInfo
        return withNVMLStructure(Layout.size) { info in
            guard functions.pciInfo(handle, info) == 0 else { return "" }
            let bytes = UnsafeRawBufferPointer(start: info + Layout.busID, count: Layout.busIDLength)
            return text(bytes.lazy.map { CChar(bitPattern: $0) })
        }
    }
}

// What single calls give.
extension NVMLDevice {
    private mutating func readClocksAndHeat(_ reading: inout GPUReading) {
        let (device, nvml) = (handle, functions)
        // nvmlClockType_t: 1 is SM, 2 is memory; nvmlTemperatureSensors_t: 0 is the GPU's own.
        reading.set(.smClock, number { nvml.clock?(device, 1, $0) })
        reading.set(.memoryClock, number { nvml.clock?(device, 2, $0) })
        reading.set(.gpuTemperature, plausible(number { nvml.temperature?(device, 0, $0) }))
        // Milliwatts.
        reading[.powerUsage] = number { nvml.powerUsage?(device, $0) }.map { .real(Double($0) / 1000) }
        reading.set(.pcieReplays, number { nvml.pcieReplays?(device, $0) })
        var energy: UInt64 = 0
        if accepts(nvml.totalEnergy?(device, &energy)) { reading.set(.totalEnergy, energy) }
    }

    private mutating func readLoad(_ reading: inout GPUReading) {
        let (device, nvml) = (handle, functions)
        typealias Layout = NVMLLayout.Utilisation
        let (code, gpu, memory) = withNVMLStructure(Layout.size) { rates in
            (
                nvml.utilisation?(device, rates),
                rates.load(fromByteOffset: Layout.gpu, as: UInt32.self),
                rates.load(fromByteOffset: Layout.memory, as: UInt32.self)
            )
        }
        if accepts(code) {
            reading.set(.gpuUtilisation, gpu)
            reading.set(.memoryCopyUtilisation, memory)
        }
        var periodUs: UInt32 = 0
        reading.set(.encoderUtilisation, number { nvml.encoderUtilisation?(device, $0, &periodUs) })
        reading.set(.decoderUtilisation, number { nvml.decoderUtilisation?(device, $0, &periodUs) })
    }

    /// Version 2 (driver 510 and later) keeps what the driver reserves apart; version 1 counts it as used.
    private mutating func readMemory(_ reading: inout GPUReading) {
        let (device, nvml) = (handle, functions)
        typealias V2 = NVMLLayout.MemoryV2
        let (code, bytes) = withNVMLStructure(V2.size) { memory in
            memory.storeBytes(of: V2.version, as: UInt32.self)
            let code = nvml.memoryInfoV2?(device, memory)
            return (code, [V2.free, V2.used, V2.reserved].map { memory.load(fromByteOffset: $0, as: UInt64.self) })
        }
        if accepts(code) {
            reading.setMemory(free: bytes[0], used: bytes[1], reserved: bytes[2])
            return
        }
        typealias V1 = NVMLLayout.Memory
        let (oldCode, oldBytes) = withNVMLStructure(V1.size) { memory in
            let code = nvml.memoryInfo?(device, memory)
            return (code, [V1.free, V1.used].map { memory.load(fromByteOffset: $0, as: UInt64.self) })
        }
        if accepts(oldCode) { reading.setMemory(free: oldBytes[0], used: oldBytes[1], reserved: nil) }
    }

    private mutating func number(_ call: (UnsafeMutablePointer<UInt32>) -> Int32?) -> UInt32? {
        var value: UInt32 = 0
        return accepts(call(&value)) ? value : nil
    }
}

// What comes as numbered fields.
extension NVMLDevice {
    private mutating func readFields(_ reading: inout GPUReading, nowNs: UInt64) {
        guard let fieldValues = functions.fieldValues else { return }
        let fields = NVMLFields.read(handle, fieldValues)
        guard accepts(fields.code) else { return }
        reading.set(.memoryTemperature, plausible(fields.first32(.memoryTemperature)))
        reading.set(.uncorrectableRemappedRows, fields.whole(.remappedUncorrectable))
        reading.set(.correctableRemappedRows, fields.whole(.remappedCorrectable))
        reading.set(.rowRemapFailure, fields.whole(.remapFailure))
        let links = (fields.whole(.nvlinkTransmittedKiB), fields.whole(.nvlinkReceivedKiB))
        if let transmitted = links.0, let received = links.1 {
            reading.set(.nvlinkBandwidth, nvlink.megabytesPerSecond(totalKiB: transmitted &+ received, nowNs: nowNs))
        }
    }
}

/// Temperatures above 200 °C are how some boards say that they have no sensor; DCGM drops them too.
private func plausible(_ celsius: UInt32?) -> UInt32? {
    celsius.flatMap { $0 > 200 ? nil : $0 }
}

extension GPUReading {
    /// Bytes to whole MiB.
    fileprivate mutating func setMemory(free: UInt64, used: UInt64, reserved: UInt64?) {
        set(.framebufferFree, free >> 20)
        set(.framebufferUsed, used >> 20)
        set(.framebufferReserved, reserved.map { $0 >> 20 })
    }
}

/// Room for a C structure: zeroed, and aligned for its widest member.
func withNVMLStructure<Result>(_ size: Int, _ body: (UnsafeMutableRawPointer) -> Result) -> Result {
    withUnsafeTemporaryAllocation(byteCount: size, alignment: 8) { bytes in
        bytes.initializeMemory(as: UInt8.self, repeating: 0)
        // SAFETY: an allocation of a fixed size above zero has an address.
        return body(bytes.baseAddress.unsafelyUnwrapped)
    }
}
