import Model

/// What the writer knows of a disk that was full.
///
/// 1. All that was committed fits into the database's file (``FileRoom``), and the log's file keeps
///    ``Checkpointer/reserveBytes`` when it is emptied. So there is always room to delete a little.
/// 2. When the disk has been full, the log is emptied, and what is too old goes first, before more is written: a few rows
///    at a time, and the log is emptied after each.
/// 3. Some of what that has freed goes back to the file system, because sealing needs more of the log than is kept.
struct FullDiskState {
    /// Whether something could not be written since room was last made.
    private(set) var needsRoom = false
    /// Free pages of the database that are still to be given back.
    private(set) var pagesToReturn = 0
    /// The newest time of samples that were refused: retention goes by it, or it would never make room.
    var refusedTime: Int64?

    /// 2 MiB: as much of the log as is filled before it is moved.
    private static let pagesWanted = Checkpointer.wantedPages

    mutating func note() {
        needsRoom = true
        pagesToReturn = FullDiskState.pagesWanted
    }

    mutating func note(refused batches: [StagedBatch]) {
        note()
        for batch in batches {
            let samples = batch.samples.refs.isEmpty ? nil : batch.samples.timestamps.max()
            let newest = max(samples ?? .min, batch.side.map(\.time).max() ?? .min)
            if newest > .min { refusedTime = max(refusedTime ?? .min, newest) }
        }
    }

    mutating func returned(_ pages: Int) { pagesToReturn -= pages }

    mutating func roomIsMade() { needsRoom = false }
}

extension Writer {
    /// Each row deleted or page given back can change a page or two of data, of the tree above, of SQLite's list of free
    /// pages, and of its map of pages: so many fit into what the log keeps.
    private static let rowsAtOnce = 4
    private static let pagesAtOnce = 2

    /// Does a little of what gives room on a full disk.
    func makeRoom() throws(StorageError) {
        checkpointer.empty()
        if let block = expiredBlock() {
            try retire(block)
        } else if !leftovers.isEmpty {
            try removeLeftovers(rows: Writer.rowsAtOnce)
        } else if fullDisk.pagesToReturn > 0, try freePages() > 0 {
            try vacuum(pages: Writer.pagesAtOnce)
            fullDisk.returned(Writer.pagesAtOnce)
        } else {
            mayHaveExpired = true
            fullDisk.roomIsMade()
        }
    }

    /// Deletes a block's own row: its others are left over.
    private func retire(_ block: Block) throws(StorageError) {
        try delete(block) { () throws(StorageError) in }
        leftovers.insert(block.number, at: 0)
    }
}
