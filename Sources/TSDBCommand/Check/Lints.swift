import ArgumentParser

/// The style checks of `--lint`: their names, between commas where there are several.
struct Lints<Kind: RawRepresentable<String> & CaseIterable & Sendable>: ExpressibleByArgument, Sendable {
    let kinds: [Kind]

    init(_ kinds: Kind...) { self.kinds = kinds }

    init?(argument: String) {
        var kinds: [Kind] = []
        for name in argument.split(separator: ",", omittingEmptySubsequences: false) {
            guard let kind = Kind(rawValue: String(name)) else { return nil }
            kinds.append(kind)
        }
        self.kinds = kinds
    }

    static var allValueStrings: [String] { Kind.allCases.map(\.rawValue) }

    var defaultValueDescription: String { kinds.map(\.rawValue).joined(separator: ",") }
}
