import Glibc
import TestSupport
import Testing
import YAML

@testable import Scraper

@Suite struct FurtherFilesTests {
    private let directory = TemporaryDirectory()
    private var main: String { directory.path + "/p.yml" }

    private func write(_ name: String, _ text: String) throws { try writeFile(directory.path + "/" + name, text) }

    @Test func jobsOfFurtherFilesAreAmongTheOthers() throws {
        try write(
            "p.yml",
            """
            global: {scrape_interval: 7s}
            scrape_config_files: ['d*.yml', 'none.yml']
            scrape_configs: [{job_name: a}]
            """)
        try write("d1.yml", "scrape_configs: [{job_name: b, tls_config: {ca_file: x}}]")
        try write("d2.yml", "scrape_configs: [{job_name: c, scrape_interval: 9s}]")
        let configuration = try Configuration.load(path: main)
        #expect(configuration.jobs.map(\.name) == ["a", "b", "c"])
        #expect(configuration.jobs.map(\.scrapeIntervalMs) == [7000, 7000, 9000])
        #expect(configuration.jobs[1].http.tls.caFile == directory.path + "/x")
        #expect(
            configuration.warnings.count == 1 && configuration.warnings[0].hasPrefix("\(main):2:33: no file is there"))
    }

    @Test func changesAreSeenSinceTheFilesWereReadWellOrBadly() throws {
        try write("p.yml", "scrape_config_files: ['d*.yml']")
        try write("d1.yml", "scrape_configs: [{job_name: b}]")
        let good = Configuration.read(path: main)
        #expect(try good.result.get().jobs.count == 1)
        #expect(!good.content.hasChanged(path: main))
        try write("d2.yml", "")
        #expect(good.content.hasChanged(path: main))
        try write("p.yml", "scrape_config_files: ['d*.yml', e.yml]")
        try write("e.yml", "scrape_configs: [{}]")
        let bad = Configuration.read(path: main)
        #expect(throws: ConfigurationError.self) { try bad.result.get() }
        #expect(!bad.content.hasChanged(path: main))
        try write("e.yml", "scrape_configs: [{job_name: c}]")
        #expect(bad.content.hasChanged(path: main))
        unlink(main)
        #expect(!bad.content.hasChanged(path: main), "a file that is being replaced")
    }

    @Test func aPipeIsNotWaitedFor() throws {
        try write("p.yml", "scrape_config_files: ['d*.yml']")
        #expect(mkfifo(directory.path + "/d1.yml", 0o600) == 0)
        let error = #expect(throws: ConfigurationError.self) { try Configuration.load(path: main) }
        #expect(
            error?.description
                == "\(directory.path)/d1.yml:1:1: cannot read the configuration file: it is not a regular file")
    }

    @Test func faultsAreNamedWithTheirFile() throws {
        try write("p.yml", "scrape_config_files: ['d*.yml']\nscrape_configs: [{job_name: a}]")
        try write("d1.yml", "scrape_configs:\n- job_name: a\n- job_nam: b\n")
        try write("d2.yml", "global: {}\n")
        let error = #expect(throws: ConfigurationError.self) { try Configuration.load(path: main) }
        let lines = error?.problems.map { $0.description.replacing(directory.path + "/", with: "") }
        #expect(
            lines == [
                "d1.yml:2:13: found multiple scrape configs with job name \"a\"", "d1.yml:3:3: job_name is empty",
                "d1.yml:3:3: unknown key \"job_nam\" in scrape_configs entry; did you mean job_name?",
                "d2.yml:1:1: unknown key \"global\" in a file of scrape_configs",
            ])
    }

    @Test func onlySoManyDroppedTargetsAreListed() async throws {
        let harness = Harness()
        try harness.discover(
            """
              keep_dropped_targets: 2
              static_configs: [{targets: [a:1, b:1, c:1, d:1]}]
              relabel_configs: [{source_labels: [__address__], regex: 'a.*', action: keep}]
            """)
        #expect(harness.manager.droppedTargets().count == 2)
        #expect(harness.targetLabels == [#"{instance="a:1"}"#])
        await harness.manager.stop()
    }
}
