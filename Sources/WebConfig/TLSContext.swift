import Glibc
import NIOCore
import NIOSSL
import YAML

/// What a connection needs to become an encrypted one.
struct TLSContext: Sendable {
    private let context: NIOSSLContext
    private let policy: WebConfiguration.ClientPolicy
    private let clientNames: [String]?

    /// The largest certificate or key that is read, in bytes.
    private static let fileBytesMax = 1 << 20

    /// - Throws: ``WebConfigError`` where a file cannot be read, is no certificate or key, or where they do not fit.
    init(_ tls: WebConfiguration.TLS) throws(WebConfigError) {
        let chain = try TLSContext.certificates(tls.certificate, "cert")
        let keyBytes = try TLSContext.bytes(tls.key, "key")
        let key: NIOSSLPrivateKey
        do { key = try NIOSSLPrivateKey(bytes: keyBytes, format: .pem) } catch {
            throw WebConfigError("\(TLSContext.name(tls.key, "key")) is no private key in PEM without a passphrase")
        }
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
        configuration.minimumTLSVersion = tls.minVersion
        configuration.maximumTLSVersion = tls.maxVersion
        configuration.applicationProtocols = ["http/1.1"]
        // The library's list is of TLS 1.2 and before; the suites of 1.3 have numbers of their own, and are always on.
        let old = tls.ciphers.filter { $0.rawValue >> 8 != 0x13 }
        if !old.isEmpty { configuration.cipherSuiteValues = old }
        if !tls.curves.isEmpty { configuration.curves = tls.curves }
        switch tls.clientPolicy {
        case .none: configuration.certificateVerification = .none
        case .request, .verifyIfGiven: configuration.certificateVerification = .optionalVerification
        case .requireAny, .requireAndVerify: configuration.certificateVerification = .noHostnameVerification
        }
        if let authority = tls.clientAuthority {
            configuration.trustRoots = .certificates(try TLSContext.certificates(authority, "client_ca"))
        }
        do { context = try NIOSSLContext(configuration: configuration) } catch {
            throw WebConfigError(
                "\(TLSContext.name(tls.certificate, "cert")) and \(TLSContext.name(tls.key, "key")) do not fit: \(error)"
            )
        }
        policy = tls.clientPolicy
        clientNames = tls.clientNames
    }

    /// A handler for one connection.
    func makeHandler() -> NIOSSLServerHandler {
        let names = clientNames
        switch policy {
        case .none, .verifyIfGiven: return NIOSSLServerHandler(context: context)
        case .request, .requireAny:
            // What the client shows need not be signed by anybody known.
            return NIOSSLServerHandler(context: context) { certificates, promise in
                let isAllowed = names.map { certificates.first?.isFor($0) ?? false } ?? true
                promise.succeed(isAllowed ? .certificateVerified : .failed)
            }
        case .requireAndVerify:
            guard let names else { return NIOSSLServerHandler(context: context) }
            return NIOSSLServerHandler._makeSSLServerHandler(context: context) { certificate, channel in
                guard certificate.isFor(names) else {
                    return channel.eventLoop.makeFailedFuture(
                        WebConfigError("the client's certificate has none of the names in client_allowed_sans"))
                }
                return channel.eventLoop.makeSucceededVoidFuture()
            }
        }
    }

    private static func certificates(
        _ text: WebConfiguration.Text, _ key: String
    ) throws(WebConfigError) -> [NIOSSLCertificate] {
        let bytes = try bytes(text, key)
        guard let certificates = try? NIOSSLCertificate.fromPEMBytes(bytes), !certificates.isEmpty else {
            throw WebConfigError("\(name(text, key)) has no certificate in PEM")
        }
        return certificates
    }

    private static func bytes(_ text: WebConfiguration.Text, _ key: String) throws(WebConfigError) -> [UInt8] {
        switch text {
        case .inline(let text): return Array(text.utf8)
        case .file(let path):
            switch readWholeFile(path, bytesMax: fileBytesMax) {
            case .success(let bytes): return bytes
            case .failure(let error): throw WebConfigError("cannot read \(name(text, key)): \(error.reason)")
            }
        }
    }

    private static func name(_ text: WebConfiguration.Text, _ key: String) -> String {
        if case .file(let path) = text { "\(key)_file \(path)" } else { key }
    }
}

extension NIOSSLCertificate {
    /// Whether one of `names` is a DNS name, mail address, URI or IP address that the certificate is for, letter by letter.
    fileprivate func isFor(_ names: [String]) -> Bool {
        _subjectAlternativeNames().contains { name in
            switch name.nameType {
            case .dnsName, .email, .uri: names.contains(String(decoding: name.contents, as: UTF8.self))
            case .ipAddress: addressText(Array(name.contents)).map(names.contains) ?? false
            default: false
            }
        }
    }
}

/// An IP address's usual text; nil where `bytes` are none.
private func addressText(_ bytes: [UInt8]) -> String? {
    guard bytes.count == 4 || bytes.count == 16 else { return nil }
    var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
    guard inet_ntop(bytes.count == 4 ? AF_INET : AF_INET6, bytes, &text, socklen_t(text.count)) != nil else {
        return nil
    }
    return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
