import Glibc
import Hummingbird
import HummingbirdCore
public import Interface
public import Logging
public import Metrics
import NIOCore
import NIOPosix
public import ServiceLifecycle

/// The node's public listener, as a service: `run()` listens until it is shut down gracefully or canceled.
///
/// Thrown on start: ``RPCServerFailure``.
public final class RPCServer: Service {
    private let configuration: RPCConfiguration
    private let program: RPCProgram
    private let timeLimit = TimeLimit()
    private let logger: Logger
    private let onListening: @Sendable (Int) async -> Void

    /// `onListening` gets the port, once, when connections are accepted.
    public init(
        configuration: RPCConfiguration, table: MethodTable, backend: any LedgerBackend, metrics: any MetricsFactory,
        logger: Logger, onListening: @escaping @Sendable (Int) async -> Void = { _ in }
    ) {
        self.configuration = configuration
        self.logger = logger
        self.onListening = onListening
        program = RPCProgram(
            configuration: configuration, dispatcher: Dispatcher(table: table, backend: backend, memory: KeptAnswers()),
            timeLimit: timeLimit, metrics: metrics)
    }

    /// Takes effect for the next request; a reload of the configuration calls it.
    public func setAllowedOrigins(_ origins: [String]) { program.setAllowedOrigins(origins) }

    public func run() async throws {
        let timeLimit = timeLimit
        try await withGracefulShutdownHandler {
            try await withTaskCancellationHandler {
                try await Listener.run(
                    program, host: configuration.host, port: configuration.port, logger: logger,
                    onListening: onListening)
            } onCancel: {
                timeLimit.stop()
            }
        } onGracefulShutdown: {
            timeLimit.stop()
        }
    }
}

/// The operator's listener, as a service.
public final class OperatorServer: Service {
    private let configuration: RPCConfiguration
    private let program: OperatorProgram
    private let logger: Logger
    private let onListening: @Sendable (Int) async -> Void

    public init(
        configuration: RPCConfiguration, probes: OperatorProbes, registry: PrometheusRegistry, logger: Logger,
        onListening: @escaping @Sendable (Int) async -> Void = { _ in }
    ) {
        self.configuration = configuration
        self.logger = logger
        self.onListening = onListening
        program = OperatorProgram(limits: configuration.limits, probes: probes, registry: registry)
    }

    public func run() async throws {
        try await Listener.run(
            program, host: configuration.operatorHost, port: configuration.operatorPort, logger: logger,
            onListening: onListening)
    }
}

/// What the HTTP server logs, without what it calls an error and is none: that it was told to end.
private struct ServerLog: LogHandler {
    var handler: any LogHandler

    var metadata: Logger.Metadata {
        get { handler.metadata }
        set { handler.metadata = newValue }
    }
    var logLevel: Logger.Level {
        get { handler.logLevel }
        set { handler.logLevel = newValue }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { handler[metadataKey: key] }
        set { handler[metadataKey: key] = newValue }
    }

    func log(event: LogEvent) {
        if event.message.description != "Waiting on child channel: CancellationError()" { handler.log(event: event) }
    }
}

private enum Listener {
    static func run<Program: HTTPProgram>(
        _ program: Program, host: String, port: Int, logger: Logger,
        onListening: @escaping @Sendable (Int) async -> Void
    ) async throws {
        var quiet = Logger(label: logger.label) { _ in ServerLog(handler: logger.handler) }
        quiet.logLevel = max(logger.logLevel, .notice)
        let server = Server(
            childChannelSetup: ServerChannel(program: program),
            configuration: ServerConfiguration(address: .hostname(host, port: port), backlog: 1_024),
            onServerRunning: { channel in await onListening(channel.localAddress?.port ?? port) },
            eventLoopGroup: MultiThreadedEventLoopGroup.singleton, logger: quiet)
        do {
            try await server.run()
        } catch let error as IOError {
            if error.errnoCode == EADDRINUSE { throw RPCServerFailure.portInUse(host: host, port: port) }
            throw RPCServerFailure.cannotBind(host: host, port: port, reason: error.description)
        } catch let error as SocketAddressError {
            throw RPCServerFailure.cannotBind(host: host, port: port, reason: "\(error)")
        }
    }
}
