/// The samples of a workload, a few scrapes at a time: the same for the same seed, and never all in memory.
struct SampleSource {
    private static let gpusPerPod = 8
    /// Scrapes that come late, and by how many milliseconds.
    private static let lateShare = 0.02
    private static let lateMs = 3..<40

    let workload: Workload
    /// Milliseconds since the Unix epoch.
    let startMs: Int64
    private(set) var nextScrape = 0
    /// Per series and scrape of the present slab, a series' ones side by side.
    private(set) var timestamps: [Int64] = []
    private(set) var values: [Double] = []
    private var random: SeededGenerator
    private var states: [GPUState] = []

    /// - Parameter endMs: about when the last scrape is, in milliseconds since the Unix epoch.
    init(_ workload: Workload, endMs: Int64, seed: UInt64) {
        self.workload = workload
        startMs = (endMs / Workload.stepMs - Int64(workload.scrapes - 1)) * Workload.stepMs
        random = SeededGenerator(seed: seed)
        for _ in 0..<workload.gpus { states.append(GPUState(&random)) }
    }

    /// The time that the last scrape is due at, in whole seconds.
    var endSeconds: Int { Int(startMs + Int64(workload.scrapes - 1) * Workload.stepMs) / 1000 }

    /// The labels of a series, sorted by name as remote write wants them.
    func labels(series: Int) -> [(name: String, value: String)] {
        let (index, metric) = series.quotientAndRemainder(dividingBy: GPUMetric.all.count)
        let (pod, gpu) = index.quotientAndRemainder(dividingBy: SampleSource.gpusPerPod)
        let uuid = [
            hexadecimal((index &* 2_654_435_761) & 0xffff_ffff, 8), hexadecimal(index & 0xffff, 4),
            hexadecimal((index &* 40_503) & 0xffff, 4),
        ]
        return [
            ("DCGM_FI_DRIVER_VERSION", "535.104.05"), ("Hostname", "pod-\(pod)"),
            ("UUID", "GPU-" + uuid.joined(separator: "-")), ("__name__", GPUMetric.all[metric].name),
            ("device", "nvidia\(gpu)"), ("gpu", "\(gpu)"), ("instance", "pod-\(pod):9400"), ("job", "dcgm-exporter"),
            ("modelName", "NVIDIA A100-SXM4-80GB"),
            ("pci_bus_id", "00000000:\(hexadecimal(7 + gpu, 2).uppercased()):00.0"),
        ]
    }

    /// Makes the next slab: at most ``Workload/samplesPerSeries`` scrapes.
    /// - Returns: how many scrapes it has; 0 at the end.
    mutating func advance() -> Int {
        let scrapes = min(workload.samplesPerSeries, workload.scrapes - nextScrape)
        guard scrapes > 0 else { return 0 }
        timestamps = [Int64](repeating: 0, count: workload.series * scrapes)
        values = [Double](repeating: 0, count: workload.series * scrapes)
        for scrape in 0..<scrapes {
            var late: Int64 = 0
            for gpu in 0..<workload.gpus {
                if gpu % SampleSource.gpusPerPod == 0 { late = lateness() }
                let offset = Int64(gpu / SampleSource.gpusPerPod * 137) % Workload.stepMs
                let time = startMs + Int64(nextScrape + scrape) * Workload.stepMs + offset + late
                states[gpu].advance(&random)
                for (metric, entry) in GPUMetric.all.enumerated() {
                    let at = (gpu * GPUMetric.all.count + metric) * scrapes + scrape
                    timestamps[at] = time
                    values[at] = states[gpu].value(entry.kind, &random)
                }
            }
        }
        nextScrape += scrapes
        return scrapes
    }

    private mutating func lateness() -> Int64 {
        guard random.unit() < SampleSource.lateShare else { return 0 }
        return Int64(SampleSource.lateMs.lowerBound + random.below(SampleSource.lateMs.count))
    }
}

private func hexadecimal(_ number: Int, _ digits: Int) -> String {
    let text = String(number, radix: 16)
    return String(repeating: "0", count: max(0, digits - text.count)) + text
}
