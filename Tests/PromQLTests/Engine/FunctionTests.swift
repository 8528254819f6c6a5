import Glibc
import Model
import TestSupport
import Testing

@testable import PromQL

@Suite struct FunctionTests {
    @Test(
        arguments: [
            ("", 0xef46_db37_51d8_e999), ("a", 0xd24e_c4f1_a98c_6e5b), ("abc", 0x44bc_2cf5_ad77_0999),
            ("Nobody inspects the spammish repetition", 0xfbce_a83c_8a37_8bf1),
        ] as [(String, UInt64)])
    func hashIsXXH64(_ text: String, _ hash: UInt64) {
        #expect(xxHash64(Array(text.utf8)) == hash)
    }

    @Test func datesAreThoseOfTheSystem() {
        var random = SeededGenerator(seed: 11)
        for _ in 0..<2000 {
            // From the year -2900 to 6800, both sides of the epoch and of leap years.
            let seconds = Int64.random(in: -153_000_000_000...153_000_000_000, using: &random)
            var time = time_t(seconds)
            var parts = tm()
            gmtime_r(&time, &parts)
            let value = Double(seconds)
            #expect(DateFunction.year.value(value) == Double(parts.tm_year) + 1900, "\(seconds)")
            #expect(DateFunction.month.value(value) == Double(parts.tm_mon) + 1)
            #expect(DateFunction.dayOfMonth.value(value) == Double(parts.tm_mday))
            #expect(DateFunction.dayOfYear.value(value) == Double(parts.tm_yday) + 1)
            #expect(DateFunction.dayOfWeek.value(value) == Double(parts.tm_wday))
            #expect(DateFunction.hour.value(value) == Double(parts.tm_hour))
            #expect(DateFunction.minute.value(value) == Double(parts.tm_min))
        }
    }

    @Test(arguments: [Double.nan, .infinity, -.infinity, 1e300, -9.3e18])
    func impossibleDatesAreThoseOfGo(_ seconds: Double) {
        #expect(DateFunction.year.value(seconds) == 292_277_026_596)
        #expect(DateFunction.month.value(seconds) == 12)
        #expect(DateFunction.dayOfMonth.value(seconds) == 4)
        #expect(DateFunction.hour.value(seconds) == 15)
        #expect(DateFunction.minute.value(seconds) == 30)
    }

    @Test func digitsSortAsNumbers() {
        let sorted = ["", "a", "a1", "a2", "a02", "a10", "a10b", "a10c2", "a10c10", "b"]
        for (i, a) in sorted.enumerated() {
            for (j, b) in sorted.enumerated() { #expect(naturalOrder(a, b) == (i < j), "\(a) \(b)") }
        }
    }

    @Test func selectedQuantileIsThatOfTheSortedValues() {
        var random = SeededGenerator(seed: 5)
        for _ in 0..<500 {
            let count = Int.random(in: 1...60, using: &random)
            let values = (0..<count).map { _ in
                Int.random(in: 0..<9, using: &random) == 0 ? Double.nan : Double(Int.random(in: -9...9, using: &random))
            }
            let q = Double.random(in: 0...1, using: &random)
            let sorted = values.filter(\.isNaN) + values.filter { !$0.isNaN }.sorted()
            let rank = q * Double(count - 1)
            let lower = Int(rank)
            let upper = min(lower + 1, count - 1)
            let weight = rank - Double(lower)
            let expected = sorted[lower] * (1 - weight) + sorted[upper] * weight
            var keys = values.map { sortKey($0) }
            let found = keys.withUnsafeMutableBufferPointer { quantile(q, $0.baseAddress!, count) }
            #expect(found == expected || found.isNaN && expected.isNaN, "\(q) of \(values)")
        }
    }

    @Test(
        arguments: [
            ("0.5", 0.5), (".5", 0.5), ("5.", 5), ("+Inf", .infinity), ("-Inf", -.infinity), ("inf", .infinity),
            ("1e3", 1000),
            ("-.25", -0.25), ("", nil), ("x", nil), ("NaN", nil), ("1 2", nil), ("+-1", nil),
        ] as [(String, Double?)])
    func boundsAreRead(_ text: String, _ bound: Double?) {
        #expect(parsedBound(text) == bound)
    }

    /// What a window has lost must leave no trace: neither rounding errors nor infinities.
    @Test func slidingSumsForgetWhatLeaves() {
        let values: [Double] = [1e300, .infinity, -.infinity, .nan, 1e17, 1, -1e17, 3, 4, 5, 6, 7]
        values.withUnsafeBufferPointer { values in
            var fold = SlidingFold<SumFold>(values.baseAddress!, count: values.count)
            for low in 0..<values.count - 3 { _ = fold.value(low, low + 3) }
            #expect(fold.value(9, 12).total == 18)
        }
        values.withUnsafeBufferPointer { values in
            var fold = SlidingFold<SumFold>(values.baseAddress!, count: values.count)
            #expect(fold.value(4, 8).total == 4)
        }
    }
}
