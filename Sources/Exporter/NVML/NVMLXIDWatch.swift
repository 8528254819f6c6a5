/// The XID errors of one GPU.
///
/// The driver queues events; each reading takes those that have come since the one before, without waiting, so that no
/// thread has to sit in the driver. As with DCGM the last code is 0 until an error comes, and then stays.
///
/// SAFETY: the event set belongs to this value for the life of the process.
struct NVMLXIDWatch {
    private let eventSet: OpaquePointer
    private let wait: NVMLFunctions.EventSetWait
    private(set) var lastCode: Int64 = 0

    /// `nvmlEventTypeXidCriticalError`.
    private static let xidEvents: UInt64 = 8
    /// Events taken in one reading: a GPU in trouble can produce them faster than they are read.
    private static let drainMax = 256

    /// Nil where the GPU's errors cannot be watched, as in some containers.
    init?(functions: NVMLFunctions, device: NVMLFunctions.Device) {
        guard let create = functions.eventSetCreate, let register = functions.registerEvents,
            let wait = functions.eventSetWait
        else { return nil }
        var eventSet: OpaquePointer?
        guard create(&eventSet) == 0, let eventSet, register(device, Self.xidEvents, eventSet) == 0 else { return nil }
        self.eventSet = eventSet
        self.wait = wait
    }

    /// The codes that have come since the last time, oldest first.
    mutating func drain() -> [Int64] {
        typealias Layout = NVMLLayout.EventData
        var codes: [Int64] = []
        for _ in 0..<Self.drainMax {
            let code = withNVMLStructure(Layout.size) { data -> Int64? in
                guard wait(eventSet, data, 0) == 0 else { return nil }
                return Int64(clamping: data.load(fromByteOffset: Layout.data, as: UInt64.self))
            }
            guard let code else { break }
            codes.append(code)
        }
        lastCode = codes.last ?? lastCode
        return codes
    }
}
