import Glibc
import TestSupport
import Testing

@testable import Exporter

@Suite struct ProcessLookUpTests {
    private let container = String(repeating: "0123456789abcdef", count: 4)

    @Test(arguments: [
        "0::/system.slice/docker-ID.scope", "12:pids:/docker/ID", "0::/../cri-containerd-ID.scope",
        "0::/kubepods.slice/kubepods-pod1234.slice/crio-ID.scope", "1:name=systemd:/kubepods/burstable/pod1/ID\n0::/",
    ])
    func containersAreFoundInControlGroups(text: String) {
        #expect(containerID(inCgroup: text.replacing("ID", with: container)) == container)
    }

    @Test(arguments: ["", "0::/", "0::/user.slice", "0::/docker/0123456789abcdef"])
    func noContainerIsNone(text: String) {
        #expect(containerID(inCgroup: text) == nil)
    }

    /// A folder that is as `/proc`.
    private func folder(namespace: String) throws -> TemporaryDirectory {
        let root = TemporaryDirectory(.disk)
        for part in ["self", "self/ns", "7", "7/fd", "8", "8/fd"] { mkdir("\(root.path)/\(part)", 0o755) }
        symlink(namespace, "\(root.path)/self/ns/pid")
        for (id, name, open) in [("7", "train.py", "/dev/nvidia3"), ("8", "nginx", "/dev/null")] {
            try writeFile("\(root.path)/\(id)/comm", "\(name)\n")
            try writeFile("\(root.path)/\(id)/cgroup", "0::/docker/\(container)\n")
            symlink(open, "\(root.path)/\(id)/fd/4")
        }
        return root
    }

    @Test func onTheMachineItselfEveryProcessHasItsName() throws {
        let root = try folder(namespace: "pid:[4026531836]")
        var lookUp = ProcessLookUp(root: root.path)
        let known = lookUp.describe([7, 8, 9])
        #expect(known[7] == .init(name: "train.py", containerID: container))
        #expect(known[8]?.name == "nginx")
        #expect(known[9] == .init())
        #expect(lookUp.describe([8]).count == 1)
    }

    /// The number may be that of another process of the machine.
    @Test func inAContainerOnlyWhoHasAGPUOpenIsNamed() throws {
        let root = try folder(namespace: "pid:[4026532000]")
        var lookUp = ProcessLookUp(root: root.path)
        let known = lookUp.describe([7, 8])
        #expect(known[7]?.name == "train.py")
        #expect(known[8] == .init())
    }
}
