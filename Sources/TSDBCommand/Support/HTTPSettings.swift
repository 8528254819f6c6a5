import ArgumentParser
import CCurl
import Scraper
import YAML

/// What commands that ask a server take to say how.
struct HTTPOptions: ParsableArguments {
    @Option(
        name: .customLong("http.config.file"),
        help: ArgumentHelp(
            "File that says how to ask: basic_auth, authorization, tls_config, proxy_url and so on, as in prometheus.yml.",
            valueName: "file"))
    var configFile: String?

    @Option(
        name: .customLong("header"),
        help: ArgumentHelp("Header to send; can be given several times.", valueName: "name=value"))
    var headers: [String] = []

    func validate() throws {
        for header in headers where parse(header) == nil {
            throw ValidationError("--header '\(header)' is not a name and a value such as X-Scope-OrgID=team")
        }
    }

    /// - Throws: ``ConfigurationError`` with every fault of the file.
    func settings() throws -> HTTPSettings {
        var settings = HTTPSettings()
        settings.headers = headers.compactMap(parse)
        if let configFile { settings.configuration = try HTTPClientConfiguration.load(path: configFile) }
        return settings
    }

    private func parse(_ header: String) -> HTTPSettings.Header? {
        guard let separator = header.firstIndex(where: { $0 == "=" || $0 == ":" }) else { return nil }
        let name = header[..<separator]
        let value = header[header.index(after: separator)...].drop { $0 == " " }
        guard !name.isEmpty, !header.utf8.contains(where: { $0 < 0x20 || $0 == 0x7f }), !name.contains(" ") else {
            return nil
        }
        return HTTPSettings.Header(name: String(name), value: String(value))
    }
}

/// How a request is made.
struct HTTPSettings {
    struct Header {
        var name: String
        var value: String
    }

    var headers: [Header] = []
    var configuration: HTTPClientConfiguration?
    /// What to do where nobody answers.
    var advice =
        "Is `tsdb serve` running there? `--url` names another server, `--db DIR` reads a database without one."

    /// - Returns: the list of headers, to be freed after the request.
    func apply(to handle: UnsafeMutableRawPointer) throws(CommandFailure) -> UnsafeMutablePointer<curl_slist>? {
        var all = headers
        if let configuration { try apply(configuration, to: handle, &all) }
        var list: UnsafeMutablePointer<curl_slist>?
        for header in all {
            // Null when memory is short; the list made so far stays valid then.
            if let longer = curl_slist_append(list, "\(header.name): \(header.value)") { list = longer }
        }
        if let list { _ = ccurl_setopt_pointer(handle, CURLOPT_HTTPHEADER, list) }
        return list
    }

    private func apply(
        _ http: HTTPClientConfiguration, to handle: UnsafeMutableRawPointer, _ headers: inout [Header]
    ) throws(CommandFailure) {
        for header in http.headers {
            headers += header.values.map { Header(name: header.name, value: $0) }
        }
        if let auth = http.authorization {
            let value = "\(auth.type) \(try text(of: auth.credentials, "credentials_file"))"
            headers.append(Header(name: "Authorization", value: value))
        }
        if let auth = http.basicAuth {
            _ = ccurl_setopt_long(handle, CURLOPT_HTTPAUTH, 1)
            _ = ccurl_setopt_string(handle, CURLOPT_USERNAME, auth.username)
            _ = ccurl_setopt_string(handle, CURLOPT_PASSWORD, try text(of: auth.password, "password_file"))
        }
        if http.followRedirects {
            _ = ccurl_setopt_long(handle, CURLOPT_FOLLOWLOCATION, 1)
            _ = ccurl_setopt_long(handle, CURLOPT_MAXREDIRS, 10)
            _ = ccurl_setopt_string(handle, CURLOPT_REDIR_PROTOCOLS_STR, "http,https")
        }
        if !http.proxyURL.isEmpty { _ = ccurl_setopt_string(handle, CURLOPT_PROXY, http.proxyURL) }
        if !http.tls.caFile.isEmpty { _ = ccurl_setopt_string(handle, CURLOPT_CAINFO, http.tls.caFile) }
        if !http.tls.certFile.isEmpty {
            _ = ccurl_setopt_string(handle, CURLOPT_SSLCERT, http.tls.certFile)
            _ = ccurl_setopt_string(handle, CURLOPT_SSLKEY, http.tls.keyFile)
        }
        if http.tls.insecureSkipVerify {
            _ = ccurl_setopt_long(handle, CURLOPT_SSL_VERIFYPEER, 0)
            _ = ccurl_setopt_long(handle, CURLOPT_SSL_VERIFYHOST, 0)
        }
    }

    private func text(of secret: HTTPClientConfiguration.Secret, _ key: String) throws(CommandFailure) -> String {
        switch secret {
        case .text(let text): return text
        case .file(let path):
            switch readWholeFile(path, bytesMax: 64 << 10) {
            case .failure(let error): throw CommandFailure("cannot read \(key) \(path): \(error.reason)")
            case .success(let bytes):
                let line = bytes.drop { $0 <= 0x20 }.reversed().drop { $0 <= 0x20 }.reversed()
                guard !line.contains(where: { $0 < 0x20 || $0 == 0x7f }) else {
                    throw CommandFailure("expected one line of text in \(key) \(path)")
                }
                return String(decoding: line, as: UTF8.self)
            }
        }
    }
}
