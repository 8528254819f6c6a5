/// One GPU's way through time: idle and busy by turns, its temperature following its load.
struct GPUState {
    /// 0 while idle, else 0.3...1.
    private var load = 0.0
    private var celsius = 40.0
    private var energyMilliJ: Double
    private var framebufferMiB = 0.0
    private var smClockMHz = 210.0
    private var watts = 0.0

    init(_ random: inout SeededGenerator) { energyMilliJ = (random.unit() * 1e12).rounded(.down) }

    /// Goes on by one scrape interval.
    mutating func advance(_ random: inout SeededGenerator) {
        if random.unit() < 0.004 {
            load = load > 0 ? 0 : 0.3 + 0.7 * random.unit()
            framebufferMiB = load > 0 ? (random.unit() * 79_000).rounded(.down) + 1000 : 4
        }
        celsius += (30 + 45 * load - celsius) * 0.05 + random.normal(deviation: 0.3)
        if load == 0 {
            smClockMHz = 210
        } else if random.unit() < 0.05 {
            smClockMHz = 1410 - 15 * Double(random.below(8))
        } else if smClockMHz < 300 {
            smClockMHz = 1410
        }
        let drawn = 65 + 330 * load * (0.95 + 0.05 * random.unit()) + random.normal(deviation: 0.4)
        watts = rounded(drawn, scale: 1000)
        energyMilliJ += (watts * Double(Workload.stepMs)).rounded()
    }

    /// The present value of a metric of this kind. Asked for once per scrape, because some of it is drawn anew.
    func value(_ kind: GPUMetric.Kind, _ random: inout SeededGenerator) -> Double {
        switch kind {
        case .constant(let value): value
        case .smClock: smClockMHz
        case .temperature: celsius.rounded()
        case .power: watts
        case .energy: energyMilliJ
        case .utilization:
            load == 0 ? 0 : clamped(100 * load + random.normal(deviation: 2), to: 100).rounded()
        case .framebufferUsed: framebufferMiB
        case .framebufferFree: 81_037 - framebufferMiB
        case .bytes: (load * 2.4e9 * (0.9 + 0.1 * random.unit())).rounded()
        case .ratio: rounded(clamped(load * (0.9 + random.normal(deviation: 0.05)), to: 1), scale: 1e6)
        case .fullMantissa: 0.010 + random.unit() * 1e-3
        }
    }
}

private func clamped(_ value: Double, to limit: Double) -> Double { min(max(value, 0), limit) }

private func rounded(_ value: Double, scale: Double) -> Double { (value * scale).rounded() / scale }
