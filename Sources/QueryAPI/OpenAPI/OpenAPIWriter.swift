import HTTPTypes

extension API {
    /// `/api/v1/openapi.yaml`: this API's description, made from its table of routes.
    func openAPI(_ call: Call) async throws(APIError) -> Answer {
        Answer(
            contentType: "application/yaml; charset=utf-8",
            body: .bytes(openAPIDocument(RouteTable.all.routes, version: dependencies.build.version)))
    }
}

/// An OpenAPI document of `routes`, in YAML.
/// - Source: https://spec.openapis.org/oas/v3.1.0
func openAPIDocument(_ routes: [Route], version: String) -> [UInt8] {
    var lines = [
        "openapi: 3.1.0", "info:", "  title: tsdb", "  version: \(yaml(version))",
        "  summary: \(yaml("Prometheus's HTTP API, as this server answers it."))", "paths:",
    ]
    for route in routes {
        let description = openAPIDescriptions[route.path] ?? OpenAPIDescription("")
        // A variable part is a parameter: `:name` is `{name}`.
        let parts = route.path.split(separator: "/", omittingEmptySubsequences: false)
        let variables = parts.filter { $0.hasPrefix(":") }.map { String($0.dropFirst()) }
        lines.append(
            "  \(yaml(parts.map { $0.hasPrefix(":") ? "{\($0.dropFirst())}" : String($0) }.joined(separator: "/"))):")
        for method in route.methods { lines += operation(method, route, description, variables) }
    }
    return Array((lines.joined(separator: "\n") + "\n").utf8)
}

private func operation(
    _ method: HTTPRequest.Method, _ route: Route, _ description: OpenAPIDescription, _ variables: [String]
) -> [String] {
    let verb = method.rawValue.lowercased()
    let id = verb + route.path.split { !$0.isLetter && !$0.isNumber }.map { "-\($0)" }.joined()
    var lines = ["    \(verb):", "      operationId: \(yaml(id))", "      summary: \(yaml(description.summary))"]
    let isForm = method == .post && route.methods.contains(.get) && !description.parameters.isEmpty
    let inQuery = isForm ? [] : description.parameters
    if !variables.isEmpty || !inQuery.isEmpty { lines.append("      parameters:") }
    for name in variables {
        lines += ["        - {name: \(yaml(name)), in: path, required: true, schema: {type: string}}"]
    }
    for parameter in inQuery {
        lines.append(
            "        - {name: \(yaml(parameter.name)), in: query, required: \(parameter.isRequired), "
                + "description: \(yaml(parameter.meaning)), schema: \(parameter.schema)}")
    }
    if isForm {
        lines += [
            "      requestBody:", "        content:", "          application/x-www-form-urlencoded:",
            "            schema:", "              type: object", "              properties:",
        ]
        lines += description.parameters.map { "                \(yaml($0.name)): \($0.schema)" }
    } else if let type = description.requestType {
        lines += ["      requestBody:", "        required: true", "        content: {\(yaml(type)): {}}"]
    }
    lines += ["      responses:"]
    for (status, meaning) in description.responses {
        lines.append("        \(yaml(status)): {description: \(yaml(meaning))\(content(status, description))}")
    }
    return lines
}

private func content(_ status: String, _ description: OpenAPIDescription) -> String {
    guard status != "204" else { return "" }
    return ", content: {\(yaml(description.responseType)): {}}"
}

/// A text as YAML writes any text: JSON's notation is YAML's too.
private func yaml(_ text: String) -> String {
    var out: [UInt8] = []
    out.appendJSONString(text, .minimal)
    return String(decoding: out, as: UTF8.self)
}
