/// One GPU: its handle, and what is remembered between readings.
///
/// 1. What changes is asked for at every reading; limits, modes and error counts every ten seconds.
/// 2. A call that says that the GPU has no such thing joins the second group.
/// 3. Once a call says that the whole GPU is gone, no further one is made in that reading.
struct NVMLDevice {
    let handle: NVMLFunctions.Device
    let identity: GPUIdentity
    let functions: NVMLFunctions
    /// Why the GPU as a whole could not be read the last time, if it could not.
    private(set) var problem: NVMLStatus?
    private let calls: [NVMLBoundCall]
    private let wanted: MetricSet
    private var isUnsupported: [Bool]
    private var slowNs: UInt64?
    /// What the slow calls gave; every reading begins as a copy.
    private var slowReading = GPUReading()
    private var gpm: NVMLProfiling?
    private var nvlink = NVLinkRate()

    /// Limits and error counts change rarely, and DCGM's own default is 30 s.
    private static let slowEveryNs: UInt64 = 10_000_000_000

    init(index: Int, functions: NVMLFunctions, wanted: MetricSet) throws(SourceError) {
        var handle: NVMLFunctions.Device?
        let status = NVMLStatus(code: functions.deviceHandle(UInt32(index), &handle))
        guard status == .success, let handle else { throw SourceError("cannot open GPU \(index): \(status)") }
        self.handle = handle
        self.functions = functions
        self.wanted = wanted
        identity = try Self.identity(index, handle, functions)
        calls = nvmlCalls.filter { $0.outputs.contains { wanted.contains($0.metric) } }
            .compactMap { NVMLBoundCall($0, functions.symbols) }
        isUnsupported = [Bool](repeating: false, count: calls.count)
        gpm = NVMLProfiling(device: handle, instance: nil, functions: functions, wanted: wanted)
    }

    /// Reads everything wanted that the GPU supports. What it does not support is absent; with `problem` set all is.
    mutating func read(nowNs: UInt64) -> GPUReading {
        problem = nil
        let isSlowTurn = slowNs.map { nowNs &- $0 >= Self.slowEveryNs } ?? true
        if isSlowTurn {
            slowReading = GPUReading()
            slowNs = nowNs
        }
        var reading = slowReading
        for (place, bound) in calls.enumerated() where problem == nil {
            let isSlow = bound.call.pace == .slow
            guard isSlowTurn || !(isSlow || isUnsupported[place]) else { continue }
            let status = note(bound.read(handle, into: &reading))
            isUnsupported[place] = status == .notSupported || status == .functionNotFound
            if isSlow { for output in bound.call.outputs { slowReading[output.metric] = reading[output.metric] } }
        }
        if problem == nil { readMemory(&reading) }
        if problem == nil { readFields(&reading, isSlowTurn, nowNs: nowNs) }
        if problem == nil { gpm?.read(into: &reading, nowNs: nowNs) }
        if problem != nil { slowNs = nil }
        return problem == nil ? reading : GPUReading()
    }

    /// Remembers what says that the whole GPU is gone.
    @discardableResult
    private mutating func note(_ status: NVMLStatus) -> NVMLStatus {
        if status.isGPUGone || status.isDriverGone { problem = status }
        return status
    }

    private mutating func readMemory(_ reading: inout GPUReading) {
        let metrics: [Metric] = [
            .framebufferTotal, .framebufferFree, .framebufferUsed, .framebufferReserved, .framebufferUsedRatio,
        ]
        guard metrics.contains(where: wanted.contains) else { return }
        note(functions.readMemory(of: handle, into: &reading))
    }

    private mutating func readFields(_ reading: inout GPUReading, _ isSlowTurn: Bool, nowNs: UInt64) {
        let asked = NVMLFields.Field.allCases.filter { wanted.contains($0.metric) && ($0.isFast || isSlowTurn) }
        guard let fieldValues = functions.fieldValues, !asked.isEmpty else { return }
        let fields = NVMLFields.read(asked, handle, fieldValues)
        guard note(NVMLStatus(code: fields.code)) == .success else { return }
        for field in asked {
            fields.put(field, into: &reading)
            if !field.isFast { slowReading[field.metric] = reading[field.metric] }
        }
        let links = (fields.whole(.nvlinkTransmittedKiB), fields.whole(.nvlinkReceivedKiB))
        if let transmitted = links.0, let received = links.1 {
            reading.set(.nvlinkBandwidth, nvlink.bytesPerSecond(totalKiB: transmitted &+ received, nowNs: nowNs))
        }
    }
}

extension NVMLFunctions {
    /// Version 2 (driver 510 and later) keeps what the driver reserves apart; version 1 counts it as used.
    func readMemory(of device: Device, into reading: inout GPUReading) -> NVMLStatus {
        typealias V2 = NVMLLayout.MemoryV2
        typealias V1 = NVMLLayout.Memory
        let new = withNVMLStructure(V2.size) { memory in
            memory.storeBytes(of: V2.version, as: UInt32.self)
            let code = memoryInfoV2?(device, memory)
            let offsets = [V2.total, V2.free, V2.used, V2.reserved]
            return (code: code, bytes: offsets.map { memory.load(fromByteOffset: $0, as: UInt64.self) })
        }
        if new.code == 0 {
            reading.setMemory(total: new.bytes[0], free: new.bytes[1], used: new.bytes[2], reserved: new.bytes[3])
            return .success
        }
        let old = withNVMLStructure(V1.size) { memory in
            let code = memoryInfo?(device, memory)
            let offsets = [V1.total, V1.free, V1.used]
            return (code: code, bytes: offsets.map { memory.load(fromByteOffset: $0, as: UInt64.self) })
        }
        guard old.code == 0 else { return NVMLStatus(code: old.code ?? new.code ?? NVMLStatus.functionNotFound.code) }
        reading.setMemory(total: old.bytes[0], free: old.bytes[1], used: old.bytes[2], reserved: nil)
        return .success
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
