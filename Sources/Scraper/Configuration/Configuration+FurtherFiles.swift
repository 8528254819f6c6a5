import Model
import YAML

extension Configuration {
    mutating func decodeFurtherFiles(_ section: inout MappingDecoder, folder: String) {
        for node in section.list("scrape_config_files") ?? [] {
            guard let pattern = section.scalar(node, "scrape_config_files", "a path") else { continue }
            if lastPart(ofPattern: pattern) == nil {
                section.diagnostics.report(
                    node.mark,
                    "invalid scrape config file path \(quoted(pattern)): expected * in the last part of the path only, "
                        + "and complete brackets")
                continue
            }
            let path = resolved(pattern, folder)
            if matchingPaths([path]).isEmpty {
                section.diagnostics.warn(node.mark, "no file is there that scrape_config_files asks for: \(path)")
            }
            scrapeConfigFiles.append(path)
        }
        let count = matchingPaths(scrapeConfigFiles).count
        if count > furtherFilesMax {
            section.diagnostics.report(
                section.keyPlace("scrape_config_files"),
                "expected at most \(furtherFilesMax) files for scrape_config_files, found \(count)")
        }
    }

    /// Adds the jobs of the further files, and what these are to `content`.
    /// - Returns: what is to be said of each.
    mutating func readFurtherFiles(_ content: inout ConfigurationContent) -> [Diagnostics] {
        content.patterns = scrapeConfigFiles
        return furtherPaths(scrapeConfigFiles).map { path in
            let file = readFurtherFile(path)
            content.add(path, file)
            let diagnostics = Diagnostics(file: path)
            do throws(ConfigurationError) {
                readJobs(try configurationText(file, path), path, diagnostics)
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
