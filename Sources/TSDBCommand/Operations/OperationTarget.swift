import ArgumentParser
import Model
import TSDB

#if canImport(Glibc)
import Glibc
#endif

/// The database that an operation works on.
struct OperationTarget: ParsableArguments {
    @Option(help: ArgumentHelp("The directory of the database.", valueName: "dir"))
    var db = "data"

    /// Opens the database for writing, where there is one. Nothing in it is too old for an operation.
    /// - Throws: ``CommandFailure`` where a server has it open, with what to do.
    func openForWriting() throws -> Database {
        let suffix = "/" + Database.fileName
        let directory = db.hasSuffix(suffix) ? String(db.dropLast(suffix.count)) : db
        guard access(directory + suffix, F_OK) == 0 else {
            throw CommandFailure("there is no database in \(directory): \(directory + suffix) is missing")
        }
        return try explainingLock { () throws(StorageError) in
            try Database.open(directory: directory, options: DatabaseOptions(retentionMs: 0))
        }
    }
}

/// Runs `body`; where another process has the database open for writing, the error says what to do.
func explainingLock<Value>(_ body: () throws(StorageError) -> Value) throws -> Value {
    do throws(StorageError) {
        return try body()
    } catch .locked(let text) {
        throw CommandFailure("\(text). Stop it (a server ends with SIGTERM), run this again, and start it anew")
    }
}

/// A size with its unit, as in `1.4 MB`; units of 1000.
func readableBytes(_ bytes: Int64) -> String {
    if bytes.magnitude < 1000 { return "\(bytes) B" }
    var value = Double(bytes)
    for unit in ["kB", "MB", "GB", "TB"] {
        value /= 1000
        // What would be shown as 1000 goes on.
        if abs(value) < 999.95 || unit == "TB" { return "\(oneDecimal(value)) \(unit)" }
    }
    return "\(bytes) B"
}

/// A number with one digit behind the point.
func oneDecimal(_ value: Double) -> String {
    let tenths = Int64((value * 10).rounded())
    return "\(tenths < 0 ? "-" : "")\(tenths.magnitude / 10).\(tenths.magnitude % 10)"
}

/// A number with two digits behind the point.
func twoDecimals(_ value: Double) -> String {
    let cents = Int64((value * 100).rounded())
    let rest = cents.magnitude % 100
    return "\(cents < 0 ? "-" : "")\(cents.magnitude / 100).\(rest < 10 ? "0" : "")\(rest)"
}

/// `1 series`, `2 blocks`: a count with its word.
func counted(_ count: some BinaryInteger, _ one: String, _ many: String? = nil) -> String {
    "\(count) \(count == 1 ? one : many ?? one + "s")"
}
