import HTTPTypes
import Logging
import Basics
import NIOCore
import NIOSSL
import Synchronization
import YAML

/// Why the web configuration cannot be used, in words.
public struct WebConfigError: Error, CustomStringConvertible, Sendable {
    public let description: String

    init(_ description: String) { self.description = description }
}

/// The server's door: who comes in is what a web configuration file says, which is read again when it, or a certificate
/// that it names, has changed.
///
/// Where a changed file has a fault, that is logged, and what was read before stays in force.
public final class WebAccess: Sendable {
    private struct State {
        var configuration: WebConfiguration
        var tls: TLSContext?
        /// Of the files as they were last looked at, also where they had a fault, and also of those that a configuration
        /// with a fault names: what they lack may come later.
        var stamps: [String: FileStamp?]

        /// - Throws: ``WebConfigError`` where a certificate or key is not one.
        init(_ configuration: WebConfiguration, _ stamps: [String: FileStamp?]) throws {
            self.configuration = configuration
            self.stamps = stamps
            tls = try configuration.tls.map { try TLSContext($0) }
        }
    }

    private let path: String
    private let logger: Logger
    private let state: Mutex<State>
    private let passwords = PasswordCheck()
    private let bucket = Mutex(TokenBucket())
    /// Whether connections are encrypted; stays as it was at the start.
    public let isTLS: Bool

    /// - Throws: ``ConfigurationError`` with every fault of the file, or ``WebConfigError`` where a certificate or key in it
    ///   is not one.
    public init(path: String, logger: Logger) throws {
        self.path = path
        self.logger = logger
        let state = try WebAccess.load(path)
        isTLS = state.tls != nil
        self.state = Mutex(state)
    }

    /// Whether a password or a certificate is asked of every client.
    public var isClosed: Bool {
        let configuration = state.withLock { $0.configuration }
        return !configuration.users.isEmpty || configuration.tls?.clientPolicy == .requireAndVerify
    }

    /// Starts the thread that passwords are checked on.
    public func start() { passwords.start() }

    public func shutDown() async { await passwords.shutDown() }

    /// Encrypts a connection, where connections are.
    public func encrypt(_ channel: any Channel) -> EventLoopFuture<Void> {
        channel.eventLoop.makeCompletedFuture {
            guard let handler = refreshed().tls?.makeHandler() else { return }
            try channel.pipeline.syncOperations.addHandler(PlainRequestNotice())
            try channel.pipeline.syncOperations.addHandler(handler)
        }
    }

    /// What becomes of a request.
    public enum Verdict: Sendable {
        case allowed
        /// It has no name and password, or not the right ones.
        case unauthorized
        /// There are more requests than `rate_limit` allows.
        case tooMany
    }

    /// Whether a request may come in, and what its answer is to bear.
    ///
    /// - Parameter authorization: the request's `Authorization`.
    public func admit(
        authorization: String?
    ) async -> (verdict: Verdict, headers: [(name: HTTPField.Name, value: String)]) {
        let configuration = refreshed().configuration
        let nowNs = monotonicNs()
        guard bucket.withLock({ $0.take(configuration.rateLimit, nowNs: nowNs) }) else { return (.tooMany, []) }
        if configuration.users.isEmpty { return (.allowed, configuration.headers) }
        guard let credentials = authorization.flatMap({ Credentials($0) }),
            await passwords.isRight(credentials, configuration.users)
        else { return (.unauthorized, configuration.headers) }
        return (.allowed, configuration.headers)
    }

    /// What is in force now. Costs a `stat` of each file.
    private func refreshed() -> State {
        let old = state.withLock { $0 }
        var stamps = FileStamp.all(Array(old.stamps.keys))
        if stamps == old.stamps { return old }
        do {
            let configuration = try WebConfiguration.load(path: path)
            guard !configuration.isEmpty || old.configuration.isEmpty else {
                // Whoever writes a file may empty it first, and the door must not open for that moment.
                throw WebConfigError("the file is empty; write {} into it where there are to be no settings")
            }
            // Before reading them, so that a file that changes meanwhile is read once more.
            stamps.merge(FileStamp.all(configuration.files)) { earlier, _ in earlier }
            let new = try State(configuration, stamps.filter { ([path] + configuration.files).contains($0.key) })
            guard (new.tls != nil) == isTLS else {
                throw WebConfigError("tls_server_config comes and goes only with a restart")
            }
            state.withLock { $0 = new }
            logger.info("web configuration read again", metadata: ["file": "\(path)"])
            return new
        } catch {
            let looked = stamps
            let isFirst = state.withLock { state in
                defer { state.stamps = looked }
                return state.stamps != looked
            }
            if isFirst {
                logger.error("web configuration not read again, the one before stays", metadata: ["error": "\(error)"])
            }
            return old
        }
    }

    private static func load(_ path: String) throws -> State {
        let own = FileStamp(path)
        let configuration = try WebConfiguration.load(path: path)
        var stamps = FileStamp.all(configuration.files)
        stamps[path] = .some(own)
        return try State(configuration, stamps)
    }
}
