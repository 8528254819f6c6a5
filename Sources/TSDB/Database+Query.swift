import Model
import Synchronization

extension Database: Queryable {
    public func querier(minTime: Int64, maxTime: Int64) throws(StorageError) -> any Querier {
        try checkOpen()
        // Taken before the gate, because opening a connection takes long.
        let reader = onlyReader == nil && mayNeedBlocks(minTime, maxTime) ? try pool.take() : nil
        return try state.gate.withLock { () throws(StorageError) -> View in
            let blocks = state.blocks.overlapping(minTime, maxTime)
            var readers = onlyReader
            if readers == nil, !blocks.isEmpty {
                let first = if let reader { reader } else { try pool.take() }
                try first.begin()
                readers = ViewReaders(state: state, pool: pool, first: first)
            } else if let reader {
                pool.give(reader)
            }
            return View(
                state: state, head: state.head.openView(), blocks: blocks, minTime: minTime, maxTime: maxTime,
                readers: readers, ownsReaders: onlyReader == nil)
        }
    }

    private func mayNeedBlocks(_ minTime: Int64, _ maxTime: Int64) -> Bool {
        state.gate.withLock { !state.blocks.overlapping(minTime, maxTime).isEmpty }
    }
}

extension Database: MetadataProvider {
    public func metadata(metric: String?) -> [String: [MetricMetadata]] {
        state.metadata.withLock { known in
            guard let metric else { return known.mapValues { [$0] } }
            return known[metric].map { [metric: [$0]] } ?? [:]
        }
    }
}
