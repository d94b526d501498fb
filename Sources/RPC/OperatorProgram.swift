import NIOCore
import NIOHTTP1

/// What the operator's listener tells.
public struct OperatorProbes: Sendable {
    /// Nil if the node is ready, else why not.
    public var notReadyBecause: @Sendable () async -> String?
    /// Brought up to date before metrics are read; may be empty.
    public var refreshMetrics: @Sendable () async -> Void

    public init(
        notReadyBecause: @escaping @Sendable () async -> String?,
        refreshMetrics: @escaping @Sendable () async -> Void = {}
    ) {
        self.notReadyBecause = notReadyBecause
        self.refreshMetrics = refreshMetrics
    }
}

/// The operator's listener: `/livez`, `/readyz`, `/metrics`.
struct OperatorProgram: HTTPProgram {
    let limits: RPCLimits
    let probes: OperatorProbes
    let registry: PrometheusRegistry

    func refuse(_ head: HTTPRequestHead, address: String) -> HTTPAnswer? {
        let path = head.uri.prefix { $0 != "?" && $0 != "#" }
        guard ["/livez", "/readyz", "/metrics"].contains(path) else {
            return .text("not found; there are /livez, /readyz and /metrics", status: .notFound)
        }
        guard head.method == .GET || head.method == .HEAD else {
            var answer = HTTPAnswer.text("method not allowed", status: .methodNotAllowed)
            answer.headers.append(("Allow", "GET, HEAD"))
            return answer
        }
        return nil
    }

    func route(_ request: IncomingRequest) async -> Routed {
        switch request.path {
        case "/livez": return .answer(.text("alive"))
        case "/readyz":
            guard let reason = await probes.notReadyBecause() else { return .answer(.text("ready")) }
            return .answer(.text("not ready: \(reason)", status: .serviceUnavailable))
        default:
            await probes.refreshMetrics()
            return .answer(
                HTTPAnswer(
                    status: .ok, headers: [("Content-Type", "text/plain; version=0.0.4; charset=utf-8")],
                    body: Array(registry.text.utf8)))
        }
    }

    func commonHeaders(_ head: HTTPRequestHead) -> [(String, String)] { [("Cache-Control", "no-store")] }
    func mayUpgrade(_ head: HTTPRequestHead) -> Bool { false }
    func serve(webSocket channel: WebSocketChannel, address: String) async {}
    func peer(of channel: any Channel) -> String { channel.remoteAddress?.ipAddress ?? "local" }
    func address(behind peer: String, _ head: HTTPRequestHead) -> String { peer }
    func openConnection(of channel: any Channel) -> ConnectionAdmission { .admitted(ConnectionTicket(caller: nil)) }
    func closeConnection(_ ticket: ConnectionTicket) {}
}
