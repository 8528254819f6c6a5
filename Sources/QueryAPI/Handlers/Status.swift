import Glibc
import Model

extension API {
    /// `/api/v1/status/buildinfo`
    func buildInfo(_ call: Call) async throws(APIError) -> Answer {
        let fields = dependencies.build.fields
        return .data { $0.appendJSONObject(fields) }
    }

    /// `/version`: the same outside the API's envelope.
    func version(_ call: Call) async throws(APIError) -> Answer {
        var out: [UInt8] = []
        out.appendJSONObject(dependencies.build.fields)
        out.append("\n")
        return Answer(contentType: Answer.plainText, body: .bytes(out))
    }

    /// `/api/v1/status/config`
    func configuration(_ call: Call) async throws(APIError) -> Answer {
        let yaml = dependencies.configuration().yaml
        return .data { $0.appendJSONObject([("yaml", yaml)]) }
    }

    /// `/api/v1/status/flags`
    func flags(_ call: Call) async throws(APIError) -> Answer {
        let flags = dependencies.flags.sorted { byteOrder($0.key, $1.key) }.map { ($0.key, $0.value) }
        return .data { $0.appendJSONObject(flags) }
    }

    /// `/api/v1/status/walreplay`: the server listens only when its journal has been read.
    func journalReplay(_ call: Call) async throws(APIError) -> Answer {
        .data { $0.append("{\"min\":0,\"max\":0,\"current\":0}") }
    }

    /// `/api/v1/status/runtimeinfo`. What only Go's runtime has is zero or empty.
    func runtimeInfo(_ call: Call) async throws(APIError) -> Answer {
        let dependencies = dependencies
        let configuration = dependencies.configuration()
        return .data { out in
            out.append("{\"startTime\":")
            out.appendJSONString(CivilTime.format(dependencies.startTimeMs))
            out.append(",\"CWD\":")
            out.appendJSONString(workingDirectory())
            out.append(",\"hostname\":")
            out.appendJSONString(hostName())
            out.append(",\"serverTime\":")
            out.appendJSONString(CivilTime.format(dependencies.clock.nowMs()))
            out.append(",\"reloadConfigSuccess\":")
            out += (configuration.lastReloadSucceeded ? "true" : "false").utf8
            out.append(",\"lastConfigTime\":")
            out.appendJSONString(CivilTime.format(configuration.lastReloadMs))
            out.append(",\"corruptionCount\":0,\"goroutineCount\":0,\"GOMAXPROCS\":")
            out.appendDecimal(Int64(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
            out.append(",\"GOMEMLIMIT\":0,\"GOGC\":\"\",\"GODEBUG\":\"\",\"storageRetention\":")
            out.appendJSONString(dependencies.retention)
            out.append("}")
        }
    }

    /// `/api/v1/status/tsdb`: how many series there are, and which labels make them many.
    func storageStatus(_ call: Call) async throws(APIError) -> Answer {
        var limit = 10
        if !call.form["limit"].isEmpty {
            guard let number = Int(call.form["limit"]), number > 0 else {
                throw .badData("limit must be a positive number")
            }
            limit = min(number, Limit.statisticsEntries)
        }
        let read = dependencies.storageStatistics
        let shown = limit
        let statistics = try await onStorageThread { read(shown) }
        return .data { $0.appendStatistics(statistics, limit: shown) }
    }
}

extension BuildDescription {
    fileprivate var fields: [(String, String)] {
        [
            ("version", version), ("revision", revision), ("branch", branch), ("buildUser", buildUser),
            ("buildDate", buildDate), ("goVersion", compiler),
        ]
    }
}

extension [UInt8] {
    fileprivate mutating func appendStatistics(_ statistics: StorageStatistics, limit: Int) {
        append("{\"headStats\":{\"numSeries\":")
        appendDecimal(Int64(statistics.seriesCount))
        append(",\"numLabelPairs\":")
        appendDecimal(Int64(statistics.labelPairCount))
        append(",\"chunkCount\":")
        appendDecimal(Int64(statistics.chunkCount))
        append(",\"minTime\":")
        appendDecimal(statistics.minTimeMs)
        append(",\"maxTime\":")
        appendDecimal(statistics.maxTimeMs)
        append("}")
        let lists = [
            ("seriesCountByMetricName", statistics.seriesCountByMetricName),
            ("labelValueCountByLabelName", statistics.labelValueCountByLabelName),
            ("memoryInBytesByLabelName", statistics.memoryBytesByLabelName),
            ("seriesCountByLabelValuePair", statistics.seriesCountByLabelPair),
        ]
        for (name, list) in lists {
            append(",")
            appendJSONString(name)
            append(":")
            appendJSONArray(list.prefix(limit)) { out, entry in
                out.append("{\"name\":")
                out.appendJSONString(entry.name)
                out.append(",\"value\":")
                out.appendDecimal(Int64(entry.value))
                out.append("}")
            }
        }
        append("}")
    }
}

private func workingDirectory() -> String {
    guard let path = getcwd(nil, 0) else { return "" }
    defer { free(path) }
    return String(cString: path)
}

private func hostName() -> String {
    var name = [CChar](repeating: 0, count: 256)
    guard gethostname(&name, name.count - 1) == 0 else { return "" }
    return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
