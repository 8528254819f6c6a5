import Synchronization
import Testing

@testable import Exporter

@Suite struct SimulatedSourceTests {
    /// 2026-06-01T00:00:00Z.
    private static let beginMs: Int64 = 1_780_272_000_000

    /// Readings of one source at every `everySeconds` from the beginning.
    private func walk(gpus: Int, seed: UInt64, seconds: Int, everySeconds: Int) throws -> [[GPUReading]] {
        let clock = ManualClock(Self.beginMs)
        let source = SimulatedSource(gpuCount: gpus, seed: seed, nowMs: clock.read)
        return try stride(from: 0, to: seconds, by: everySeconds).map { second in
            clock.set(Self.beginMs + Int64(second) * 1000)
            return try source.read()
        }
    }

    /// Else every panel of processes is empty for minutes, at the same hour for everybody.
    @Test func someOfEightGPUsWorkAtEveryMoment() throws {
        let clock = ManualClock(Self.beginMs)
        let source = SimulatedSource(
            gpuCount: 8, seed: 1, request: SourceRequest(processes: true), nowMs: clock.read)
        for second in stride(from: 0, to: 4 * 3600, by: 5) {
            clock.set(Self.beginMs + Int64(second) * 1000)
            #expect(try source.read().contains { !$0.processes.isEmpty }, "\(second) s after midnight")
        }
    }

    private func number(_ reading: GPUReading, _ metric: Metric) throws -> Double {
        switch try #require(reading[metric], "no value for \(metric)") {
        case .whole(let value): Double(value)
        case .real(let value): value
        }
    }

    @Test func sameSeedAndTimeGiveTheSameValues() throws {
        func minute(seed: UInt64) throws -> [[GPUReading]] {
            try walk(gpus: 2, seed: seed, seconds: 60, everySeconds: 20)
        }
        #expect(try minute(seed: 5) == minute(seed: 5))
        #expect(try minute(seed: 5) != minute(seed: 6))
    }

    @Test(arguments: [
        (Metric.gpuUtilisation, 0.0...100.0), (.memoryCopyUtilisation, 0...100), (.gpuTemperature, 20...90),
        (.memoryTemperature, 20...105), (.powerUsage, 50...720), (.smClock, 345...1980), (.memoryClock, 1500...2700),
        (.framebufferUsed, 0...81_008 * 1_048_576), (.framebufferFree, 0...81_008 * 1_048_576),
        (.graphicsEngineActive, 0...1),
        (.tensorActive, 0...1), (.dramActive, 0...1), (.pcieTransmitted, 0...64e9), (.pcieReceived, 0...64e9),
        (.nvlinkBandwidth, 0...900e9), (.encoderUtilisation, 0...100), (.decoderUtilisation, 0...100),
    ])
    func valuesStayInRange(metric: Metric, range: ClosedRange<Double>) throws {
        for readings in try walk(gpus: 8, seed: 1, seconds: 5 * 3600, everySeconds: 31) {
            for reading in readings { #expect(try range.contains(number(reading, metric))) }
        }
    }

    @Test func everyMetricOfTheTableIsThere() throws {
        let reading = try #require(try walk(gpus: 1, seed: 1, seconds: 1, everySeconds: 1).first?.first)
        // An H100 has no fan.
        for metric in Metric.allCases where metric != .fanSpeed { #expect(reading[metric] != nil, "\(metric)") }
    }

    @Test func memoryAlwaysAddsUpToTheBoard() throws {
        for readings in try walk(gpus: 4, seed: 9, seconds: 7200, everySeconds: 97) {
            for reading in readings {
                let total =
                    try number(reading, .framebufferFree) + number(reading, .framebufferUsed)
                    + number(reading, .framebufferReserved)
                #expect(total == 81_559 * 1_048_576)
            }
        }
    }

    /// Five hours cross the end of a plan's period, where energy could jump.
    @Test func energyOnlyGrowsAndIsTheSumOfPower() throws {
        let seconds = 5 * 3600
        let walk = try walk(gpus: 3, seed: 2, seconds: seconds, everySeconds: 7)
        for gpu in 0..<3 {
            let energy = try walk.map { try number($0[gpu], .totalEnergy) }
            #expect(zip(energy, energy.dropFirst()).allSatisfy(<))
            let meanPower = try walk.map { try number($0[gpu], .powerUsage) }.reduce(0, +) / Double(walk.count)
            let drawn = try (#require(energy.last) - #require(energy.first)) / 1000
            #expect(abs(drawn / (meanPower * Double(seconds)) - 1) < 0.02)
        }
    }

    @Test func gpusDifferAndEachWorksAndRests() throws {
        let walk = try walk(gpus: 8, seed: 1, seconds: 4 * 3600, everySeconds: 30)
        var seen: Set<[Double]> = []
        for gpu in 0..<8 {
            let load = try walk.map { try number($0[gpu], .gpuUtilisation) }
            #expect(load.contains { $0 > 70 })
            #expect(load.contains { $0 == 0 })
            #expect(seen.insert(load).inserted)
        }
    }

    /// A day of eight GPUs has some errors, of which each ends its job, and each is an event exactly once.
    @Test func errorsAreSeldomAndEndTheirJob() throws {
        let walk = try walk(gpus: 8, seed: 3, seconds: 86_400, everySeconds: 5)
        for gpu in 0..<8 {
            for (before, after) in zip(walk, walk.dropFirst()) where !after[gpu].xidEvents.isEmpty {
                #expect(after[gpu].xidEvents.count == 1)
                #expect(after[gpu][.lastXID] == after[gpu].xidEvents.last.map { .whole($0) })
                #expect(try number(before[gpu], .gpuUtilisation) > 0)
                #expect(try number(after[gpu], .gpuUtilisation) == 0)
                #expect(after[gpu].processes.isEmpty)
            }
        }
        let events = walk.reduce(0) { $0 + $1.reduce(0) { $0 + $1.xidEvents.count } }
        #expect((4...200).contains(events), "\(events)")
    }

    @Test func powerLimitTakesClockAway() throws {
        let walk = try walk(gpus: 8, seed: 1, seconds: 4 * 3600, everySeconds: 10)
        let readings = walk.flatMap { $0 }
        let capped = readings.filter { $0[.clockEventReasons] == .whole(4) }
        #expect(!capped.isEmpty)
        for reading in capped {
            #expect(try number(reading, .powerUsage) > 600)
            #expect(try number(reading, .smClock) < 1980)
        }
        let held = try walk.map { try number($0[0], .powerViolation) }
        #expect(zip(held, held.dropFirst()).allSatisfy(<=))
    }

    @Test func temperatureFollowsLoadWithLag() throws {
        let walk = try walk(gpus: 1, seed: 1, seconds: 4 * 3600, everySeconds: 5)
        let load = try walk.map { try number($0[0], .gpuUtilisation) }
        let heat = try walk.map { try number($0[0], .gpuTemperature) }
        // After two minutes without work, which are no checkpoint.
        let rises = load.indices.dropFirst(24).dropLast(60).filter { rise in
            load[rise] > 60 && load[rise - 24..<rise].allSatisfy { $0 < 10 }
        }
        let rise = try #require(rises.first)
        #expect(heat[rise + 1] - heat[rise] <= 8)
        #expect(heat[rise + 40] > heat[rise] + 8)
    }

    @Test(arguments: [Int64.min, -1, 0, 1_767_225_599_999, 253_402_300_799_000, .max])
    func noTimeOfDayTraps(ms: Int64) throws {
        #expect(try SimulatedSource(gpuCount: 1, seed: .max, nowMs: { ms }).read().count == 1)
    }

    @Test func identitiesAreUniqueAndWellFormed() {
        let gpus = SimulatedSource(gpuCount: 256, seed: 1).gpus
        #expect(Set(gpus.map(\.uuid)).count == 256)
        #expect(Set(gpus.map(\.pciBusID)).count == 256)
        for gpu in gpus {
            #expect(gpu.uuid.wholeMatch(of: /GPU-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/) != nil)
            #expect(gpu.pciBusID.wholeMatch(of: /[0-9a-f]{8}:[0-9A-F]{2}:00\.0/) != nil)
        }
    }

    @Test func selectionKeepsTheDriversIndexes() throws {
        let source = SimulatedSource(
            gpuCount: 8, seed: 1, request: SourceRequest(selection: try DeviceSelection(parsing: "g:1,6-20")))
        #expect(source.gpus.map(\.index) == [1, 6, 7])
        #expect(try source.read().count == 3)
    }
}

/// A clock that a test sets.
final class ManualClock: Sendable {
    private let value: Mutex<Int64>

    init(_ start: Int64) {
        value = Mutex(start)
    }

    func set(_ now: Int64) {
        value.withLock { $0 = now }
    }

    var read: @Sendable () -> Int64 {
        { self.value.withLock { $0 } }
    }
}
