import HTTPTypes
import Hummingbird
import Logging

/// `/metrics`, `/health` and `/`, as dcgm-exporter has them.
func exporterRouter(_ collector: Collector) -> Router<BasicRequestContext> {
    let router = Router(options: .autoGenerateHeadEndpoints)
    router.get("/metrics") { _, _ in
        switch collector.page() {
        case .page(let page): answer(.ok, "text/plain; version=0.0.4; charset=utf-8", page)
        case .failure(let reason): answer(.serviceUnavailable, plainText, ByteBuffer(string: reason + "\n"))
        }
    }
    router.get("/health") { _, _ in
        let (complaints, isServing) = collector.health()
        // One GPU that is gone is no reason to have the exporter restarted; that none can be read is.
        let lines = (isServing ? ["OK"] : []) + complaints
        return answer(
            isServing ? .ok : .serviceUnavailable, plainText, ByteBuffer(string: lines.joined(separator: "\n") + "\n"))
    }
    router.get("/") { _, _ in
        answer(.ok, "text/html; charset=utf-8", ByteBuffer(string: frontPage))
    }
    return router
}

private let plainText = "text/plain; charset=utf-8"

private let frontPage = """
    <!doctype html>
    <html lang="en">
    <head><title>GPU exporter</title></head>
    <body>
    <h1>GPU exporter</h1>
    <p><a href="/metrics">Metrics</a> for Prometheus, <a href="/health">health</a></p>
    </body>
    </html>

    """

private func answer(_ status: HTTPResponse.Status, _ contentType: String, _ body: ByteBuffer) -> Response {
    Response(
        status: status,
        headers: [.contentType: contentType, .xContentTypeOptions: "nosniff"],
        body: ResponseBody(byteBuffer: body))
}
