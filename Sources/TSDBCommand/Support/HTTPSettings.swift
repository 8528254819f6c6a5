import ArgumentParser
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

    private func parse(_ header: String) -> (name: String, value: String)? {
        guard let separator = header.firstIndex(where: { $0 == "=" || $0 == ":" }) else { return nil }
        let name = header[..<separator]
        let value = header[header.index(after: separator)...].drop { $0 == " " }
        guard !name.isEmpty, !header.utf8.contains(where: { $0 < 0x20 || $0 == 0x7f }), !name.contains(" ") else {
            return nil
        }
        return (String(name), String(value))
    }
}

/// How a request is made.
struct HTTPSettings {
    var headers: [(name: String, value: String)] = []
    var configuration = HTTPSettings.fromEnvironment
    /// What to do where nobody answers.
    var advice =
        "Is `tsdb serve` running there? `--url` names another server, `--db DIR` reads a database without one."

    private static var fromEnvironment: HTTPClientConfiguration {
        var configuration = HTTPClientConfiguration()
        configuration.proxy.isFromEnvironment = true
        return configuration
    }
}
