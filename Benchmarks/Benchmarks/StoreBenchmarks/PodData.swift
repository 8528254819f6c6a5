import Glibc
import Model
import TSDB

/// Samples shaped as GPUs' metrics are, eight GPUs to a pod, scraped every 15 s: flat gauges, bursts, decimals, counters.
struct PodData {
    static let intervalMs: Int64 = 15_000
    static let metrics = 25
    private static let gpusPerPod = 8

    let labels: [Labels]
    private var state: UInt64 = 7
    private var counters: [Double]
    private var busy: [Bool]

    init(gpus: Int = gpusPerPod) {
        counters = [Double](repeating: 0, count: gpus * Self.metrics)
        busy = [Bool](repeating: false, count: gpus)
        labels = (0..<gpus).flatMap { index in
            let (pod, gpu) = index.quotientAndRemainder(dividingBy: Self.gpusPerPod)
            return (0..<Self.metrics).map { metric in
                Labels([
                    ("__name__", "DCGM_FI_METRIC_\(metric)"), ("gpu", "\(gpu)"), ("instance", "pod-\(pod):9400"),
                    ("job", "dcgm-exporter"), ("UUID", "GPU-\(index)-b2f1-4c52"), ("device", "nvidia\(gpu)"),
                    ("modelName", "NVIDIA H100 80GB HBM3"),
                ])
            }
        }
    }

    /// The values of the next scrape, one per element of `labels`.
    mutating func next() -> [Double] {
        var values: [Double] = []
        values.reserveCapacity(labels.count)
        for gpu in busy.indices {
            if random(100) < 4 { busy[gpu].toggle() }
            for metric in 0..<Self.metrics { values.append(value(gpu, metric)) }
        }
        return values
    }

    private mutating func value(_ gpu: Int, _ metric: Int) -> Double {
        let series = gpu * Self.metrics + metric
        switch metric {
        case 0..<12: return Double(metric)
        case 12..<17: return busy[gpu] ? Double(60 + random(40)) : 0
        case 17..<20: return (busy[gpu] ? 400 : 70) + Double(random(30_000)) / 1000
        case 20..<23:
            counters[series] += Double(random(busy[gpu] ? 6_000_000 : 1_000_000))
            return counters[series]
        default: return busy[gpu] ? Double(random(1 << 30)) / Double(1 << 30) : 0
        }
    }

    private mutating func random(_ bound: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int(state >> 33) % bound
    }
}

/// A database in a new directory with `scrapes` scrapes of ``PodData``, from time 0 on.
func makeDatabase(gpus: Int = 8, scrapes: Int) throws -> (database: Database, directory: String) {
    let (database, directory) = try makeEmptyDatabase()
    var data = PodData(gpus: gpus)
    let refs = try database.resolve(data.labels)
    for scrape in 0..<scrapes {
        _ = try database.appendBlocking(
            SampleBatch(refs: refs, timestamps: [Int64(scrape) * PodData.intervalMs], values: data.next()))
    }
    return (database, directory)
}

func makeEmptyDatabase() throws -> (database: Database, directory: String) {
    let directory = "/tmp/tsdb-bench-\(UInt64.random(in: 0 ... .max))"
    return (try Database.open(directory: directory, options: DatabaseOptions(retentionMs: 0)), directory)
}

/// Deletes what ``makeDatabase(scrapes:)`` made.
func removeDatabase(_ directory: String) {
    for name in [Database.fileName, Database.fileName + "-wal", Database.fileName + "-shm", "lock"] {
        unlink("\(directory)/\(name)")
    }
    rmdir(directory)
}
