internal import Glibc
internal import ServiceLifecycle

/// Tells the service manager that started this node how it stands, as sd_notify(3) describes: datagrams of
/// `KEY=VALUE` lines to the Unix socket that `NOTIFY_SOCKET` names. Without that variable there is nobody to tell.
///
/// A manager that does not listen is no reason to stop, so what can't be sent is lost; every call says whether it was.
package struct ServiceNotification: Sendable {
    /// A path, or a name in the abstract namespace, whose leading zero the variable writes as `@`.
    private let socketName: [UInt8]

    /// Nil if `environment` names no socket, or none that fits into an address.
    package init?(environment: [String: String]) {
        guard let name = environment["NOTIFY_SOCKET"], let first = name.utf8.first else { return nil }
        guard first == UInt8(ascii: "/") || first == UInt8(ascii: "@") else { return nil }
        // A path ends with a zero byte, which must fit too; an abstract name ends with the address.
        let limit = MemoryLayout.size(ofValue: sockaddr_un().sun_path) - (first == UInt8(ascii: "/") ? 1 : 0)
        guard name.utf8.count > 1, name.utf8.count <= limit else { return nil }
        socketName = Array(name.utf8)
    }

    /// The node serves.
    @discardableResult
    package func ready(status: String) -> Bool { send("READY=1\nSTATUS=\(Self.line(status))") }

    /// What the node is busy with, shown by `systemctl status`.
    @discardableResult
    package func status(_ text: String) -> Bool { send("STATUS=\(Self.line(text))") }

    /// The node was told to stop and does.
    @discardableResult
    package func stopping() -> Bool { send("STOPPING=1\nSTATUS=stopping") }

    /// A line break would begin another assignment.
    private static func line(_ text: String) -> String {
        String(text.map { $0.isNewline ? " " : $0 })
    }

    private func send(_ message: String) -> Bool {
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var name = socketName
        if name[0] == UInt8(ascii: "@") { name[0] = 0 }
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: name) }
        // The name's length counts in the abstract namespace, where zero bytes are part of a name.
        let offset = MemoryLayout<sockaddr_un>.size - MemoryLayout.size(ofValue: address.sun_path)
        let length = socklen_t(offset + name.count + (name[0] == 0 ? 0 : 1))
        let bytes = Array(message.utf8)
        let sent = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { target in
                unsafe bytes.withUnsafeBytes {
                    // A manager that does not read must not hold the node.
                    unsafe sendto(
                        descriptor, $0.baseAddress, $0.count,
                        Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT),
                        target, length)
                }
            }
        }
        return sent == bytes.count
    }
}

/// Announces the stop when it begins, so that the manager does not take it for an end by itself.
struct StopNotification: Service {
    let notification: ServiceNotification

    func run() async throws {
        try? await gracefulShutdown()
        notification.stopping()
    }
}

/// Keys that the service manager hands over (`LoadCredential=`): files in a folder that only this service sees.
package enum ServiceCredentials {
    /// Where the credential called `name` lies; nil if the manager handed over none of that name.
    package static func file(_ name: String, environment: [String: String]) -> String? {
        guard let folder = environment["CREDENTIALS_DIRECTORY"], !folder.isEmpty else { return nil }
        let path = folder + "/" + name
        return unsafe access(path, F_OK) == 0 ? path : nil
    }
}
