import Glibc

/// The pod that the exporter runs in, which is the one that all GPUs it sees belong to: the labels `container`,
/// `namespace` and `pod` of `--kubernetes`.
///
/// dcgm-exporter asks the kubelet which pod has which GPU, for which it must run on the host with the kubelet's socket.
/// Inside a pod there is no such socket, and no question.
struct PodIdentity: Equatable, Sendable {
    var container: String?
    var namespace: String?
    var pod: String?

    /// From the variables that a manifest fills in from the downward API, from Kubernetes' own files, and from RunPod's.
    init(_ environment: EnvironmentReader, namespaceFile: String = Self.namespaceFile) {
        container = environment.text("CONTAINER_NAME")
        pod = environment.text("POD_NAME") ?? environment.text("RUNPOD_POD_ID")
        let file = try? readTextFile(namespaceFile, bytesMax: 4096)
        namespace =
            environment.text("POD_NAMESPACE")
            ?? file.map { String($0.prefix { !$0.isNewline }) }
            .flatMap { $0.isEmpty ? nil : $0 }
        // Kubernetes names the machine after the pod.
        if pod == nil, namespace != nil { pod = environment.text("HOSTNAME") }
    }

    init() {}

    static let namespaceFile = "/var/run/secrets/kubernetes.io/serviceaccount/namespace"

    /// In dcgm-exporter's order; none where nothing is known.
    var labels: [(String, String)] {
        [("container", container), ("namespace", namespace), ("pod", pod)].compactMap { name, value in
            value.map { (name, $0) }
        }
    }
}
