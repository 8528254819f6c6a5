import Foundation

/// The text of `Scripts/<name>.test`.
func scriptText(_ name: String) throws -> String {
    guard let url = Bundle.module.url(forResource: name, withExtension: "test", subdirectory: "Scripts") else {
        throw TestScript.SyntaxError(line: 0, message: "no script \(name)")
    }
    return try String(contentsOf: url, encoding: .utf8)
}
