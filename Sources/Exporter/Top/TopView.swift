import Glibc

/// Reads the GPUs as the exporter does and draws what was read last.
struct TopView {
    private let source: any GPUSource
    private let lanes: [LaneReader]
    private let intervalMs: Int

    init(source: any GPUSource, intervalMs: Int) {
        self.source = source
        self.intervalMs = intervalMs
        lanes = source.lanes.map {
            LaneReader($0, intervalNs: UInt64(intervalMs) * 1_000_000, windows: EntityHistory.Windows())
        }
    }

    /// One frame without colours. Rates and ratios need two readings that lie apart.
    func printOnce() throws(SourceError) {
        for lane in lanes {
            try start {
                lane.readOnce()
                usleep(200_000)
                lane.readOnce()
            }
        }
        while !lanes.allSatisfy({ $0.isReady(nowNs: monotonicNs(), readings: 2) }) { usleep(5000) }
        for line in frame().lines(width: 160, height: .max, isColoured: false) { print(line) }
    }

    /// Draws until `q`, Ctrl-C or SIGTERM, and leaves the terminal as it was.
    func runInTerminal() throws(SourceError) {
        for lane in lanes { try start { lane.run() } }
        defer { for lane in lanes { lane.stop() } }
        let terminal = Terminal()
        defer { terminal.restore() }
        while true {
            let size = terminal.size
            terminal.draw(frame().lines(width: size.width, height: size.height, isColoured: true))
            // A reading may come just after a frame: looking twice an interval halves how old values can be.
            if terminal.isAskedToQuit(withinMs: Int32(max(50, intervalMs / 2))) { return }
        }
    }

    /// On a thread of its own: a GPU that hangs is not to keep the others from being shown.
    private func start(_ read: @escaping @Sendable () -> Void) throws(SourceError) {
        guard detachThread(read) else { throw SourceError("cannot start a thread to read the GPUs") }
    }

    private func frame() -> TopFrame {
        let nowNs = monotonicNs()
        var rows: [TopFrame.Row] = []
        for (reader, lane) in zip(lanes, source.lanes) {
            let (entities, problem) = reader.current(nowNs: nowNs)
            for (place, gpu) in lane.gpus.enumerated() {
                let reading = place < entities.count ? entities[place].reading : nil
                rows.append(TopFrame.Row(gpu: gpu, reading: reading, problem: problem))
            }
        }
        return TopFrame(title: sourceLine(source), rows: rows)
    }
}
