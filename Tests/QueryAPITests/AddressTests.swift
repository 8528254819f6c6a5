import QueryAPI
import TestSupport
import Testing

@Suite struct AddressTests {
    @Test(arguments: [
        (":9090", "", 9090), ("0.0.0.0:9090", "0.0.0.0", 9090), ("[::1]:80", "::1", 80),
        ("localhost:0", "localhost", 0),
    ])
    func addressIsRead(_ text: String, _ host: String, _ port: Int) throws {
        #expect(try ListenAddress(parsing: text) == ListenAddress(host: host, port: port))
    }

    @Test(arguments: ["", "9090", "a:b", "a:99999", "a:-1", "::1:9090", "[::1", "[a]:1", "a:", "a:+1"])
    func malformedAddressIsRefused(_ text: String) {
        #expect(throws: ListenAddress.SyntaxError.self) { try ListenAddress(parsing: text) }
    }

    @Test func takenPortIsToldClearly() async throws {
        try await withServer { port in
            let error = await #expect(throws: ListenError.self) {
                try await withServer {
                    $0.options.addresses[0].port = port
                } _: { _ in
                }
            }
            #expect("\(error!)".hasPrefix("cannot listen on 127.0.0.1:\(port): address already in use"))
            #expect("\(error!)".contains("--web.listen-address"))
        }
    }

    @Test func everyAddressIsListenedOnWhereNoHostIsNamed() async throws {
        try await withServer {
            $0.options.addresses[0].host = ""
        } _: { port in
            let answer = try await get(port, "/-/healthy")
            #expect(answer.status == 200)
        }
    }
}
