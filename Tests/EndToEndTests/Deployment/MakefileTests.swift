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
        let built = try make(["image", "ENGINE=podman", "PREBUILT=1", "RUNTIME_IMAGE=localhost/debian:1"]).output
        let lines = built.split(separator: "\n")
        #expect(lines.count == 2)
        for (line, image) in zip(lines, ["tsdb", "gpu-exporter"]) {
            #expect(line.hasPrefix("podman build --format docker --file docker/Dockerfile"), "\(line)")
            #expect(line.contains("--build-arg RUNTIME_IMAGE=localhost/debian:1 --build-arg PROGRAMS=prebuilt"))
            #expect(line.hasSuffix("--target \(image) --tag \(image):local ."), "\(line)")
        }
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
