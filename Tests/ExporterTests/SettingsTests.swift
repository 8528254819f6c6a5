import ArgumentParser
import Testing

@testable import Exporter

@Suite struct SettingsTests {
    private func settings(_ arguments: [String], _ environment: [String: String] = [:]) throws -> Settings {
        let command = try GPUExporterCommand.parse(arguments)
        return try command.settings(EnvironmentReader { environment[$0] }, readsFiles: true)
    }

    private func complaint(_ arguments: [String], _ environment: [String: String] = [:]) -> String {
        do {
            return "accepted: \(try settings(arguments, environment))"
        } catch let error as SourceError {
            return error.description
        } catch {
            return GPUExporterCommand.message(for: error)
        }
    }

    @Test(arguments: [
        (":9400", ListenAddress(host: "", port: 9400)),
        ("127.0.0.1:1", ListenAddress(host: "127.0.0.1", port: 1)),
        ("0.0.0.0:65535", ListenAddress(host: "0.0.0.0", port: 65535)),
        ("[::]:9400", ListenAddress(host: "::", port: 9400)),
        ("[::1]:9400", ListenAddress(host: "::1", port: 9400)),
        ("localhost:9400", ListenAddress(host: "localhost", port: 9400)),
    ])
    func addressFormsAreUnderstood(text: String, expected: ListenAddress) throws {
        #expect(try ListenAddress(parsing: text) == expected)
        #expect(expected.description == text)
    }

    @Test(arguments: [
        ("9400", "expected host:port or :port"),
        ("", "expected host:port or :port"),
        (":", "\"\" is no port from 1 to 65535"),
        (":0", "\"0\" is no port"),
        (":65536", "\"65536\" is no port"),
        (":-1", "\"-1\" is no port"),
        (":99999999999999999999", "is no port"),
        ("::1:9400", "needs brackets"),
    ])
    func badAddressesAreNamed(text: String, expected: String) {
        #expect(complaint(["--address", text]).contains(expected))
    }

    @Test func defaultsAreThoseOfDCGMExporter() throws {
        let settings = try settings([])
        #expect(settings.address == ListenAddress(host: "", port: 9400))
        #expect(settings.source.source == .automatic)
        #expect(settings.page.hostname?.isEmpty == false)
        #expect(settings.page.hostnameLabel == .lower)
        #expect(settings.warnings == [])
    }

    @Test func flagsWinOverTheEnvironment() throws {
        let environment = [
            "DCGM_EXPORTER_LISTEN": ":1234", "DCGM_EXPORTER_INTERVAL": "5000", "NODE_NAME": "node-7",
            "DCGM_EXPORTER_DEVICES_STR": "g:1",
        ]
        let fromEnvironment = try settings([], environment)
        #expect(fromEnvironment.address.port == 1234)
        #expect(fromEnvironment.collectIntervalMs == 5000)
        #expect(fromEnvironment.page.hostname == "node-7")
        #expect(!fromEnvironment.selection.containsGPU(0))
        let fromFlags = try settings(["-a", ":4321", "-c", "70", "-d", "f"], environment)
        #expect(fromFlags.address.port == 4321)
        #expect(fromFlags.collectIntervalMs == 70)
        #expect(fromFlags.selection == .all)
    }

    @Test(arguments: ["true", "1", "T", "TRUE"])
    func hostnameCanBeSwitchedOffByEnvironment(value: String) throws {
        #expect(try settings([], ["DCGM_EXPORTER_NO_HOSTNAME": value]).page.hostname == nil)
        #expect(try settings([], ["DCGM_EXPORTER_NO_HOSTNAME": "false", "NODE_NAME": "n"]).page.hostname == "n")
    }

    @Test(arguments: [
        (["--simulate", "0"], "expected 1 to 256 GPUs"),
        (["--simulate", "257"], "expected 1 to 256 GPUs"),
        (["--simulate", "-3"], "--simulate"),
        (["--simulate", "eight"], "eight"),
        (["--simulat", "8"], "Did you mean '--simulate'?"),
        (["--source", "nvml", "--simulate", "8"], "contradict"),
        (["--source", "dcgm"], "dcgm"),
        (["-c", "0"], "expected 10 to 86400000 milliseconds"),
        (["-c", "9223372036854775807"], "expected 10 to 86400000 milliseconds"),
        (["-d", "g:"], "\"\" is no GPU index"),
        (["-d", "g:0,x"], "\"x\" is no GPU index"),
        (["-d", "g:3-1"], "\"3-1\" is no GPU index"),
        (["-d", "g:0-99999999999"], "range from 0 to 1023"),
        (["-d", "i:x"], "\"x\" is no GPU index"),
        (["-d", "all"], "expected f, g, i"),
        (["-d", ""], "expected f, g, i"),
        (["-d", "f:1"], "expected f, g, i"),
        (["--simulate", "2", "--replay", "x"], "contradict"),
        (["--source", "nvidia-smi", "--replay", "x"], "contradict"),
        (["--names", "5"], "classic"),
        (["--statistics-window", "0"], "expected 1 to 3600000 milliseconds"),
        (["-x", "0"], "--xid-count-window-size 0: expected 1 to"),
        (["--clock-events-count-window-size", "-1"], "--clock-events-count-window-size"),
        (["-f", "/nonexistent/counters.csv"], "cannot open /nonexistent/counters.csv: No such file or directory"),
        (["-f", "/"], "cannot read /: Is a directory"),
        (["--hostname-label", "host"], "host"),
    ])
    func badFlagsAreNamed(arguments: [String], expected: String) {
        #expect(complaint(arguments).contains(expected))
    }

    @Test(arguments: [
        (["DCGM_EXPORTER_INTERVAL": "soon"], "DCGM_EXPORTER_INTERVAL: \"soon\" is no whole number"),
        (["DCGM_EXPORTER_NO_HOSTNAME": "maybe"], "DCGM_EXPORTER_NO_HOSTNAME: \"maybe\""),
        (["DCGM_EXPORTER_LISTEN": "x"], "address \"x\""),
        (["DCGM_EXPORTER_COLLECTORS": "/nonexistent"], "cannot open /nonexistent"),
        (["DCGM_EXPORTER_XID_COUNT_WINDOW_SIZE": "x"], "\"x\" is no whole number"),
    ])
    func badEnvironmentIsNamed(environment: [String: String], expected: String) {
        #expect(complaint([], environment).contains(expected))
    }

    @Test func sourceFollowsFromFlags() throws {
        func source(_ arguments: [String]) throws -> SourceSettings.Source { try settings(arguments).source.source }
        #expect(try source(["--simulate", "3"]) == .simulated(3))
        #expect(try source(["--source", "simulated"]) == .simulated(8))
        #expect(try source(["--source", "nvml"]) == .nvml)
        #expect(try source(["--source", "nvidia-smi"]) == .smi)
        #expect(try source(["--replay", "page"]) == .replayed("page"))
    }

    @Test func slowSourceIsReadMoreSeldom() throws {
        #expect(try settings(["--source", "nvidia-smi"]).collectIntervalMs == nil)
        #expect(try settings(["--source", "nvidia-smi", "-c", "1000"]).collectIntervalMs == 1000)
        #expect(SimulatedSource(gpuCount: 1, seed: 1, request: SourceRequest()).usualIntervalMs == 1000)
    }

    @Test func flagsOfDCGMExporterWithoutEffectAreSaid() throws {
        let settings = try settings(["-r", "localhost:5555", "-m", "none", "--log-format", "text", "--enable-dcgm-log"])
        #expect(settings.warnings.map { $0.prefix { $0 != " " } } == ["--remote-hostengine-info", "--enable-dcgm-log"])
    }

    @Test func podComesFromTheEnvironment() throws {
        let environment = ["POD_NAME": "train-0", "POD_NAMESPACE": "ml", "CONTAINER_NAME": "main", "NODE_NAME": "n"]
        let labels = try settings(["--kubernetes"], environment).page.pod.labels.map { "\($0.0)=\($0.1)" }
        #expect(labels == ["container=main", "namespace=ml", "pod=train-0"])
        #expect(try settings([], environment).page.pod.labels.isEmpty)
        let here = try settings([], ["DCGM_EXPORTER_KUBERNETES": "true", "RUNPOD_POD_ID": "r1"]).page.pod
        #expect(here.pod == "r1")
    }

    @Test func windowsComeFromFlagAndEnvironment() throws {
        let environment = ["DCGM_EXPORTER_XID_COUNT_WINDOW_SIZE": "60000"]
        #expect(try settings([], environment).windows.xidNs == 60_000_000_000)
        #expect(try settings(["-x", "1000"], environment).page.xidWindowMs == 1000)
        #expect(try settings(["--statistics-window", "15000"]).windows.statisticsNs == 15_000_000_000)
    }

    @Test func deviceRangesAreUnderstood() throws {
        let selection = try DeviceSelection(parsing: "g:0,2-4")
        #expect((0..<7).filter(selection.containsGPU) == [0, 2, 3, 4])
        #expect(try DeviceSelection(parsing: "f").containsGPU(99))
    }
}
