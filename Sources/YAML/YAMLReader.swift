import CYAML

/// Builds nodes from libyaml's events.
///
/// 1. An event that starts a collection opens a frame; its end closes it and gives a node.
/// 2. Each finished node goes to the frame around it, in a mapping as key and value in turn.
/// 3. An anchored node is remembered; an alias stands for a copy, whose size counts against the limit like any other.
package struct YAMLReader {
    /// How deep collections may be nested.
    package static let depthMax = 64
    /// The longest text that is read, in bytes.
    package static let bytesMax = 16 << 20
    /// How many nodes a text may have, copies made by aliases included.
    package static let nodesMax = 1_000_000

    private struct Frame {
        let isMapping: Bool
        let mark: YAMLMark
        let anchor: String?
        var elements: [YAMLNode] = []
        var entries: [YAMLEntry] = []
        /// In a mapping the key whose value comes next.
        var key: YAMLNode?
    }

    private var frames: [Frame] = []
    private var anchors: [String: YAMLNode] = [:]
    private var sizes: [String: Int] = [:]
    private var nodeCount = 0
    private var root: YAMLNode?

    /// The single document in `text`; nil where it is empty.
    package static func read(_ text: String) throws(YAMLError) -> YAMLNode? {
        guard text.utf8.count <= bytesMax else {
            throw YAMLError(
                mark: YAMLMark(line: 1, column: 1),
                reason: "expected at most \(bytesMax) bytes, found \(text.utf8.count)")
        }
        let bytes = Array(text.utf8)
        return try bytes.withUnsafeBufferPointer { (bytes) throws(YAMLError) in
            var parser = yaml_parser_t()
            guard yaml_parser_initialize(&parser) == 1 else {
                throw YAMLError(mark: YAMLMark(line: 1, column: 1), reason: "out of memory")
            }
            defer { yaml_parser_delete(&parser) }
            yaml_parser_set_input_string(&parser, bytes.baseAddress, bytes.count)
            var reader = YAMLReader()
            return try reader.run(&parser)
        }
    }

    private mutating func run(_ parser: inout yaml_parser_t) throws(YAMLError) -> YAMLNode? {
        var documents = 0
        while true {
            var event = yaml_event_t()
            guard yaml_parser_parse(&parser, &event) == 1 else { throw problem(parser) }
            defer { yaml_event_delete(&event) }
            switch event.type {
            case YAML_STREAM_END_EVENT: return root
            case YAML_DOCUMENT_START_EVENT:
                documents += 1
                if documents > 1 {
                    throw YAMLError(mark: mark(event.start_mark), reason: "expected one document, found a second")
                }
            default: try handle(event)
            }
        }
    }

    private func problem(_ parser: yaml_parser_t) -> YAMLError {
        let what = parser.problem.map { String(cString: $0) } ?? "out of memory"
        // The reader's own errors (bad UTF-8, control characters) come without a line.
        if parser.error == YAML_READER_ERROR {
            return YAMLError(mark: mark(parser.mark), reason: "\(what) at byte \(parser.problem_offset)")
        }
        let context = parser.context.map { String(cString: $0) + ", " } ?? ""
        return YAMLError(mark: mark(parser.problem_mark), reason: context + what)
    }

    private mutating func handle(_ event: yaml_event_t) throws(YAMLError) {
        let place = mark(event.start_mark)
        switch event.type {
        case YAML_SCALAR_EVENT:
            let scalar = event.data.scalar
            let text = String(decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self)
            let node = YAMLNode(content: .scalar(text, isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE), mark: place)
            try finish(node, anchor: string(scalar.anchor))
        case YAML_SEQUENCE_START_EVENT:
            try open(Frame(isMapping: false, mark: place, anchor: string(event.data.sequence_start.anchor)))
        case YAML_MAPPING_START_EVENT:
            try open(Frame(isMapping: true, mark: place, anchor: string(event.data.mapping_start.anchor)))
        case YAML_SEQUENCE_END_EVENT, YAML_MAPPING_END_EVENT: try close()
        case YAML_ALIAS_EVENT:
            let name = string(event.data.alias.anchor) ?? ""
            guard let node = anchors[name] else {
                throw YAMLError(
                    mark: place, reason: "expected an anchor defined before, found the unknown alias \"\(name)\"")
            }
            nodeCount += sizes[name] ?? 0
            try finish(node, anchor: nil)
        default: break
        }
    }

    private mutating func open(_ frame: Frame) throws(YAMLError) {
        guard frames.count < YAMLReader.depthMax else {
            throw YAMLError(
                mark: frame.mark, reason: "expected at most \(YAMLReader.depthMax) nested collections, found more")
        }
        frames.append(frame)
    }

    private mutating func close() throws(YAMLError) {
        guard let frame = frames.popLast() else { return }
        let content = frame.isMapping ? YAMLNode.Content.mapping(try merge(frame.entries)) : .sequence(frame.elements)
        try finish(YAMLNode(content: content, mark: frame.mark), anchor: frame.anchor)
    }

    /// Takes a finished node.
    private mutating func finish(_ node: YAMLNode, anchor: String?) throws(YAMLError) {
        nodeCount += 1
        guard nodeCount <= YAMLReader.nodesMax else {
            throw YAMLError(mark: node.mark, reason: "expected at most \(YAMLReader.nodesMax) values, found more")
        }
        if let anchor {
            anchors[anchor] = node
            sizes[anchor] = size(node)
        }
        let top = frames.count - 1
        if top < 0 {
            root = node
        } else if !frames[top].isMapping {
            frames[top].elements.append(node)
        } else if let key = frames[top].key {
            guard case .scalar(let name, _) = key.content else {
                throw YAMLError(mark: key.mark, reason: "expected a single value as the key, found \(key.kindName)")
            }
            frames[top].key = nil
            frames[top].entries.append(YAMLEntry(key: key.isNull ? "" : name, keyMark: key.mark, value: node))
        } else {
            frames[top].key = node
        }
    }
}

private func mark(_ mark: yaml_mark_t) -> YAMLMark { YAMLMark(line: mark.line + 1, column: mark.column + 1) }

private func string(_ text: UnsafeMutablePointer<yaml_char_t>?) -> String? { text.map { String(cString: $0) } }

private func size(_ node: YAMLNode) -> Int {
    switch node.content {
    case .scalar: 1
    case .sequence(let elements): elements.reduce(1) { $0 + size($1) }
    case .mapping(let entries): entries.reduce(1) { $0 + 1 + size($1.value) }
    }
}

/// The entries with those of `<<` mappings added where they have no entry of the same key.
///
/// - Throws: where a key is written twice.
private func merge(_ entries: [YAMLEntry]) throws(YAMLError) -> [YAMLEntry] {
    var marks: [String: YAMLMark] = [:]
    var merged: [YAMLEntry] = []
    for entry in entries where entry.key != "<<" {
        if let first = marks.updateValue(entry.keyMark, forKey: entry.key) {
            throw YAMLError(
                mark: entry.keyMark,
                reason: "expected each key once, found \"\(entry.key)\" a second time (first at line \(first.line))")
        }
        merged.append(entry)
    }
    for entry in entries where entry.key == "<<" {
        for source in mergeSources(entry.value) {
            guard case .mapping(let others) = source.content else {
                throw YAMLError(mark: source.mark, reason: "expected a mapping to merge, found \(source.kindName)")
            }
            merged += others.filter { marks.updateValue($0.keyMark, forKey: $0.key) == nil }
        }
    }
    return merged
}

/// What `<<` names: one mapping, or several in a list.
private func mergeSources(_ value: YAMLNode) -> [YAMLNode] {
    guard case .sequence(let elements) = value.content else { return [value] }
    return elements
}
