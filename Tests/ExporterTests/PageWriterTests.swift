import Testing

@testable import Exporter

@Suite struct PageWriterTests {
    private let gpus = [
        GPUIdentity(
            index: 0, uuid: "GPU-aa", pciBusID: "00000000:1A:00.0", modelName: "NVIDIA H100 80GB HBM3"),
        GPUIdentity(index: 3, uuid: "GPU-bb", pciBusID: "00000000:3D:00.0", modelName: "NVIDIA \"odd\\ \nname"),
    ]

    private func page(_ readings: [GPUReading], _ change: (inout Settings) -> Void = { _ in }) -> String {
        var settings = Settings()
        settings.hostname = "pod-1"
        change(&settings)
        let writer = PageWriter(gpus: gpus, driverVersion: "570.86.10", settings: settings)
        return String(decoding: writer.page(readings), as: UTF8.self)
    }

    private func reading(_ values: [(Metric, MetricValue)]) -> GPUReading {
        var reading = GPUReading()
        for (metric, value) in values { reading[metric] = value }
        return reading
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
        #expect(Set(metricTable.map(\.name)).count == metricTable.count)
    }
}
