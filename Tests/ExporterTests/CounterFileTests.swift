import Testing

@testable import Exporter

@Suite struct CounterFileTests {
    private func file(_ text: String, _ names: NameSet = .classic) throws -> CounterFile {
        try CounterFile(text, path: "f.csv", names: names)
    }

    private func complaint(_ text: String) -> String {
        do {
            return "accepted: \(try file(text).list.rows.map(\.name))"
        } catch {
            return "\(error)"
        }
    }

    /// Comments, blanks around fields, a blank before the comma, Windows line ends, quotes: all of it is in files that
    /// people run dcgm-exporter with.
    @Test func fileOfDCGMExporterIsUnderstood() throws {
        let list = try file(
            """
            # Format,,
            # DCGM FIELD, Prometheus metric type, help message

            DCGM_FI_DEV_DEC_UTIL ,     gauge, Decoder utilization (in %).\r
            DCGM_FI_PROF_PCIE_TX_BYTES,\tcounter, "Bytes, sent"
              DCGM_FI_DRIVER_VERSION,        label, Driver Version
            # DCGM_FI_DEV_SERIAL, label, s
            """
        ).list
        #expect(list.rows.map(\.name) == ["DCGM_FI_DEV_DEC_UTIL", "DCGM_FI_PROF_PCIE_TX_BYTES"])
        #expect(list.rows.map(\.kind) == ["gauge", "counter"])
        #expect(list.rows.map(\.help) == ["Decoder utilization (in %).", "Bytes, sent"])
        #expect(list.labels == [.init(field: .driverVersion, name: "DCGM_FI_DRIVER_VERSION")])
        #expect(list.metrics == [.decoderUtilisation, .pcieTransmitted])
    }

    @Test func markOfTheEncodingAndOddBreaksInTextsAreNoMatter() throws {
        let list = try file(
            "\u{FEFF}DCGM_FI_DEV_GPU_TEMP, gauge, a\u{2028}b\u{85}c\u{0B}d\nDCGM_FI_DEV_SM_CLOCK, gauge, e"
        ).list
        #expect(list.rows.map(\.name) == ["DCGM_FI_DEV_GPU_TEMP", "DCGM_FI_DEV_SM_CLOCK"])
        #expect(list.rows[0].help == "a\u{2028}b\u{85}c\u{0B}d")
    }

    @Test(arguments: [
        ("DCGM_FI_DEV_GPU_TEMP, gauge", "f.csv:1: 2 fields instead of three in \"DCGM_FI_DEV_GPU_TEMP, gauge\""),
        ("\n\nx", "f.csv:3: 1 field instead of three"),
        ("DCGM_FI_DEV_GPU_TEMP, gauge, a, b", "f.csv:1: 4 fields"),
        ("DCGM_FI_DEV_GPU_TEMP, gauge, \"a", "f.csv:1: a quote that is opened is not closed"),
        ("DCGM_FI_DEV_GPU_TEMP, gage, a", "f.csv:1: \"gage\" is no type of DCGM_FI_DEV_GPU_TEMP: expected gauge"),
        ("GPU_TEMP, gauge, a", "f.csv:1: \"GPU_TEMP\" is no field: expected a name as DCGM_FI_DEV_GPU_TEMP"),
        ("dcgm_fi_dev_gpu_temp, gauge, a", "f.csv:1: \"dcgm_fi_dev_gpu_temp\" is no field"),
        (
            "DCGM_FI_DEV_GPU_TEMP, gauge, a\nDCGM_FI_DEV_GPU_TEMP, gauge, a",
            "f.csv:2: DCGM_FI_DEV_GPU_TEMP is there twice"
        ),
        ("", "f.csv: no line names a field that can be shown"),
        ("# nothing", "f.csv: no line names a field"),
        ("DCGM_FI_DRIVER_VERSION, label, d", "f.csv: no line names a field"),
        (String(repeating: "#", count: CounterFile.bytesMax + 1), "this is no file of counters"),
    ])
    func brokenLineIsNamed(text: String, expected: String) {
        #expect(complaint(text).contains(expected))
    }

    @Test func fieldThatNVMLDoesNotGiveIsLeftOutWithAWarning() throws {
        let file = try file(
            """
            DCGM_FI_DEV_GPU_TEMP, gauge, a
            DCGM_FI_DEV_CPU_UTIL_TOTAL, gauge, a
            DCGM_FI_DEV_GPU_TEMPS, gauge, a
            DCGM_FI_PROCESS_NAME, label, a
            DCGM_FI_DEV_GPU_UTIL, histogram, a
            """)
        #expect(file.list.rows.count == 1)
        #expect(
            file.warnings == [
                "f.csv:2: NVML does not give DCGM_FI_DEV_CPU_UTIL_TOTAL; it is left out",
                "f.csv:3: NVML does not give DCGM_FI_DEV_GPU_TEMPS; it is left out; did you mean DCGM_FI_DEV_GPU_TEMP?",
                "f.csv:4: DCGM_FI_PROCESS_NAME cannot be a label here; it is left out",
                "f.csv:5: DCGM_FI_DEV_GPU_UTIL: no field is a histogram; it is left out",
            ])
    }

    @Test func namesOf49AreShownWhereTheFileOrTheFlagHasThem() throws {
        let text = "DCGM_FI_DEV_GPU_UTIL, gauge, In percent.\nDCGM_FI_DEV_FB_USED_BYTES, gauge, In bytes."
        let classic = try file(text).list.rows
        #expect(classic.map(\.name) == ["DCGM_FI_DEV_GPU_UTIL", "DCGM_FI_DEV_FB_USED_BYTES"])
        #expect(classic.map(\.content) == [.metric(.gpuUtilisation, .none), .metric(.framebufferUsed, .none)])
        let modern = try file(text, .modern).list.rows
        #expect(modern.map(\.name) == ["DCGM_FI_DEV_GPU_UTIL_RATIO", "DCGM_FI_DEV_FB_USED_BYTES"])
        #expect(modern.map(\.help) == ["GPU utilization (0 to 1).", "In bytes."])
    }

    @Test func eventCountsAskForWhatTheyCount() throws {
        let list = try file("DCGM_EXP_CLOCK_EVENTS_COUNT, gauge, a\nDCGM_EXP_XID_ERRORS_TOTAL, counter, b").list
        #expect(list.metrics == [.clockEventReasons, .lastXID])
    }

    @Test func statisticsComeForPowerAndLoadOnly() throws {
        var list = try file("DCGM_FI_DEV_GPU_TEMP, gauge, a\nDCGM_FI_DEV_POWER_USAGE, gauge, Power.").list
        list.addStatistics(windowMs: 15_000)
        #expect(
            list.rows.map(\.name) == [
                "DCGM_FI_DEV_GPU_TEMP", "DCGM_FI_DEV_POWER_USAGE", "DCGM_FI_DEV_POWER_USAGE_MIN",
                "DCGM_FI_DEV_POWER_USAGE_MAX", "DCGM_FI_DEV_POWER_USAGE_AVG",
            ])
        #expect(list.rows.last?.help == "Power. The mean of the last 15000 ms.")
    }
}
