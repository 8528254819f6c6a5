import ArgumentParser
import PrometheusData

#if canImport(Glibc)
import Glibc
#endif

/// What a path to import holds.
enum ImportFormat: String, ExpressibleByArgument, CaseIterable {
    case auto, openmetrics
    case prometheusText = "prometheus-text"
    case prometheusData = "prometheus-data"

    /// The format itself, or where it is `auto` what `path` looks like; standard input is looked at when it is read.
    ///
    /// - Throws: ``CommandFailure`` where nothing is there, or nothing that is known.
    func resolved(for path: String) throws(CommandFailure) -> ImportFormat {
        if path == "-" {
            guard self != .prometheusData else { throw CommandFailure("- is no data directory") }
            return self
        }
        var status = stat()
        guard stat(path, &status) == 0 else {
            throw CommandFailure("cannot read \(path): \(String(cString: strerror(errno)))")
        }
        let isDirectory = status.st_mode & S_IFMT == S_IFDIR
        guard self == .auto else {
            guard isDirectory == (self == .prometheusData) else {
                throw CommandFailure(
                    isDirectory
                        ? "\(path) is a directory: of those, only --format prometheus-data is read"
                        : "\(path) is a file: --format prometheus-data reads a directory")
            }
            return self
        }
        if !isDirectory { return .auto }
        guard PrometheusData.isOne(path) else {
            throw CommandFailure(
                "\(path) is no data directory of Prometheus: expected blocks with meta.json, or wal, in it. "
                    + "Name the directory that --storage.tsdb.path named")
        }
        return .prometheusData
    }
}
