import HTTPTypes
import NIOSSL
import YAML

/// Who may ask a server, and how: a file in the format of Prometheus's `web.yml`.
///
/// - Source: `docs/web-configuration.md` of prometheus/exporter-toolkit 0.15; keys and defaults are its.
struct WebConfiguration: Sendable {
    /// nil where connections are not encrypted.
    var tls: TLS?
    /// What every answer bears.
    var headers: [(name: HTTPField.Name, value: String)] = []
    /// Hashes of passwords by user; everybody may ask where there are none.
    var users: [String: BcryptHash] = [:]
    /// nil where requests are not limited.
    var rateLimit: RateLimit?
    /// Whether the file says nothing, not even that there are no settings.
    var isEmpty = false

    struct TLS: Sendable {
        var certificate = Text.empty
        var key = Text.empty
        /// Who signs the certificates of clients; nil for the authorities that the system trusts.
        var clientAuthority: Text?
        var clientPolicy = ClientPolicy.none
        /// One of these names must be in a client's certificate; nil for any certificate.
        var clientNames: [String]?
        var minVersion = TLSVersion.tlsv12
        var maxVersion = TLSVersion.tlsv13
        /// Of TLS 1.2 and before; empty for the library's own choice.
        var ciphers: [NIOTLSCipher] = []
        /// Empty for the library's own choice.
        var curves: [NIOTLSCurve] = []
    }

    /// What is written in the file itself, or in another one.
    enum Text: Sendable {
        case inline(String)
        case file(String)

        static let empty = Text.inline("")
    }

    /// What is asked of clients, by the names of Go's `tls.ClientAuthType`.
    enum ClientPolicy: String, CaseIterable {
        case none = "NoClientCert"
        case request = "RequestClientCert"
        case requireAny = "RequireAnyClientCert"
        case verifyIfGiven = "VerifyClientCertIfGiven"
        case requireAndVerify = "RequireAndVerifyClientCert"
    }

    /// Reads and decodes a file.
    ///
    /// - Throws: ``ConfigurationError`` with every fault found and its place.
    static func load(path: String) throws(ConfigurationError) -> WebConfiguration {
        try parse(text: try readConfigurationText(path), path: path)
    }

    /// Decodes the text of the file at `path`.
    static func parse(text: String, path: String) throws(ConfigurationError) -> WebConfiguration {
        let diagnostics = Diagnostics(file: path)
        var configuration = WebConfiguration()
        do {
            let root = try YAMLReader.read(text)
            configuration.isEmpty = root?.isNull ?? true
            if let root { configuration.decode(root, folder: folder(of: path), diagnostics) }
        } catch {
            diagnostics.report(error.mark, error.reason)
        }
        try diagnostics.finish()
        return configuration
    }

    /// The other files that it names.
    var files: [String] {
        guard let tls else { return [] }
        return [tls.certificate, tls.key, tls.clientAuthority].compactMap {
            if case .file(let path) = $0 { path } else { nil }
        }
    }
}
