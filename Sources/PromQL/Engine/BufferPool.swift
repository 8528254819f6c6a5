import Model
import Synchronization

/// Buffers that a query leaves to the next ones. Memory for a series of weeks is more than `malloc` keeps, and the
/// system's pages cost as much as the decoding that fills them.
final class BufferPool: Sendable {
    private struct Kept: @unchecked Sendable {
        // SAFETY: a buffer in the pool is used by nobody, and one that was taken by who took it.
        let buffer: SampleBuffer
    }

    private let kept = Mutex<[Kept]>([])

    /// 4 MiB in all: as many buffers as there are threads on a small machine, of 16 bytes a sample.
    private static let countMax = 4
    private static let samplesMax = 65_536

    func take() -> SampleBuffer {
        let buffer = kept.withLock { $0.popLast() }?.buffer ?? SampleBuffer()
        buffer.removeAll()
        return buffer
    }

    func giveBack(_ buffer: SampleBuffer) {
        guard buffer.capacity <= BufferPool.samplesMax else { return }
        // What histograms and start times it holds is not kept.
        buffer.removeAll()
        let one = Kept(buffer: buffer)
        kept.withLock { if $0.count < BufferPool.countMax { $0.append(one) } }
    }
}
