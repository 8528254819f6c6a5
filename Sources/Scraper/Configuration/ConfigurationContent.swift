import Model
import YAML

/// What was in the configuration file, and in the further ones that it names, when they were read: whether well or badly.
public struct ConfigurationContent: Sendable, Equatable {
    /// Of the file's bytes; nil where it could not be read.
    var main: UInt64?
    /// Of the names and bytes of the further files.
    private(set) var further: UInt64 = 0
    /// What names them.
    var patterns: [String] = []

    init(main: [UInt8]?) {
        self.main = main.map { hash(of: $0) }
    }

    mutating func add(_ path: String, _ read: Result<[UInt8], FileError>) {
        further = hash(of: Array(path.utf8), seed: further)
        switch read {
        case .success(let bytes): further = hash(of: bytes, seed: further)
        case .failure(let error): further = hash(of: Array(error.reason.utf8), seed: further &+ 1)
        }
    }

    /// Whether the configuration file at `path` can be read and has other content now, or a further file has.
    public func hasChanged(path: String) -> Bool {
        // What comes through a pipe comes once.
        let read = readWholeFile(path, bytesMax: YAMLReader.bytesMax, isWaiting: false)
        guard case .success(let bytes) = read else { return false }
        var now = ConfigurationContent(main: bytes)
        guard now.main == main else { return true }
        for path in furtherPaths(patterns) { now.add(path, readFurtherFile(path)) }
        return now.further != further
    }
}

/// The most files that `scrape_config_files` may name.
let furtherFilesMax = 10_000

/// The files that `scrape_config_files` names.
func furtherPaths(_ patterns: [String]) -> ArraySlice<String> { matchingPaths(patterns).prefix(furtherFilesMax) }

func readFurtherFile(_ path: String) -> Result<[UInt8], FileError> {
    readWholeFile(path, bytesMax: YAMLReader.bytesMax, isWaiting: false)
}

private func hash(of bytes: [UInt8], seed: UInt64 = 0) -> UInt64 {
    bytes.withUnsafeBufferPointer { hash64($0, seed: seed) }
}
