import HTTPTypes
import Model
import PromQL

extension API {
    /// `/federate`: the newest sample of each series that is selected, for another server's scrape.
    func federate(_ call: Call) async throws(APIError) -> Answer {
        var selectors: [[Matcher]] = []
        do throws(APIError) {
            try call.form.requireWhole()
            for text in call.form.all("match[]") { selectors.append(try selector(text, nil)) }
        } catch {
            return .errorText(error.message, .badRequest)
        }
        let format = FederationFormat(accept: call.header(.accept))
        let writer = FederationWriter(format: format, external: dependencies.externalLabels())
        let now = dependencies.clock.nowMs()
        let lookback = dependencies.engine.options.lookbackDeltaMs
        let queryable = dependencies.stored ?? dependencies.queryable
        let wanted = selectors
        do throws(APIError) {
            let page = try await onStorageThread { () throws(StorageError) in
                writer.write(try federatedSamples(queryable, wanted, minTime: now - lookback, maxTime: now))
            }
            return Answer(contentType: format.contentType, body: .bytes(page))
        } catch {
            federationErrors.add()
            return .errorText(error.message, .internalServerError)
        }
    }
}
