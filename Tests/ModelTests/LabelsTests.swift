import Model
import TestSupport
import Testing

@Suite struct LabelsTests {
    @Test func dictionaryLiteralsAreLabels() {
        let labels: Labels = ["job": "demo", "__name__": "up", "empty": ""]
        #expect(labels == Labels([(name: "__name__", value: "up"), (name: "job", value: "demo")]))
    }

    @Test func pairsAreSortedUniqueAndNotEmpty() {
        let labels: Labels = ["b": "2", "a": "1", "c": "", "b": "3"]
        #expect(labels.map(\.name) == ["a", "b"])
        #expect(labels["b"] == "3" && labels["c"] == nil && labels["bb"] == nil && labels[""] == nil)
        #expect(labels.count == 2 && Labels.empty.isEmpty && Labels.empty.count == 0)
    }

    /// Setting one after the other, each time looking for the name among the others, would take hours.
    @Test func manyPairsAreSortedOnce() {
        let count = 500_000
        let labels = Labels((0..<count).lazy.map { (name: "l\($0 % (count / 2))", value: "\($0)") })
        #expect(labels.count == count / 2)
        #expect(labels["l7"] == "\(count / 2 + 7)")
    }

    @Test(arguments: [0, 1, 254, 255, 256, 65_535, 65_536, 300_000])
    func valuesOfEveryLengthComeBack(length: Int) {
        let value = String(repeating: "v", count: length)
        let labels: Labels = ["a": value, "b": "x"]
        #expect(labels["a"] == (length == 0 ? nil : value))
        #expect(labels["b"] == "x")
        #expect(Labels(encoded: labels.encoded) == labels)
    }

    /// Labels against a plain sorted dictionary.
    @Test func labelsAgreeWithADictionary() {
        let seed = makeSeed()
        var random = SeededGenerator(seed: seed)
        var previous: (labels: Labels, model: [(String, String)])?
        for _ in 0..<3000 {
            var model: [String: String] = [:]
            var builder = LabelsBuilder()
            for _ in 0..<Int.random(in: 0...6, using: &random) {
                let (name, value) = ("n" + randomText(3, using: &random), randomText(5, using: &random))
                builder.set(name, value)
                model[name] = value.isEmpty ? nil : value
            }
            if let name = model.keys.sorted().first, Bool.random(using: &random) {
                builder.remove(name)
                model[name] = nil
            }
            let labels = builder.labels()
            let sorted = model.sorted { byteOrder($0.key, $1.key) }.map { ($0.key, $0.value) }
            #expect(labels.map(\.name) == sorted.map(\.0) && labels.map(\.value) == sorted.map(\.1), "seed \(seed)")
            for (name, value) in sorted { #expect(labels[name] == value, "seed \(seed)") }
            if let previous {
                #expect((labels == previous.labels) == equal(sorted, previous.model), "seed \(seed)")
                #expect((labels < previous.labels) == less(sorted, previous.model), "seed \(seed)")
                #expect((previous.labels < labels) == less(previous.model, sorted), "seed \(seed)")
                if labels == previous.labels { #expect(labels.hash64 == previous.labels.hash64) }
            }
            let wanted = sorted.enumerated().filter { $0.offset % 2 == 0 }.map(\.element.0)
            #expect(labels.keeping(wanted).map(\.name) == wanted)
            #expect(labels.removing(wanted).map(\.name) == sorted.map(\.0).filter { !wanted.contains($0) })
            if let previous {
                var changes: [UInt8] = []
                var changed = Dictionary(uniqueKeysWithValues: previous.model)
                // Every other one is taken away.
                for (index, (name, value)) in sorted.enumerated() {
                    changed[name] = index % 2 == 0 ? value : nil
                    changes.appendLabelString(name)
                    changes.appendLabelString(index % 2 == 0 ? value : "")
                }
                let expected = Labels(changed.map { (name: $0.key, value: $0.value) })
                #expect(previous.labels.setting(changes) == expected, "seed \(seed)")
            }
            previous = (labels, sorted)
        }
    }

    private func equal(_ a: [(String, String)], _ b: [(String, String)]) -> Bool {
        a.count == b.count && zip(a, b).allSatisfy { $0.0 == $1.0 && $0.1 == $1.1 }
    }

    private func less(_ a: [(String, String)], _ b: [(String, String)]) -> Bool {
        for (x, y) in zip(a, b) {
            if x.0 != y.0 { return byteOrder(x.0, y.0) }
            if x.1 != y.1 { return byteOrder(x.1, y.1) }
        }
        return a.count < b.count
    }

    @Test func hashesDifferWhereLabelsDo() {
        var seen: Set<UInt64> = []
        for pod in 0..<300 {
            for gpu in 0..<8 {
                let labels: Labels = [
                    "__name__": "DCGM_FI_DEV_GPU_UTIL", "gpu": "\(gpu)", "instance": "pod-\(pod):9400",
                ]
                #expect(seen.insert(labels.hash64).inserted)
            }
        }
        // What one string ends with is not what the next begins with.
        let (ends, begins): (Labels, Labels) = (["a": "bc", "d": "e"], ["ab": "c", "d": "e"])
        #expect(ends.hash64 != begins.hash64)
    }

    /// Bytes that make the first product zero, whatever is beside them: one hash for all that know no secret.
    @Test func chosenBytesDoNotCollideInTables() {
        let zeroing = withUnsafeBytes(of: (0xe703_7ed1_a0b4_28db as UInt64).littleEndian) { Array($0) }
        var plain: Set<UInt64> = []
        var keyed: Set<UInt64> = []
        for number in 0..<1000 as Range<UInt64> {
            let bytes = zeroing + withUnsafeBytes(of: number.littleEndian) { Array($0) } + Array("the same".utf8)
            bytes.withUnsafeBufferPointer {
                plain.insert(hash64($0))
                keyed.insert(tableHash($0))
            }
        }
        #expect(plain.count == 1)
        #expect(keyed.count == 1000)
    }

    /// Checksums in the file are made of it: it must not depend on where the bytes lie.
    @Test func hashesDependOnTheBytesAlone() {
        let bytes = (0..<100).map { UInt8($0) }
        for length in 0...64 {
            let expected = Array(bytes[..<length]).withUnsafeBufferPointer { hash64($0) }
            for shift in 1..<9 {
                let moved = [UInt8](repeating: 7, count: shift) + bytes[..<length] + [9, 9, 9]
                let found = moved.withUnsafeBufferPointer {
                    hash64(UnsafeBufferPointer(rebasing: $0[shift..<shift + length]))
                }
                #expect(found == expected)
            }
        }
    }

    private static let shown: [(Labels, String)] = [
        (["__name__": "up"], "up"), (["__name__": "up", "a": "b\"\\\n"], #"up{a="b\"\\\n"}"#),
        (["a.b": "c"], #"{"a.b"="c"}"#), (["__name__": "x.y"], #"{__name__="x.y"}"#),
        (Labels.empty, "{}"),
    ]

    @Test(arguments: shown)
    func labelsAreShownAsSelectors(labels: Labels, text: String) {
        #expect(labels.description == text)
    }
}
