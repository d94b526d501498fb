package import Primitives

/// A node's transport key and where it listens: `KEY@HOST:PORT`, as `p2p.peers` and the file of learned peers have it.
package struct PeerContact: Hashable, Sendable, CustomStringConvertible {
    package let key: TransportKey
    /// A numeric address or a name of the domain name system.
    package let host: String
    package let port: Int

    package init(key: TransportKey, host: String, port: Int) {
        self.key = key
        self.host = host
        self.port = port
    }

    package init?(_ text: String) {
        guard let at = text.firstIndex(of: "@"), let key = TransportKey(hexadecimal: String(text[..<at])),
            let (host, port) = PeerHost.parse(String(text[text.index(after: at)...]))
        else { return nil }
        self.init(key: key, host: host, port: port)
    }

    /// `HOST:PORT`; brackets around a numeric address of version 6.
    package var address: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    package var description: String { "\(key)@\(address)" }
}

/// `HOST:PORT` of another machine: a numeric address or a name, and a port that can be dialed.
package enum PeerHost {
    /// The longest name that the domain name system has.
    static let maximumBytes = 253

    static func isAddress(_ text: String) -> Bool { parse(text) != nil }

    package static func parse(_ text: String) -> (host: String, port: Int)? {
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
            (1...65_535).contains(port)
        else { return nil }
        var host = String(text[..<colon])
        let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
        if isBracketed { host = String(host.dropFirst().dropLast()) }
        let allowed: [UInt8] =
            isBracketed
            ? Array("0123456789abcdef:.".utf8)
            : Array("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-".utf8)
        guard !host.isEmpty, host.utf8.count <= maximumBytes, host.utf8.allSatisfy({ allowed.contains($0) }) else {
            return nil
        }
        return (host, port)
    }
}
