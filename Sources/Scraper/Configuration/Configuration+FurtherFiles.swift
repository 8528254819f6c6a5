import Glibc
import Model
import YAML

extension Configuration {
    /// The most files that `scrape_config_files` may name.
    private static let furtherFilesMax = 10_000

    mutating func decodeFurtherFiles(_ section: inout MappingDecoder, folder: String) {
        for node in section.list("scrape_config_files") ?? [] {
            guard let pattern = section.scalar(node, "scrape_config_files", "a path") else { continue }
            let name = pattern.split(separator: "/", omittingEmptySubsequences: false).last ?? ""
            if name.isEmpty || pattern.dropLast(name.count).contains("*") {
                section.diagnostics.report(
                    node.mark,
                    "invalid scrape config file path \(quoted(pattern)): expected * in the last part of the path only")
                continue
            }
            let path = resolved(pattern, folder)
            if matchingPaths([path]).isEmpty {
                section.diagnostics.warn(node.mark, "no file is there that scrape_config_files asks for: \(path)")
            }
            scrapeConfigFiles.append(path)
        }
    }

    /// Adds the jobs of the further files.
    /// - Returns: what is to be said of each.
    mutating func readFurtherFiles() -> [Diagnostics] {
        matchingPaths(scrapeConfigFiles).prefix(Configuration.furtherFilesMax).map { path in
            let diagnostics = Diagnostics(file: path)
            do throws(ConfigurationError) {
                readJobs(try readConfigurationText(path), path, diagnostics)
            } catch {
                for problem in error.problems { diagnostics.report(YAMLMark(line: 1, column: 1), problem.message) }
            }
            return diagnostics
        }
    }

    private mutating func readJobs(_ text: String, _ path: String, _ diagnostics: Diagnostics) {
        do throws(YAMLError) {
            guard let root = try YAMLReader.read(text),
                var section = MappingDecoder(root, "a file of scrape_configs", diagnostics)
            else { return }
            decodeJobs(section.list("scrape_configs") ?? [], folder: folder(of: path), diagnostics)
            section.finish()
        } catch {
            diagnostics.report(error.mark, error.reason)
        }
    }
}

/// The files that any of `patterns` names, each once, sorted.
func matchingPaths(_ patterns: [String]) -> [String] {
    var paths: Set<String> = []
    for pattern in patterns {
        var found = glob_t()
        defer { globfree(&found) }
        guard glob(pattern, 0, nil, &found) == 0 else { continue }
        for index in 0..<Int(found.gl_pathc) {
            if let path = found.gl_pathv[index] { paths.insert(String(cString: path)) }
        }
    }
    return paths.sorted(by: byteOrder)
}
