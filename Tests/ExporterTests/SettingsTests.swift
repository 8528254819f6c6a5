import ArgumentParser
import Testing

@testable import Exporter

@Suite struct SettingsTests {
    private func settings(_ arguments: [String], _ environment: [String: String] = [:]) throws -> Settings {
        let command = try GPUExporterCommand.parse(arguments)
        return try command.settings(EnvironmentReader { environment[$0] })
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
        #expect(settings.source == .nvml)
        #expect(settings.hostname?.isEmpty == false)
        #expect(settings.hostnameLabel == .lower)
    }

    @Test func flagsWinOverTheEnvironment() throws {
        let environment = [
            "DCGM_EXPORTER_LISTEN": ":1234", "DCGM_EXPORTER_INTERVAL": "5000", "NODE_NAME": "node-7",
            "DCGM_EXPORTER_DEVICES_STR": "g:1",
        ]
        let fromEnvironment = try settings([], environment)
        #expect(fromEnvironment.address.port == 1234)
        #expect(fromEnvironment.collectIntervalMs == 5000)
        #expect(fromEnvironment.hostname == "node-7")
        #expect(!fromEnvironment.devices.contains(0))
        let fromFlags = try settings(["-a", ":4321", "-c", "70", "-d", "f"], environment)
        #expect(fromFlags.address.port == 4321)
        #expect(fromFlags.collectIntervalMs == 70)
        #expect(fromFlags.devices == .all)
    }

    @Test(arguments: ["true", "1", "T", "TRUE"])
    func hostnameCanBeSwitchedOffByEnvironment(value: String) throws {
        #expect(try settings([], ["DCGM_EXPORTER_NO_HOSTNAME": value]).hostname == nil)
        #expect(try settings([], ["DCGM_EXPORTER_NO_HOSTNAME": "false", "NODE_NAME": "n"]).hostname == "n")
    }

    @Test(arguments: [
        (["--simulate", "0"], "expected 1 to 256 GPUs"),
        (["--simulate", "257"], "expected 1 to 256 GPUs"),
        (["--simulate", "-3"], "--simulate"),
        (["--simulate", "eight"], "eight"),
        (["--simulat", "8"], "Did you mean '--simulate'?"),
        (["--source", "nvml", "--simulate", "8"], "contradict"),
        (["--source", "dcgm"], "dcgm"),
        (["-c", "0"], "expected 1 to 86400000 milliseconds"),
        (["-c", "9223372036854775807"], "expected 1 to 86400000 milliseconds"),
        (["-d", "g:"], "\"\" is no GPU index"),
        (["-d", "g:0,x"], "\"x\" is no GPU index"),
        (["-d", "g:3-1"], "\"3-1\" is no GPU index"),
        (["-d", "g:0-99999999999"], "range from 0 to 1023"),
        (["-d", "i:0"], "MIG"),
        (["-d", "all"], "expected f, g or g:"),
        (["--hostname-label", "host"], "host"),
    ])
    func badFlagsAreNamed(arguments: [String], expected: String) {
        #expect(complaint(arguments).contains(expected))
    }

    @Test(arguments: [
        (["DCGM_EXPORTER_INTERVAL": "soon"], "DCGM_EXPORTER_INTERVAL: \"soon\" is no whole number"),
        (["DCGM_EXPORTER_NO_HOSTNAME": "maybe"], "DCGM_EXPORTER_NO_HOSTNAME: \"maybe\""),
        (["DCGM_EXPORTER_LISTEN": "x"], "address \"x\""),
    ])
    func badEnvironmentIsNamed(environment: [String: String], expected: String) {
        #expect(complaint([], environment).contains(expected))
    }

    @Test func sourceFollowsFromFlags() throws {
        #expect(try settings(["--simulate", "3"]).source == .simulated(3))
        #expect(try settings(["--source", "simulated"]).source == .simulated(8))
        #expect(try settings(["--source", "nvml"]).source == .nvml)
    }

    @Test func deviceRangesAreUnderstood() throws {
        let selection = try DeviceSelection(parsing: "g:0,2-4")
        #expect((0..<7).filter(selection.contains) == [0, 2, 3, 4])
        #expect(try DeviceSelection(parsing: "f").contains(99))
    }
}
