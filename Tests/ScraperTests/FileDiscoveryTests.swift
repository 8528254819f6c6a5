import Glibc
import Model
import Synchronization
import TestSupport
import Testing

@testable import Scraper

@Suite struct FileDiscoveryTests {
    private let directory = TemporaryDirectory()

    /// Puts a file in place at once, so that nobody reads half of it.
    private func write(_ name: String, _ text: String) throws {
        try writeFile(directory.path + "/new", text)
        guard rename(directory.path + "/new", directory.path + "/" + name) == 0 else {
            throw TestFailure("rename: \(errno)")
        }
    }

    private func discover(_ files: String, _ harness: Harness, more: String = "") throws {
        try harness.discover(
            """
              file_sd_configs:
              - files: [\(files.split(separator: " ").map { "'\(directory.path)/\($0)'" }.joined(separator: ", "))]
            \(more)
              relabel_configs:
              - {source_labels: [__meta_filepath], regex: '.*/(.*)', target_label: file}
            """)
    }

    @Test func filesOfBothKindsGiveTargetsAtOnceAndChangesAreSeen() async throws {
        try write("a.json", #"[{"targets": ["h1:1", "h2:1"], "LABELS": {"x": "😀"}}]"#)
        try write("b.yml", "- targets: [h3:1]\n- {targets: [h4:1], labels: {y: '1'}}\n")
        let harness = Harness()
        try discover("a.json b.yml *.yaml", harness)
        let first = [
            #"{file="a.json", instance="h1:1", x="😀"}"#, #"{file="a.json", instance="h2:1", x="😀"}"#,
            #"{file="b.yml", instance="h3:1"}"#, #"{file="b.yml", instance="h4:1", y="1"}"#,
        ]
        #expect(harness.targetLabels == first)
        try write("c.yaml", "[{targets: [h5:1]}]")
        try await harness.wait("a new file") {
            harness.targetLabels == first + [#"{file="c.yaml", instance="h5:1"}"#]
        }
        try write("a.json", "[]")
        unlink(directory.path + "/c.yaml")
        try await harness.wait("a changed file and one that is gone") { harness.targetLabels == Array(first[2...]) }
        let families = harness.registry.collect()
        #expect(families.first { $0.name == "prometheus_sd_discovered_targets" }?.points.first?.value == 2)
        #expect(families.first { $0.name == "prometheus_sd_file_mtime_seconds" }?.points.count == 2)
        #expect((harness.metric("prometheus_sd_updates_total") ?? 0) >= 2)
        await harness.manager.stop()
    }

    @Test(arguments: [
        ("t.yml", "- targets: [h:1]\n", "- targets: [h:1\n", "t.yml:"),
        (
            "t.yml", "- targets: [h:1]\n", "targets: [h:1]\n",
            "t.yml:1:1: expected a list of groups of targets, found a mapping"
        ),
        ("t.yml", "- targets: [h:1]\n", "- target: [h:1]\n", "did you mean targets?"),
        ("t.json", #"[{"targets": ["h:1"]}]"#, #"[{"targets": ["h:1"]}"#, "not JSON"),
        ("t.json", #"[{"targets": ["h:1"]}]"#, #"[{"targets": "h:1"}]"#, "found another thing at [0].targets"),
        ("t.json", #"[{"targets": ["h:1"]}]"#, #"[{"target": ["h:1"]}]"#, "unknown key \"target\" in a group"),
        ("t.json", #"[{"targets": ["h:1"]}]"#, "", "not JSON"),
        ("t.json", #"[{"targets": ["h:1"]}]"#, String(repeating: "[", count: 100_000), "not JSON"),
        ("t.json", #"[{"targets": ["h:1"]}]"#, #"[{"labels": {"": "x"}}]"#, "\"\" is not a valid label name"),
    ])
    func aBrokenFileKeepsItsTargetsAndSaysSoOnce(name: String, good: String, bad: String, reason: String) async throws {
        try write(name, good)
        let harness = Harness()
        try discover(name, harness, more: "    refresh_interval: 50ms")
        let targets = ["{file=\"\(name)\", instance=\"h:1\"}"]
        #expect(harness.targetLabels == targets)
        try write(name, bad)
        try await harness.wait("several readings") {
            (harness.metric("prometheus_sd_file_read_errors_total") ?? 0) >= 3
        }
        #expect(harness.targetLabels == targets)
        try write(name, good)
        try await harness.wait("a good file") { harness.lines("notice reading a file of targets works again") == 1 }
        await harness.manager.stop()
        let errors = harness.log.lines.filter { $0.hasPrefix("error reading a file of targets failed") }
        #expect(errors.count == 1 && errors.allSatisfy { $0.contains(reason) }, "\(errors)")
    }

    /// Whoever takes over a target whose job did not change is the same object, with the same series.
    @Test func reloadingKeepsTheLoopsOfUnchangedTargets() async throws {
        try write("a.yml", "- targets: [h1:1, h2:1]\n")
        let harness = Harness()
        try discover("a.yml", harness)
        func targets() -> [ObjectIdentifier] {
            harness.manager.state.withLock { $0.targets.map(ObjectIdentifier.init) }
        }
        let before = targets()
        try discover("a.yml", harness)
        #expect(targets() == before)
        try write("b.yml", "- targets: [h3:1]\n")
        try discover("a.yml b.yml", harness)
        #expect(targets().count == 3 && Set(targets()).isSuperset(of: before))
        await harness.manager.stop()
    }

    @Test func oneUnusableAddressLeavesTheOthers() async throws {
        try write("a.yml", "- targets: ['http://h1/x', h2:1]\n")
        let harness = Harness()
        try discover("a.yml", harness)
        #expect(harness.targetLabels == [#"{file="a.yml", instance="h2:1"}"#])
        // Whichever of two threads puts the plan in force logs it, afterwards.
        try await harness.wait("the error") { harness.lines("error cannot use a target") == 1 }
        await harness.manager.stop()
    }

    @Test func aPipeIsNotWaitedFor() async throws {
        try write("a.json", #"[{"targets": ["h1:1"]}]"#)
        #expect(mkfifo(directory.path + "/b.json", 0o600) == 0)
        let harness = Harness()
        try discover("*.json", harness)
        #expect(harness.targetLabels == [#"{file="a.json", instance="h1:1"}"#])
        #expect(harness.log.lines.contains { $0.contains("it is not a regular file") })
        await harness.manager.stop()
    }

    @Test func aFewUnusableAddressesAreNamedAndTheOthersCounted() async throws {
        try write("a.yml", "- targets: [\((1...100).map { "'h\($0)/x'" }.joined(separator: ", "))]\n")
        let harness = Harness()
        try discover("a.yml", harness)
        try await harness.wait("the errors") { harness.lines("error cannot use a target") == 11 }
        #expect(harness.log.lines.contains { $0.contains("job \"test\": 90 more of its targets") })
        await harness.manager.stop()
    }

    @Test func theFirstChangeIsFollowedAtOnceAndFurtherOnesTogether() async throws {
        try write("a.yml", "- targets: [h1:1]\n")
        let harness = Harness(planGapMs: 3_600_000)
        try discover("a.yml", harness)
        func found() -> Double? {
            harness.registry.collect().first { $0.name == "prometheus_sd_discovered_targets" }?.points.first?.value
        }
        // What the first reading brought is a change too.
        try await harness.wait("a plan") { harness.metric("prometheus_sd_updates_total") == 1 }
        try write("a.yml", "- targets: [h1:1, h2:1]\n")
        try await harness.wait("a change") { found() == 2 }
        #expect(harness.targetLabels == [#"{file="a.yml", instance="h1:1"}"#])
        #expect(harness.metric("prometheus_sd_updates_total") == 1)
        await harness.manager.stop()
    }
}
