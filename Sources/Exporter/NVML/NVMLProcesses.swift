/// The processes that use a GPU, through NVML.
struct NVMLProcesses {
    private let lists: [NVMLFunctions.DeviceList]
    private var lookUp = ProcessLookUp()

    /// More at once are cut off: a bound on the page.
    static let processesMax = 1024

    /// Nil where the driver (before 510) has no such list.
    init?(_ functions: NVMLFunctions) {
        guard !functions.processLists.isEmpty else { return nil }
        lists = functions.processLists
    }

    /// By process id; a process that computes and draws is there once.
    mutating func list(of device: NVMLFunctions.Device) -> [GPUProcess] {
        var byID: [UInt64: GPUProcess] = [:]
        for list in lists {
            for process in entries(list, device) {
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

    private func entries(_ list: NVMLFunctions.DeviceList, _ device: NVMLFunctions.Device) -> [GPUProcess] {
        typealias Layout = NVMLLayout.ProcessInfo
        return withNVMLStructure(Self.processesMax * Layout.size) { array in
            var count = UInt32(Self.processesMax)
            guard list(device, &count, array) == 0, count <= Self.processesMax else { return [] }
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
