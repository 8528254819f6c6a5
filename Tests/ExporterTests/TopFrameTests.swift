import Testing

@testable import Exporter

@Suite struct TopFrameTests {
    private func frame(problem: String? = nil) -> TopFrame {
        var reading = GPUReading()
        reading.set(.gpuUtilisation, 87)
        reading.setMemory(total: 80 << 30, free: 40 << 30, used: 40 << 30, reserved: 0)
        reading[.powerUsage] = .real(690)
        reading[.powerLimitEnforced] = .real(700)
        reading.set(.lastXID, 79)
        reading.set(.clockEventReasons, 4)
        reading.processes = [GPUProcess(pid: 42, name: "train.py", memoryBytes: 3 << 30), GPUProcess(pid: 43)]
        let gpu = GPUIdentity(index: 0, uuid: "u", pciBusID: "b", modelName: "m")
        let instance = GPUIdentity(
            index: 1, uuid: "u", pciBusID: "b", modelName: "m", instance: .init(profile: "1g.10gb", id: 7))
        return TopFrame(
            title: "source fixed",
            rows: [
                .init(gpu: gpu, reading: problem == nil ? reading : nil, problem: problem),
                .init(gpu: instance, reading: GPUReading(), problem: nil),
            ])
    }

    @Test func gpuAndItsProcessesAreThere() {
        let lines = frame().lines(width: 160, height: 50, isColoured: false)
        let row = lines[3]
        for part in ["█████████░   87%", "40.0/80.0", "690/700", "79", "power_cap"] {
            #expect(row.contains(part), "\(part)")
        }
        #expect(lines[4].hasPrefix("   1:7 -"))
        #expect(lines.contains { $0.contains("42") && $0.contains("3.0 GiB") && $0.hasSuffix("train.py") })
        #expect(lines.contains { $0.contains("43") && $0.hasSuffix("(not visible from here)") })
        #expect(!lines.joined().contains("\u{1B}"))
    }

    @Test func namesCannotGiveTheTerminalOrders() {
        var reading = GPUReading()
        reading.processes = [GPUProcess(pid: 42, name: "a\u{1B}[2Jb\u{9B}c")]
        let gpu = GPUIdentity(index: 0, uuid: "u", pciBusID: "b", modelName: "m")
        let rows = [TopFrame.Row(gpu: gpu, reading: reading), .init(gpu: gpu, problem: "p\u{7F}\r")]
        let lines = TopFrame(title: "t\u{1B}é", rows: rows).lines(width: 160, height: 50, isColoured: false)
        #expect(lines[0] == "t?é" && lines[4].hasSuffix("p??") && lines.contains { $0.hasSuffix("a?[2Jb?c") })
    }

    @Test(arguments: [Double.nan, .infinity, -.infinity, 1e300, -1e300])
    func whatIsNoNumberOfAGPUIsADash(_ value: Double) {
        var reading = GPUReading()
        for metric in Metric.allCases { reading[metric] = .real(value) }
        let gpu = GPUIdentity(index: 0, uuid: "u", pciBusID: "b", modelName: "m")
        let frame = TopFrame(title: "t", rows: [.init(gpu: gpu, reading: reading, problem: nil)])
        #expect(frame.lines(width: 200, height: 50, isColoured: false)[3].contains("-"))
    }

    @Test func colourSaysWhatIsWrong() {
        let lines = frame().lines(width: 160, height: 50, isColoured: true)
        #expect(lines[3].contains("\u{1B}[31m  79\u{1B}[0m"))
        #expect(lines[3].contains("\u{1B}[33m  690/700\u{1B}[0m"))
    }

    @Test(arguments: [1, 20, 40, 79, 80, 120, 300])
    func noLineIsWiderThanTheTerminal(width: Int) {
        for problem in [nil, "cannot read GPU 0: the GPU has fallen off the bus (NVML error 15)"] {
            for line in frame(problem: problem).lines(width: width, height: 50, isColoured: false) {
                #expect(line.count <= width, "\(line)")
            }
        }
    }

    @Test(arguments: [1, 2, 5, 9])
    func noFrameIsHigherThanTheTerminal(height: Int) {
        #expect(frame().lines(width: 80, height: height, isColoured: false).count <= height)
    }

    @Test func gpuThatCannotBeReadSaysWhy() {
        let lines = frame(problem: "GPU 0 has not answered for 5 s").lines(width: 80, height: 50, isColoured: false)
        #expect(lines[3] == "     0 GPU 0 has not answered for 5 s")
    }
}
