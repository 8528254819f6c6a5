/// The last XID error of each GPU.
///
/// The driver queues events; each collection takes those that have come since the one before, without waiting, so that
/// no thread has to sit in the driver. As with DCGM the value is 0 until an error comes, and then stays.
///
/// SAFETY: the event set belongs to this value for the life of the process.
struct NVMLXIDWatch {
    private let eventSet: OpaquePointer
    private let wait: NVMLFunctions.EventSetWait
    private let devices: [NVMLFunctions.Device]
    /// Nil for a GPU whose errors cannot be watched.
    private var codes: [UInt64?]

    /// `nvmlEventTypeXidCriticalError`.
    private static let xidEvents: UInt64 = 8
    /// Events taken in one collection: a GPU in trouble can produce them faster than they are read.
    private static let drainMax = 256

    /// Nil where no GPU's errors can be watched, as in many containers.
    init?(functions: NVMLFunctions, devices: [NVMLFunctions.Device]) {
        guard let create = functions.eventSetCreate, let register = functions.registerEvents,
            let wait = functions.eventSetWait
        else { return nil }
        var eventSet: OpaquePointer?
        guard create(&eventSet) == 0, let eventSet else { return nil }
        codes = devices.map { register($0, Self.xidEvents, eventSet) == 0 ? 0 : nil }
        guard codes.contains(0) else { return nil }
        self.eventSet = eventSet
        self.wait = wait
        self.devices = devices
    }

    /// Takes the events that have come.
    mutating func drain() {
        typealias Layout = NVMLLayout.EventData
        for _ in 0..<Self.drainMax {
            let event = withNVMLStructure(Layout.size) { data -> (device: OpaquePointer?, code: UInt64)? in
                guard wait(eventSet, data, 0) == 0 else { return nil }
                return (
                    data.load(fromByteOffset: Layout.device, as: OpaquePointer?.self),
                    data.load(fromByteOffset: Layout.data, as: UInt64.self)
                )
            }
            guard let event else { return }
            if let place = devices.firstIndex(where: { $0 == event.device }) { codes[place] = event.code }
        }
    }

    func lastCode(_ place: Int) -> UInt64? {
        codes[place]
    }
}
