import Testing

@testable import Exporter

@Suite struct PageWriterTests {
    private let gpus = [
        GPUIdentity(
            index: 0, uuid: "GPU-aa", pciBusID: "00000000:1A:00.0", modelName: "NVIDIA H100 80GB HBM3"),
        GPUIdentity(index: 3, uuid: "GPU-bb", pciBusID: "00000000:3D:00.0", modelName: "NVIDIA \"odd\\ \nname"),
    ]

    private func page(
        _ readings: [GPUReading?], _ counters: CounterList = .standard(.classic),
        _ change: (inout PageSettings) -> Void = { _ in }
    ) -> String {
        var settings = PageSettings()
        settings.hostname = "pod-1"
        change(&settings)
        let source = FixedSource(driverVersion: "570.86.10", gpus: gpus)
        let writer = PageWriter(source: source, counters: counters, settings: settings)
        let states = readings.map { reading in
            reading.map { reading in
                var history = EntityHistory(.init(statisticsNs: 1000))
                history.add(reading, atNs: 1)
                return EntityState(reading: reading, history: history)
            }
        }
        return String(decoding: writer.page(states, nowNs: 2), as: UTF8.self)
    }

    private func reading(_ values: [(Metric, MetricValue)]) -> GPUReading {
        var reading = GPUReading()
        for (metric, value) in values { reading[metric] = value }
        return reading
    }

    @Test func healthAndLinksAreLabelledAsDCGMExporterDoes() throws {
        let file = try CounterFile(
            "DCGM_EXP_GPU_HEALTH_STATUS, gauge, Health.\nDCGM_EXP_P2P_STATUS, gauge, Links.\n", path: "a.csv",
            names: .classic)
        #expect(file.warnings == [])
        var first = reading([
            (.rowRemapFailure, .whole(1)), (.rowRemapPending, .whole(1)), (.clockEventReasons, .whole(0x44)),
        ])
        first.peers = [GPUPeer(index: 3, status: 0)]
        var second = reading([(.retiredPending, .whole(0))])
        second.peers = [GPUPeer(index: 0, status: 9)]
        let lines = page([first, second], file.list).split(separator: "\n").filter { !$0.hasPrefix("#") }
        let shown = lines.compactMap { line in
            (line.firstRange(of: "health_error") ?? line.firstRange(of: "link_status")).map { line[$0.lowerBound...] }
        }
        #expect(
            shown.map(String.init) == [
                #"health_error_code="DCGM_FR_ROW_REMAP_FAILURE",health_watch="MEM"} 20"#,
                #"health_error_code="DCGM_FR_CLOCK_THROTTLE_THERMAL",health_watch="THERMAL"} 10"#,
                #"health_error_code="DCGM_FR_OK",health_watch="POWER"} 0"#,
                #"health_error_code="DCGM_FR_OK",health_watch="MEM"} 0"#,
                #"link_status="OK",peer_gpu="3"} 0"#,
                #"link_status="Unknown",peer_gpu="0"} 9"#,
            ])
    }

    @Test func pageIsDCGMsByteForByte() {
        let text = page([
            reading([(.smClock, .whole(1980)), (.powerUsage, .real(71.5)), (.lastXID, .whole(31))]),
            reading([(.smClock, .whole(-1))]),
        ])
        #expect(
            text == #"""
                # HELP DCGM_FI_DEV_SM_CLOCK SM clock frequency (in MHz).
                # TYPE DCGM_FI_DEV_SM_CLOCK gauge
                DCGM_FI_DEV_SM_CLOCK{gpu="0",UUID="GPU-aa",pci_bus_id="00000000:1A:00.0",device="nvidia0",modelName="NVIDIA H100 80GB HBM3",hostname="pod-1",DCGM_FI_DRIVER_VERSION="570.86.10"} 1980
                DCGM_FI_DEV_SM_CLOCK{gpu="3",UUID="GPU-bb",pci_bus_id="00000000:3D:00.0",device="nvidia3",modelName="NVIDIA \"odd\\ \nname",hostname="pod-1",DCGM_FI_DRIVER_VERSION="570.86.10"} -1
                # HELP DCGM_FI_DEV_POWER_USAGE Power draw (in W).
                # TYPE DCGM_FI_DEV_POWER_USAGE gauge
                DCGM_FI_DEV_POWER_USAGE{gpu="0",UUID="GPU-aa",pci_bus_id="00000000:1A:00.0",device="nvidia0",modelName="NVIDIA H100 80GB HBM3",hostname="pod-1",DCGM_FI_DRIVER_VERSION="570.86.10"} 71.500000
                # HELP DCGM_FI_DEV_XID_ERRORS Value of the last XID error encountered.
                # TYPE DCGM_FI_DEV_XID_ERRORS gauge
                DCGM_FI_DEV_XID_ERRORS{gpu="0",UUID="GPU-aa",pci_bus_id="00000000:1A:00.0",device="nvidia0",modelName="NVIDIA H100 80GB HBM3",hostname="pod-1",DCGM_FI_DRIVER_VERSION="570.86.10",err_code="31",err_msg="GPU memory page fault"} 31

                """#)
    }

    @Test(arguments: [
        (0.0, "0.000000"), (-0.0, "-0.000000"), (0.4567894, "0.456789"), (0.9999999, "1.000000"),
        (700.123, "700.123000"), (-2.5, "-2.500000"), (1e15, "1000000000000000.000000"),
        (0.0000005, "0.000000"), (0.0000015, "0.000002"), (.leastNonzeroMagnitude, "0.000000"),
    ])
    func ratiosHaveSixDecimals(value: Double, expected: String) {
        let text = page([reading([(.powerUsage, .real(value))])])
        #expect(text.hasSuffix("} \(expected)\n"))
    }

    @Test func greatestDoubleIsWrittenWhole() {
        let text = page([reading([(.powerUsage, .real(.greatestFiniteMagnitude))])])
        #expect(text.hasSuffix("368.000000\n"))
    }

    @Test(arguments: [Double.nan, .infinity, -.infinity])
    func whatIsNoNumberIsLeftOutWithItsHeader(value: Double) {
        #expect(page([reading([(.powerUsage, .real(value))])]) == "")
    }

    @Test func emptyReadingsMakeAnEmptyPage() {
        #expect(page([GPUReading(), GPUReading()]) == "")
    }

    @Test(arguments: [Int64.min, .max, 0])
    func wholeNumbersKeepEveryDigit(value: Int64) {
        #expect(page([reading([(.totalEnergy, .whole(value))])]).hasSuffix("} \(value)\n"))
    }

    @Test func settingsChangeTheLabels() {
        let one = reading([(.smClock, .whole(1))])
        #expect(!page([one]) { $0.hostname = nil }.contains("hostname"))
        #expect(page([one]) { $0.hostnameLabel = .upper }.contains(",Hostname=\"pod-1\","))
        #expect(page([one]) { $0.oldNamespace = true }.contains(",uuid=\"GPU-aa\","))
        #expect(page([one]) { $0.replaceBlanksInModelName = true }.contains("\"NVIDIA_H100_80GB_HBM3\""))
    }

    @Test func tableHasEveryMetricOnceInOrder() {
        #expect(metricTable.map(\.metric) == Metric.allCases)
        #expect(Set(metricTable.map(\.classic.name)).count == metricTable.count)
        #expect(Set(metricTable.map(\.modern.name)).count == metricTable.count)
    }

    @Test func defaultsAreTheTwentyFiveOfDCGMExporter() {
        #expect(CounterList.standard(.classic).rows.count == 25)
        #expect(CounterList.standard(.modern).rows.count == 26)
    }

    @Test(arguments: [
        (Metric.smClock, MetricValue.whole(1980), "1980", "DCGM_FI_DEV_SM_CLOCK_HERTZ", "1980000000"),
        (.totalEnergy, .whole(12_999), "12999", "DCGM_FI_DEV_GPU_ENERGY_JOULES_TOTAL", "12"),
        (.gpuUtilisation, .whole(87), "87", "DCGM_FI_DEV_GPU_UTIL_RATIO", "0.870000"),
        (.framebufferUsed, .whole(3 << 20 + 5), "3", "DCGM_FI_DEV_FB_USED_BYTES", "3145733"),
        (.nvlinkBandwidth, .whole(2_048_000), "2", "DCGM_FI_DEV_NVLINK_THROUGHPUT_BYTES_PER_SECOND", "2048000"),
        (.powerUsage, .real(71.5), "71.500000", "DCGM_FI_DEV_BOARD_POWER_WATTS", "71.500000"),
        (.tensorActive, .real(0.5), "0.500000", "DCGM_FI_PROF_TENSOR_UTIL_RATIO", "0.500000"),
    ])
    func bothNamesHaveTheirUnit(
        metric: Metric, value: MetricValue, classic: String, modernName: String, modern: String
    ) {
        let reading = reading([(metric, value)])
        #expect(page([reading]).hasSuffix("} \(classic)\n"))
        let text = page([reading], .standard(.modern))
        #expect(text.contains("\n\(modernName){"))
        #expect(text.hasSuffix("} \(modern)\n"))
        #expect(text.contains("DCGM_FI_SYSTEM_DRIVER_VERSION="))
    }

    @Test func instanceAndPodLabelsStandWhereDCGMHasThem() {
        var gpu = GPUIdentity(index: 0, uuid: "GPU-aa", pciBusID: "b", modelName: "m")
        gpu.instance = .init(profile: "1g.10gb", id: 7)
        gpu.texts = [.serial: "165"]
        var settings = PageSettings()
        settings.hostname = "h"
        settings.pod.pod = "p"
        settings.pod.namespace = "n"
        settings.pod.container = "c"
        let rows: [CounterList.LabelRow] = [
            .init(field: .driverVersion, name: "DCGM_FI_DRIVER_VERSION"),
            .init(field: .serial, name: "DCGM_FI_DEV_SERIAL"), .init(field: .vbios, name: "DCGM_FI_DEV_VBIOS_VERSION"),
        ]
        let labels = EntityLabels(gpu, "570", rows, settings)
        #expect(
            String(decoding: labels.bytes, as: UTF8.self) == #"""
                {gpu="0",UUID="GPU-aa",pci_bus_id="b",device="nvidia0",modelName="m",GPU_I_PROFILE="1g.10gb",GPU_I_ID="7",hostname="h",container="c",namespace="n",pod="p",DCGM_FI_DEV_SERIAL="165",DCGM_FI_DRIVER_VERSION="570"
                """#)
    }

    @Test func gpuThatCannotBeReadLeavesTheOthers() {
        let text = page([nil, reading([(.smClock, .whole(1))])])
        #expect(text.contains("gpu=\"3\""))
        #expect(!text.contains("gpu=\"0\""))
    }

    @Test func eventCountsHaveTheirWindow() throws {
        let list = try CounterFile(
            """
            DCGM_EXP_XID_ERRORS_COUNT, gauge, x
            DCGM_EXP_XID_ERRORS_TOTAL, counter, x
            DCGM_EXP_CLOCK_EVENTS_COUNT, gauge, x
            """, path: "f", names: .classic
        ).list
        var one = reading([(.lastXID, .whole(31)), (.clockEventReasons, .whole(0b100_0100))])
        one.xidEvents = [31, 79, 31]
        let lines = page([one], list).split(separator: "\n").filter { !$0.hasPrefix("#") }
            .map { $0.split(separator: "hostname=\"pod-1\"")[1] }
        #expect(
            lines == [
                #",window_size_in_ms="300000",xid="31"} 2"#, #",window_size_in_ms="300000",xid="79"} 1"#,
                #",xid="31"} 2"#, #",xid="79"} 1"#, #",clock_event="power_cap",window_size_in_ms="300000"} 1"#,
                #",clock_event="hw_thermal",window_size_in_ms="300000"} 1"#,
            ])
        let quiet = page([reading([(.lastXID, .whole(0)), (.clockEventReasons, .whole(0))])], list)
        #expect(quiet.contains(#"hostname="pod-1",window_size_in_ms="300000"} 0"#))
        #expect(!page([GPUReading()], list).contains("DCGM"))
    }

    @Test func processesHaveTheLabelsThatAreKnown() {
        var list = CounterList(rows: [], labels: [])
        list.addProcesses()
        var one = GPUReading()
        one.processes = [
            GPUProcess(pid: 7, name: "a\"b", memoryBytes: 5, containerID: "c0"), GPUProcess(pid: 8, memoryBytes: 6),
            GPUProcess(pid: 9), GPUProcess(pid: 10, memoryBytes: 1, instanceID: 1),
            GPUProcess(pid: 10, memoryBytes: 2, instanceID: 2),
        ]
        let text = page([one], list)
        #expect(text.contains(#",pid="7",name="a\"b",container_id="c0"} 5"#))
        #expect(text.contains(#",pid="8"} 6"#))
        #expect(!text.contains("pid=\"9\""))
        // Once, and not twice with the same labels.
        #expect(text.contains(#",pid="10"} 3"#))
        #expect(text.split(separator: "pid=\"10\"").count == 2)
    }
}

/// GPUs without readings.
struct FixedSource: GPUSource, GPULane {
    let name = "fixed"
    let driverVersion: String
    let gpus: [GPUIdentity]
    var lanes: [any GPULane] { [self] }

    func read() throws(SourceError) -> [GPUReading] { gpus.map { _ in GPUReading() } }
}
