import TestSupport
import Testing

@testable import Exporter

@Suite struct ReplayedSourceTests {
    private func source(_ page: String, _ selection: DeviceSelection = .all) throws -> ReplayedSource {
        let folder = TemporaryDirectory(.disk)
        try writeFile("\(folder.path)/page", page)
        return try ReplayedSource(path: "\(folder.path)/page", selection: selection)
    }

    private func complaint(_ page: String, _ selection: DeviceSelection = .all) -> String {
        do {
            return "accepted: \(try source(page, selection).gpus)"
        } catch {
            return "\(error)"
        }
    }

    /// As dcgm-exporter writes it, with a MIG instance, escapes, a time stamp and names of 4.9.
    @Test func pageOfDCGMExporterBecomesReadings() throws {
        let source = try source(
            #"""
            # HELP DCGM_FI_DEV_SM_CLOCK SM clock frequency (in MHz).
            # TYPE DCGM_FI_DEV_SM_CLOCK gauge
            DCGM_FI_DEV_SM_CLOCK{gpu="0",UUID="GPU-a",device="nvidia0",modelName="a \"b\" \\ c",Hostname="h",DCGM_FI_DRIVER_VERSION="535"} 1980
            DCGM_FI_DEV_FB_USED{gpu="1",UUID="GPU-b",GPU_I_PROFILE="1g.10gb",GPU_I_ID="7"} 3 1780272000000
            DCGM_FI_DEV_GPU_UTIL_RATIO{gpu="0",UUID="GPU-a"} 0.870000
            DCGM_FI_DEV_POWER_USAGE{gpu="0",UUID="GPU-a"} 71.500000
            DCGM_FI_DEV_UNHEARD_OF{gpu="0",UUID="GPU-a"} 1
            go_goroutines 7
            """#)
        #expect(source.driverVersion == "535")
        #expect(source.gpus.map(\.index) == [0, 1])
        #expect(source.gpus[0].modelName == #"a "b" \ c"#)
        #expect(source.gpus[1].instance == .init(profile: "1g.10gb", id: 7))
        let readings = try source.read()
        #expect(readings[0][.smClock] == .whole(1980))
        #expect(readings[0][.gpuUtilisation] == .whole(87))
        #expect(readings[0][.powerUsage] == .real(71.5))
        #expect(readings[1][.framebufferUsed] == .whole(3 << 20))
        #expect(source.warnings.count == 1)
        #expect(source.warnings[0].hasSuffix("there is no row for it: DCGM_FI_DEV_UNHEARD_OF"))
    }

    @Test(arguments: [
        (#"DCGM_FI_DEV_SM_CLOCK{gpu="0"} x"#, "page:1: expected a number after DCGM_FI_DEV_SM_CLOCK, found \"x\""),
        (#"DCGM_FI_DEV_SM_CLOCK{gpu="0"}"#, "page:1: expected a number after"),
        ("# c\n" + #"DCGM_FI_DEV_SM_CLOCK{gpu="0" 5"#, "page:2: expected label="),
        (#"DCGM_FI_DEV_SM_CLOCK{gpu="0"#, "the value of the label gpu does not end with a quote"),
        (#"DCGM_FI_DEV_SM_CLOCK{gpu="0","#, "the labels do not end with a }"),
        (#"DCGM_FI_DEV_SM_CLOCK{gpu=0} 5"#, "expected label=\"value\" after \"gpu\""),
        (#"DCGM_FI_DEV_SM_CLOCK{gpu="a\"#, "does not end with a quote"),
        (#"DCGM_FI_DEV_SM_CLOCK{gpu="-1"} 5"#, "gpu=\"-1\" is no index"),
        ("<html>", "page:1: expected a metric's name, found \"<html>\""),
        ("", "no line is a sample of a GPU"),
        ("up 1", "no line is a sample of a GPU"),
    ])
    func brokenPageIsNamed(page: String, expected: String) {
        #expect(complaint(page).contains(expected))
    }

    @Test func missingFileAndSelectionAreNamed() throws {
        let one = #"DCGM_FI_DEV_SM_CLOCK{gpu="0"} 5"#
        #expect(complaint(one, try DeviceSelection(parsing: "g:3")).contains("--devices chooses none of the GPUs of"))
        #expect(throws: SourceError.self) { try ReplayedSource(path: "/nonexistent/page", selection: .all) }
    }
}
