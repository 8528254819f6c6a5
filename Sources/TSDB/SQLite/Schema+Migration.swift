import Model

extension Schema {
    /// Brings a database of an earlier version to this one, in one transaction.
    ///
    /// - Version 1: blocks, which were known by their time, get it as columns. The rows of series stay as they are.
    /// - Versions 1 to 3: nobody follows the journal.
    /// - Versions 1 and 2: the rows that had no checksum get one.
    static func migrate(_ connection: Connection, from version: Int64) throws(StorageError) {
        try connection.transaction { () throws(StorageError) in
            try connection.execute(followerTable)
            if version < 3 {
                try addChecksums(connection, version < 2 ? checkedTables : checkedTables + ["exemplar"])
            }
            if version < 2 {
                let blocks = try Loader(connection: connection).blocksOfVersion1()
                try connection.execute("DROP TABLE block; \(blockTable) \(newTables)")
                let tables = try WriterTables(connection)
                for block in blocks { try tables.addBlock(block) }
            }
            try connection.execute("PRAGMA user_version = \(Schema.version)")
        }
    }

    private static let checkedTables = ["meta", "series", "metadata"]

    private static func addChecksums(_ connection: Connection, _ tables: [String]) throws(StorageError) {
        for table in tables {
            try connection.execute("ALTER TABLE \(table) ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0")
        }
        try sumSettings(connection)
        try sumSeries(connection)
        try sumMetadata(connection)
        if tables.contains("exemplar") { try sumExemplars(connection) }
    }

    private static func sumSettings(_ connection: Connection) throws(StorageError) {
        let select = try connection.prepare("SELECT key, value FROM meta")
        var sums: [(key: String, sum: Int64)] = []
        while try select.step() {
            sums.append((select.text(0), RowChecksum.setting(select.text(0), select.integer(1))))
        }
        let update = try connection.prepare("UPDATE meta SET checksum = ? WHERE key = ?")
        for (key, sum) in sums {
            update.bind(1, sum)
            update.bind(2, key)
            try update.run()
        }
    }

    private static func sumSeries(_ connection: Connection) throws(StorageError) {
        let stored = try StoredLabels(Loader(connection: connection), isChecked: false)
        let update = try connection.prepare("UPDATE series SET checksum = ? WHERE id = ?")
        // One that is damaged gets none, and stays so.
        for (id, _) in stored.series {
            guard let labels = stored.labels(id) else { continue }
            update.bind(1, RowChecksum.series(id, labels: labels.encoded))
            update.bind(2, Int64(id))
            try update.run()
        }
    }

    private static func sumMetadata(_ connection: Connection) throws(StorageError) {
        let select = try connection.prepare("SELECT metric, type, help, unit FROM metadata")
        var sums: [(metric: String, sum: Int64)] = []
        while try select.step() {
            let metadata = MetricMetadata(
                metric: select.text(0), type: .unknown, help: select.text(2), unit: select.text(3))
            sums.append((metadata.metric, RowChecksum.metadata(metadata, type: select.text(1))))
        }
        let update = try connection.prepare("UPDATE metadata SET checksum = ? WHERE metric = ?")
        for (metric, sum) in sums {
            update.bind(1, sum)
            update.bind(2, metric)
            try update.run()
        }
    }

    private static func sumExemplars(_ connection: Connection) throws(StorageError) {
        let select = try connection.prepare("SELECT id, series, time, value, labels FROM exemplar")
        var sums: [(id: Int64, sum: Int64)] = []
        while try select.step() {
            let sum = RowChecksum.exemplar(
                series: select.integer(1), time: select.integer(2), value: select.integer(3), labels: select.blob(4))
            sums.append((select.integer(0), sum))
        }
        let update = try connection.prepare("UPDATE exemplar SET checksum = ? WHERE id = ?")
        for (id, sum) in sums {
            update.bind(1, sum)
            update.bind(2, id)
            try update.run()
        }
    }
}
