import Glibc
import Synchronization

/// Whether GPUs reach one another over NVLink.
///
/// A thread of its own asks, because a question about two GPUs hangs where either does, and no lane is to wait for
/// another's GPU.
///
/// SAFETY: the handles are the driver's, which is thread-safe, and are only given back to it.
final class NVMLPeers: @unchecked Sendable {
    private typealias Status =
        @convention(c) (NVMLFunctions.Device, NVMLFunctions.Device, UInt32, UnsafeMutablePointer<UInt32>) -> Int32

    /// `NVML_P2P_CAPS_INDEX_NVLINK`.
    private static let nvlink: UInt32 = 2

    private let devices: [(index: Int, handle: NVMLFunctions.Device)]
    private let status: Status
    private let everyMs: Int
    private let known = Mutex<[Int: Answer]>([:])

    private struct Answer {
        let peers: [GPUPeer]
        let ns: UInt64
    }

    /// Nil where there is nothing to ask, or the driver cannot be asked.
    init?(_ devices: [NVMLDevice], _ functions: NVMLFunctions, everyMs: Int) {
        guard devices.count > 1, let status: Status = functions.symbols.optional("nvmlDeviceGetP2PStatus") else {
            return nil
        }
        self.status = status
        self.everyMs = everyMs
        self.devices = devices.map { ($0.identity.index, $0.handle) }
        // It lasts as long as the process, as its library does.
        let isStarted = detachThread { [self] in
            while true {
                ask()
                usleep(useconds_t(everyMs) * 1000)
            }
        }
        if !isStarted { return nil }
    }

    /// How a GPU reaches the others; empty before they were asked about, and while the driver does not answer.
    func peers(of index: Int) -> [GPUPeer] {
        guard let answer = known.withLock({ $0[index] }) else { return [] }
        let oldNs = UInt64(everyMs) * 1_000_000 + defaultHangNs
        return monotonicNs() - answer.ns > oldNs ? [] : answer.peers
    }

    private func ask() {
        for (index, handle) in devices {
            var peers: [GPUPeer] = []
            for (peer, other) in devices where peer != index {
                var answer: UInt32 = 0
                if status(handle, other, Self.nvlink, &answer) == 0 {
                    peers.append(GPUPeer(index: peer, status: answer))
                }
            }
            known.withLock { $0[index] = Answer(peers: peers, ns: monotonicNs()) }
        }
    }
}

extension GPUPeer {
    /// The value of the label `link_status`.
    ///
    /// - Source: `nvmlGpuP2PStatus_t`; words as dcgm-exporter's.
    var statusName: String {
        let names = [
            "OK", "ChipsetNotSupported", "GPUNotSupported", "TopologyNotSupported", "DisabledByRegKey", "NotSupported",
        ]
        return status < UInt32(names.count) ? names[Int(status)] : "Unknown"
    }
}
