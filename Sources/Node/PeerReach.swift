internal import FoundationEssentials
internal import Glibc

/// Whether another node's listener answers: what `doctor` tries for each configured peer.
enum PeerReach {
    /// Nil if a connection was made in time; else why not.
    static func failure(_ contact: PeerContact, milliseconds: Int32) -> String? {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        guard unsafe getaddrinfo(contact.host, String(contact.port), &hints, &found) == 0, let first = unsafe found
        else {
            return "the name is not known"
        }
        defer { unsafe freeaddrinfo(found) }
        let descriptor = unsafe socket(
            first.pointee.ai_family, first.pointee.ai_socktype | Int32(SOCK_NONBLOCK.rawValue), 0)
        guard descriptor >= 0 else { return "no socket: \(words(errno))" }
        defer { close(descriptor) }
        if unsafe connect(descriptor, first.pointee.ai_addr, first.pointee.ai_addrlen) == 0 { return nil }
        guard errno == EINPROGRESS else { return words(errno) }
        var wait = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        guard unsafe poll(&wait, 1, milliseconds) == 1 else { return "no answer within \(milliseconds / 1000) s" }
        var error: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        guard unsafe getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &length) == 0 else { return words(errno) }
        return error == 0 ? nil : words(error)
    }

    private static func words(_ number: Int32) -> String { unsafe String(cString: strerror(number)) }
}
