/// The outermost object of every API answer: `{"status":"success","data":…}`.
enum Envelope {
    static func begin(_ out: inout [UInt8]) { out.append("{\"status\":\"success\",\"data\":") }

    /// Closes the object. Lists are left out where they are empty, and cut where they are long.
    static func end(_ out: inout [UInt8], warnings: [String] = [], infos: [String] = []) {
        appendList(&out, "warnings", warnings, "warning")
        appendList(&out, "infos", infos, "info")
        out.append("}")
    }

    /// A whole answer whose `data` is what `body` appends.
    static func wrap(warnings: [String] = [], _ body: (inout [UInt8]) -> Void) -> [UInt8] {
        var out: [UInt8] = []
        begin(&out)
        body(&out)
        end(&out, warnings: warnings)
        return out
    }

    static func error(_ error: APIError) -> [UInt8] {
        var out: [UInt8] = []
        out.append("{\"status\":\"error\",\"errorType\":")
        out.appendJSONString(error.kind.rawValue)
        out.append(",\"error\":")
        out.appendJSONString(error.message)
        out.append("}")
        return out
    }

    private static func appendList(_ out: inout [UInt8], _ name: String, _ list: [String], _ noun: String) {
        guard !list.isEmpty else { return }
        var shown = list
        if list.count > Limit.annotations {
            let omitted = "\(list.count - Limit.annotations) more \(noun) annotations omitted"
            shown = list.prefix(Limit.annotations) + [omitted]
        }
        out.append(",")
        out.appendJSONString(name)
        out.append(":")
        out.appendJSONArray(shown) { $0.appendJSONString($1) }
    }
}
