/// Certificates that openssl makes for a test, all in one directory.
public struct Certificates: Sendable {
    private let directory = TemporaryDirectory(.disk)

    public init() {}

    /// Where they lie.
    public var path: String { directory.path }

    /// nil where there is no openssl.
    public static let openssl = findProgram("openssl")

    /// A certificate authority: `name`.crt and `name`.key.
    public func makeAuthority(_ name: String) throws {
        try run(["-subj", "/CN=\(name)", "-addext", "basicConstraints=critical,CA:true"], name)
    }

    /// A certificate signed by an authority of ``makeAuthority(_:)``.
    ///
    /// - Parameter names: as openssl writes them, such as `DNS:localhost,IP:127.0.0.1`.
    public func make(_ name: String, signedBy authority: String, for names: String) throws {
        try run(
            [
                "-subj", "/CN=\(name)", "-addext", "subjectAltName=\(names)", "-addext", "basicConstraints=CA:false",
                "-CA", "\(path)/\(authority).crt", "-CAkey", "\(path)/\(authority).key",
            ], name)
    }

    private func run(_ arguments: [String], _ name: String) throws {
        let result = try runToEnd(
            Certificates.openssl ?? "openssl",
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                "-keyout", "\(path)/\(name).key", "-out", "\(path)/\(name).crt",
            ] + arguments)
        guard result.status == 0 else { throw TestFailure("openssl: \(result.printed)") }
    }
}
