/// Builds an OTLP request of one resource and one scope.
struct OTLPMessage {
    var metrics: [[UInt8]] = []
    var resource: [(String, String)] = []
    /// Further attributes of the resource, each a message.
    var resourceAttributes: [[UInt8]] = []
    var scopeName = ""
    var scopeVersion = ""
    var scope: [(String, String)] = []

    static func attribute(_ name: String, _ value: String) -> [UInt8] {
        var text = Message()
        text.bytes(1, Array(value.utf8))
        var pair = Message()
        pair.bytes(1, Array(name.utf8))
        pair.bytes(2, text.bytes)
        return pair.bytes
    }

    mutating func metric(
        _ name: String, unit: String = "", help: String = "", kind: UInt64, _ data: (inout Message) -> Void
    ) {
        var inner = Message()
        data(&inner)
        var metric = Message()
        metric.bytes(1, Array(name.utf8))
        metric.bytes(2, Array(help.utf8))
        metric.bytes(3, Array(unit.utf8))
        metric.bytes(kind, inner.bytes)
        metrics.append(metric.bytes)
    }

    /// A data point with a time, and `value` as a double where it is given.
    static func point(_ ms: UInt64, _ value: Double? = nil, _ more: (inout Message) -> Void = { _ in }) -> [UInt8] {
        var point = Message()
        point.fixed64(3, ms * 1_000_000)
        if let value { point.double(4, value) }
        more(&point)
        return point.bytes
    }

    var bytes: [UInt8] {
        var resourceMessage = Message()
        for (name, value) in resource { resourceMessage.bytes(1, OTLPMessage.attribute(name, value)) }
        for attribute in resourceAttributes { resourceMessage.bytes(1, attribute) }
        var scope = Message()
        var content = Message()
        content.bytes(1, Array(scopeName.utf8))
        content.bytes(2, Array(scopeVersion.utf8))
        for (name, value) in self.scope { content.bytes(3, OTLPMessage.attribute(name, value)) }
        scope.bytes(1, content.bytes)
        for metric in metrics { scope.bytes(2, metric) }
        var whole = Message()
        whole.bytes(1, resourceMessage.bytes)
        whole.bytes(2, scope.bytes)
        var request = Message()
        request.bytes(1, whole.bytes)
        return request.bytes
    }
}

extension Message {
    mutating func fixed64(_ field: UInt64, _ number: UInt64) {
        double(field, Double(bitPattern: number))
    }
}
