import Glibc

/// A plain blocking socket, so that tests see the very bytes that the server writes.
final class SocketClient {
    private let descriptor: Int32
    private var received: [UInt8] = []
    private var taken = 0

    init?(port: Int) {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr = in_addr(s_addr: UInt32(0x7f00_0001).bigEndian)
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let connected = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe connect(descriptor, $0, size) }
        }
        guard connected == 0 else { return nil }
        var limit = timeval(tv_sec: 5, tv_usec: 0)
        _ = unsafe setsockopt(
            descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(descriptor) }

    func send(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes {
                unsafe Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }

    func send(_ text: String) { send(Array(text.utf8)) }

    /// False at the end of the stream or after five silent seconds.
    func receive() -> Bool {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = unsafe buffer.withUnsafeMutableBytes { unsafe recv(descriptor, $0.baseAddress, $0.count, 0) }
        guard count > 0 else { return false }
        received += buffer[..<count]
        return true
    }

    /// Everything up to and with `mark`; nil if the stream ends before.
    func text(through mark: String) -> String? {
        let mark = Array(mark.utf8)
        while true {
            var at = taken
            while at + mark.count <= received.count {
                if received[at..<at + mark.count].elementsEqual(mark) {
                    return bytes(at + mark.count - taken).map { String(decoding: $0, as: UTF8.self) }
                }
                at += 1
            }
            guard receive() else { return nil }
        }
    }

    func bytes(_ count: Int) -> [UInt8]? {
        while received.count - taken < count { guard receive() else { return nil } }
        defer { taken += count }
        return Array(received[taken..<taken + count])
    }

    /// Status, headers as text, and the body of one answer with a length.
    func answer() -> (status: Int, headers: String, body: String)? {
        guard let head = text(through: "\r\n\r\n"), let status = Int(head.split(separator: " ")[1]) else { return nil }
        let lower = head.lowercased()
        var length = 0
        for line in lower.split(separator: "\r\n") where line.hasPrefix("content-length: ") {
            length = Int(line.dropFirst(16)) ?? 0
        }
        guard let body = bytes(length) else { return nil }
        return (status, lower, String(decoding: body, as: UTF8.self))
    }

    func post(_ body: String, path: String = "/", headers: String = "") -> (status: Int, headers: String, body: String)?
    {
        send("POST \(path) HTTP/1.1\r\nHost: x\r\nContent-Length: \(body.utf8.count)\r\n\(headers)\r\n\(body)")
        return answer()
    }

    func request(_ line: String, headers: String = "") -> (status: Int, headers: String, body: String)? {
        send("\(line) HTTP/1.1\r\nHost: x\r\n\(headers)\r\n")
        return answer()
    }

    // MARK: WebSocket

    static let upgrade =
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"

    /// A masked frame with a mask of zeros, which is one of the masks a client may choose.
    func sendFrame(_ text: String, opcode: UInt8 = 1) {
        let payload = Array(text.utf8)
        var frame: [UInt8] = [0x80 | opcode]
        if payload.count < 126 {
            frame.append(0x80 | UInt8(payload.count))
        } else {
            frame += [0x80 | 126, UInt8(payload.count >> 8), UInt8(payload.count & 255)]
        }
        send(frame + [0, 0, 0, 0] + payload)
    }

    func frame() -> (opcode: UInt8, payload: [UInt8])? {
        guard let head = bytes(2) else { return nil }
        var count = Int(head[1] & 127)
        if count >= 126 {
            guard let more = bytes(count == 126 ? 2 : 8) else { return nil }
            count = more.reduce(0) { $0 << 8 | Int($1) }
        }
        guard let payload = bytes(count) else { return nil }
        return (head[0] & 15, payload)
    }
}
