import Glibc
import TestSupport
import Testing

@testable import Exporter

@Suite(.enabled(if: FakeNVML.isPossible, "no cc on the PATH to build a stand-in for the driver's library"))
struct NVMLSourceTests {
    /// Opens a source over a library built with these definitions, and removes the library's folder afterwards.
    private func withSource(
        _ definitions: [String] = [], _ selection: DeviceSelection = .all, processes: Bool = false,
        _ body: (NVMLSource) throws -> Void
    ) throws {
        let folder = try FakeNVML.build(definitions)
        let request = SourceRequest(selection: selection, processes: processes)
        try body(NVMLSource(libraryPath: "\(folder.path)/libnvidia-ml.so.1", request: request))
    }

    private func complaint(_ definitions: [String], _ selection: DeviceSelection = .all) throws -> String {
        do {
            try withSource(definitions, selection) { for lane in $0.lanes { _ = try lane.read() } }
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
                        modelName: "NVIDIA H100 80GB HBM3", texts: [.serial: "1650123456789"]))
            #expect(source.gpus.map(\.pciBusID) == ["00000000:1A:00.0", "00000000:3D:00.0"])
        }
    }

    @Test func everyStructureIsReadAtItsPlace() throws {
        try withSource { source in
            let reading = try source.lanes[0].read()[0]
            let expected: [(Metric, MetricValue?)] = [
                (.smClock, .whole(1980)), (.memoryClock, .whole(2619)), (.gpuTemperature, .whole(45)),
                (.memoryTemperature, .whole(61)), (.powerUsage, .real(512.345)),
                (.totalEnergy, .whole(123_456_789_012_345)), (.pcieReplays, .whole(7)),
                (.gpuUtilisation, .whole(87)), (.memoryCopyUtilisation, .whole(43)),
                (.encoderUtilisation, .whole(11)), (.decoderUtilisation, .whole(12)),
                (.framebufferFree, .whole(1000 << 20)), (.framebufferUsed, .whole(80_008 << 20 + 5)),
                (.framebufferReserved, .whole(551 << 20)), (.framebufferTotal, .whole(81_559 << 20)),
                (.correctableRemappedRows, .whole(4)),
                (.uncorrectableRemappedRows, .whole(5)), (.rowRemapFailure, nil),
                (.nvlinkBandwidth, .whole(0)), (.lastXID, .whole(0)), (.vgpuLicenseStatus, nil),
                (.clockEventReasons, .whole(4)), (.shutdownTemperature, .whole(90)), (.slowdownTemperature, .whole(91)),
                (.maxMemoryTemperature, .whole(92)), (.maxGPUTemperature, .whole(93)), (.powerLimitMin, .real(200)),
                (.powerLimitMax, .real(700)), (.powerViolation, .whole(1000)), (.thermalViolation, nil),
                (.baseClocksViolation, .whole(1011)), (.bar1Total, .whole(100 << 20)), (.bar1Free, .whole(60 << 20)),
                (.bar1Used, .whole(40 << 20)), (.performanceState, .whole(2)), (.eccSingleAggregate, .whole(77)),
                (.powerInstant, .real(600.1)), (.fanSpeed, nil),
            ]
            for (metric, value) in expected { #expect(reading[metric] == value, "\(metric)") }
        }
    }

    @Test func unsupportedIsLeftOutNotZero() throws {
        try withSource { source in
            let reading = try source.lanes[1].read()[0]
            for metric: Metric in [
                .encoderUtilisation, .memoryTemperature, .uncorrectableRemappedRows, .lastXID, .graphicsEngineActive,
                .performanceState,
            ] { #expect(reading[metric] == nil, "\(metric)") }
            #expect(reading[.smClock] == .whole(1980))
        }
    }

    @Test func laterReadingsHaveDifferencesAndEvents() throws {
        try withSource { source in
            _ = try source.lanes[0].read()
            // Samples of the profiling counters closer than 100 ms are not compared.
            usleep(110_000)
            let reading = try source.lanes[0].read()[0]
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
            // 6,000,000 KiB in at least 110 ms.
            #expect((1...56_000_000_000).contains(rate))
            #expect(reading.xidEvents == [31])
        }
    }

    @Test func olderDriverLacksReservedMemoryAndFields() throws {
        try withSource(["NO_V2"]) { source in
            let reading = try source.lanes[0].read()[0]
            #expect(reading[.framebufferUsed] == .whole(80_559 << 20))
            #expect(reading[.framebufferFree] == .whole(1000 << 20))
            for metric: Metric in [.framebufferReserved, .memoryTemperature, .lastXID, .nvlinkBandwidth] {
                #expect(reading[metric] == nil, "\(metric)")
            }
        }
    }

    @Test func oneLostGPUIsEmptyAndTheOtherGoesOn() throws {
        try withSource(["LOST_FROM=1"]) { source in
            let whole = try source.lanes[0].read()[0]
            #expect(whole[.gpuUtilisation] == .whole(87))
            do {
                _ = try source.lanes[1].read()
                Issue.record("a lost GPU was read")
            } catch {
                #expect("\(error)" == "cannot read GPU 1: the GPU has fallen off the bus (NVML error 15)")
            }
        }
    }

    @Test func brokenGPUDoesNotHideTheOthers() throws {
        try withSource(["BROKEN=1"]) { source in
            #expect(source.gpus.map(\.index) == [1])
            #expect(source.warnings == ["cannot open GPU 0: the GPU must be reset (NVML error 16)"])
            let counts = try source.lanes.map { try $0.read().count }
            #expect(counts == [1])
        }
        #expect(try complaint(["BROKEN=2"]) == "cannot open GPU 0: the GPU must be reset (NVML error 16)")
    }

    @Test func errorsAreSentences() throws {
        #expect(try complaint(["LOST_FROM=0"]) == "cannot read GPU 0: the GPU has fallen off the bus (NVML error 15)")
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
            let readings = try source.lanes.map { try $0.read()[0] }
            #expect(readings.map { $0[.gpuTemperature] } == [.whole(46)])
        }
    }

    @Test func libraryThatIsNotNVMLIsNamed() throws {
        do {
            _ = try NVMLSource(libraryPath: "libc.so.6")
            Issue.record("libc was taken for NVML")
        } catch {
            #expect(error.description.hasPrefix("libc.so.6 has no nvmlInit_v2"))
        }
        do {
            _ = try NVMLSource(libraryPath: "/nonexistent/libnvidia-ml.so.1")
            Issue.record("a missing library was loaded")
        } catch {
            #expect(error.description.contains("/nonexistent/libnvidia-ml.so.1"))
        }
    }

    @Test func onlyWhatThePageShowsIsAsked() throws {
        let folder = try FakeNVML.build()
        let request = SourceRequest(metrics: [.gpuTemperature, .eccSingleAggregate])
        let source = try NVMLSource(libraryPath: "\(folder.path)/libnvidia-ml.so.1", request: request)
        let reading = try source.lanes[0].read()[0]
        #expect(Metric.allCases.filter { reading[$0] != nil } == [.gpuTemperature, .lastXID, .eccSingleAggregate])
        // The error count is asked for every ten seconds, and stays in between.
        #expect(try source.lanes[0].read()[0][.eccSingleAggregate] == .whole(77))
    }

    @Test func whatCannotBeTrueIsLeftOut() throws {
        try withSource(["GARBAGE"]) { source in
            let reading = try source.lanes[0].read()[0]
            #expect(reading[.gpuTemperature] == nil)
            #expect(reading[.gpuUtilisation] == nil)
            #expect(reading[.memoryCopyUtilisation] == .whole(43))
        }
    }

    @Test func instancesTakeThePlaceOfTheirGPU() throws {
        try withSource(["MIG"]) { source in
            #expect(source.gpus.map { $0.instance?.id } == [7, 9, nil])
            #expect(source.gpus.map { $0.instance?.profile } == ["2g.20gb", "3g.40gb", nil])
            #expect(source.gpus.map(\.uuid).prefix(2).allSatisfy { $0.hasPrefix("GPU-00000000") })
            _ = try source.lanes[0].read()
            usleep(110_000)
            let readings = try source.lanes[0].read()
            #expect(readings.map { $0[.framebufferUsed] } == [.whole(1000 << 20), .whole(1000 << 20)])
            #expect(readings.map { $0[.gpuTemperature] } == [.whole(45), .whole(45)])
            // The library has no samples of instance 7, and those of the whole GPU are not its own.
            #expect(readings.map { $0[.graphicsEngineActive] } == [nil, .real(0.875)])
        }
    }

    @Test(arguments: [
        ("g", [nil, nil] as [UInt32?]), ("i", [7, 9]), ("i:1", [9]), ("f", [7, 9, nil]), ("g:1", [nil]),
    ])
    func devicesChooseGPUsAndInstances(text: String, expected: [UInt32?]) throws {
        try withSource(["MIG"], DeviceSelection(parsing: text)) { source in
            #expect(source.gpus.map { $0.instance?.id } == expected)
        }
    }

    @Test func instancesThatAreNotThereAreNamed() throws {
        #expect(try complaint([], DeviceSelection(parsing: "i")).contains("none of this machine's MIG instances"))
        #expect(
            try complaint(["MIG"], DeviceSelection(parsing: "i:9")).contains("none of this machine's MIG instances"))
    }

    @Test func processesAreListedWithWhatIsKnown() throws {
        // Of this test's own process all is known, of one that cannot be nothing.
        try withSource(["PROCESS=\(getpid())"], processes: true) { source in
            let processes = try source.lanes[0].read()[0].processes
            #expect(processes.map(\.pid) == [UInt32(getpid()), 4_194_305].sorted())
            let own = try #require(processes.first { $0.pid == UInt32(getpid()) })
            #expect(own.memoryBytes == 3 << 30)
            let other = try #require(processes.first { $0.pid == 4_194_305 })
            #expect(other == GPUProcess(pid: 4_194_305))
        }
    }

    @Test func moreProcessesThanThereIsRoomForAreListed() throws {
        try withSource(["MORE=5000"], processes: true) { source in
            let processes = try source.lanes[0].read()[0].processes
            #expect(processes.count == 5002)
        }
    }

    @Test func gpuThatHangsWhenItIsOpenedIsNamed() throws {
        let folder = try FakeNVML.build(["OPENING_HANGS=1"])
        do {
            _ = try NVMLSource(libraryPath: "\(folder.path)/libnvidia-ml.so.1", openMs: 20)
            Issue.record("it is open")
        } catch {
            #expect("\(error)" == "cannot open GPU 0: the driver has not answered for 20 ms; `dmesg` may say why")
        }
    }

    @Test func driverThatHangsWhenItIsStartedIsAnError() throws {
        let folder = try FakeNVML.build(["START_HANGS=1"])
        let error = #expect(throws: SourceError.self) {
            try NVMLSource(libraryPath: "\(folder.path)/libnvidia-ml.so.1", startMs: 20)
        }
        #expect(
            error?.description == "cannot start NVML: the driver has not answered for 20 ms; `dmesg` may say why")
    }

    @Test func linksToOtherGPUsAreRead() throws {
        let folder = try FakeNVML.build()
        let source = try NVMLSource(
            libraryPath: "\(folder.path)/libnvidia-ml.so.1", request: SourceRequest(peers: true))
        let peers = try eventually("both GPUs were asked", within: 60) {
            let peers = try source.lanes.map { try $0.read()[0].peers }
            return peers.allSatisfy { !$0.isEmpty } ? peers : nil
        }
        #expect(peers == [[GPUPeer(index: 1, status: 0)], [GPUPeer(index: 0, status: 3)]])
        #expect(peers.map { $0[0].statusName } == ["OK", "TopologyNotSupported"])
        try withSource { source in
            let unasked = try source.lanes[0].read()[0].peers
            #expect(unasked.isEmpty)
        }
    }

    @Test func linksAreForgottenWhileTheDriverDoesNotTellOfThem() throws {
        let signal = TemporaryDirectory(.disk)
        let folder = try FakeNVML.build(["PEERS_HANG=(access(\"\(signal.path)/hang\", F_OK) == 0)"])
        let source = try NVMLSource(
            libraryPath: "\(folder.path)/libnvidia-ml.so.1", request: SourceRequest(peers: true), peersEveryMs: 10)
        func links() throws -> Bool { try !source.lanes[0].read()[0].peers.isEmpty }
        try eventually("the first GPU was asked", within: 60) { try links() ? true : nil }
        try writeFile("\(signal.path)/hang", "")
        try eventually("what is not known any more is left out", within: 60) { try links() ? nil : true }
        unlink("\(signal.path)/hang")
        try eventually("it is known again", within: 60) { try links() ? true : nil }
    }

    @Test func healthIsToldWhereTheDriverTellsOfIt() throws {
        try withSource { source in
            let readings = try source.lanes.map { try $0.read()[0] }
            let found = readings.map { reading in
                HealthWatch.all.map { $0.result(reading).map { "\($0.level.rawValue) \($0.code)" } }
            }
            // The second GPU knows nothing of its memory's errors.
            #expect(
                found == [
                    ["10 DCGM_FR_UNCORRECTABLE_ROW_REMAP", "0 DCGM_FR_OK", "0 DCGM_FR_OK"],
                    [nil, "0 DCGM_FR_OK", "0 DCGM_FR_OK"],
                ])
        }
    }

    @Test func errorThatCameBeforeTheLossIsShown() throws {
        // The second reading brings the error, the third finds no GPU.
        try withSource(["LOST_FROM=(devices[0].reads > 6 ? 0 : 999)"]) { source in
            for _ in 0..<2 { _ = try source.lanes[0].read() }
            let reading = try source.lanes[0].read()[0]
            #expect(reading.problem == "cannot read GPU 0: the GPU has fallen off the bus (NVML error 15)")
            #expect(Metric.allCases.filter { reading[$0] != nil } == [.lastXID])
            #expect(reading[.lastXID] == .whole(31))
        }
    }
}
