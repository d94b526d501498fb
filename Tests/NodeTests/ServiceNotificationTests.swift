import Foundation
import Glibc
import Node
import Testing

/// A datagram socket where a service manager would listen.
private struct Manager: ~Copyable {
    let descriptor: Int32
    let path: String?

    /// - Parameter name: a path, or `@` and an abstract name.
    init(_ name: String) throws {
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
        path = name.hasPrefix("/") ? name : nil
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var bytes = Array(name.utf8)
        if path == nil { bytes[0] = 0 }
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: bytes) }
        let length = socklen_t(2 + bytes.count + (path == nil ? 0 : 1))
        let descriptor = self.descriptor
        let isBound = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(descriptor, $0, length) == 0
            }
        }
        try #require(isBound)
    }

    deinit {
        close(descriptor)
        if let path { _ = unsafe unlink(path) }
    }

    /// The next datagram; nil if none has come. One that was sent on this machine is there when `send` returned.
    borrowing func next() -> String? {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = unsafe buffer.withUnsafeMutableBytes { unsafe recv(descriptor, $0.baseAddress, $0.count, 0) }
        return count < 0 ? nil : String(decoding: buffer.prefix(count), as: UTF8.self)
    }
}

@Suite struct ServiceNotificationTests {
    static func names() -> [String] {
        let unique = UUID().uuidString
        return ["/tmp/notify-\(unique)", "@mednexus-notify-\(unique)"]
    }

    @Test("ready, status and stopping reach a socket with a path and one with an abstract name", arguments: names())
    func messages(name: String) throws {
        let manager = try Manager(name)
        let notification = try #require(ServiceNotification(environment: ["NOTIFY_SOCKET": name]))
        #expect(notification.status("executing again"))
        #expect(notification.ready(status: "height 7"))
        #expect(notification.stopping())
        #expect(manager.next() == "STATUS=executing again")
        #expect(manager.next() == "READY=1\nSTATUS=height 7")
        #expect(manager.next() == "STOPPING=1\nSTATUS=stopping")
        #expect(manager.next() == nil)
    }

    @Test("a status can't smuggle in another assignment")
    func oneLine() throws {
        let name = Self.names()[1]
        let manager = try Manager(name)
        let notification = try #require(ServiceNotification(environment: ["NOTIFY_SOCKET": name]))
        #expect(notification.status("a\nREADY=1\r\nb"))
        #expect(manager.next() == "STATUS=a READY=1 b")
    }

    @Test("without a socket, or with a name that is none, there is nobody to tell")
    func nobody() {
        #expect(ServiceNotification(environment: [:]) == nil)
        for name in ["", "/", "@", "relative", "vsock:2:1", "/" + String(repeating: "x", count: 107)] {
            #expect(ServiceNotification(environment: ["NOTIFY_SOCKET": name]) == nil, "\(name)")
        }
        #expect(ServiceNotification(environment: ["NOTIFY_SOCKET": "/" + String(repeating: "x", count: 106)]) != nil)
    }

    @Test("a manager that is gone, or does not read, never holds or ends the node")
    func deaf() throws {
        let name = Self.names()[0]
        let notification = try #require(ServiceNotification(environment: ["NOTIFY_SOCKET": name]))
        #expect(!notification.stopping())
        let manager = try Manager(name)
        // More than the queue of any such socket.
        let sent = (0..<10_000).prefix { _ in notification.status("busy") }.count
        #expect(sent > 0 && sent < 10_000)
        #expect(manager.next() == "STATUS=busy")
    }

    @Test("a credential is taken from the manager's folder, and only if it is there")
    func credentials() throws {
        let folder = NSTemporaryDirectory() + "credentials-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let environment = ["CREDENTIALS_DIRECTORY": folder]
        #expect(ServiceCredentials.file("validator.key", environment: environment) == nil)
        try Data().write(to: URL(filePath: folder + "/validator.key"))
        #expect(ServiceCredentials.file("validator.key", environment: environment) == folder + "/validator.key")
        #expect(ServiceCredentials.file("validator.key", environment: [:]) == nil)
    }
}
