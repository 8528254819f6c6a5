import Exposition
import HTTPTypes
import Model

extension API {
    /// `/-/healthy`: the process answers.
    func healthy(_ call: Call) async throws(APIError) -> Answer { .text("Prometheus Server is Healthy.\n") }

    /// `/-/ready`: queries can be answered.
    func ready(_ call: Call) async throws(APIError) -> Answer {
        guard dependencies.isReady() else { return .text("Service Unavailable", .serviceUnavailable) }
        return .text("Prometheus Server is Ready.\n")
    }

    /// `/-/reload`: reads the configuration anew.
    func reload(_ call: Call) async throws(APIError) -> Answer {
        if let refusal = lifecycleRefusal(call) { return refusal }
        do {
            try await dependencies.reload()
            return .text("")
        } catch {
            return .errorText("failed to reload config: \(error)", .internalServerError)
        }
    }

    /// `/-/quit`: ends the process in order.
    func quit(_ call: Call) async throws(APIError) -> Answer {
        if let refusal = lifecycleRefusal(call) { return refusal }
        dependencies.quit()
        return .text("Requesting termination... Goodbye!")
    }

    private func lifecycleRefusal(_ call: Call) -> Answer? {
        if call.method == .get { return .text("Only POST or PUT requests allowed", .methodNotAllowed) }
        return options.enableLifecycle ? nil : .text("Lifecycle API is not enabled.", .forbidden)
    }
}
