import NIOCore

/// Runs the tasks of a connection on the thread of its event loop.
///
/// Between the cooperative pool and the event loops a small request would change threads four times more, which takes
/// about as long as answering it.
final class EventLoopExecutor: TaskExecutor {
    private let eventLoop: any EventLoop

    init(_ eventLoop: any EventLoop) { self.eventLoop = eventLoop }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        eventLoop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
