import Glibc
import TestSupport
import Testing

@testable import Exporter

/// `nvidia-smi` played by a shell script.
@Suite struct SMISourceTests {
    private let folder = TemporaryDirectory(.disk)

    private func program(_ script: String) throws -> String {
        let path = "\(folder.path)/nvidia-smi"
        // By another process: while a child that some other test starts has the file open for writing, by inheritance,
        // it cannot be executed.
        let result = try runToEnd(
            "/bin/sh", ["-c", "cat > \"$0\" && chmod 755 \"$0\"", path], input: "#!/bin/sh\n" + script + "\n")
        guard result.status == 0 else { throw TestFailure(result.printed) }
        return path
    }

    /// Answers each field with the value the table has, and knows no other.
    private func answering(_ values: [String: String], unknown: [String] = []) throws -> String {
        let cases = values.map { "\($0)) out=\"$out, \($1)\" ;;" }.joined(separator: "\n")
        let refused = unknown.map { "\($0)) echo 'Field \"\($0)\" is not a valid field to query.'; exit 2 ;;" }
        return try program(
            """
            out=""
            for field in $(echo "${1#--query-gpu=}" | tr , ' '); do
            case $field in
            \(cases)
            \(refused.joined(separator: "\n"))
            *) out="$out, [N/A]" ;;
            esac
            done
            echo "${out#, }"
            """)
    }

    private let gpu = [
        "index": "2", "uuid": "GPU-a", "pci.bus_id": "00000000:1A:00.0", "name": "NVIDIA A100",
        "driver_version": "535.1",
    ]

    private func complaint(_ program: String, _ selection: DeviceSelection = .all) -> String {
        do {
            _ = try SMISource(program: program, request: SourceRequest(selection: selection))
            return "accepted"
        } catch {
            return "\(error)"
        }
    }

    @Test func fieldsBecomeAReading() throws {
        let values = gpu.merging([
            "clocks.sm": "1410", "power.draw": "71.50", "memory.used": "1024", "memory.total": "4096",
            "memory.reserved": "1024", "utilization.gpu": "[Not Supported]", "temperature.gpu": "45",
            "clocks_event_reasons.active": "0x0000000000000004", "ecc.mode.current": "Enabled",
            "mig.mode.current": "Disabled",
        ]) { $1 }
        let source = try SMISource(program: answering(values), request: SourceRequest())
        #expect(source.usualIntervalMs == 5000)
        #expect(source.lanes[0].hangNs > UInt64(SMIQuery.timeoutMs) * 1_000_000)
        #expect(source.driverVersion == "535.1")
        #expect(
            source.gpus == [
                GPUIdentity(index: 2, uuid: "GPU-a", pciBusID: "00000000:1A:00.0", modelName: "NVIDIA A100")
            ])
        let reading = try source.lanes[0].read()[0]
        let expected: [(Metric, MetricValue?)] = [
            (.smClock, .whole(1410)), (.powerUsage, .real(71.5)), (.framebufferUsed, .whole(1 << 30)),
            (.framebufferUsedRatio, .real(1.0 / 3)), (.gpuUtilisation, nil), (.memoryClock, nil),
            (.clockEventReasons, .whole(4)), (.eccMode, .whole(1)), (.migMode, .whole(0)), (.lastXID, nil),
            (.graphicsEngineActive, nil),
        ]
        for (metric, value) in expected { #expect(reading[metric] == value, "\(metric)") }
    }

    @Test func fieldsThatAnOlderProgramLacksAreLeftOut() throws {
        let old = try answering(
            gpu.merging(["clocks.sm": "5"]) { $1 }, unknown: ["memory.reserved", "clocks_event_reasons.active"])
        let source = try SMISource(program: old, request: SourceRequest())
        #expect(try source.lanes[0].read()[0][.smClock] == .whole(5))
    }

    @Test func onlyWhatThePageShowsIsAsked() throws {
        let strict = try program(
            """
            [ "$1" = "--query-gpu=index,uuid,pci.bus_id,name,driver_version,temperature.gpu,memory.total" ] || exit 9
            echo "0, GPU-a, b, m, 535, 45, 4096"
            """)
        let request = SourceRequest(metrics: [.gpuTemperature])
        #expect(try SMISource(program: strict, request: request).lanes[0].read()[0][.gpuTemperature] == .whole(45))
    }

    @Test func troubleIsASentence() throws {
        #expect(
            complaint("/nonexistent/nvidia-smi") == "cannot start /nonexistent/nvidia-smi: No such file or directory")
        let failing = try program("echo 'NVIDIA-SMI has failed: no driver'; exit 9")
        #expect(complaint(failing) == "\(failing) ended with status 9: NVIDIA-SMI has failed: no driver")
        let silent = try program("exit 0")
        #expect(complaint(silent) == "\(silent) shows no GPU")
        let garbled = try program("echo hello")
        #expect(complaint(garbled).contains("printed 1 fields instead of"))
        let killed = try program("kill -9 $$")
        #expect(complaint(killed).contains("ended with status 137"))
        let other = try answering(gpu)
        #expect(complaint(other, try DeviceSelection(parsing: "g:0")).contains("--devices chooses none of the 1 GPUs"))
    }

    @Test func programThatHangsOrFloodsIsEnded() throws {
        let hanging = try program("exec sleep 600")
        #expect(throws: SourceError.self) { try runProgram(hanging, [], timeoutMs: 50, outputMax: 10) }
        let silent = try program("exec >&- 2>&-; exec sleep 600")
        #expect(throws: SourceError.self) { try runProgram(silent, [], timeoutMs: 50, outputMax: 10) }
        let flooding = try program("exec yes")
        #expect(throws: SourceError.self) { try runProgram(flooding, [], timeoutMs: 60_000, outputMax: 100_000) }
    }
}
