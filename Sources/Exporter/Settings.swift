/// What the flags and the environment come to.
struct Settings: Equatable, Sendable {
    enum Source: Equatable, Sendable {
        case nvml
        case simulated(Int)
    }

    /// Label names that differ between releases of dcgm-exporter.
    enum HostnameLabel: String, CaseIterable, Sendable {
        /// dcgm-exporter from 4.6.0-4.8.3 on.
        case lower = "hostname"
        /// Every release before.
        case upper = "Hostname"
    }

    var address = ListenAddress(host: "", port: 9400)
    var source = Source.nvml
    var devices = DeviceSelection.all
    /// Values are read from the GPUs at most this often.
    var collectIntervalMs = 1000
    /// Nil leaves the label out.
    var hostname: String?
    var hostnameLabel = HostnameLabel.lower
    /// `uuid` instead of `UUID`, as `--use-old-namespace` asks.
    var oldNamespace = false
    var replaceBlanksInModelName = false
    var seed: UInt64 = 1
    var libraryPath = "libnvidia-ml.so.1"

    /// The GPUs that can be simulated: a bound on the page's size.
    static let simulatedMax = 256
    /// A day: values older than that are of no use to anyone.
    static let collectIntervalMsMax = 86_400_000
}

/// The environment variables that stand for flags, as dcgm-exporter names them.
enum EnvironmentVariable: String {
    case listen = "DCGM_EXPORTER_LISTEN"
    case interval = "DCGM_EXPORTER_INTERVAL"
    case devices = "DCGM_EXPORTER_DEVICES_STR"
    case noHostname = "DCGM_EXPORTER_NO_HOSTNAME"
    /// The name to show instead of the machine's own, set by Kubernetes manifests.
    case nodeName = "NODE_NAME"
}

/// Reads environment variables; injected so that tests need not change the process's own.
struct EnvironmentReader: Sendable {
    let lookUp: @Sendable (String) -> String?

    /// The variable's text; an empty variable counts as unset.
    func text(_ variable: EnvironmentVariable) -> String? {
        lookUp(variable.rawValue).flatMap { $0.isEmpty ? nil : $0 }
    }

    /// - Throws: `SourceError` naming the variable where it holds no number.
    func number(_ variable: EnvironmentVariable) throws(SourceError) -> Int? {
        guard let text = text(variable) else { return nil }
        guard let number = Int(text) else {
            throw SourceError("environment variable \(variable.rawValue): \"\(text)\" is no whole number")
        }
        return number
    }

    /// - Throws: `SourceError` naming the variable where it is neither true nor false.
    func flag(_ variable: EnvironmentVariable) throws(SourceError) -> Bool {
        switch text(variable)?.lowercased() {
        case nil, "0", "f", "false": return false
        case "1", "t", "true": return true
        case .some(let other):
            throw SourceError("environment variable \(variable.rawValue): \"\(other)\" is neither true nor false")
        }
    }
}
