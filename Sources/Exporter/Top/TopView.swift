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
    func printOnce() {
        for lane in lanes { lane.readOnce() }
        usleep(200_000)
        for lane in lanes { lane.readOnce() }
        for line in frame().lines(width: 160, height: .max, isColoured: false) { print(line) }
    }

    /// Draws until `q`, Ctrl-C or SIGTERM, and leaves the terminal as it was.
    func runInTerminal() throws(SourceError) {
        for lane in lanes {
            guard detachThread({ lane.run() }) else { throw SourceError("cannot start a thread to read the GPUs") }
        }
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
