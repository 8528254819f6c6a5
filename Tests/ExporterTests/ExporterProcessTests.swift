import Glibc
import TestSupport
import Testing

@testable import Exporter

/// The binary as it is shipped, over a real socket.
@Suite(.serialized) struct ExporterProcessTests {
    @Test func simulatedPageIsServed() throws {
        let exporter = try RunningExporter(["--simulate", "8"])
        defer { exporter.stop() }
        let page = try exporter.get("/metrics")
        #expect(page.status == 200)
        #expect(page.header("content-type") == "text/plain; version=0.0.4; charset=utf-8")
        for definition in metricTable where definition.isDefault {
            let lines = page.text.split(separator: "\n").filter { $0.hasPrefix("\(definition.name){") }
            #expect(lines.count == 8, "\(definition.name)")
        }
        #expect(try exporter.get("/health").text == "OK\n")
        #expect(try exporter.get("/").text.contains("href=\"/metrics\""))
        #expect(try exporter.get("/nothing").status == 404)
        #expect(exporter.log.contains("source simulated, driver simulated, 8 GPUs: 8 × Simulated H100 80GB HBM3"))
    }

    @Test func stopsCleanlyWhenAsked() throws {
        let exporter = try RunningExporter(["--simulate", "1"])
        _ = try exporter.get("/metrics")
        #expect(exporter.stop() == 0)
    }

    private static let canBeFirst =
        (try? runToEnd(findProgram("unshare") ?? "", ["--pid", "--fork", "--kill-child", "true"]))?.status == 0

    @Test(
        .enabled(if: FakeNVML.isPossible && canBeFirst, "no cc on the PATH, or no namespace of processes to be had"))
    func firstProcessOfAContainerStopsThoughTheDriverHangs() throws {
        let folder = try FakeNVML.build(["START_HANGS=1"])
        let container = try ChildProcess(
            findProgram("unshare") ?? "unshare", ["--pid", "--fork", "--kill-child", builtProgram("gpu-exporter")],
            environment: ["LD_LIBRARY_PATH=\(folder.path)"])
        let exporter = try eventually("the exporter is there") {
            // Its handlers are set by the time that the driver's library is open.
            children(of: container.pid).first {
                (try? readText("/proc/\($0)/maps"))?.contains("libnvidia-ml") == true
            }
        }
        kill(exporter, SIGTERM)
        try eventually("the container ends") { container.isRunning ? nil : true }
    }

    @Test func takenPortIsOneClearLine() throws {
        let exporter = try RunningExporter(["--simulate", "1"])
        defer { exporter.stop() }
        let second = try runExporter(["--simulate", "1", "--address", "127.0.0.1:\(exporter.port)"])
        #expect(second.status == 1)
        #expect(second.errors.contains("cannot listen on 127.0.0.1:\(exporter.port): Address already in use"))
        #expect(second.errors.split(separator: "\n").count == 2)
    }

    @Test func machineWithoutDriverIsToldAboutSimulation() throws {
        // A folder without the library, so that the test means the same on a machine with a driver.
        let folder = TemporaryDirectory(.disk)
        try writeFile("\(folder.path)/libnvidia-ml.so.1", "not a library")
        let result = try runExporter([], environment: ["LD_LIBRARY_PATH=\(folder.path)"])
        #expect(result.status == 1)
        #expect(result.errors.contains("cannot load the NVIDIA driver's library"))
        #expect(result.errors.contains("--simulate"))
    }

    @Test func misspeltFlagIsSuggestedAway() throws {
        let result = try runExporter(["--simulat", "8"])
        #expect(result.status == 64)
        #expect(result.errors.contains("Did you mean '--simulate'?"))
    }

    @Test(.enabled(if: FakeNVML.isPossible, "no cc on the PATH to build a stand-in for the driver's library"))
    func driverInTheUsualPlaceIsFoundAndItsLossIsServedAs503() throws {
        let signal = TemporaryDirectory(.disk)
        let folder = try FakeNVML.build(["LOST_FROM=(access(\"\(signal.path)/lost\", F_OK) == 0 ? 0 : 999)", "NO_V2"])
        let exporter = try RunningExporter(
            ["-c", "10"], environment: ["LD_LIBRARY_PATH=\(folder.path)", "NODE_NAME=pod-7"])
        defer { exporter.stop() }
        #expect(exporter.log.contains("source NVML, driver 570.86.10, 2 GPUs: 2 × NVIDIA H100 80GB HBM3"))
        let page = try exporter.get("/metrics").text
        #expect(page.contains("hostname=\"pod-7\",DCGM_FI_DRIVER_VERSION=\"570.86.10\"} 512.345000\n"))
        try writeFile("\(signal.path)/lost", "")
        let lost = try eventually("the loss is seen") {
            let answer = try exporter.get("/metrics")
            return answer.status == 503 ? answer : nil
        }
        #expect(lost.text == "cannot read GPU 0: the GPU has fallen off the bus (NVML error 15)\n")
        let health = try exporter.get("/health")
        #expect(health.status == 503)
        #expect(health.text.split(separator: "\n").count == 2)
    }

    @Test(.enabled(if: FakeNVML.isPossible, "no cc on the PATH to build a stand-in for the driver's library"))
    func gpuThatHangsIsLeftOutAndTheOtherStays() throws {
        let signal = TemporaryDirectory(.disk)
        let folder = try FakeNVML.build(["HANG=(access(\"\(signal.path)/hang\", F_OK) == 0)"])
        let exporter = try RunningExporter(["-c", "10"], environment: ["LD_LIBRARY_PATH=\(folder.path)"])
        defer { exporter.stop() }
        #expect(try exporter.get("/metrics").text.contains("gpu=\"1\""))
        try writeFile("\(signal.path)/hang", "")
        try eventually("the hanging GPU is left out") {
            let page = try exporter.get("/metrics")
            #expect(page.status == 200)
            #expect(page.text.contains("DCGM_FI_DEV_GPU_TEMP{gpu=\"0\""))
            return page.text.contains("gpu=\"1\"") ? nil : true
        }
        #expect(try exporter.get("/health").text == "OK\nGPU 1 has not answered for 5 s\n")
        unlink("\(signal.path)/hang")
        try eventually("the GPU is back") { try exporter.get("/metrics").text.contains("gpu=\"1\"") ? true : nil }
    }

    @Test func fileOfCountersChoosesThePage() throws {
        let folder = TemporaryDirectory(.disk)
        let path = "\(folder.path)/counters.csv"
        try writeFile(path, "DCGM_FI_DEV_GPU_TEMP, gauge, Heat.\nDCGM_FI_DEV_FABRIC_HEALTH_MASK, gauge, x\n")
        let exporter = try RunningExporter(["--simulate", "1", "-f", path])
        defer { exporter.stop() }
        let lines = try exporter.get("/metrics").text.split(separator: "\n")
        #expect(lines.count == 3)
        #expect(lines.first == "# HELP DCGM_FI_DEV_GPU_TEMP Heat.")
        #expect(exporter.log.contains(":2: NVML does not give DCGM_FI_DEV_FABRIC_HEALTH_MASK; it is left out"))
        try writeFile(path, "DCGM_FI_DEV_GPU_TEMP; gauge; Heat.\n")
        let broken = try runExporter(["--simulate", "1", "-f", path])
        #expect(broken.status == 1)
        #expect(broken.errors.contains("counters.csv:1: 1 field instead of three"))
    }

    @Test func recordedPageIsServedAgain() throws {
        let first = try RunningExporter(["--simulate", "2"])
        let page = try first.get("/metrics").text
        first.stop()
        let folder = TemporaryDirectory(.disk)
        try writeFile("\(folder.path)/page", page)
        let second = try RunningExporter(["--replay", "\(folder.path)/page"])
        defer { second.stop() }
        #expect(try second.get("/metrics").text == page)
    }

    @Test func topPrintsOnceIntoAPipe() throws {
        let result = try runExporter(["top", "--simulate", "3"])
        #expect(result.status == 0)
        #expect(result.output.contains("3 × Simulated H100 80GB HBM3"))
        #expect(!result.output.contains("\u{1B}"))
    }

    @Test func helpHasExamples() throws {
        #expect(try runExporter(["--help"]).output.contains("gpu-exporter --simulate 8"))
        #expect(try runExporter(["top", "--help"]).output.contains("gpu-exporter top --interval 250"))
    }

    @Test(.enabled(if: findProgram("promtool") != nil, "no promtool on the PATH"))
    func promtoolParsesThePage() throws {
        let exporter = try RunningExporter(["--simulate", "2"])
        defer { exporter.stop() }
        let page = try exporter.get("/metrics").text
        let result = try runToEnd(try #require(findProgram("promtool")), ["check", "metrics"], input: page)
        // 3: parsed, with remarks on the style of DCGM's names. 1: not parsed.
        #expect(result.status == 0 || result.status == 3, "\(result.errors)")
        #expect(!result.errors.contains("error while linting"))
    }
}
