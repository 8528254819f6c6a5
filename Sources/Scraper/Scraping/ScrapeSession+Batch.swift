import Exposition
import Model

/// From a page's values to what is appended.
///
/// 1. Every kept value and every report has a place; most pages are their columns as they are.
/// 2. What is made of several lines is made of the values at their places.
/// 3. Places that are no float samples are taken out: histograms, parts, and what is dated too far ahead.
extension ScrapeSession {
    /// The draft's samples and the reports as a batch. Takes the draft's values out of it.
    mutating func batch(_ draft: inout PageDraft, _ reports: [Double], _ timestampMs: Int64) -> Outcome {
        // Moved out, so that the reports go into the spare room and nothing is copied.
        var values: [Double] = []
        swap(&values, &draft.values)
        values += reports
        var outcome = Outcome(batch: SampleBatch(refs: refs, timestamps: [timestampMs], values: values))
        let latestMs = timestampMs + ScrapeSession.aheadMsMax
        let tooFar = draft.explicit.isEmpty ? [] : draft.explicit.filter { $0.timestampMs > latestMs }.map(\.index)
        if !draft.explicit.isEmpty { outcome.batch.date(draft.explicit, scrapeMs: timestampMs) }
        addStartTimes(draft, &outcome.batch)
        addHistograms(draft, &outcome.batch, latestMs)
        addExemplars(draft, &outcome.batch, latestMs)
        outcome.tooFarAhead = tooFar.count
        var out = Set(tooFar)
        out.formUnion(draft.histograms.lazy.map(\.index))
        if layout.partCount > 0 {
            for (place, ref) in refs.enumerated() where ref == PageDraft.noSeries { out.insert(place) }
        }
        if !out.isEmpty { outcome.batch.remove(out) }
        return outcome
    }

    private func addStartTimes(_ draft: PageDraft, _ batch: inout SampleBatch) {
        let linked = links?.starts ?? []
        guard !draft.starts.isEmpty || !linked.isEmpty else { return }
        batch.startTimes = [Int64](repeating: 0, count: batch.values.count)
        for start in draft.starts where start.startMs <= batch.timestamp(start.index) {
            batch.startTimes[start.index] = start.startMs
        }
        for start in linked {
            let seconds = batch.values[start.created]
            // A limit that no milliseconds overflow at; what is beyond is no time.
            guard seconds > 0, seconds < 9e15 else { continue }
            let startMs = Int64(seconds * 1000)
            for place in start.samples where startMs <= batch.timestamp(place) { batch.startTimes[place] = startMs }
        }
    }

    private func addHistograms(_ draft: PageDraft, _ batch: inout SampleBatch, _ latestMs: Int64) {
        func add(_ ref: SeriesRef, _ histogram: Histogram, _ place: Int) {
            let timestamp = batch.timestamp(place)
            guard timestamp <= latestMs else { return }
            batch.histograms.append(
                HistogramSample(
                    ref: ref, timestamp: timestamp, histogram: histogram,
                    startTime: batch.startTimes.isEmpty ? 0 : batch.startTimes[place]))
        }
        for sample in draft.histograms { add(refs[sample.index], sample.histogram, sample.index) }
        for (ref, conversion) in zip(madeRefs, links?.conversions ?? []) {
            // Lines that contradict one another give no histogram, as in Prometheus.
            guard let histogram = conversion.histogram(batch.values), let place = conversion.places.first else {
                continue
            }
            add(ref, histogram, place)
        }
    }

    private mutating func addExemplars(_ draft: PageDraft, _ batch: inout SampleBatch, _ latestMs: Int64) {
        guard !draft.exemplars.isEmpty || !undatedExemplars.isEmpty else { return }
        var undated: [SeriesRef: ExposedExemplar] = [:]
        let made = madeOf(draft)
        for (place, exposed) in draft.exemplars {
            guard batch.timestamp(place) <= latestMs else { continue }
            // Histograms have many exemplars, which their times tell apart.
            if exposed.timestamp == nil, made[place] != nil { continue }
            let ref = made[place] ?? refs[place]
            guard ref != PageDraft.noSeries else { continue }
            if exposed.timestamp == nil {
                undated[ref] = exposed
                if undatedExemplars[ref] == exposed { continue }
            }
            let exemplar = Exemplar(
                labels: exposed.labels, timestamp: exposed.timestamp ?? batch.timestamp(place), value: exposed.value)
            batch.exemplars.append(ExemplarSample(ref: ref, exemplar: exemplar))
        }
        batch.exemplars.sortByTime()
        undatedExemplars = undated
    }

    /// By the places of lines with exemplars the histograms that are made of them.
    private func madeOf(_ draft: PageDraft) -> [Int: SeriesRef] {
        guard let links, !links.conversions.isEmpty, !draft.exemplars.isEmpty else { return [:] }
        var made: [Int: SeriesRef] = [:]
        for (ref, conversion) in zip(madeRefs, links.conversions) {
            for place in conversion.places { made[place] = ref }
        }
        return made
    }
}

extension PageLinks.Conversion {
    /// The histogram that the values at these places make; nil where they contradict one another.
    func histogram(_ values: [Double]) -> Histogram? {
        var classic = ClassicBuckets()
        for bucket in buckets { classic.add(bound: bucket.bound, cumulative: values[bucket.place]) }
        classic.count = count.map { values[$0] }
        classic.sum = sum.map { values[$0] } ?? 0
        return try? classic.customHistogram()
    }
}

extension [ExemplarSample] {
    /// A store takes no exemplar that is older than the one before it of its series.
    fileprivate mutating func sortByTime() {
        let isSorted = zip(self, dropFirst()).allSatisfy { $0.exemplar.timestamp <= $1.exemplar.timestamp }
        if !isSorted {
            sort { ($0.exemplar.timestamp, $0.exemplar.value) < ($1.exemplar.timestamp, $1.exemplar.value) }
        }
    }
}

extension SampleBatch {
    /// Puts samples' own timestamps in place.
    fileprivate mutating func date(_ explicit: [(index: Int, timestampMs: Int64)], scrapeMs: Int64) {
        timestamps = Array(repeating: scrapeMs, count: refs.count)
        for sample in explicit { timestamps[sample.index] = sample.timestampMs }
    }

    /// Takes the samples at these places out.
    fileprivate mutating func remove(_ places: Set<Int>) {
        let kept = refs.indices.filter { !places.contains($0) }
        refs = kept.map { refs[$0] }
        values = kept.map { values[$0] }
        if timestamps.count > 1 { timestamps = kept.map { timestamps[$0] } }
        if !startTimes.isEmpty { startTimes = kept.map { startTimes[$0] } }
    }

    /// Ends series.
    mutating func appendMarkers(_ series: [SeriesRef], _ timestampMs: Int64) {
        guard !series.isEmpty else { return }
        if timestamps.count == refs.count, timestamps.count != 1 || timestamps[0] != timestampMs {
            timestamps += Array(repeating: timestampMs, count: series.count)
        }
        refs += series
        values += Array(repeating: StaleMarker.value, count: series.count)
        if !startTimes.isEmpty { startTimes += Array(repeating: 0, count: series.count) }
    }
}
