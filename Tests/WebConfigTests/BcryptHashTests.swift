import TestSupport
import Testing

@testable import WebConfig

@Suite struct BcryptHashTests {
    /// Of "hunter2", but for the version.
    private static let digest = "$04$abcdefghijklmnopqrstuuV3duMsC0HpUex6N9qapiuOHHWkwRXVm"

    @Test(arguments: ["$2", "$2a", "$2b", "$2y"]) func everyVersionIsTheSame(_ version: String) throws {
        let hash = try #require(BcryptHash(version + BcryptHashTests.digest))
        #expect(hash.cost == 4)
        #expect(hash.matches(Array("hunter2".utf8)))
        for wrong in ["", "hunter", "hunter2 ", "Hunter2", "hunter2\u{0}", "hunter2\u{0}x"] {
            #expect(!hash.matches(Array(wrong.utf8)), "\(wrong)")
        }
    }

    @Test func passwordsThatAreNotASCIIAreChecked() throws {
        let hash = try #require(BcryptHash("$2y$05$......................s9CsvYaAonUGkp0HohZY.xyN3/Em5IS"))
        #expect(hash.matches(Array("p\u{e4}ss".utf8)))
        #expect(!hash.matches([0x70, 0xe4, 0x73, 0x73]))
    }

    @Test func only72BytesCount() throws {
        let hash = try #require(BcryptHash("$2b$04$abcdefghijklmnopqrstuubzadhGtS2zEF.gu0yd0opP6cVzb.e0i"))
        #expect(hash.matches([UInt8](repeating: 0x78, count: 72)))
        #expect(hash.matches([UInt8](repeating: 0x78, count: 100_000)))
        #expect(!hash.matches([UInt8](repeating: 0x78, count: 71)))
    }

    private static let noHashes: [String] = [
        "", "secret", "$1$abc", "$2z\(digest)", "$2bb\(digest)", "$2b\(digest.dropLast())", "$2b\(digest)x",
        "$2b$03\(digest.dropFirst(3))", "$2b$32\(digest.dropFirst(3))", "$2b$4 \(digest.dropFirst(3))",
        "$2b$-4\(digest.dropFirst(3))", "$2b\(digest.dropLast()):", "$5$rounds=1000$abc$def",
    ]

    @Test(arguments: noHashes)
    func otherTextIsNoHash(_ text: String) { #expect(BcryptHash(text) == nil) }

    @Test(arguments: [4, 10, 31]) func decoysCostTheSame(_ cost: Int) {
        #expect(BcryptHash.decoy(cost: cost)?.cost == cost)
    }

    @Test func credentialsAreReadFromTheHeader() {
        let read = Credentials("Basic YWRtaW46aHVudGVyMg==")
        #expect(read?.user == "admin")
        #expect(read?.password == Array("hunter2".utf8))
        #expect(Credentials("bASIC YTpiOmM=")?.password == Array("b:c".utf8))
        #expect(Credentials("Basic Og==") == Credentials("basic Og=="))
        #expect(Credentials("Basic Og==")?.user == "")
    }

    @Test(arguments: [
        "", "Basic", "Basic ", "Bearer YTpi", "Basic YTpi=", "Basic YTp", "Basic YWI=", "Basic =YTp", "Basic YT pi",
        "Basic YTpi====", "Basic Y===", "Basic \u{e9}\u{e9}\u{e9}\u{e9}", "YTpi",
        "Basic " + String(repeating: "YTpi", count: 4000),
    ])
    func otherHeadersAreNoCredentials(_ header: String) { #expect(Credentials(header) == nil) }

    @Test func randomHeadersNeverTrap() {
        var random = SeededGenerator(seed: 3)
        let pieces = ["Basic ", "YTpi", "=", "==", "\u{0}", "A", "/", "é", " ", "-"]
        for _ in 0..<20_000 {
            _ = Credentials("Basic " + (0..<random.number(8)).map { _ in random.pick(pieces) }.joined())
        }
    }
}
