/// One simulated GPU over a period: its plan, and what follows from it with lag.
///
/// 1. Power and temperatures approach what the load asks for, each with its own time constant.
/// 2. Two periods are walked and the second kept, so that its end meets its beginning.
/// 3. Energy is the running sum of power; whole periods since `bootSeconds` come on top, so that it never falls.
struct SimulatedTrack: Sendable {
    private struct Point: Sendable {
        var powerW = 70.0
        var gpuC = 32.0
        var memoryC = 38.0
        /// Joules since the period began.
        var energyJ = 0.0
    }

    private let plan: SimulatedPlan
    /// One per step and one for the period's end.
    private let points: [Point]

    private static let periodMs = Int64(SimulatedPlan.stepCount * SimulatedPlan.stepSeconds) * 1000
    /// 2026-01-01T00:00:00Z: the simulated driver's start, from which energy counts.
    private static let bootMs: Int64 = 1_767_225_600_000
    /// The end of the year 9999, to which energy still fits.
    private static let endMs: Int64 = 253_402_300_799_999
    private static let framebufferMiB: Int64 = 81_559
    private static let reservedMiB: Int64 = 551

    init(seed: UInt64) {
        let plan = SimulatedPlan(seed: seed)
        var random = SplitMix(seed: mixed(seed, 7))
        // GPUs differ by their place in the air stream and by what their chip draws.
        let ambientC = Double.random(in: 26...34, using: &random)
        let fullW = Double.random(in: 610...690, using: &random)
        var point = Point()
        var points: [Point] = []
        points.reserveCapacity(plan.steps.count + 1)
        for pass in 0..<2 {
            point.energyJ = 0
            for step in plan.steps {
                if pass == 1 { points.append(point) }
                point = Self.following(point, step, ambientC: ambientC, fullW: fullW)
            }
        }
        self.plan = plan
        self.points = points + [point]
    }

    /// The GPU at a moment. `noise` differs between GPUs; times before the boot count as the boot.
    func reading(atMs timeMs: Int64, noise: UInt64) -> GPUReading {
        let sinceBoot = min(max(timeMs, Self.bootMs), Self.endMs) - Self.bootMs
        let (period, inPeriod) = sinceBoot.quotientAndRemainder(dividingBy: Self.periodMs)
        let stepMs = Int64(SimulatedPlan.stepSeconds) * 1000
        let place = Int(inPeriod / stepMs)
        let fraction = Double(inPeriod % stepMs) / Double(stepMs)
        let step = plan.steps[place]
        var random = SplitMix(seed: mixed(noise, UInt64(sinceBoot / 1000)))
        let jitter = step.utilisation > 5 ? Double.random(in: -2.5...2.5, using: &random) : 0
        let load = max(0, min(100, step.utilisation + jitter))

        var reading = GPUReading()
        setClocksAndHeat(&reading, place, fraction, load, &random)
        let energyJ = Double(period) * points[points.count - 1].energyJ + between(place, fraction, \.energyJ)
        reading.set(.totalEnergy, Int64(energyJ * 1000))
        setMemory(&reading, step)
        setTraffic(&reading, load, &random)
        for zero: Metric in [
            .pcieReplays, .encoderUtilisation, .decoderUtilisation, .lastXID, .vgpuLicenseStatus,
            .uncorrectableRemappedRows, .correctableRemappedRows, .rowRemapFailure,
        ] { reading.set(zero, 0) }
        return reading
    }

    private func setClocksAndHeat(
        _ reading: inout GPUReading, _ place: Int, _ fraction: Double, _ load: Double, _ random: inout SplitMix
    ) {
        let powerW = between(place, fraction, \.powerW) + .random(in: -1.5...1.5, using: &random)
        // Above 600 W the power limit takes clock away, in the 15 MHz steps of the chip.
        let throttledMHz = max(0, powerW - 600) * 2
        reading.set(.smClock, load > 0 ? Int64((1980 - throttledMHz) / 15) * 15 : 345)
        reading.set(.memoryClock, load > 0 ? 2619 : 1593)
        // NVML counts in milliwatts.
        reading[.powerUsage] = .real((powerW * 1000).rounded() / 1000)
        reading.set(.gpuTemperature, Int64(between(place, fraction, \.gpuC)))
        reading.set(.memoryTemperature, Int64(between(place, fraction, \.memoryC)))
    }

    private func setMemory(_ reading: inout GPUReading, _ step: SimulatedPlan.Step) {
        let used = Int64(step.memoryMiB)
        reading.set(.framebufferUsed, used)
        reading.set(.framebufferReserved, Self.reservedMiB)
        reading.set(.framebufferFree, Self.framebufferMiB - Self.reservedMiB - used)
    }

    private func setTraffic(_ reading: inout GPUReading, _ load: Double, _ random: inout SplitMix) {
        let memoryLoad = load * .random(in: 0.5...0.6, using: &random)
        reading.set(.gpuUtilisation, Int64(load.rounded()))
        reading.set(.memoryCopyUtilisation, Int64(memoryLoad.rounded()))
        reading[.graphicsEngineActive] = .real(load / 100 * 0.98)
        reading[.tensorActive] = .real(load / 100 * .random(in: 0.42...0.48, using: &random))
        reading[.dramActive] = .real(memoryLoad / 100 * 0.9)
        let busy = load / 100
        reading.set(.pcieTransmitted, Int64(90_000 + busy * .random(in: 1.5e9...2e9, using: &random)))
        reading.set(.pcieReceived, Int64(120_000 + busy * .random(in: 2.5e9...4e9, using: &random)))
        reading.set(.nvlinkBandwidth, Int64(busy * .random(in: 60_000...90_000, using: &random)))
    }

    /// A quantity between two points of the track.
    private func between(_ place: Int, _ fraction: Double, _ quantity: KeyPath<Point, Double>) -> Double {
        let from = points[place][keyPath: quantity]
        return from + (points[place + 1][keyPath: quantity] - from) * fraction
    }

    private static func following(
        _ point: Point, _ step: SimulatedPlan.Step, ambientC: Double, fullW: Double
    ) -> Point {
        let seconds = Double(SimulatedPlan.stepSeconds)
        let askedW = 68 + step.utilisation / 100 * (fullW - 68)
        var next = point
        next.powerW += (askedW - point.powerW) * min(1, seconds / 8)
        next.gpuC += (ambientC + 0.055 * point.powerW - point.gpuC) * (seconds / 45)
        next.memoryC += (ambientC + 6 + 0.07 * point.powerW - point.memoryC) * (seconds / 60)
        next.energyJ += (point.powerW + next.powerW) / 2 * seconds
        return next
    }
}
