import Model

/// The label name that a path names. Names that do not fit a path may be escaped: `U__` before the name, `__` for an
/// underscore, and `_1f_` for the character of that hexadecimal code.
///
/// A name that begins with `U__` but is not escaped so stands for itself.
/// - Source: Prometheus 3's values escaping (`model.UnescapeName`).
func unescapedLabelName(_ name: String) -> String {
    guard name.hasPrefix("U__") else { return name }
    var result = String.UnicodeScalarView()
    var rest = Substring(name).unicodeScalars.dropFirst(3)
    while let scalar = rest.popFirst() {
        guard scalar == "_" else {
            guard isLegacyMetricName("a\(scalar)") else { return name }
            result.append(scalar)
            continue
        }
        if rest.first == "_" {
            rest.removeFirst()
            result.append("_")
            continue
        }
        // Six digits: the highest code is 10ffff.
        guard let end = rest.firstIndex(of: "_"), let code = UInt32(String(rest[..<end]), radix: 16),
            String(rest[..<end]).utf8.count <= 6, let decoded = Unicode.Scalar(code)
        else { return name }
        result.append(decoded)
        rest = rest[rest.index(after: end)...]
    }
    return String(result)
}
