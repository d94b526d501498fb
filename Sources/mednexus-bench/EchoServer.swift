import ArgumentParser
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore

/// A bare answer of a given size on the same HTTP stack, in a process of its own as the node is: the ceiling of reads.
struct Echo: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "echo", abstract: "Answers every request with the same bytes.", shouldDisplay: false)

    @Option var bytes: Int
    @Option var ready: String

    func run() async throws {
        let answer = ByteBuffer(repeating: UInt8(ascii: "x"), count: bytes)
        let ready = ready
        var logger = Logger(label: "echo")
        logger.logLevel = .error
        let server = Application(
            responder: CallbackResponder<BasicRequestContext> { request, _ in
                _ = try await request.body.collect(upTo: 1 << 20)
                return Response(
                    status: .ok, headers: [.contentType: "application/json"], body: .init(byteBuffer: answer))
            },
            configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { channel in
                let port = channel.localAddress?.port ?? 0
                try? ReadyFile.write("{\"rpc\":\(port)}", to: ready)
            }, logger: logger)
        try await server.run()
    }
}
