import Model
import TSDB
import TestSupport

extension DatabaseOptions {
    /// The options of a directory that the workload writes: so small that blocks are sealed, merged and deleted many times
    /// a second.
    static func ofWorkload(seed: UInt64) -> DatabaseOptions {
        var random = SeededGenerator(seed: seed)
        var options = DatabaseOptions(
            retentionMs: 1000, blockMs: [50, 150, 400].randomElement(using: &random) ?? 150,
            synchronous: random.chance(25) ? .full : .normal)
        options.outOfOrderMs = 400
        options.headSamplesMax = [60, 400, 3_000_000].randomElement(using: &random) ?? 400
        return options
    }
}

/// One thing that a thread does.
enum WorkloadOperation: Sendable {
    struct Sample: Sendable {
        let labels: Labels
        let time: Int64
        let value: PlainValue
    }

    /// One batch of what goes on where its series end, all at one time.
    case scrape([Sample])
    /// One batch of what does not.
    case late([Sample])
    /// One import, by series and time.
    case importing([Sample])
    case delete(Labels, ClosedRange<Int64>)
}

/// What one thread does, one after another. All of it follows from the seed, so that who reads the acknowledgements knows
/// what was sent. Each thread has series of its own.
struct ThreadPlan: Sendable {
    static let threads = 4
    private static let floatSeries = 4
    private static let steadySeries = 6
    /// How many operations a series lives that comes and goes.
    private static let churnOperations = 50

    private let thread: Int
    private var random: SeededGenerator
    private var now: Int64
    private var operations = 0
    /// Makes the values differ from one another.
    private var values: Int

    /// - Parameter start: later than anything sent before, in milliseconds.
    init(thread: Int, seed: UInt64, start: Int64) {
        self.thread = thread
        random = SeededGenerator(seed: seed &+ UInt64(thread))
        now = start
        values = Int.random(in: 2...2_000_000, using: &random)
    }

    /// The thread's next operation.
    mutating func next() -> WorkloadOperation {
        operations += 1
        now += .random(in: 1...12, using: &random)
        switch Int.random(in: 0..<400, using: &random) {
        case 0, 1:
            let low = now - Int64.random(in: 0...800, using: &random)
            return .delete(anySeries(), low...low + Int64.random(in: 0...300, using: &random))
        case 2: return .delete(anySeries(), .min ... .max)
        case 3, 4: return .importing(imported())
        case 5..<60: return .late(lateBatch())
        default: return .scrape(scrape())
        }
    }

    private func series(_ number: Int) -> Labels {
        ["__name__": "m\(number % 2)", "thread": "\(thread)", "n": "\(number)"]
    }

    private mutating func anySeries() -> Labels { series(.random(in: 0..<ThreadPlan.steadySeries, using: &random)) }

    /// The next series have floats, then one both, the last one histograms.
    private mutating func value(ofSeries number: Int) -> PlainValue {
        values += 1
        if number > ThreadPlan.floatSeries || number == ThreadPlan.floatSeries && random.chance(50) {
            let count = Double(values)
            return .histogram(
                Histogram(
                    schema: 3, isFloat: false, count: count, sum: count + 0.25,
                    positiveSpans: [.init(offset: .random(in: -3...3, using: &random), length: 2)],
                    positiveBuckets: [1, count - 1]))
        }
        if random.chance(2) { return .float(StaleMarker.bitPattern) }
        return .float(random.chance(10) ? random.next() : (Double(values) / 1000).bitPattern)
    }

    private mutating func scrape() -> [WorkloadOperation.Sample] {
        var batch: [WorkloadOperation.Sample] = []
        for number in 0..<ThreadPlan.steadySeries where random.chance(80) {
            batch.append(.init(labels: series(number), time: now, value: value(ofSeries: number)))
        }
        let churning = ThreadPlan.steadySeries + operations / ThreadPlan.churnOperations
        batch.append(.init(labels: series(churning), time: now, value: value(ofSeries: 0)))
        return batch
    }

    private mutating func lateBatch() -> [WorkloadOperation.Sample] {
        var batch: [WorkloadOperation.Sample] = []
        for number in 0..<ThreadPlan.steadySeries where random.chance(50) {
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let time = now - Int64.random(in: 1...300, using: &random)
                batch.append(.init(labels: series(number), time: time, value: value(ofSeries: number)))
            }
        }
        return batch
    }

    private mutating func imported() -> [WorkloadOperation.Sample] {
        var samples: [WorkloadOperation.Sample] = []
        for number in 0..<ThreadPlan.steadySeries where random.chance(30) {
            var time = now - Int64.random(in: 50...700, using: &random)
            for _ in 0..<Int.random(in: 1...30, using: &random) {
                samples.append(.init(labels: series(number), time: time, value: value(ofSeries: number)))
                time += .random(in: 1...20, using: &random)
                if time > now { break }
            }
        }
        return samples
    }
}
