import Foundation
import Interface
import Node
import Primitives
import WalletKit

/// What `mednexusd status` asks a running node, and how it says the answer.
enum NodeQuestions {
    static func status(_ url: String) async throws -> JSONValue {
        do {
            let client = NodeClient(url: url, networkKind: .main)
            let answer = try await client.call("node_status")
            return answer["value"] ?? answer
        } catch {
            throw NodeFailure(.failure, error.message, hint: error.hint)
        }
    }

    static func describe(_ status: JSONValue) -> [String] {
        func text(_ key: String) -> String { status[key].map { $0.string ?? $0.text } ?? "unknown" }
        let head = status["head"]
        let time = head?["time"]?.unsigned.map {
            Date(timeIntervalSince1970: Double($0) / 1000).formatted(.iso8601)
        }
        let isReady = status["isReady"] == .boolean(true)
        return [
            "version    \(text("version"))",
            "network    \(text("network")) (\(text("networkKind")))",
            "ready      \(isReady ? "yes" : "no: " + text("notReadyBecause"))",
            "height     \(head?["height"]?.unsigned.map { String($0) } ?? "unknown"), block time \(time ?? "unknown")",
            "state root \(head?["stateRoot"]?.string ?? "unknown")",
            "validator  \(status["isValidator"] == .boolean(true) ? "yes" : "no")",
            "waiting    \(text("pendingCount")) transactions",
        ]
    }
}

/// Whether a port of this machine can be listened on.
enum LocalPort {
    static func isFree(_ port: Int) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var one: Int32 = 1
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &one, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(truncatingIfNeeded: port)).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
        return unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}

/// Whether standard output is a terminal: progress is only drawn there.
var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 }
