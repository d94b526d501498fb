import Glibc

/// What the relay cannot go on without, in words.
struct RelayFailure: Error {
    let text: String
    init(_ text: String) { self.text = text }

    static func system(_ what: String) -> RelayFailure {
        RelayFailure(unsafe "\(what): \(String(cString: strerror(errno)))")
    }
}

/// A network namespace with one TUN device, whose other end this process holds.
struct Tunnel {
    static let device = "tun0"
    static let namespaceFolder = "/run/netns/"

    let name: String
    let descriptor: Int32

    /// The address of the namespace with this index, counted from 0. Namespaces of other runs may use the same.
    static func address(_ index: Int) -> String { "10.77.0.\(index + 1)" }

    /// Makes the namespace `name` with a device of this MTU and the address of `index`.
    static func make(_ name: String, index: Int, mtu: Int) throws(RelayFailure) -> Tunnel {
        try run(["ip", "netns", "add", name])
        do {
            let (descriptor, temporary) = try open()
            try run(["ip", "link", "set", temporary, "netns", name, "name", device])
            // The queue holds a burst of a whole block while the relay is busy with others.
            try run(["ip", "-n", name, "link", "set", device, "mtu", String(mtu), "txqueuelen", "10000", "up"])
            try run(["ip", "-n", name, "link", "set", "lo", "up"])
            try run(["ip", "-n", name, "address", "add", address(index) + "/24", "dev", device])
            return Tunnel(name: name, descriptor: descriptor)
        } catch {
            remove(name)
            throw error
        }
    }

    static func remove(_ name: String) {
        try? run(["ip", "netns", "delete", name])
    }

    /// A new device of this namespace, from where it is moved: its descriptor goes on working. The kernel picks a
    /// free name, so that runs side by side never meet.
    private static func open() throws(RelayFailure) -> (descriptor: Int32, name: String) {
        let descriptor = unsafe Glibc.open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system("/dev/net/tun") }
        // struct ifreq: 16 bytes of name, then the flags IFF_TUN (1) | IFF_NO_PI (0x1000); 40 bytes in all.
        var request = [UInt8](repeating: 0, count: 40)
        request.replaceSubrange(0..<5, with: "mnx%d".utf8)
        (request[16], request[17]) = (0x01, 0x10)
        let setInterface: UInt = 0x4004_54CA
        let status = unsafe request.withUnsafeMutableBytes { unsafe ioctl(descriptor, setInterface, $0.baseAddress!) }
        guard status == 0 else {
            close(descriptor)
            throw .system("make a TUN device")
        }
        return (descriptor, String(decoding: request.prefix { $0 != 0 }, as: UTF8.self))
    }

    /// Deletes what relays that were killed have left: namespaces named after a process that is gone.
    static func removeAbandoned() {
        guard let folder = unsafe opendir(namespaceFolder) else { return }
        var abandoned: [String] = []
        while let entry = unsafe readdir(folder) {
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            let parts = name.split(separator: "-")
            guard parts.count == 3, parts[0] == "mnx", let process = Int32(parts[1]), process > 0 else { continue }
            if kill(process, 0) != 0, errno == ESRCH { abandoned.append(name) }
        }
        unsafe closedir(folder)
        for name in abandoned { remove(name) }
    }

    private static func run(_ command: [String]) throws(RelayFailure) {
        var arguments: [UnsafeMutablePointer<CChar>?] = unsafe command.map { unsafe strdup($0) }
        unsafe arguments.append(nil)
        defer { for index in unsafe arguments.indices { unsafe free(arguments[index]) } }
        var process: pid_t = 0
        let status = unsafe posix_spawnp(&process, command[0], nil, nil, arguments, environ)
        guard status == 0 else { throw RelayFailure("\(command[0]) can't be started") }
        var result: Int32 = 0
        while unsafe waitpid(process, &result, 0) < 0, errno == EINTR {}
        guard result == 0 else { throw RelayFailure("\(command.joined(separator: " ")) failed") }
    }
}
