import Glibc
import Model
import QueryAPI
import TSDB
import TestSupport

@testable import PromQL

/// The same samples in a real Prometheus and in a store of ours.
final class Peers {
    private let directory = TemporaryDirectory(.disk)
    private let real: RealPrometheus
    private let connection: HTTPConnection
    private let database: Database

    init(_ series: [WrittenSeries]) throws {
        real = try RealPrometheus(
            data: directory.path + "/prometheus",
            flags: [
                "--enable-feature=promql-experimental-functions", "--enable-feature=promql-delayed-name-removal",
                "--log.level=error",
            ])
        connection = try HTTPConnection(port: real.port, receiveTimeoutSeconds: 60)
        database = try Database.open(directory: directory.path + "/ours", options: DatabaseOptions(retentionMs: 0))
        for part in inRequests(series) {
            try real.write(part, every: .max / 2)
            try append(part)
        }
    }

    deinit {
        database.close()
        real.process.finish(SIGKILL)
    }

    private func append(_ series: [WrittenSeries]) throws {
        var batch = SampleBatch(refs: [], timestamps: [], values: [])
        for (ref, one) in zip(try database.resolve(series.map(\.labels)), series) {
            for (time, sample) in one.samples {
                switch sample {
                case .float(let value):
                    batch.refs.append(ref)
                    batch.timestamps.append(time)
                    batch.values.append(value)
                case .histogram(let histogram):
                    batch.histograms.append(HistogramSample(ref: ref, timestamp: time, histogram: histogram))
                }
            }
        }
        let result = try database.appendBlocking(batch)
        guard result.rejected.isEmpty, result.rejectedHistograms.isEmpty else {
            throw TestFailure("refused \(result.rejected) \(result.rejectedHistograms)")
        }
    }

    /// The real Prometheus's answer.
    func theirs(_ query: Query) throws -> Answer {
        let (endpoint, parameters) = query.request
        let answer = try connection.request(
            "POST", "/api/v1/\(endpoint)", headers: [("Content-Type", "application/x-www-form-urlencoded")],
            body: Array(form(parameters).utf8))
        return try Answer(answer.body)
    }

    /// This engine's answer, read back from the text that the API would send.
    func ours(_ query: Query) throws -> Answer {
        switch evaluate(query) {
        case .success(let result): try Answer(encodeAnswer(result))
        case .failure(.parse(let text)): .failure("bad_data: invalid parameter \"query\": \(text)")
        case .failure(.execution(let text)): .failure("execution: \(text)")
        case .failure(let error): .failure("\(error)")
        }
    }

    private func evaluate(_ query: Query) -> Result<QueryResult, QueryError> {
        let text = query.text
        return Result { () throws(QueryError) in
            let expr = try parse(text)
            switch query.time {
            case .instant(let time): return try Engine().instant(expr, text: text, on: database, at: time)
            case .range(let start, let end, let step):
                return try Engine().range(expr, text: text, on: database, start: start, end: end, step: step)
            }
        }
    }
}

/// What is written together: first one sample of each series, so that they are created in this order; then ten seconds at
/// a time, because a request has the floats of a series apart from its histograms.
private func inRequests(_ series: [WrittenSeries]) -> [[WrittenSeries]] {
    var parts: [Int64: [WrittenSeries]] = [:]
    for one in series {
        for sample in one.samples.dropFirst() {
            parts[sample.time / 10_000, default: []].append(WrittenSeries(one.labels, [sample]))
        }
    }
    let first = series.map { WrittenSeries($0.labels, Array($0.samples.prefix(1))) }
    return [first] + parts.sorted { $0.key < $1.key }.map(\.value)
}
