import Glibc
import TestSupport
import Testing

@testable import TSDBCommand

/// What the pod's image starts, run as RunPod's start script runs it.
@Suite struct PodTemplateTests {
    private let home: PodHome
    private let port: Int

    init() throws {
        home = try PodHome()
        port = try freePort()
    }

    private var page: String { "http://127.0.0.1:\(port)/metrics" }
    private var log: String { (try? readText(home.path + "/logs/gpu-exporter-pod-1.log")) ?? "" }

    private func preStart() throws -> ProgramResult {
        try runScript(
            "docker/runpod-template/pre_start.sh", [],
            variables: home.variables + [
                "GPU_EXPORTER_LOGS=\(home.path)/logs", "RUNPOD_POD_ID=pod-1",
                "GPU_EXPORTER_FLAGS=--simulate 2 --kubernetes",
                "DCGM_EXPORTER_LISTEN=127.0.0.1:\(port)",
                "DCGM_EXPORTER_COLLECTORS=\(Repository.path("config/gpu-counters.csv"))",
            ])
    }

    @Test func exporterIsThereFromTheStartAndComesBackWhenItIsKilled() throws {
        let started = try preStart()
        #expect(started.status == 0, "\(started.printed)")
        #expect(started.output.contains("\(home.path)/logs/gpu-exporter-pod-1.log"))
        try eventually("the page") { answers(page, holding: "pod=\"pod-1\"") ? () : nil }
        #expect(answers(page, holding: "DCGM_FI_DEV_CLOCK_THROTTLE_REASONS{"))

        let supervisor = try #require(home.supervisor("gpu-exporter"))
        let first = try #require(exporter(of: supervisor))
        kill(first, SIGKILL)
        let second = try eventually("another exporter") { exporter(of: supervisor).flatMap { $0 == first ? nil : $0 } }
        try eventually("the page again") { answers(page) ? () : nil }
        #expect(log.contains("gpu-exporter ended with status 137"), "\(log)")

        // Run again by hand: what runs stays as it is.
        #expect(try preStart().status == 0)
        try eventually("the second one gives up") { log.contains("gpu-exporter runs already") ? () : nil }
        #expect(exporter(of: supervisor) == second)

        home.stopServices()
        #expect(kill(second, 0) != 0, "the exporter outlives its supervisor")
        #expect(log.contains("gpu-exporter is stopped"), "\(log)")
    }

    @Test func podStartsWhereNoLogCanBeWritten() throws {
        // A file where the folder should be.
        try writeFile(home.path + "/logs", "")
        let started = try preStart()
        #expect(started.status == 0, "\(started.printed)")
        #expect(started.output.contains("\(home.path)/gpu-exporter/gpu-exporter-pod-1.log"), "\(started.output)")
        try eventually("the page") { answers(page) ? () : nil }
    }

    @Test func onlyOldLogsOfItsOwnAreDeleted() throws {
        mkdir(home.path + "/logs", 0o700)
        mkdir(home.path + "/logs/training", 0o700)
        let old = ["gpu-exporter-gone.log", "gpu-exporter-gone.log.1"]
        let kept = ["train.log", "gpu-exporter-notes.log.txt", "training/gpu-exporter-gone.log", "training/run.log.3"]
        for name in old + kept {
            try writeFile("\(home.path)/logs/\(name)", "")
            var times = utimbuf(actime: 1_000_000_000, modtime: 1_000_000_000)
            #expect(utime("\(home.path)/logs/\(name)", &times) == 0)
        }
        try writeFile("\(home.path)/logs/gpu-exporter-new.log", "")
        #expect(try preStart().status == 0)
        for name in old { #expect(access("\(home.path)/logs/\(name)", F_OK) != 0, "\(name)") }
        for name in kept + ["gpu-exporter-new.log"] {
            #expect(access("\(home.path)/logs/\(name)", F_OK) == 0, "\(name)")
        }
    }

    @Test func commandThatIgnoresTERMIsKilledAndOthersAreNotTouched() throws {
        try home.addProgram("stubborn", "trap '' TERM; echo ready; while :; do sleep 1; done")
        let log = home.path + "/stubborn.log"
        let supervisor = try startScript(
            "scripts/keep-running.sh", ["stubborn", log, "stubborn"], variables: home.variables)
        defer { supervisor.finish(SIGKILL) }
        try eventually("it runs") { (try? readText(log))?.contains("ready") == true ? () : nil }
        let child = try #require(children(of: supervisor.pid).first)
        func keepRunning(_ arguments: [String]) throws -> ProgramResult {
            try runScript("scripts/keep-running.sh", arguments, variables: home.variables)
        }
        #expect(try keepRunning(["--show", "stubborn"]).output == "stubborn\n")
        #expect(try keepRunning(["--stop", "stubborn"]).status == 0)
        try eventually("the supervisor has ended") { supervisor.isRunning ? nil : () }
        #expect(kill(child, 0) != 0)
        #expect(try keepRunning(["--show", "stubborn"]).status == 1)

        // A lock that nobody holds any more, with the id of a process that is somebody else's.
        let other = try ChildProcess("/usr/bin/env", ["sleep", "600"])
        defer { other.finish(SIGKILL) }
        try writeFile("\(home.path)/keep-running.\(geteuid())/stubborn.lock", "\(other.pid)\n")
        #expect(try keepRunning(["--stop", "stubborn"]).status == 0)
        #expect(other.isRunning)
    }

    @Test func attemptsGetRarerAndTheLogStaysSmall() throws {
        // A million and a half without a single end of line, then the end.
        try home.addProgram("noisy", "head -c 1500000 /dev/zero | tr '\\0' x; exit 3")
        let log = home.path + "/noisy.log"
        let supervisor = try startScript("scripts/keep-running.sh", ["noisy", log, "noisy"], variables: home.variables)
        defer { supervisor.finish(SIGTERM) }
        try eventually("three starts") {
            let kept = [log, log + ".1"].compactMap { try? readText($0) }.joined()
            return kept.contains("starting again in 2 s") && kept.contains("noisy ended with status 3") ? () : nil
        }
        for name in [log, log + ".1"] {
            var status = stat()
            #expect(stat(name, &status) == 0 && status.st_size <= 1 << 20, "\(name)")
        }
        #expect(supervisor.finish(SIGTERM) == 0)
    }

    private func exporter(of supervisor: pid_t) -> pid_t? {
        children(of: supervisor).first { (try? readText("/proc/\($0)/comm")) == "gpu-exporter\n" }
    }
}
