import Exposition
import Model

/// From a page's values to what is appended.
///
/// 1. Every kept value and every report has a place; most pages are their columns as they are.
/// 2. What is made of several lines comes behind them.
/// 3. Places that are no float samples are taken out: histograms, parts, what is dated too far ahead, and repeated lines.
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
        let repeated = draft.undated(repeated)
        addStartTimes(draft, &outcome.batch)
        addHistograms(draft, &outcome.batch, latestMs, without: repeated)
        addExemplars(draft, &outcome.batch, latestMs)
        outcome.tooFarAhead = tooFar.count
        outcome.repeated = repeated.count
        let single = tooFar + draft.histograms.map(\.index) + repeated
        var out = parts
        if !single.isEmpty {
            out += single.map { $0..<$0 + 1 }
            out.sort { $0.lowerBound < $1.lowerBound }
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

    private func addHistograms(
        _ draft: PageDraft, _ batch: inout SampleBatch, _ latestMs: Int64, without repeated: [Int]
    ) {
        func add(_ ref: SeriesRef, _ histogram: Histogram, _ place: Int) {
            let timestamp = batch.timestamp(place)
            guard timestamp <= latestMs else { return }
            batch.histograms.append(
                HistogramSample(
                    ref: ref, timestamp: timestamp, histogram: histogram,
                    startTime: batch.startTimes.isEmpty ? 0 : batch.startTimes[place]))
        }
        let left = repeated.isEmpty ? [] : Set(repeated)
        for sample in draft.histograms where !left.contains(sample.index) {
            add(refs[sample.index], sample.histogram, sample.index)
        }
        guard let conversions = links?.conversions else { return }
        for (index, histogram) in draft.made.enumerated() {
            // Lines that contradict one another give no histogram, as in Prometheus.
            guard let histogram, let place = conversions[index].firstPlace else { continue }
            add(madeRefs[index], histogram, place)
        }
    }

    private func addExemplars(_ draft: PageDraft, _ batch: inout SampleBatch, _ latestMs: Int64) {
        for (place, exposed) in draft.exemplars {
            guard batch.timestamp(place) <= latestMs else { continue }
            var ref = refs[place]
            if let index = links?.conversion(of: place), draft.made[index] != nil {
                // Histograms have many exemplars, which their times tell apart.
                if exposed.timestamp == nil { continue }
                ref = madeRefs[index]
            }
            guard ref != PageDraft.noSeries else { continue }
            let exemplar = Exemplar(
                labels: exposed.labels, timestamp: exposed.timestamp ?? batch.timestamp(place), value: exposed.value)
            batch.exemplars.append(
                ExemplarSample(ref: ref, exemplar: exemplar, isDated: exposed.timestamp != nil))
        }
        batch.exemplars.sortByTime()
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

extension Array {
    /// The elements that are not at these places, which are in ascending order and may have some in common.
    fileprivate func removing(_ places: [Range<Int>]) -> [Element] {
        var kept: [Element] = []
        kept.reserveCapacity(count)
        var start = 0
        for range in places {
            if range.lowerBound > start { kept += self[start..<range.lowerBound] }
            start = Swift.max(start, range.upperBound)
        }
        kept += self[start...]
        return kept
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

    /// Takes the samples at these places out, which are in ascending order.
    fileprivate mutating func remove(_ places: [Range<Int>]) {
        // One timestamp is of all samples, be there one or many.
        if timestamps.count == refs.count, timestamps.count > 1 { timestamps = timestamps.removing(places) }
        refs = refs.removing(places)
        values = values.removing(places)
        if !startTimes.isEmpty { startTimes = startTimes.removing(places) }
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
