/// Why the server can't run.
public enum RPCServerFailure: Error, Sendable, CustomStringConvertible {
    case portInUse(host: String, port: Int)
    case cannotBind(host: String, port: Int, reason: String)

    public var description: String {
        switch self {
        case .portInUse(let host, let port):
            "\(host):\(port) is in use by another program. Stop it, or configure another port."
        case .cannotBind(let host, let port, let reason): "can't listen on \(host):\(port): \(reason)"
        }
    }
}
