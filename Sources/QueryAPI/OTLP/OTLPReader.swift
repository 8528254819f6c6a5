import Model
import Protobuf
import RemoteProtocol

/// Reads a metrics request of OTLP into series.
///
/// 1. A resource is read whole, then its metrics: fields may come in any order, and labels depend on the resource.
/// 2. Each data point becomes the samples of one or more series, named as Prometheus names them.
/// 3. What the resource itself says becomes the series `target_info`.
struct OTLPReader {
    let names: OTLPNames
    let lookbackMs: Int64
    var request = OTLPRequest()

    var settings: OTLPSettings { names.settings }

    init(_ settings: OTLPSettings, lookbackMs: Int64) {
        names = OTLPNames(settings: settings)
        self.lookbackMs = lookbackMs
    }

    /// ExportMetricsServiceRequest: resource_metrics 1.
    mutating func read(_ message: UnsafeRawBufferPointer) throws(ProtobufError) {
        try forEachMessage(message, 1) { (resource) throws(ProtobufError) in try readResource(resource) }
    }

    /// ResourceMetrics: resource 1, scope_metrics 2.
    private mutating func readResource(_ message: UnsafeRawBufferPointer) throws(ProtobufError) {
        var attributes = OTLPAttributes()
        try forEachMessage(message, 1) { (resource) throws(ProtobufError) in
            try forEachMessage(resource, 1) { (pair) throws(ProtobufError) in try attributes.append(pair) }
        }
        if let fault = attributes.fault {
            return request.problems.add("resources") { "a resource is left out: \(fault)" }
        }
        attributes.sort()
        var context = OTLPContext(resource: attributes, names: names)
        var times = OTLPTimes(stepMs: lookbackMs / 2)
        try forEachMessage(message, 2) { (scope) throws(ProtobufError) in
            try readScope(scope, &context, &times)
        }
        try addTargetInfo(context, times)
    }

    /// ScopeMetrics: scope 1, metrics 2, schema_url 3. InstrumentationScope: name 1, version 2, attributes 3.
    private mutating func readScope(
        _ message: UnsafeRawBufferPointer, _ context: inout OTLPContext, _ times: inout OTLPTimes
    ) throws(ProtobufError) {
        context.setScope(nil)
        if settings.promotesScope {
            var scope = OTLPContext.Scope()
            try forEachMessage(message, 3) { (url) in scope.schemaURL = String(decoding: url, as: UTF8.self) }
            try forEachMessage(message, 1) { (content) throws(ProtobufError) in
                try forEachMessage(content, 1) { (name) in scope.name = String(decoding: name, as: UTF8.self) }
                try forEachMessage(content, 2) { (text) in scope.version = String(decoding: text, as: UTF8.self) }
                try forEachMessage(content, 3) { (pair) throws(ProtobufError) in try scope.attributes.append(pair) }
            }
            if let fault = scope.fault { return request.problems.add("scopes") { "a scope is left out: \(fault)" } }
            context.setScope(scope.name.isEmpty ? nil : scope)
        }
        let fixed = context
        try forEachMessage(message, 2) { (metric) throws(ProtobufError) in try readMetric(metric, fixed, &times) }
    }

    private mutating func addTargetInfo(_ context: OTLPContext, _ times: OTLPTimes) throws(ProtobufError) {
        guard let labels = context.targetInfo() else { return }
        for time in times.all { try request.add(labels, time, 1, startTime: 0) }
    }
}

/// Calls `body` with each field `number` that is a message or text.
func forEachMessage(
    _ message: UnsafeRawBufferPointer, _ number: UInt64,
    _ body: (UnsafeRawBufferPointer) throws(ProtobufError) -> Void
) throws(ProtobufError) {
    var reader = ProtobufReader(message)
    while let (field, value) = try reader.next() {
        if field == number, case .bytes(let bytes) = value { try body(bytes) }
    }
}
