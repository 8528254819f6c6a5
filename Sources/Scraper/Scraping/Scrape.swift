import Exposition
import Logging
import Model

/// What every scrape needs besides its target.
struct ScrapeEnvironment: Sendable {
    let store: any Appendable
    let logger: Logger
    let metrics: ScrapeMetrics
    let metadata: MetadataCache
    let storeHealth: StoreHealth
    let pageThreads = PageThreads()
}

/// One scrape of one target, from its page to the store.
///
/// 1. Read the page and resolve the series that are new in it; on any error of the page the scrape fails.
/// 2. Append samples, report series and staleness markers as one batch, which is one durable commit.
/// 3. Append again, under new references, what the store had forgotten the series of.
/// 4. Remember what the page says of its metrics, where that is new.
struct Scrape: Sendable {
    let target: Target
    let environment: ScrapeEnvironment
    let timestampMs: Int64
    /// When the fetch began, of the monotonic clock.
    let startedNs: UInt64

    /// The report series, in the order of their values.
    var reportNames: [String] {
        [
            "up", "scrape_duration_seconds", "scrape_samples_scraped", "scrape_samples_post_metric_relabeling",
            "scrape_series_added",
        ]
            + (target.job.hasExtraMetrics
                ? ["scrape_timeout_seconds", "scrape_sample_limit", "scrape_body_size_bytes"] : [])
    }

    /// For how long a page may be read where the scrape's timeout is shorter: many times what the largest takes.
    private static let readingMsMin: Int64 = 30_000

    private struct Prepared {
        var outcome: ScrapeSession.Outcome
        /// What the page says of metrics; nil where that is what the page before said.
        var metadata: [MetadataLine]?
        var failure: ScrapeFailure?
    }

    /// Stores what `page` brought, and returns why the scrape failed, nil where it did not; nothing of a page that is not
    /// read any more.
    func run(_ page: Result<FetchedPage, ScrapeFailure>, _ session: inout ScrapeSession) async -> ScrapeFailure? {
        var failure: ScrapeFailure?
        let before = session
        do throws(StorageError) {
            let prepared = try await prepareOnThread(page, &session)
            failure = prepared.failure
            // As where the page has not come yet: the series stay open.
            if failure == .stopped {
                session = before
                return failure
            }
            environment.metrics.count(prepared.outcome)
            try await append(prepared.outcome, &session)
            try await remember(prepared)
            environment.storeHealth.recovered(environment.logger)
        } catch {
            // Nothing of this scrape may have been stored, staleness markers included: the next one starts from what
            // was live before, and reads its page anew.
            session = before
            session.invalidateLines()
            environment.storeHealth.failed(error, environment.logger)
        }
        if let failure { environment.metrics.count(failure) }
        return failure
    }

    private func prepareOnThread(
        _ page: Result<FetchedPage, ScrapeFailure>, _ session: inout ScrapeSession
    ) async throws(StorageError) -> Prepared {
        let (result, after) = await environment.pageThreads.run { [session] in
            var session = session
            let result = self.prepared(page, &session)
            return (result, session)
        }
        session = after
        return try result.get()
    }

    private func prepared(
        _ page: Result<FetchedPage, ScrapeFailure>, _ session: inout ScrapeSession
    ) -> Result<Prepared, StorageError> {
        do throws(StorageError) {
            try resolveReports(&session)
            return .success(try prepare(page, &session))
        } catch {
            return .failure(error)
        }
    }

    private func resolveReports(_ session: inout ScrapeSession) throws(StorageError) {
        let names = reportNames
        guard session.reportRefs.count != names.count else { return }
        session.changeReports(try environment.store.resolve(names.map { target.labeller.report($0) }))
    }

    private func prepare(
        _ page: Result<FetchedPage, ScrapeFailure>, _ session: inout ScrapeSession
    ) throws(StorageError) -> Prepared {
        var counts = (scraped: 0, kept: 0)
        switch page {
        case .failure(let failure):
            return failed(failure, counts, bodyBytes: failure.kind == .bodyLimit ? -1 : 0, &session)
        case .success(let page):
            session.lastBodyBytes = page.body.count
            var settings = PageSettings(target.job)
            settings.threads = environment.pageThreads
            settings.endNs = monotonicNs() + UInt64(max(target.description.timeoutMs, Scrape.readingMsMin)) * 1_000_000
            var reader = session.reader(target.labeller, settings)
            do throws(ScrapeFailure) {
                if environment.pageThreads.isOver { throw .stopped }
                try read(page, &reader)
            } catch {
                counts = reader.counts
                var failed = failed(error, counts, bodyBytes: page.body.count, &session)
                failed.metadata = reader.metadata
                session.wasToldOtherwise = session.wasToldOtherwise || failed.metadata != nil
                return failed
            }
            return try succeeded(&reader, bodyBytes: page.body.count, &session)
        }
    }

    private func read(_ page: FetchedPage, _ reader: inout PageReader) throws(ScrapeFailure) {
        let format: ExpositionFormat
        do {
            format = try ExpositionFormat.of(
                contentType: page.contentType, fallback: target.job.fallbackProtocol?.format)
        } catch {
            throw ScrapeFailure(message: error.description)
        }
        try page.body.withUnsafeBufferPointer { (bytes) throws(ScrapeFailure) in try reader.read(bytes, format) }
        let limit = target.job.limits.samples
        if limit > 0, reader.counts.kept > limit, reader.counts.kept - reader.repeatedCount > limit {
            throw ScrapeFailure(kind: .sampleLimit, message: "sample limit exceeded")
        }
    }

    private func succeeded(
        _ reader: inout PageReader, bodyBytes: Int, _ session: inout ScrapeSession
    ) throws(StorageError) -> Prepared {
        let newRefs = reader.draft.newLabels.isEmpty ? [] : try environment.store.resolve(reader.draft.newLabels)
        let madeRefs = reader.draft.madeLabels.isEmpty ? [] : try environment.store.resolve(reader.draft.madeLabels)
        let added = session.addedCount(newRefs + madeRefs)
        let values = reports(up: 1, reader.counts, added: added, bodyBytes: bodyBytes)
        let metadata = reader.metadata ?? (session.wasToldOtherwise ? session.layout.metadata : nil)
        session.wasToldOtherwise = false
        let outcome = session.succeed(
            &reader.draft, newRefs: newRefs, madeRefs: madeRefs, reports: values, timestampMs: timestampMs,
            tracksTimestamped: target.job.trackTimestampsStaleness)
        return Prepared(outcome: outcome, metadata: metadata)
    }

    private func failed(
        _ failure: ScrapeFailure, _ counts: (scraped: Int, kept: Int), bodyBytes: Int,
        _ session: inout ScrapeSession
    ) -> Prepared {
        let values = reports(up: 0, counts, added: 0, bodyBytes: bodyBytes)
        let outcome = session.fail(reports: values, timestampMs: timestampMs)
        return Prepared(outcome: outcome, failure: failure)
    }

    private func reports(
        up: Double, _ counts: (scraped: Int, kept: Int), added: Int, bodyBytes: Int
    ) -> [Double] {
        let seconds = Double(monotonicNs() &- startedNs) / 1e9
        let values = [up, seconds, Double(counts.scraped), Double(counts.kept), Double(added)]
        guard target.job.hasExtraMetrics else { return values }
        let timeoutSeconds = Double(target.description.timeoutMs) / 1000
        return values + [timeoutSeconds, Double(target.job.limits.samples), Double(bodyBytes)]
    }

    private func remember(_ prepared: Prepared) async throws(StorageError) {
        let failed = prepared.failure != nil
        let changed = prepared.metadata.map { target.metadata.update($0, isOfFailure: failed) } ?? []
        if !failed { target.metadata.endScrape(tellingOf: prepared.metadata.map { Set($0.map(\.metric)) }) }
        guard !changed.isEmpty else { return }
        let news = environment.metadata.note(changed)
        target.metadata.share(changed, with: environment.metadata)
        guard !news.isEmpty else { return }
        do {
            try await environment.store.setMetadata(news)
        } catch {
            environment.metadata.forget(news)
            target.metadata.forget(changed)
            throw error
        }
    }
}
