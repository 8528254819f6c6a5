import HTTPTypes
import Model
import PromQL

/// Why a request has no answer, as the API tells it.
struct APIError: Error {
    /// Prometheus's names, and the status that it gives each.
    enum Kind: String {
        case badData = "bad_data"
        case execution
        case canceled
        case timeout
        case `internal`
        case notFound = "not_found"
        case unavailable

        var status: HTTPResponse.Status {
            switch self {
            case .badData: .badRequest
            case .execution: .unprocessableContent
            case .canceled: .init(code: 499, reasonPhrase: "Client Closed Request")
            case .timeout: .serviceUnavailable
            case .internal, .unavailable: .internalServerError
            case .notFound: .notFound
            }
        }
    }

    let kind: Kind
    let message: String

    init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    static func badData(_ message: String) -> APIError { APIError(.badData, message) }

    static func invalidParameter(_ name: String, _ reason: String) -> APIError {
        APIError(.badData, "invalid parameter \"\(name)\": \(reason)")
    }

    /// - Parameter parameter: the parameter that held the expression; nil leaves the parser's message as it is.
    init(_ error: QueryError, parameter: String? = "query") {
        switch error {
        case .parse(let text):
            self = parameter.map { .invalidParameter($0, text) } ?? .badData(text)
        case .execution(let text): self.init(.execution, text)
        case .timeout(let text): self.init(.timeout, text)
        case .canceled(let text): self.init(.canceled, text)
        case .storage(let error): self.init(error)
        }
    }

    init(_ error: StorageError) {
        self.init(.internal, error.description)
    }
}
