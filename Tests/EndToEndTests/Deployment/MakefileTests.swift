import Glibc
import TestSupport
import Testing

/// The Makefile's targets around images and pods, with stand-ins that write down how they are called.
@Suite(.enabled(if: findProgram("make") != nil, "no make")) struct MakefileTests {
    private let home: PodHome

    init() throws {
        home = try PodHome()
        try home.addProgram("docker", "echo \"docker $*\"")
        try home.addProgram("podman", "echo \"podman $*\"")
    }

    private func make(_ arguments: [String]) throws -> ProgramResult {
        try runToEnd(
            "/usr/bin/env", home.variables + ["make", "--no-print-directory", "-s", "-C", Repository.root] + arguments)
    }

    @Test func servicesAreDockerComposes() throws {
        let compose = "docker compose -f docker/docker-compose.yml"
        for (arguments, called) in [
            (["services-up"], "\(compose) up --build --detach --wait"),
            (
                ["services-up", "PROFILES=simulated placeholders"],
                "\(compose) --profile simulated --profile placeholders up --build --detach --wait"
            ),
            (["services-down"], "\(compose) --profile * down"),
            (["services-logs"], "\(compose) --profile * logs --follow"),
            (["services-status"], "\(compose) --profile * ps --all"),
            (["services-status", "ENGINE=podman"], "podman compose -f docker/docker-compose.yml --profile * ps --all"),
        ] {
            let result = try make(arguments)
            #expect(result.output == called + "\n", "\(arguments): \(result.printed)")
        }
    }

    @Test func templateIsBuiltFromTheExporterAndPushed() throws {
        let built = try make(["template-build", "DOCKER_USERNAME=me", "TEMPLATE_BASE=base:1"]).output
        #expect(built.contains("--target gpu-exporter --tag gpu-exporter:local"), "\(built)")
        #expect(built.contains("--build-arg BASE_IMAGE=base:1 --tag me/gpu-metrics-pod:latest"), "\(built)")
        #expect(try make(["template-push", "DOCKER_USERNAME=me"]).output == "docker push me/gpu-metrics-pod:latest\n")
        for target in ["template-build", "template-push"] {
            let result = try make([target])
            #expect(result.status != 0 && result.errors.contains("make \(target) DOCKER_USERNAME=you"))
        }
    }

    @Test func otherEnginesAndBasesBuildImages() throws {
        for program in ["tsdb", "gpu-exporter"] { try home.addProgram(program, "echo \(program)") }
        let built = try make([
            "image", "ENGINE=podman", "PREBUILT=1", "BINARIES=\(home.path)/bin", "RUNTIME_IMAGE=localhost/debian:1",
        ]).output
        let lines = built.split(separator: "\n")
        #expect(lines.count == 2)
        for (line, image) in zip(lines, ["tsdb", "gpu-exporter"]) {
            #expect(line.hasPrefix("podman build --format docker --file .build/image/Dockerfile"), "\(line)")
            #expect(line.contains("--build-arg RUNTIME_IMAGE=localhost/debian:1 --target"))
            #expect(line.hasSuffix("--target \(image) --tag \(image):local ."), "\(line)")
        }
        // Nothing of it compiles, and everything that is copied is there: no link, which would lead out of what is sent.
        let file = try Repository.text(".build/image/Dockerfile")
        #expect(!file.contains("swift build"))
        try expectSourcesAreSent(file)
        #expect(try runToEnd(Repository.path(".build/image/tsdb"), []).output == "tsdb\n")
    }

    @Test func dockersOlderBuilderCopiesOnlyWhatIsThere() throws {
        // It builds every stage before the one that is asked for.
        try expectSourcesAreSent(Repository.text("docker/Dockerfile"))
    }

    @Test func composeMayBeAProgramOfItsOwn() throws {
        try home.addProgram("docker", "[ \"$1\" != compose ] || exit 1")
        for (version, is2) in [("2.32.4", true), ("v5.0.0", true), ("1.29.2", false)] {
            try home.addProgram("docker-compose", "[ \"$1\" = version ] && echo \(version) || echo \"compose $*\"")
            let result = try make(["services-up"])
            #expect(result.output.hasPrefix("compose -f docker/docker-compose.yml up") == is2, "\(result.printed)")
        }
    }

    /// Whether all that a Dockerfile copies from the repository is among what `.dockerignore` lets through.
    private func expectSourcesAreSent(_ file: String) throws {
        let sent = try Repository.text(".dockerignore").split(separator: "\n").filter { $0.hasPrefix("!") }
            .map { $0.dropFirst() }
        for line in file.split(separator: "\n") where line.hasPrefix("COPY ") && !line.contains("--from=") {
            for source in line.split(separator: " ").dropFirst().dropLast() {
                #expect(sent.contains { source == $0 || source.hasPrefix($0 + "/") }, "\(source) is not sent")
                #expect(try resolved(String(source)) == resolved("") + "/\(source)", "\(source) is a link")
            }
        }
    }

    /// The real path of a file of the repository, which is to be there.
    private func resolved(_ name: String) throws -> String {
        let path = try #require(realpath(Repository.path(name), nil), "there is no \(name)")
        defer { free(path) }
        return String(cString: path)
    }

    @Test func podWithoutAddressIsExplained() throws {
        for target in ["gpu-tunnel", "gpu-setup-dcgm"] {
            let result = try make([target, "TERRAFORM=\(home.path)/nowhere"])
            #expect(result.status != 0)
            #expect(result.errors.contains("make \(target) POD_HOST="), "\(result.errors)")
        }
        // The address reaches the script, which refuses it.
        let result = try make(["gpu-tunnel", "POD_HOST=127.0.0.1", "POD_PORT=99999", "TUNNEL_OPTIONS=--accept-new"])
        #expect(result.errors.contains("\"99999\" is no port"), "\(result.errors)")
    }

    @Test func helpNamesEveryTarget() throws {
        let help = try make(["help"]).output
        let text = try Repository.text("Makefile")
        for target in text.matches(of: /(?m)^([a-z-]+):/) { #expect(help.contains("  \(target.1) "), "\(target.1)") }
    }
}
