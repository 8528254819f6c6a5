import Exposition
import Model

/// What is made of several lines of a page of text: start times from `_created` lines, and histograms with custom buckets
/// from classic ones.
///
/// Lines are named by the places of their values, so that nothing has to be parsed for a page that has the same lines.
struct PageLinks: Sendable {
    /// Which samples count from the time that another one tells.
    struct Start: Sendable, Equatable {
        var created: Int
        var samples: [Int]
    }

    /// A histogram that is made of classic lines.
    struct Conversion: Sendable {
        /// As the page has them, without what tells the lines apart.
        var exposed: [Label]
        /// In ascending order of bounds once all are known, so that no scrape has to sort them.
        var buckets: [(bound: Double, place: Int)] = []
        var count: Int?
        var sum: Int?

        /// The place of one of its lines; nil where it has none.
        var firstPlace: Int? { buckets.first?.place ?? count ?? sum }

        /// Of two lines with one bound the earlier comes first.
        mutating func sortBuckets() {
            buckets.sort { ($0.bound, $0.place) < ($1.bound, $1.place) }
        }

        func forEachPlace(_ body: (Int) -> Void) {
            for bucket in buckets { body(bucket.place) }
            if let count { body(count) }
            if let sum { body(sum) }
        }

        mutating func movePlaces(_ move: (inout Int) -> Void) {
            for index in buckets.indices { move(&buckets[index].place) }
            if var place = count {
                move(&place)
                count = place
            }
            if var place = sum {
                move(&place)
                sum = place
            }
            sortBuckets()
        }
    }

    private(set) var starts: [Start] = []
    private(set) var conversions: [Conversion] = []
    /// By the places of values, the index in ``conversions`` of the histogram that is made of the line, -1 where there is
    /// none; empty where no histogram is made.
    private var owners: [Int32] = []
    private var sampleCount: Int

    /// How many histograms could be made and are dropped by relabelling.
    private(set) var droppedCount = 0

    /// - Parameters:
    ///   - converts: whether histograms are made.
    ///   - hasCreated: whether `_created` lines mean start times, as they do in OpenMetrics.
    /// - Returns: nil where the layout has nothing of either kind.
    init?(_ layout: PageLayout, converts: Bool, hasCreated: Bool) {
        let hasCreated = hasCreated && layout.contains("_created")
        sampleCount = layout.sampleCount
        guard converts || hasCreated else { return nil }
        var family = LinkedFamily(name: "", type: .unknown)
        for line in 0..<layout.count {
            let kind = layout.kind(line)
            if kind.isSample {
                guard kind != .droppedSample, family.isOfInterest(hasCreated) else { continue }
                layout.withHead(line) { family.add($0, at: layout.samplesBefore(line)) }
            } else if kind.metricType != nil {
                finish(&family, converts)
                let named = layout.withHead(line) { PageLinks.family($0) }
                family = LinkedFamily(name: named.name, type: named.type)
            }
        }
        finish(&family, converts)
        if starts.isEmpty, conversions.isEmpty { return nil }
    }

    /// Gives the histograms their labels, and removes those that relabelling drops.
    mutating func label(_ labeller: SampleLabeller) throws(ScrapeFailure) -> [Labels] {
        var labels: [Labels] = []
        var kept: [Conversion] = []
        for conversion in conversions {
            guard let series = try labeller.series(conversion.exposed) else { continue }
            labels.append(series)
            kept.append(conversion)
        }
        droppedCount = conversions.count - kept.count
        conversions = kept
        findOwners()
        return labels
    }

    private mutating func findOwners() {
        guard !conversions.isEmpty else { return owners = [] }
        var found = [Int32](repeating: -1, count: sampleCount)
        for (index, conversion) in conversions.enumerated() {
            conversion.forEachPlace { found[$0] = Int32(truncatingIfNeeded: index) }
        }
        owners = found
    }

    /// The same links for a layout that has no other lines of which they could be made, and these of those before.
    ///
    /// - Returns: nil where it lacks one of the lines, or has one twice: all have to be read again then.
    func moved(_ runs: [PageDraft.KeptRun], sampleCount: Int) -> PageLinks? {
        // What was dropped is not known by its places.
        guard droppedCount == 0 else { return nil }
        var places = [Int](repeating: -1, count: self.sampleCount)
        for run in runs {
            for offset in 0..<run.count {
                guard places[run.before + offset] < 0 else { return nil }
                places[run.before + offset] = run.now + offset
            }
        }
        var moved = self
        var isWhole = true
        func move(_ place: inout Int) {
            place = places[place]
            isWhole = isWhole && place >= 0
        }
        for index in starts.indices {
            move(&moved.starts[index].created)
            for sample in starts[index].samples.indices { move(&moved.starts[index].samples[sample]) }
        }
        for index in conversions.indices { moved.conversions[index].movePlaces(move) }
        guard isWhole else { return nil }
        moved.sampleCount = sampleCount
        moved.findOwners()
        return moved
    }

    /// Which of the histograms is made of the line at `place`, among others; nil where none is.
    func conversion(of place: Int) -> Int? {
        guard place < owners.count, owners[place] >= 0 else { return nil }
        return Int(owners[place])
    }

    /// What a TYPE line says.
    static func family(_ head: UnsafeBufferPointer<UInt8>) -> (name: String, type: MetricMetadata.MetricType) {
        // The types that matter here are called the same in both formats.
        var parser = TextParser(head, format: .openMetrics)
        guard case .type(let metric, let type)? = try? parser.metadata(of: head) else { return ("", .unknown) }
        return (metric, type)
    }

    private mutating func finish(_ family: inout LinkedFamily, _ converts: Bool) {
        for group in family.groups {
            if let created = group.created, !group.samples.isEmpty {
                starts.append(Start(created: created, samples: group.samples))
            }
            if converts, family.type == .histogram, group.conversion.firstPlace != nil {
                conversions.append(group.conversion)
                conversions[conversions.count - 1].sortBuckets()
            }
        }
    }
}

extension PageLinks {
    /// What a line of a classic histogram is of it.
    enum Part: Equatable {
        case bucket(Double), count, sum, created

        /// - Returns: nil where labels are of no line of the histogram `family`.
        init?(_ exposed: [Label], of family: String) {
            guard let name = exposed.first(where: { $0.name == Labels.metricNameLabel })?.value,
                name.utf8.starts(with: family.utf8)
            else { return nil }
            switch suffix(of: name, family) {
            case "_count": self = .count
            case "_sum": self = .sum
            case "_created": self = .created
            case "_bucket":
                guard var text = exposed.first(where: { $0.name == "le" })?.value,
                    let bound = text.withUTF8({ parseNumber($0) }), !bound.isNaN
                else { return nil }
                self = .bucket(bound)
            default: return nil
            }
        }
    }
}

/// The lines of one metric family, by their labels.
private struct LinkedFamily {
    struct Group {
        var conversion: PageLinks.Conversion
        var created: Int?
        var samples: [Int] = []
    }

    let name: String
    let type: MetricMetadata.MetricType
    private(set) var groups: [Group] = []
    private var groupOf: [Labels: Int] = [:]

    init(name: String, type: MetricMetadata.MetricType) {
        self.name = name
        self.type = type
    }

    func isOfInterest(_ hasCreated: Bool) -> Bool {
        switch type {
        case .counter, .summary: hasCreated
        case .histogram: true
        default: false
        }
    }

    mutating func add(_ head: UnsafeBufferPointer<UInt8>, at place: Int) {
        var parser = TextParser(head, format: .text)
        parser.type = type
        guard let exposed = try? parser.labels(of: head),
            let metric = exposed.first(where: { $0.name == Labels.metricNameLabel })?.value,
            metric.utf8.starts(with: name.utf8)
        else { return }
        let suffix = suffix(of: metric, name)
        let own = type == .histogram && suffix == "_bucket" ? "le" : type == .summary && suffix == "" ? "quantile" : ""
        let group = group(exposed.filter { $0.name != Labels.metricNameLabel && $0.name != own })
        if suffix == "_created" {
            groups[group].created = place
            return
        }
        guard ["", "_total", "_bucket", "_count", "_sum"].contains(suffix) else { return }
        groups[group].samples.append(place)
        guard type == .histogram else { return }
        switch PageLinks.Part(exposed, of: name) {
        case .bucket(let bound): groups[group].conversion.buckets.append((bound, place))
        case .count: groups[group].conversion.count = place
        case .sum: groups[group].conversion.sum = place
        case .created, nil: break
        }
    }

    private mutating func group(_ labels: [Label]) -> Int {
        let key = Labels(labels.lazy.map { (name: $0.name, value: $0.value) })
        if let known = groupOf[key] { return known }
        groupOf[key] = groups.count
        let exposed = [Label(name: Labels.metricNameLabel, value: name)] + labels
        groups.append(Group(conversion: PageLinks.Conversion(exposed: exposed)))
        return groups.count - 1
    }
}

/// What a name has behind that of its family.
private func suffix(of name: String, _ family: String) -> String {
    String(decoding: name.utf8.dropFirst(family.utf8.count), as: UTF8.self)
}
