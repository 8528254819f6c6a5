import CSQLite
import Model

/// Looks at every row of a database, as of one moment.
///
/// 1. SQLite checks its own pages; where these are damaged, what follows finds as much as can still be read.
/// 2. Labels and series: each pair once, sorted, no two series with the same labels.
/// 3. Blocks: their rows, whether they overlap, and every row of each, decoded whole.
/// 4. The journal, in the order in which an opening reads it; then exemplars, metadata, settings.
/// 5. Samples that no sound series has are named once per series.
///
/// Beside each finding it notes the step that repairs it.
final class Checker {
    let connection: Connection
    let loader: Loader
    let report: OperationProgress.Report
    var result = CheckReport()
    var steps: [RepairStep] = []
    /// Whether SQLite's own check has found anything; nothing is repaired then.
    private(set) var isFileDamaged = false
    var stored: StoredLabels?
    /// Length of a block in databases that were made with version 1 of the schema; 0 in others.
    var legacyBlockMs: Int64 = 0
    /// What is known of each series that has samples and no sound row.
    var ownerless: [UInt32: Ownerless] = [:]

    struct Ownerless {
        var rows: [Int64] = []
        var samples = 0
        var journalSamples = 0
    }

    init(_ connection: Connection, _ report: @escaping OperationProgress.Report) {
        self.connection = connection
        self.report = report
        loader = Loader(connection: connection)
    }

    /// - Parameter isFull: whether SQLite compares more than the structure of its pages.
    func run(isFull: Bool) throws(StorageError) {
        try connection.execute("BEGIN")
        defer { try? connection.execute("COMMIT") }
        try checkFile(isFull: isFull)
        try reading("meta") { () throws(StorageError) in try checkSettings() }
        try reading("series") { () throws(StorageError) in try checkSeries() }
        let blocks = try checkBlocks()
        try reading("journal") { () throws(StorageError) in try checkJournal(sealedEnd: blocks.map(\.end).max()) }
        nameOwnerless()
        try reading("exemplar") { () throws(StorageError) in try checkExemplars() }
        try reading("metadata") { () throws(StorageError) in try checkMetadata() }
        try reading("damaged") { () throws(StorageError) in try listDamaged() }
    }

    private func checkFile(isFull: Bool) throws(StorageError) {
        report(OperationProgress(stage: "checking the file's pages"))
        try reading("sqlite_schema") { () throws(StorageError) in
            let statement = try connection.prepare("PRAGMA \(isFull ? "integrity_check" : "quick_check")")
            while try statement.step() {
                let text = statement.text(0)
                if text == "ok" { continue }
                isFileDamaged = true
                find(connection.path, "SQLite finds: \(text)")
            }
        }
    }

    /// Runs `body`; where it meets pages that SQLite cannot read, that is a finding, and the check goes on.
    func reading(_ place: String, _ body: () throws(StorageError) -> Void) throws(StorageError) {
        do throws(StorageError) {
            try body()
        } catch .corrupted(let text) {
            isFileDamaged = true
            find("table \(place)", "it cannot be read to its end: \(text)")
        }
    }

    /// Notes something that is wrong, and what repairs it.
    func find(_ place: String, _ problem: String, _ step: RepairStep? = nil) {
        result.findingCount += 1
        if result.findings.count < CheckReport.findingsMax {
            result.findings.append(.init(place: place, problem: problem, isRepairable: step != nil))
        }
        if let step { steps.append(step) }
    }

    func text(ofSeries id: UInt32) -> String {
        stored?.labels(id).map { "series \(id) \($0)" } ?? "series \(id), whose labels are not known"
    }

    func text(of block: Block) -> String {
        "block \(block.number) (\(formatUTC(block.start)) to \(formatUTC(block.end)))"
    }
}

/// One change that a repair makes. Those that follow one another in a list may be the same.
enum RepairStep: Hashable {
    /// Moves a row of `chunk` into `damaged`; its block is to be rebuilt.
    case setAsideChunk(Int64, reason: String)
    case setAsideRecord(Int64, reason: String)
    /// Moves a series' row; its number is not given again.
    case setAsideSeries(Int64, reason: String)
    case storeSeries(UInt32, pairs: [UInt32], checksum: Int64)
    case deleteLabel(Int64)
    case deleteExemplar(Int64)
    case deleteMetadata(String)
    case setMeta(MetaKey, Int64?)
    /// Makes a block's own row anew of its others.
    case rebuildBlock(Int64)
    /// Deletes a row of `block` whose number no block can have.
    case deleteBlockRow(Int64)
    case deleteLeftover(Int64)
    /// Puts what the journal holds into blocks, and deletes what belongs to no series.
    case sealJournal
}
