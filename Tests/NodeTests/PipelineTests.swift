import Node
import Primitives
import Testing

@Suite struct PipelineTests {
    @Test("verification in bulk gives way to everything else, what validators say about views does not")
    func niceness() async throws {
        let pipeline = Pipeline(network: .zero, threads: 1)
        let ordinary = try await pipeline.runFirst { ThreadPriority.niceness }
        // No transaction, and checked like one.
        let refused = try await pipeline.verify(all: [[0]])
        #expect(refused.count == 1 && (try? refused[0].get()) == nil)
        #expect(try await pipeline.run { ThreadPriority.niceness } == max(ordinary, 5))
        #expect(try await pipeline.runFirst { ThreadPriority.niceness } == ordinary)
        try await pipeline.stop()
    }
}
