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
        for definition in metricTable {
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
        let folder = try FakeNVML.build(["LOST_FROM=(devices[0].reads > 2 ? 0 : 999)"])
        let exporter = try RunningExporter(
            ["-c", "1"], environment: ["LD_LIBRARY_PATH=\(folder.path)", "NODE_NAME=pod-7"])
        defer { exporter.stop() }
        #expect(exporter.log.contains("source NVML, driver 570.86.10, 2 GPUs: 2 × NVIDIA H100 80GB HBM3"))
        let page = try exporter.get("/metrics").text
        #expect(page.contains("hostname=\"pod-7\",DCGM_FI_DRIVER_VERSION=\"570.86.10\"} 512.345000\n"))
        usleep(5000)
        let lost = try exporter.get("/metrics")
        #expect(lost.status == 503)
        #expect(lost.text == "cannot read any GPU: the GPU has fallen off the bus (NVML error 15)\n")
        #expect(try exporter.get("/health").status == 503)
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
