import NIOPosix
import Synchronization

/// Checks passwords, away from the threads that serve connections, one after another, as a check is work by design.
///
/// A password that was right is remembered while its hash stays the same, so that a client that asks every few seconds
/// does not cost a tenth of a second each time. What was wrong is not: it is to cost who guesses.
final class PasswordCheck: Sendable {
    private struct Right {
        let hash: BcryptHash
        let password: [UInt8]
    }

    private let thread = NIOThreadPool(numberOfThreads: 1)
    /// By user: as many as the file names, at most.
    private let known = Mutex<[String: Right]>([:])

    func start() { thread.start() }

    func shutDown() async { try? await thread.shutdownGracefully() }

    /// Whether `credentials` are of one of `users`. A name that none of them has takes as long as a wrong password.
    func isRight(_ credentials: Credentials, _ users: [String: BcryptHash]) async -> Bool {
        let hash = users[credentials.user]
        let password = credentials.password
        if let hash, let right = known.withLock({ $0[credentials.user] }), right.hash == hash,
            isSame(right.password, password)
        {
            return true
        }
        let checked = hash ?? users.values.map(\.cost).max().flatMap { BcryptHash.decoy(cost: $0) }
        guard let checked, (try? await thread.runIfActive { checked.matches(password) }) == true, let hash else {
            return false
        }
        known.withLock { known in
            known = known.filter { users[$0.key] == $0.value.hash }
            known[credentials.user] = Right(hash: hash, password: password)
        }
        return true
    }
}
