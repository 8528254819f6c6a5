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
        /// Seconds since then in which the power limit held the clocks back.
        var throttledS = 0.0
    }

    private let plan: SimulatedPlan
    /// One per step and one for the period's end.
    private let points: [Point]

    private static let periodMs = Int64(SimulatedPlan.stepCount * SimulatedPlan.stepSeconds) * 1000
    /// 2026-01-01T00:00:00Z: the simulated driver's start, from which energy counts.
    private static let bootMs: Int64 = 1_767_225_600_000
    /// The end of the year 9999, to which energy still fits.
    private static let endMs: Int64 = 253_402_300_799_999
    private static let framebufferMiB: UInt64 = 81_559
    private static let reservedMiB: UInt64 = 551

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
            point.throttledS = 0
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
        let sinceBoot = Self.sinceBoot(timeMs)
        let (period, inPeriod) = sinceBoot.quotientAndRemainder(dividingBy: Self.periodMs)
        let place = Int(inPeriod / Self.stepMs)
        let fraction = Double(inPeriod % Self.stepMs) / Double(Self.stepMs)
        let step = plan.steps[place]
        var random = SplitMix(seed: mixed(noise, UInt64(sinceBoot / 1000)))
        let jitter = step.utilisation > 5 ? Double.random(in: -2.5...2.5, using: &random) : 0
        let load = max(0, min(100, step.utilisation + jitter))

        var reading = GPUReading()
        setClocksAndHeat(&reading, place, fraction, load, &random)
        let energyJ = Double(period) * points[points.count - 1].energyJ + between(place, fraction, \.energyJ)
        reading.set(.totalEnergy, Int64(energyJ * 1000))
        let throttledS = Double(period) * points[points.count - 1].throttledS + between(place, fraction, \.throttledS)
        // 9e18: within an Int64, some 285 years.
        reading.set(.powerViolation, Int64(min(throttledS * 1e9, 9e18)))
        setMemory(&reading, step)
        setTraffic(&reading, load, &random)
        setConstants(&reading)
        reading.set(.lastXID, lastError(sinceBoot))
        return reading
    }

    /// The errors of a span of time, oldest first.
    func errors(afterMs: Int64, throughMs: Int64) -> [Int64] {
        let (first, last) = (Self.sinceBoot(afterMs) / Self.stepMs, Self.sinceBoot(throughMs) / Self.stepMs)
        // One period holds every error; a longer span is no more than that.
        guard first < last else { return [] }
        return (max(first + 1, last - Int64(plan.steps.count) + 1)...last).map { xid(atStep: $0) }.filter { $0 != 0 }
    }

    /// Who holds the memory at a moment.
    func processes(atMs timeMs: Int64, gpu: Int) -> [GPUProcess] {
        let place = Int(Self.sinceBoot(timeMs) % Self.periodMs / Self.stepMs)
        let step = plan.steps[place]
        guard step.job != .none else { return [] }
        return [
            GPUProcess(
                pid: UInt32(4000 + gpu), name: step.job == .training ? "train.py" : "serve.py",
                memoryBytes: UInt64(step.memoryMiB) << 20)
        ]
    }

    private static let stepMs = Int64(SimulatedPlan.stepSeconds) * 1000

    private static func sinceBoot(_ timeMs: Int64) -> Int64 {
        min(max(timeMs, bootMs), endMs) - bootMs
    }

    private func xid(atStep step: Int64) -> Int64 {
        plan.steps[Int(step % Int64(plan.steps.count))].xid
    }

    /// The last error; 0 before the first, and again an hour after it, as if somebody had then reset the GPU.
    private func lastError(_ sinceBoot: Int64) -> Int64 {
        let step = sinceBoot / Self.stepMs
        for place in stride(from: step, through: max(0, step - 3_600_000 / Self.stepMs), by: -1) {
            let code = xid(atStep: place)
            if code != 0 { return code }
        }
        return 0
    }

    private func setClocksAndHeat(
        _ reading: inout GPUReading, _ place: Int, _ fraction: Double, _ load: Double, _ random: inout SplitMix
    ) {
        let powerW = between(place, fraction, \.powerW) + .random(in: -1.5...1.5, using: &random)
        // Above 600 W the power limit takes clock away, in the 15 MHz steps of the chip.
        let throttledMHz = max(0, powerW - 600) * 2
        // NVML's bits: 1 is idle, 4 is the power cap.
        reading.set(.clockEventReasons, load == 0 ? 1 : throttledMHz > 0 ? 4 : 0)
        reading.set(.performanceState, load > 0 ? 0 : 2)
        reading.set(.videoClock, load > 0 ? 1545 : 345)
        reading[.powerInstant] = .real((powerW * 1000).rounded() / 1000)
        reading.set(.smClock, load > 0 ? Int64((1980 - throttledMHz) / 15) * 15 : 345)
        reading.set(.memoryClock, load > 0 ? 2619 : 1593)
        // NVML counts in milliwatts.
        reading[.powerUsage] = .real((powerW * 1000).rounded() / 1000)
        reading.set(.gpuTemperature, Int64(between(place, fraction, \.gpuC)))
        reading.set(.memoryTemperature, Int64(between(place, fraction, \.memoryC)))
    }

    private func setMemory(_ reading: inout GPUReading, _ step: SimulatedPlan.Step) {
        let used = UInt64(step.memoryMiB)
        reading.setMemory(
            total: Self.framebufferMiB << 20, free: (Self.framebufferMiB - Self.reservedMiB - used) << 20,
            used: used << 20, reserved: Self.reservedMiB << 20)
        reading.set(.bar1Total, 131_072 << 20)
        reading.set(.bar1Used, (4 + used) << 20)
        reading.set(.bar1Free, (131_068 - used) << 20)
    }

    /// What does not change, and what an H100 without faults counts none of. It has no fan.
    private func setConstants(_ reading: inout GPUReading) {
        for (metric, value) in Self.constants { reading.set(metric, value) }
        for (metric, watts) in Self.limits { reading[metric] = .real(watts) }
    }

    private static let constants: [(Metric, Int)] =
        [
            (.maxSMClock, 1980), (.maxMemoryClock, 2619), (.slowdownTemperature, 89), (.shutdownTemperature, 94),
            (.maxMemoryTemperature, 95), (.maxGPUTemperature, 87), (.eccMode, 1), (.persistenceMode, 1), (.migMode, 0),
            (.computeMode, 0), (.pcieLinkGeneration, 5), (.pcieMaxLinkGeneration, 5), (.pcieLinkWidth, 16),
            (.pcieMaxLinkWidth, 16),
        ]
        + [
            .pcieReplays, .encoderUtilisation, .decoderUtilisation, .vgpuLicenseStatus, .uncorrectableRemappedRows,
            .correctableRemappedRows, .rowRemapFailure, .rowRemapPending, .thermalViolation, .syncBoostViolation,
            .boardLimitViolation, .lowUtilisationViolation, .reliabilityViolation, .appClocksViolation,
            .baseClocksViolation, .eccSingleVolatile, .eccDoubleVolatile, .eccSingleAggregate, .eccDoubleAggregate,
            .retiredSingle, .retiredDouble, .retiredPending, .nvlinkFlitErrors, .nvlinkDataErrors, .nvlinkReplays,
            .nvlinkRecoveries,
        ].map { ($0, 0) }

    private static let limits: [(Metric, Double)] = [
        (.powerLimit, 700), (.powerLimitMin, 200), (.powerLimitMax, 700), (.powerLimitDefault, 700),
        (.powerLimitEnforced, 700),
    ]

    private func setTraffic(_ reading: inout GPUReading, _ load: Double, _ random: inout SplitMix) {
        let memoryLoad = load * .random(in: 0.5...0.6, using: &random)
        reading.set(.gpuUtilisation, Int64(load.rounded()))
        reading.set(.memoryCopyUtilisation, Int64(memoryLoad.rounded()))
        reading[.graphicsEngineActive] = .real(load / 100 * 0.98)
        reading[.tensorActive] = .real(load / 100 * .random(in: 0.42...0.48, using: &random))
        reading[.dramActive] = .real(memoryLoad / 100 * 0.9)
        let busy = load / 100
        let (sent, received) = (
            Int64(90_000 + busy * .random(in: 1.5e9...2e9, using: &random)),
            Int64(120_000 + busy * .random(in: 2.5e9...4e9, using: &random))
        )
        reading.set(.pcieTransmitted, sent)
        reading.set(.pcieReceived, received)
        reading.set(.pcieTransmitThroughput, sent / 1024)
        reading.set(.pcieReceiveThroughput, received / 1024)
        let nvlink = Int64(busy * .random(in: 60_000...90_000, using: &random)) * 1_024_000
        reading.set(.nvlinkBandwidth, nvlink)
        reading.set(.nvlinkTransmitted, nvlink / 2)
        reading.set(.nvlinkReceived, nvlink - nvlink / 2)
        setPipes(&reading, busy)
    }

    /// Half-precision training: the tensor pipe works for half floats, the others prepare and add up.
    private func setPipes(_ reading: inout GPUReading, _ busy: Double) {
        let tensor = reading[.tensorActive] ?? .real(0)
        let shares: [(Metric, Double)] = [
            (.smActive, 0.92), (.smOccupancy, 0.31), (.fp64Active, 0), (.fp32Active, 0.12), (.fp16Active, 0.04),
            (.integerActive, 0.09), (.tensorIntegerActive, 0), (.tensorDoubleActive, 0),
        ]
        for (metric, share) in shares { reading[metric] = .real(busy * share) }
        reading[.tensorHalfActive] = tensor
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
        next.throttledS += point.powerW > 600 ? seconds : 0
        return next
    }
}
