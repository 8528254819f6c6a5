import Model

/// What one view may read of the head.
struct HeadView: Sendable {
    let generation: UInt32
    /// Of what was in chunks, older samples are in the view's blocks.
    let sealedEnd: Int64
    /// What the series have beside their chunks.
    let side: SideStore
}

/// What a view reads of one series: the closed chunks from `first` to `last`, then `open`, a copy of the growing chunk.
private struct HeadSlice {
    var first: UnsafeMutablePointer<HeadChunk>?
    var last: UnsafeMutablePointer<HeadChunk>?
    var hasOpen = false
    var maxTime = Int64.max
}

extension Head {
    /// Begins a view of what is committed now. The caller closes it.
    func openView() -> HeadView {
        lock.withLock {
            HeadView(generation: views.open(sealedEnd: sealedEnd), sealedEnd: sealedEnd, side: side)
        }
    }

    func closeView(_ view: HeadView) {
        lock.withLock { views.close(view.generation) }
    }

    /// Whether anything was sealed since everything before `end` was.
    func isSealed(after end: Int64) -> Bool { lock.withLock { sealedEnd > end } }

    /// Marks in `found` which of `ids` may have samples from `minTime` to `maxTime` that the view reads from the head.
    func mark(_ ids: [UInt32], _ view: HeadView, _ minTime: Int64, _ maxTime: Int64, in found: inout [Bool]) {
        if !view.side.isEmpty {
            for (index, id) in ids.enumerated() where !found[index] {
                found[index] = view.side.hasSamples(id, minTime, maxTime)
            }
        }
        let low = max(minTime, view.sealedEnd)
        guard low <= maxTime else { return }
        lock.withLock {
            for (index, id) in ids.enumerated() where !found[index] {
                guard let series = series[id]?.pointee, let newest = series.maxTime, newest >= low else { continue }
                let end = min(maxTime, views.visibleEnd(of: id, in: view.generation) ?? .max)
                var chunk = series.first
                while let at = chunk, at.pointee.maxTime < low { chunk = at.pointee.next }
                if let at = chunk { found[index] = max(at.pointee.minTime, low) <= end }
            }
        }
    }

    /// Appends to `buffer` the samples of a series from `minTime` to `maxTime` that the view reads from chunks.
    func readChunks(
        _ id: UInt32, _ view: HeadView, _ minTime: Int64, _ maxTime: Int64, into buffer: SampleBuffer
    ) throws(StorageError) {
        let low = max(minTime, view.sealedEnd)
        let start = buffer.count
        guard low <= maxTime else { return }
        let result = withUnsafeTemporaryAllocation(byteCount: HeadChunk.bytesMax, alignment: 8) { copy in
            let slice = lock.withLock { self.slice(id, view, low, maxTime, copy) }
            guard low <= slice.maxTime else { return Result<Void, DecodeError>.success(()) }
            let result = decode(slice, copy, into: buffer)
            buffer.trim(from: start, minTime: low, maxTime: slice.maxTime)
            return result
        }
        if case .failure(let error) = result { throw .corrupted("series \(id) in memory: \(error)") }
    }

    /// Finds what to read, and copies the chunk that may still grow. Called under the lock.
    ///
    /// The closed chunks can be read without it: they do not change, and those that reach into what a view reads from
    /// the head are not freed while it is open.
    private func slice(
        _ id: UInt32, _ view: HeadView, _ low: Int64, _ high: Int64, _ copy: UnsafeMutableRawBufferPointer
    ) -> HeadSlice {
        var slice = HeadSlice()
        guard let series = series[id]?.pointee else { return slice }
        slice.maxTime = min(high, views.visibleEnd(of: id, in: view.generation) ?? .max)
        var chunk = series.first
        while let at = chunk, at.pointee.minTime <= slice.maxTime {
            chunk = at.pointee.next
            guard at.pointee.maxTime >= low else { continue }
            if at == series.last {
                let bytes = HeadChunk.byteCount(Int(at.pointee.bitCount + 7) / 8)
                copy.copyMemory(from: UnsafeRawBufferPointer(start: at, count: bytes))
                slice.hasOpen = true
            } else {
                if slice.first == nil { slice.first = at }
                slice.last = at
            }
        }
        return slice
    }

    private func decode(
        _ slice: HeadSlice, _ copy: UnsafeMutableRawBufferPointer, into buffer: SampleBuffer
    ) -> Result<Void, DecodeError> {
        Result { () throws(DecodeError) in
            var chunk = slice.first
            while let at = chunk {
                try HeadChunk.decode(at, into: buffer)
                chunk = at == slice.last ? nil : at.pointee.next
            }
            if slice.hasOpen, let base = copy.baseAddress {
                try HeadChunk.decode(base.assumingMemoryBound(to: HeadChunk.self), into: buffer)
            }
        }
    }
}
