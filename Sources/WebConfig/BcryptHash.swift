import CCrypt

/// A password's bcrypt hash: `$2b$`, two digits of cost, `$`, 22 characters of salt and 31 of hash.
///
/// - Source: golang.org/x/crypto/bcrypt for which hashes are taken: the versions 2, 2a, 2b and 2y mean the same to it.
struct BcryptHash: Sendable, Equatable {
    /// Without the version.
    private let digest: [UInt8]
    /// The logarithm of how many rounds a check takes.
    let cost: Int

    /// bcrypt looks at no more of a password.
    private static let passwordBytesMax = 72
    /// Cost, salt and hash, each after a dollar sign but the last.
    private static let digestBytes = 1 + 2 + 1 + 22 + 31

    /// nil where `text` is no bcrypt hash.
    init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard bytes.starts(with: "$2".utf8) else { return nil }
        let digest = Array(bytes.dropFirst(2).drop { $0 == 0x61 || $0 == 0x62 || $0 == 0x79 })
        guard bytes.count - digest.count <= 3, digest.count == BcryptHash.digestBytes, digest[0] == 0x24,
            digest[3] == 0x24, let cost = Int(String(decoding: digest[1...2], as: UTF8.self)), 4...31 ~= cost,
            digest[4...].allSatisfy(isSaltCharacter)
        else { return nil }
        self.digest = digest
        self.cost = cost
    }

    /// A hash of no known password that takes as long to check as one of `cost`.
    static func decoy(cost: Int) -> BcryptHash? {
        BcryptHash("$2b$\(cost < 10 ? "0" : "")\(cost)$Zs1rYw0Mvn3iJ5qQkT7eTuJRDKqYllIqdV1YYEIFTpzrpDKjL4ofO")
    }

    /// Whether `password` is the one that was hashed. Takes a tenth of a second at the usual cost of 10.
    func matches(_ password: [UInt8]) -> Bool {
        // A zero ends a C string, so that what comes after it would not count.
        let hasZero = password.contains(0)
        let password = hasZero ? [0] : Array(password.prefix(BcryptHash.passwordBytesMax)) + [0]
        let setting = Array("$2b".utf8) + digest + [0]
        var result = [CChar](repeating: 0, count: Int(CCRYPT_RESULT_BYTES))
        let isKnown = password.withUnsafeBytes { password in
            setting.withUnsafeBytes { setting in
                ccrypt_bcrypt(
                    password.bindMemory(to: CChar.self).baseAddress, setting.bindMemory(to: CChar.self).baseAddress,
                    &result)
            }
        }
        let found = result.dropFirst(3).prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return isKnown && isSame(found, digest) && !hasZero
    }
}

/// A to Z, a to z, digits, the dot and the slash.
private func isSaltCharacter(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: ".")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "a")...UInt8(ascii: "z"):
        true
    default: false
    }
}

/// Whether both are the same, in a time that tells only whether they are of one length.
func isSame(_ a: [UInt8], _ b: [UInt8]) -> Bool {
    guard a.count == b.count else { return false }
    var difference: UInt8 = 0
    for index in a.indices { difference |= a[index] ^ b[index] }
    return difference == 0
}
