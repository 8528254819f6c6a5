import ArgumentParser

/// What the page shows, and how.
struct PageOptions: ParsableArguments {
    @Option(
        name: [.customShort("f"), .long],
        help: """
            dcgm-exporter's CSV file of the metrics to show. (env DCGM_EXPORTER_COLLECTORS, default \
            \(CounterSource.usualPath) where there is one, else what dcgm-exporter ships)
            """)
    var collectors: String?

    @Option(help: "Names and units of metrics: classic, or those of dcgm-exporter 4.9.")
    var names: NameSet = .classic

    @Flag(name: .shortAndLong, help: "Leave out the hostname label. (env DCGM_EXPORTER_NO_HOSTNAME)")
    var noHostname = false

    @Option(help: "The hostname label's name: hostname, or Hostname as in releases of dcgm-exporter before 4.6.")
    var hostnameLabel: HostnameLabelArgument = .lower

    @Flag(name: [.customShort("o"), .long], help: "Name the UUID label uuid, as dcgm-exporter 1.x did.")
    var useOldNamespace = false

    @Flag(help: "Write underscores for the blanks of the modelName label.")
    var replaceBlanksInModelName = false

    @Flag(
        name: .shortAndLong,
        help: """
            Add the labels container, namespace and pod of the pod that this runs in, from CONTAINER_NAME, \
            POD_NAMESPACE and POD_NAME, or RUNPOD_POD_ID. (env DCGM_EXPORTER_KUBERNETES)
            """)
    var kubernetes = false

    @Flag(help: "Add the GPU memory of each process, with its pid, name and container.")
    var processes = false

    @Option(
        help: """
            Add the least, greatest and mean power and load of the last so many ms, under names that end in _MIN, _MAX \
            and _AVG. Give your scrape interval, to miss no spike.
            """)
    var statisticsWindow: Int?

    @Option(
        name: [.customShort("x"), .long],
        help: "Look back of DCGM_EXP_XID_ERRORS_COUNT in ms. (env DCGM_EXPORTER_XID_COUNT_WINDOW_SIZE, default 300000)")
    var xidCountWindowSize: Int?

    @Option(
        help: """
            Look back of DCGM_EXP_CLOCK_EVENTS_COUNT in ms. (env DCGM_EXPORTER_CLOCK_EVENTS_COUNT_WINDOW_SIZE, default \
            300000)
            """)
    var clockEventsCountWindowSize: Int?
}

enum HostnameLabelArgument: String, ExpressibleByArgument, CaseIterable {
    case lower = "hostname"
    case upper = "Hostname"
}

extension NameSet: ExpressibleByArgument {}

/// Flags of dcgm-exporter that steer DCGM, the kubelet or its logs: a start script that gives them keeps working, and
/// the log says that they do nothing here.
struct CompatibilityOptions: ParsableArguments {
    @Option(name: [.customShort("p"), .long], help: "CPUs are not shown.") var cpuDevices: String?
    @Option(name: [.customShort("s"), .long], help: "Switches are not shown.") var switchDevices: String?
    @Option(name: [.customShort("r"), .long], help: "There is no host engine.") var remoteHostengineInfo: String?
    @Option(name: [.customShort("m"), .long], help: "Give the counters as a file.") var configmapData: String?
    @Option(help: "Job files are not read.") var hpcJobMappingDir: String?
    @Option(help: "The kubelet is not asked.") var kubernetesGpuIdType: String?
    @Option(help: "The kubelet is not asked.") var podResourcesKubeletSocket: String?
    @Option(help: "The kubelet is not asked.") var nvidiaResourceNames: String?
    @Option(help: "The log is text.") var logFormat: String?
    @Option(help: "There is no DCGM.") var dcgmLogLevel: String?
    @Flag(help: "The kubelet is not asked.") var kubernetesEnablePodLabels = false
    @Flag(help: "The kubelet is not asked.") var kubernetesEnablePodUid = false
    @Flag(help: "The kubelet is not asked.") var kubernetesVirtualGpus = false
    @Flag(help: "There is no DCGM.") var enableDcgmLog = false
    @Flag(help: "Use --simulate.") var fakeGpus = false
    @Flag(help: "There is nothing to validate.") var disableStartupValidate = false

    /// A sentence for each that was given.
    var warnings: [String] {
        let options: [(String, String?)] = [
            ("--cpu-devices", cpuDevices), ("--switch-devices", switchDevices),
            ("--remote-hostengine-info", remoteHostengineInfo),
            ("--configmap-data", configmapData == "none" ? nil : configmapData),
            ("--hpc-job-mapping-dir", hpcJobMappingDir), ("--kubernetes-gpu-id-type", kubernetesGpuIdType),
            ("--pod-resources-kubelet-socket", podResourcesKubeletSocket),
            ("--nvidia-resource-names", nvidiaResourceNames), ("--log-format", logFormat == "text" ? nil : logFormat),
            ("--dcgm-log-level", dcgmLogLevel),
        ]
        let flags: [(String, Bool)] = [
            ("--kubernetes-enable-pod-labels", kubernetesEnablePodLabels),
            ("--kubernetes-enable-pod-uid", kubernetesEnablePodUid),
            ("--kubernetes-virtual-gpus", kubernetesVirtualGpus), ("--enable-dcgm-log", enableDcgmLog),
            ("--fake-gpus", fakeGpus), ("--disable-startup-validate", disableStartupValidate),
        ]
        let given = options.filter { $0.1 != nil }.map(\.0) + flags.filter(\.1).map(\.0)
        return given.map { "\($0) has no effect here; see gpu-exporter --help" }
    }
}
