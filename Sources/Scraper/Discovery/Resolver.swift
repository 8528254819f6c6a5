import CResolv
import Glibc

/// A server of names at an IPv4 address.
struct Nameserver: Sendable {
    var address: String
    var port: Int
}

/// What a record says: `port` and `target` of SRV records, `target` of MX and NS records, `address` of A and AAAA ones.
struct DNSRecord: Sendable, Hashable {
    var target = ""
    var port = 0
    var address = ""
}

/// Why there is no answer.
struct DNSFailure: Error, Sendable {
    let reason: String
}

/// The most records of a name that are taken.
private let recordsMax = 1000

/// The records of `name`, each once and in an order that does not change, unlike that of servers; none where there is no
/// such name. Waits for the answer.
func lookUp(
    _ name: String, _ type: DiscoveryConfiguration.DNS.RecordType, nameserver: Nameserver?
) -> Result<[DNSRecord], DNSFailure> {
    var found = [cresolv_record](repeating: cresolv_record(), count: recordsMax)
    var reason: UnsafePointer<CChar>?
    let number = cresolv_type(type.rawValue)
    // SAFETY: the shim writes at most `recordsMax` records and ends their texts with a zero; `reason` is a constant.
    let count =
        if let nameserver {
            cresolv_lookup(
                nameserver.address, Int32(nameserver.port), name, number, &found, Int32(recordsMax), &reason)
        } else {
            cresolv_lookup(nil, 0, name, number, &found, Int32(recordsMax), &reason)
        }
    guard count >= 0 else {
        return .failure(DNSFailure(reason: reason.map { String(cString: $0) } ?? "no answer"))
    }
    let records = Set(
        found.prefix(Int(count)).map { record in
            DNSRecord(target: text(record.target), port: Int(record.port), address: text(record.address))
        })
    return .success(records.sorted { ($0.target, $0.port, $0.address) < ($1.target, $1.port, $1.address) })
}

/// The text in a C array of characters.
private func text<Characters>(_ characters: Characters) -> String {
    withUnsafeBytes(of: characters) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
}
