/// The names and values of a JSON object all of whose values are strings; nil where `text` is no such object.
func parseStringObject(_ text: String) -> [(name: String, value: String)]? {
    Array(text.utf8).withUnsafeBytes { bytes in
        do throws(JSONError) {
            var reader = JSONReader(bytes)
            var pairs: [(name: String, value: String)] = []
            var isFirst = true
            try reader.require("{")
            while let name = try reader.nextName(&isFirst) { pairs.append((name, try reader.string())) }
            try reader.requireEnd()
            return pairs
        } catch {
            return nil
        }
    }
}
