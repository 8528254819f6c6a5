/// The machine's GPUs through the `nvidia-smi` program, for containers that have it but not a library to load.
///
/// Each reading starts the program once, which costs some tens of milliseconds of a core: NVML is the better way. The
/// profiling ratios, NVLink, energy and XID errors are not to be had this way and are left out.
struct SMISource: GPUSource {
    let name = "nvidia-smi"
    let driverVersion: String
    /// The program has to start and find its GPUs each time.
    let usualIntervalMs = 5000
    let lanes: [any GPULane]

    /// - Throws: `SourceError` where the program is not there, or shows no GPU that was asked for.
    init(program: String, request: SourceRequest) throws(SourceError) {
        var query = SMIQuery(program: program, wanted: request.metrics)
        // The first answer says which of the fields this version of the program knows.
        let rows = try query.learn()
        let gpus = rows.filter { request.selection.containsGPU($0.identity.index) && request.selection.wantsWholeGPUs }
        guard let first = gpus.first else {
            throw SourceError("--devices chooses none of the \(rows.count) GPUs that \(program) shows")
        }
        driverVersion = first.driverVersion
        lanes = [SMILane(query: query, gpus: gpus.map(\.identity))]
    }
}

private struct SMILane: GPULane {
    let query: SMIQuery
    let gpus: [GPUIdentity]
    /// Longer than the program may take, which is told by itself.
    let hangNs = UInt64(SMIQuery.timeoutMs + 2000) * 1_000_000

    func read() throws(SourceError) -> [GPUReading] {
        let rows = try query.rows()
        // A GPU that the program no longer shows has an empty reading.
        return gpus.map { gpu in rows.first { $0.identity.uuid == gpu.uuid }?.reading ?? GPUReading() }
    }
}
