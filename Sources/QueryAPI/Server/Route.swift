import HTTPTypes

/// A path that is answered, and how.
struct Route: Sendable {
    typealias Handler = @Sendable (API) -> (Call) async throws(APIError) -> Answer

    /// One segment may be a variable, as in `/api/v1/label/:name/values`. It is also the route's name in metrics.
    let path: String
    let methods: [HTTPRequest.Method]
    let handler: Handler
    /// Whether the route belongs to the API: may be called from other origins, and is compressed.
    var isAPI: Bool { path.hasPrefix("/api/") }

    /// Whether a body is a form of parameters, and no message of its own.
    var readsForm: Bool {
        (isAPI || path == "/federate") && path != RemoteWriteReceiver.path && path != OTLPReceiver.path
    }

    init(_ path: String, _ methods: [HTTPRequest.Method], _ handler: @escaping Handler) {
        self.path = path
        self.methods = methods
        self.handler = handler
    }
}

/// Finds the route of a path.
struct RouteTable: Sendable {
    let routes: [Route]
    private let plain: [String: Int]
    private let patterns: [(prefix: String, suffix: String, index: Int)]

    init(_ routes: [Route]) {
        self.routes = routes
        var plain: [String: Int] = [:]
        var patterns: [(String, String, Int)] = []
        for (index, route) in routes.enumerated() {
            guard let colon = route.path.firstIndex(of: ":") else {
                plain[route.path] = index
                continue
            }
            let end = route.path[colon...].firstIndex(of: "/") ?? route.path.endIndex
            patterns.append((String(route.path[..<colon]), String(route.path[end...]), index))
        }
        self.plain = plain
        self.patterns = patterns
    }

    /// - Parameter path: decoded, without the prefix that all paths share.
    func find(_ path: String) -> (index: Int, parameter: String)? {
        if let index = plain[path] { return (index, "") }
        for pattern in patterns where path.hasPrefix(pattern.prefix) && path.hasSuffix(pattern.suffix) {
            let length = path.utf8.count - pattern.prefix.utf8.count - pattern.suffix.utf8.count
            guard length > 0 else { continue }
            let parameter = path.dropFirst(pattern.prefix.count).dropLast(pattern.suffix.count)
            if !parameter.contains("/") { return (pattern.index, String(parameter)) }
        }
        return nil
    }
}
