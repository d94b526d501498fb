import Glibc

/// Connects, writes, and so long after writes more and resets the connection.
func resetAfter(_ port: Int, _ bytes: [UInt8], microseconds: UInt32, more: [UInt8]) {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    // Family, port, 127.0.0.1, padding.
    let address =
        [UInt8(AF_INET), 0, UInt8(port >> 8), UInt8(port & 0xff), 127, 0, 0, 1] + [UInt8](repeating: 0, count: 8)
    let isConnected = unsafe address.withUnsafeBytes {
        unsafe connect(descriptor, $0.baseAddress?.assumingMemoryBound(to: sockaddr.self), 16) == 0
    }
    guard isConnected else { return }
    _ = unsafe bytes.withUnsafeBytes { unsafe send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
    usleep(microseconds)
    _ = unsafe more.withUnsafeBytes { unsafe send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
    // On, for no time: closing sends a reset, and whatever the other end writes then fails.
    let lingering: [Int32] = [1, 0]
    _ = unsafe setsockopt(descriptor, SOL_SOCKET, SO_LINGER, lingering, 8)
}
