/// What the workload writes to its output: a line for each thing that is durable from there on, in one piece.
enum Acknowledgement: Equatable {
    case opened
    /// What a thread has done, and the samples of it that were refused.
    case done(thread: Int, operation: Int, refused: [Int])
    /// What is acknowledged before this line must be in the copy.
    case backupBegun(Int)
    /// With how often blocks were sealed and deleted by then.
    case backupMade(Int, seals: Int, blocksDeleted: Int)

    var line: String {
        switch self {
        case .opened: "opened\n"
        case .done(let thread, let operation, let refused):
            (["done", "\(thread)", "\(operation)"] + refused.map(String.init)).joined(separator: " ") + "\n"
        case .backupBegun(let number): "backup \(number)\n"
        case .backupMade(let number, let seals, let blocksDeleted): "made \(number) \(seals) \(blocksDeleted)\n"
        }
    }

    /// What is in an output; a line without its end does not count.
    static func read(_ output: String) -> [Acknowledgement?] {
        output.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map { Acknowledgement(line: $0) }
    }

    private init?(line: Substring) {
        let words = line.split(separator: " ")
        let numbers = words.dropFirst().compactMap { Int($0) }
        guard let kind = words.first, numbers.count == words.count - 1 else { return nil }
        switch (kind, numbers.count) {
        case ("opened", 0): self = .opened
        case ("done", 2...): self = .done(thread: numbers[0], operation: numbers[1], refused: Array(numbers[2...]))
        case ("backup", 1): self = .backupBegun(numbers[0])
        case ("made", 3): self = .backupMade(numbers[0], seals: numbers[1], blocksDeleted: numbers[2])
        default: return nil
        }
    }
}
