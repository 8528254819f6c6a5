import Glibc
import Model

/// How many damaged inputs of each kind a decoder is given where a test is run by `make fuzz-…`, and not with all others.
public let fuzzCount: Int? = getenv("TSDB_FUZZ_COUNT").flatMap { Int(String(cString: $0)) }

/// What a decoder made of an input.
public enum FuzzVerdict {
    case taken
    case refused
    /// It took what it should not have.
    case wrong(String)
}

/// What became of many damaged inputs.
public struct FuzzReport {
    public fileprivate(set) var inputs = 0
    public fileprivate(set) var taken = 0
    fileprivate var wrong: [String] = []
    fileprivate var slowestMs = 0.0
    fileprivate var slowest: [UInt8] = []
    fileprivate var grownBytes = 0

    /// No input is longer than some kilobytes; a row of a few bytes may hold 16 million equal samples, which are 256 MiB.
    private static let slowestMsMax = 10_000.0
    private static let grownBytesMax = 512 << 20

    /// What is to be mended; nil where all is well.
    public var problem: String? {
        if let first = wrong.first { return first }
        if taken == 0 { return "none of \(inputs) inputs was taken, so that only refusals were tested" }
        if slowestMs > FuzzReport.slowestMsMax { return "an input took \(slowestMs) ms: \(hexadecimal(slowest))" }
        if grownBytes > FuzzReport.grownBytesMax { return "resident memory grew by \(grownBytes) bytes" }
        return nil
    }
}

/// Damages what `whole` makes at random, and gives it to `decode`, always in the same way for a seed.
///
/// - Parameters:
///   - quick: how many inputs there are when the test runs with all others. Memory is not looked at then, as it is theirs too.
///   - pieces: what is put into inputs beside bytes of their own.
///   - whole: makes an input that can be taken. It is damaged many times.
public func fuzz(
    _ name: String, quick: Int, pieces: [[UInt8]] = [], whole: (inout SeededGenerator) -> [UInt8],
    decode: ([UInt8]) -> FuzzVerdict
) -> FuzzReport {
    var random = SeededGenerator(seed: makeSeed())
    var report = FuzzReport()
    let residentBefore = fuzzCount == nil ? 0 : restartPeak()
    let began = monotonicNs()
    var time = began
    var input: [UInt8] = []
    var pieces = pieces
    if pieces.isEmpty { pieces = [[0], [1], [0x7f], [0x80], [0xff], [0xff, 0xff, 0xff, 0xff, 0x0f]] }
    for round in 0..<(fuzzCount ?? quick) {
        if round % 64 == 0 { input = whole(&random) }
        var damaged = input
        if round % 64 != 0 { damage(&damaged, pieces, &random) }
        report.inputs += 1
        switch decode(damaged) {
        case .taken: report.taken += 1
        case .refused: break
        case .wrong(let text):
            report.wrong.append("\(name), input \(round): \(text): \(hexadecimal(damaged))")
            if report.wrong.count == 10 { return report }
        }
        let now = monotonicNs()
        let ms = Double(now - time) / 1e6
        if ms > report.slowestMs { (report.slowestMs, report.slowest) = (ms, damaged) }
        time = now
    }
    if fuzzCount != nil {
        report.grownBytes = max(0, residentBytes("VmHWM:") - residentBefore)
        let seconds = Double(time - began) / 1e9
        print(
            "fuzz \(name): \(report.inputs) inputs, \(report.taken) taken, \(Int(Double(report.inputs) / seconds))/s, "
                + "slowest \(report.slowestMs) ms, resident +\(report.grownBytes >> 10) KiB")
        fflush(nil)
    }
    return report
}

/// What YAML gives a meaning to.
public let yamlPieces = [
    ":", ": ", "- ", "\n", "\n  ", "  ", "{", "}", "[", "]", "&a ", "*a", "<<: *a", "\"", "'", "|", ">", "#", "!!int ",
    "---", "\t", "%",
    "null", "1h", "-1", "99999999999999999999", "é", "\u{0}", "\\x", "? ",
].map { Array($0.utf8) }

/// One to five changes.
private func damage(_ input: inout [UInt8], _ pieces: [[UInt8]], _ random: inout SeededGenerator) {
    for _ in 0...random.number(4) where !input.isEmpty {
        let place = random.number(input.count)
        switch random.number(8) {
        // Most leave the length as it is, without which formats with lengths in them would not get far.
        case 0, 1: input[place] = UInt8(truncatingIfNeeded: random.next())
        case 2: input[place] ^= 1 << UInt8(random.number(8))
        case 3:
            for (offset, byte) in random.pick(pieces).enumerated() where place + offset < input.count {
                input[place + offset] = byte
            }
        case 4: input.insert(contentsOf: random.pick(pieces), at: place)
        case 5: input.remove(at: place)
        case 6: input.insert(contentsOf: input[place..<min(place + 1 + random.number(60), input.count)], at: place)
        default: if random.chance(30) { input.removeLast(input.count - place) }
        }
    }
}

private func hexadecimal(_ bytes: [UInt8]) -> String {
    bytes.prefix(4096).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}

/// Lets the peak of resident memory begin anew, and returns what is resident now.
private func restartPeak() -> Int {
    try? writeFile("/proc/self/clear_refs", Array("5".utf8))
    return residentBytes("VmRSS:")
}

private func residentBytes(_ key: String) -> Int {
    let status = (try? readFile("/proc/self/status")) ?? []
    let line = String(decoding: status, as: UTF8.self).split(separator: "\n").first { $0.hasPrefix(key) }
    let digits = line?.filter { $0.isASCII && $0.isNumber } ?? ""
    return (Int(digits) ?? 0) << 10
}
