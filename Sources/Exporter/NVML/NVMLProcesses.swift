/// The processes that use a GPU, through NVML.
struct NVMLProcesses {
    private let lists: [NVMLFunctions.DeviceList]
    private var lookUp = ProcessLookUp()

    /// There is room for so many at first, and for at most so many where the driver says that there are more.
    static let processesUsual = 1024
    static let processesMax = 16_384

    /// Nil where the driver (before 510) has no such list.
    init?(_ functions: NVMLFunctions) {
        guard !functions.processLists.isEmpty else { return nil }
        lists = functions.processLists
    }

    /// By process id; a process that computes and draws is there once.
    mutating func list(of device: NVMLFunctions.Device) -> [GPUProcess] {
        var byID: [UInt64: GPUProcess] = [:]
        for list in lists {
            for process in entries(list, device, room: Self.processesUsual) {
                byID[UInt64(process.pid) << 32 | UInt64(process.instanceID ?? .max)] = process
            }
        }
        let known = lookUp.describe(Set(byID.values.map(\.pid)))
        return byID.values.sorted { ($0.pid, $0.instanceID ?? 0) < ($1.pid, $1.instanceID ?? 0) }.map { process in
            var process = process
            process.name = known[process.pid]?.name
            process.containerID = known[process.pid]?.containerID
            return process
        }
    }

    private func entries(
        _ list: NVMLFunctions.DeviceList, _ device: NVMLFunctions.Device, room: Int
    ) -> [GPUProcess] {
        typealias Layout = NVMLLayout.ProcessInfo
        return withNVMLStructure(room * Layout.size) { array in
            var count = UInt32(room)
            let status = NVMLStatus(code: list(device, &count, array))
            if status == .insufficientSize, room < Self.processesMax {
                return entries(list, device, room: Self.processesMax)
            }
            guard status == .success, count <= room else { return [] }
            return (0..<Int(count)).map { place in
                let entry = array + place * Layout.size
                let bytes = entry.load(fromByteOffset: Layout.memory, as: UInt64.self)
                let instance = entry.load(fromByteOffset: Layout.instance, as: UInt32.self)
                // All ones are NVML's "not available".
                return GPUProcess(
                    pid: entry.load(as: UInt32.self), memoryBytes: bytes == .max ? nil : bytes,
                    instanceID: instance == .max ? nil : instance)
            }
        }
    }
}
