import Glibc

/// What `/proc` says about the processes that the driver lists.
///
/// The driver's process ids may be those of the machine while this container has ids of its own. A name is therefore
/// given only where the ids are surely the same: outside containers, or where the process has the GPU's device open.
struct ProcessLookUp {
    struct Known: Equatable, Sendable {
        var name: String?
        var containerID: String?
    }

    private let root: String
    private let seesAllProcesses: Bool
    private var known: [UInt32: Known] = [:]

    /// Of a process's open files that are looked at.
    private static let filesMax = 4096

    /// `root` is `/proc` but in tests.
    init(root: String = "/proc") {
        self.root = root
        // The kernel's constant for the first namespace, PROC_PID_INIT_INO.
        seesAllProcesses = linkTarget("\(root)/self/ns/pid") == "pid:[4026531836]"
    }

    /// What is known of these processes; others are forgotten. A process is looked up once.
    mutating func describe(_ ids: Set<UInt32>) -> [UInt32: Known] {
        known = known.filter { ids.contains($0.key) }
        for id in ids where known[id] == nil { known[id] = lookUp(id) }
        return known
    }

    private func lookUp(_ id: UInt32) -> Known {
        let folder = "\(root)/\(id)"
        guard seesAllProcesses || hasGPUOpen(folder),
            let name = try? readTextFile("\(folder)/comm", bytesMax: 4096)
        else { return Known() }
        let cgroup = try? readTextFile("\(folder)/cgroup", bytesMax: 65_536)
        return Known(name: String(name[...].trimmedOfNewlines), containerID: cgroup.flatMap(containerID))
    }

    private func hasGPUOpen(_ folder: String) -> Bool {
        guard let files = opendir("\(folder)/fd") else { return false }
        defer { closedir(files) }
        for _ in 0..<Self.filesMax {
            guard let entry = readdir(files) else { return false }
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if linkTarget("\(folder)/fd/\(name)")?.hasPrefix("/dev/nvidia") == true { return true }
        }
        return false
    }
}

/// The container in a process's control groups: the last run of exactly 64 hexadecimal digits, which is how Docker,
/// containerd, CRI-O and Podman name one, with or without a prefix such as `docker-`.
func containerID(inCgroup text: String) -> String? {
    text.split { !$0.isHexDigit || !$0.isASCII }.last { $0.utf8.count == 64 }.map(String.init)
}

extension Substring {
    fileprivate var trimmedOfNewlines: Substring {
        var rest = self.trimmed
        while rest.last?.isNewline == true { rest.removeLast() }
        return rest
    }
}
