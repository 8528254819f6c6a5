import Glibc
import TestSupport
import Testing

@testable import TSDBCommand

/// `scripts/setup-dcgm.sh` on a pod behind a real SSH server. NVIDIA's programs are stand-ins: they print what a GPU
/// machine's do, and the exporter that `apt-get` brings is this package's with simulated GPUs.
@Suite(.enabled(if: LocalPod.isPossible, LocalPod.missing)) struct SetUpTests {
    private let pod: LocalPod
    private let port: Int

    init() throws {
        pod = try LocalPod()
        port = try freePort()
    }

    private var page: String { "http://127.0.0.1:\(port)/metrics" }

    private func setUp(_ options: [String] = []) throws -> ProgramResult {
        try runScript(
            "scripts/setup-dcgm.sh",
            pod.login + [
                "--accept-new", "--listen", "127.0.0.1:\(port)", "--logs", pod.home.path + "/logs", "--exporter",
                Programs.exporter, "--flags", "--simulate 2 --processes",
            ] + options + ["127.0.0.1", "\(pod.port)"])
    }

    /// A GPU machine whose `apt-get install` runs `installation`.
    private func addStandIns(installation: String) throws {
        try pod.home.addProgram(
            "nvidia-smi",
            "[ \"$1\" = -L ] && echo 'GPU 0: NVIDIA H100 (UUID: GPU-1)' || echo '| Driver Version: 570  CUDA Version: 12.8 |'"
        )
        try pod.home.addProgram("id", "echo 0")
        try pod.home.addProgram("apt-cache", "exit 0")
        try pod.home.addProgram(
            "apt-get", "echo \"$*\" >>'\(pod.home.path)/apt'; [ \"$1\" = install ] || exit 0; \(installation)")
    }

    @Test func dcgmIsInstalledWhereThePodAllowsIt() throws {
        try addStandIns(
            installation: """
                cat >'\(pod.home.path)/bin/dcgm-exporter' <<'END'
                #!/bin/bash
                exec -a dcgm-exporter '\(Programs.exporter)' --simulate 1 "$@"
                END
                chmod +x '\(pod.home.path)/bin/dcgm-exporter'
                """)
        let result = try setUp()
        #expect(result.status == 0, "\(result.printed)")
        #expect(result.output.contains("dcgm-exporter shows this pod's GPUs at http://127.0.0.1:\(port)/metrics"))
        #expect(
            try readText(pod.home.path + "/apt").contains(
                "install -y --no-install-recommends datacenter-gpu-manager-4-cuda12 datacenter-gpu-manager-exporter"))
        // It is kept running, and asked for what the dashboard shows.
        #expect(answers(page, holding: "DCGM_FI_DEV_CLOCK_THROTTLE_REASONS{"))
        #expect(pod.home.supervisor("dcgm-exporter") != nil)

        let again = try setUp(["--listen", "127.0.0.1:\(port)"])
        #expect(again.status == 0 && again.output.contains("already"), "\(again.printed)")
    }

    @Test func runningAgainMovesTheExporterAndChangesItsFlags() throws {
        try pod.home.addProgram("nvidia-smi", "exit 9")
        #expect(try setUp().status == 0)
        let first = pod.home.supervisor("gpu-exporter")
        // Without flags, and with the same ones, what runs stays.
        #expect(try setUp().output.contains("already"))
        #expect(pod.home.supervisor("gpu-exporter") == first)

        let flags = try setUp(["--flags", "--simulate 3"])
        #expect(flags.status == 0, "\(flags.printed)")
        #expect(answers(page, holding: "gpu=\"2\""))

        let other = try freePort()
        let moved = try setUp(["--listen", "127.0.0.1:\(other)"])
        #expect(moved.status == 0, "\(moved.printed)")
        #expect(answers("http://127.0.0.1:\(other)/metrics", holding: "DCGM_FI_DEV_GPU_TEMP{"))
        #expect(!answers(page))
    }

    @Test func repositoryThatCannotBeReachedIsTheReason() throws {
        try addStandIns(installation: "exit 0")
        try pod.home.addProgram("apt-cache", "exit 100")
        let error = "curl: (6) Could not resolve host: developer.download.nvidia.com"
        try pod.home.addProgram("curl", "echo '\(error)' >&2; exit 6")
        try pod.home.addProgram("wget", "exit 4")
        mkdir(pod.home.path + "/logs", 0o700)
        try writeFile(pod.home.path + "/logs/install.log", "E: of the day before\n")
        let result = try setUp()
        #expect(result.status == 0, "\(result.printed)")
        #expect(result.output.contains("DCGM cannot be installed: \(error)\n"), "\(result.output)")
    }

    @Test func gpuExporterTakesDCGMsPlace() throws {
        try addStandIns(
            installation: "echo 'E: Unable to locate package datacenter-gpu-manager-4-cuda12' >&2; exit 100")
        let result = try setUp()
        #expect(result.status == 0, "\(result.printed)")
        #expect(
            result.output.contains(
                "DCGM cannot be installed: E: Unable to locate package datacenter-gpu-manager-4-cuda12"),
            "\(result.output)")
        #expect(answers(page, holding: "gpu_process_memory_used_bytes{"))
        #expect(pod.home.supervisor("gpu-exporter") != nil)
    }

    @Test func reasonIsGivenWhereNothingShowsAGPU() throws {
        try pod.home.addProgram("nvidia-smi", "exit 9")
        // Without simulated GPUs; and should this machine have a GPU, its driver's library is not there.
        let result = try setUp(["--flags", "--source nvml --nvml-library /nowhere/libnvidia-ml.so.1"])
        #expect(result.status == 1, "\(result.printed)")
        #expect(result.output.contains("no dcgm-exporter: nvidia-smi shows no GPU"), "\(result.output)")
        #expect(result.errors.contains("gpu-exporter shows no GPU either"), "\(result.errors)")
        #expect(result.errors.contains("/nowhere/libnvidia-ml.so.1"), "\(result.errors)")
        #expect(pod.home.supervisor("gpu-exporter") == nil)
    }

    @Test func podThatRefusesTheKeyIsExplained() throws {
        try writeFile(pod.home.path + "/key.pub", "")
        let result = try setUp()
        #expect(result.status == 255)
        #expect(result.errors.contains("it does not accept the key"), "\(result.errors)")
        #expect(result.errors.contains("ssh-add"), "\(result.errors)")
        pod.stop()
        let refused = try setUp()
        #expect(refused.status == 255)
        #expect(refused.errors.contains("no SSH server answers at port \(pod.port)"), "\(refused.errors)")
    }
}

/// Where `make gpu-tunnel` gets the pod's address from.
@Suite struct PodAddressTests {
    private let home: PodHome

    init() throws { home = try PodHome() }

    private func address(_ variables: [String]) throws -> ProgramResult {
        try runScript("scripts/pod-address.sh", [], variables: home.variables + variables)
    }

    @Test func variablesComeFirst() throws {
        #expect(try address(["POD_HOST=203.0.113.5", "POD_PORT=22034"]).output == "203.0.113.5 22034\n")
        #expect(try address(["POD_HOST=203.0.113.5"]).output == "203.0.113.5 22\n")
    }

    @Test func terraformIsAskedWhereThereIsAFolder() throws {
        mkdir(home.path + "/infrastructure", 0o700)
        let variables = ["TERRAFORM=\(home.path)/infrastructure", "TERRAFORM_PORT=ssh_port"]
        let missing = try address(variables)
        #expect(missing.status == 1 && missing.errors.contains("no terraform on the PATH"), "\(missing.errors)")
        try home.addProgram(
            "terraform",
            """
            case "$*" in
            "-chdir=\(home.path)/infrastructure output -raw pod_host") echo -n 203.0.113.7 ;;
            "-chdir=\(home.path)/infrastructure output -raw ssh_port") echo -n 10022 ;;
            *) echo "Error: Output \\"$4\\" not found" >&2; exit 1 ;;
            esac
            """)
        #expect(try address(variables).output == "203.0.113.7 10022\n")
        let unknown = try address(["TERRAFORM=\(home.path)/infrastructure"])
        #expect(unknown.status == 1 && unknown.output.isEmpty)
        #expect(unknown.errors.contains("output -raw pod_port failed: Error: Output"), "\(unknown.errors)")
        #expect(unknown.errors.contains("make gpu-tunnel POD_HOST="))
    }

    @Test func missingAddressIsExplained() throws {
        let result = try address(["TERRAFORM=\(home.path)/nowhere"])
        #expect(result.status == 1)
        #expect(result.errors.contains("POD_HOST is not set, and there is no folder"), "\(result.errors)")
    }
}
