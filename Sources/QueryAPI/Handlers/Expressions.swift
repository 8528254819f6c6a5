import PromQL

extension API {
    /// `/api/v1/format_query`: the query in the printer's notation, long ones over several lines.
    func formatQuery(_ call: Call) async throws(APIError) -> Answer {
        let text = try expression(call).prettyDescription
        return .data { $0.appendJSONString(text) }
    }

    /// `/api/v1/parse_query`: the query's syntax tree.
    func parseQuery(_ call: Call) async throws(APIError) -> Answer {
        let expression = try expression(call)
        return .data { $0.appendJSON(expression) }
    }

    private func expression(_ call: Call) throws(APIError) -> Expr {
        do throws(QueryError) {
            return try parse(call.form["query"])
        } catch {
            throw APIError(error)
        }
    }
}
