import Glibc
import TestSupport
import Testing

@testable import Exporter

@Suite(.enabled(if: FakeNVML.isPossible, "no cc on the PATH to build a stand-in for the driver's library"))
struct NVMLSourceTests {
    /// Opens a source over a library built with these definitions, and removes the library's folder afterwards.
    private func withSource(
        _ definitions: [String] = [], _ selection: DeviceSelection = .all, _ body: (NVMLSource) throws -> Void
    ) throws {
        let folder = try FakeNVML.build(definitions)
        try body(NVMLSource(libraryPath: "\(folder.path)/libnvidia-ml.so.1", selection: selection))
    }

    private func complaint(_ definitions: [String], _ selection: DeviceSelection = .all) throws -> String {
        do {
            try withSource(definitions, selection) { _ = try $0.read() }
            return "no error"
        } catch let error as SourceError {
            return error.description
        }
    }

    @Test func identitiesComeFromTheLibrary() throws {
        try withSource { source in
            #expect(source.driverVersion == "570.86.10")
            #expect(
                source.gpus.first
                    == GPUIdentity(
                        index: 0, uuid: "GPU-00000000-2222-3333-4444-555555555555", pciBusID: "00000000:1A:00.0",
                        modelName: "NVIDIA H100 80GB HBM3"))
            #expect(source.gpus.map(\.pciBusID) == ["00000000:1A:00.0", "00000000:3D:00.0"])
        }
    }

    @Test func everyStructureIsReadAtItsPlace() throws {
        try withSource { source in
            let reading = try source.read()[0]
            let expected: [(Metric, MetricValue?)] = [
                (.smClock, .whole(1980)), (.memoryClock, .whole(2619)), (.gpuTemperature, .whole(45)),
                (.memoryTemperature, .whole(61)), (.powerUsage, .real(512.345)),
                (.totalEnergy, .whole(123_456_789_012_345)), (.pcieReplays, .whole(7)),
                (.gpuUtilisation, .whole(87)), (.memoryCopyUtilisation, .whole(43)),
                (.encoderUtilisation, .whole(11)), (.decoderUtilisation, .whole(12)),
                (.framebufferFree, .whole(1000)), (.framebufferUsed, .whole(80_008)),
                (.framebufferReserved, .whole(551)), (.correctableRemappedRows, .whole(4)),
                (.uncorrectableRemappedRows, .whole(5)), (.rowRemapFailure, nil),
                (.nvlinkBandwidth, .whole(0)), (.lastXID, .whole(0)), (.vgpuLicenseStatus, nil),
            ]
            for (metric, value) in expected { #expect(reading[metric] == value, "\(metric)") }
        }
    }

    @Test func unsupportedIsLeftOutNotZero() throws {
        try withSource { source in
            let reading = try source.read()[1]
            for metric: Metric in [
                .encoderUtilisation, .memoryTemperature, .uncorrectableRemappedRows, .lastXID, .graphicsEngineActive,
            ] { #expect(reading[metric] == nil, "\(metric)") }
            #expect(reading[.smClock] == .whole(1980))
        }
    }

    @Test func laterReadingsHaveDifferencesAndEvents() throws {
        try withSource { source in
            _ = try source.read()
            // Samples of the profiling counters closer than 100 ms are not compared.
            usleep(110_000)
            let reading = try source.read()[0]
            #expect(reading[.lastXID] == .whole(31))
            #expect(reading[.graphicsEngineActive] == .real(0.875))
            #expect(reading[.tensorActive] == nil)
            #expect(reading[.dramActive] == nil)
            #expect(reading[.pcieTransmitted] == .whole(2_097_152))
            #expect(reading[.pcieReceived] == nil)
            guard case .whole(let rate)? = reading[.nvlinkBandwidth] else {
                Issue.record("no NVLink rate")
                return
            }
            // 4,000,000 KiB in at least 110 ms.
            #expect((1...36_400).contains(rate))
        }
    }

    @Test func olderDriverLacksReservedMemoryAndFields() throws {
        try withSource(["NO_V2"]) { source in
            let reading = try source.read()[0]
            #expect(reading[.framebufferUsed] == .whole(80_559))
            #expect(reading[.framebufferFree] == .whole(1000))
            for metric: Metric in [.framebufferReserved, .memoryTemperature, .lastXID, .nvlinkBandwidth] {
                #expect(reading[metric] == nil, "\(metric)")
            }
        }
    }

    @Test func oneLostGPUIsEmptyAndTheOtherGoesOn() throws {
        try withSource(["LOST_FROM=1"]) { source in
            let readings = try source.read()
            #expect(readings[1] == GPUReading())
            #expect(readings[0][.gpuUtilisation] == .whole(87))
        }
    }

    @Test func brokenGPUDoesNotHideTheOthers() throws {
        try withSource(["BROKEN=1"]) { source in
            #expect(source.gpus.map(\.index) == [1])
            #expect(source.warnings == ["cannot open GPU 0: the GPU must be reset (NVML error 16)"])
            let readings = try source.read()
            #expect(readings.count == 1)
        }
        #expect(try complaint(["BROKEN=2"]) == "cannot open GPU 0: the GPU must be reset (NVML error 16)")
    }

    @Test func errorsAreSentences() throws {
        #expect(try complaint(["LOST_FROM=0"]) == "cannot read any GPU: the GPU has fallen off the bus (NVML error 15)")
        #expect(
            try complaint(["LOST_FROM=0", "LOST_CODE=18"])
                == "cannot read GPU 0: the NVML library and the kernel driver have different versions (NVML error 18)")
        #expect(try complaint(["INIT=9"]) == "cannot start NVML: the NVIDIA driver is not loaded (NVML error 9)")
        #expect(try complaint(["INIT=12345"]) == "cannot start NVML: unknown error (NVML error 12345)")
        #expect(try complaint(["COUNT=0"]) == "the NVIDIA driver is here, but it shows no GPU")
        #expect(
            try complaint([], DeviceSelection(parsing: "g:5"))
                == "--devices chooses none of the GPUs 0 to 1 of this machine")
    }

    @Test func selectionReadsOnlyWhatWasAskedFor() throws {
        try withSource([], DeviceSelection(parsing: "g:1")) { source in
            #expect(source.gpus.map(\.index) == [1])
            let readings = try source.read()
            #expect(readings.map { $0[.gpuTemperature] } == [.whole(46)])
        }
    }

    @Test func libraryThatIsNotNVMLIsNamed() throws {
        do {
            _ = try NVMLSource(libraryPath: "libc.so.6", selection: .all)
            Issue.record("libc was taken for NVML")
        } catch {
            #expect(error.description.hasPrefix("libc.so.6 has no nvmlInit_v2"))
        }
        do {
            _ = try NVMLSource(libraryPath: "/nonexistent/libnvidia-ml.so.1", selection: .all)
            Issue.record("a missing library was loaded")
        } catch {
            #expect(error.description.contains("/nonexistent/libnvidia-ml.so.1"))
        }
    }
}
