import CResolv
import Glibc

/// A server of names at an IPv4 address.
struct Nameserver: Sendable {
    var address: String
    var port: Int
    /// Searched in place of the system's domains; empty for none.
    var domain = ""
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

/// The records of `name`, each once and in an order that does not change, unlike that of servers; none where there is no
/// such name. Waits for the answer.
func lookUp(
    _ name: String, _ type: DiscoveryConfiguration.DNS.RecordType, nameserver: Nameserver?
) -> Result<[DNSRecord], DNSFailure> {
    let number = cresolv_type(type.rawValue)
    var found: Set<DNSRecord> = []
    var reason: UnsafePointer<CChar>?
    // SAFETY: the texts of `server` and the set live until the call returns, and `take` gets this set; `reason` is a
    // constant.
    let status = withUnsafeMutablePointer(to: &found) { context in
        guard let nameserver else { return cresolv_lookup(nil, name, number, take, context, &reason) }
        return nameserver.address.withCString { address in
            nameserver.domain.withCString { domain in
                var server = cresolv_server(address: address, port: Int32(nameserver.port), domain: domain)
                return cresolv_lookup(&server, name, number, take, context, &reason)
            }
        }
    }
    guard status == 0 else {
        return .failure(DNSFailure(reason: reason.map { String(cString: $0) } ?? "no answer"))
    }
    return .success(found.sorted { ($0.target, $0.port, $0.address) < ($1.target, $1.port, $1.address) })
}

/// Adds a record to the set at `context`. As many as an answer has: its size is limited.
private func take(_ context: UnsafeMutableRawPointer?, _ record: UnsafePointer<cresolv_record>?) {
    guard let set = context?.assumingMemoryBound(to: Set<DNSRecord>.self), let record = record?.pointee else { return }
    set.pointee.insert(
        DNSRecord(target: text(record.target), port: Int(record.port), address: text(record.address)))
}

/// The text in a C array of characters.
private func text<Characters>(_ characters: Characters) -> String {
    withUnsafeBytes(of: characters) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
}
