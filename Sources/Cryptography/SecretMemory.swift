internal import COpenSSL
public import Primitives

/// Bytes that are zeroed when the last holder lets go, and are in no description, mirror or error.
///
/// Unchecked Sendable because the memory is written only by the initializer and `deinit`.
@safe public final class SecretBytes: @unchecked Sendable, CustomStringConvertible, CustomReflectable {
    private let memory: UnsafeMutableRawBufferPointer

    public init(_ bytes: [UInt8]) {
        unsafe memory = .allocate(byteCount: max(bytes.count, 1), alignment: 16)
        self.count = bytes.count
        unsafe memory.copyBytes(from: bytes)
    }

    public convenience init(_ bytes: Bytes32) {
        var array = bytes.array
        self.init(array)
        Wipe.array(&array)
    }

    deinit {
        unsafe Wipe.memory(memory)
        unsafe memory.deallocate()
    }

    public let count: Int
    public var description: String { "SecretBytes(\(count))" }
    public var customMirror: Mirror { Mirror(self, children: []) }

    /// The buffer is valid only inside `body`.
    package func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        unsafe body(UnsafeRawBufferPointer(rebasing: memory[..<count]))
    }

    /// A copy in ordinary memory. The caller wipes it, or writes it where it belongs (a keystore's plaintext).
    public func copy() -> [UInt8] { unsafe withBytes { unsafe Array($0) } }

    /// Takes the same time wherever the bytes differ.
    public static func == (left: SecretBytes, right: SecretBytes) -> Bool {
        unsafe left.withBytes { one in unsafe right.withBytes { other in unsafe ConstantTime.equal(one, other) } }
    }
}

public enum ConstantTime {
    /// Takes the same time wherever the bytes differ; only the lengths may show.
    public static func equal(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        unsafe left.withUnsafeBytes { one in
            unsafe right.withUnsafeBytes { other in unsafe equal(one, other) }
        }
    }

    static func equal(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
        guard left.count == right.count else { return false }
        guard let one = left.baseAddress, let other = right.baseAddress else { return true }
        return unsafe CRYPTO_memcmp(one, other, left.count) == 0
    }
}

/// Zeroes memory in a way the compiler can't leave out.
public enum Wipe {
    /// Zeroes and empties `bytes`. Copies made earlier are not reached.
    public static func array(_ bytes: inout [UInt8]) {
        unsafe bytes.withUnsafeMutableBytes { unsafe memory($0) }
        bytes.removeAll()
    }

    static func memory(_ memory: UnsafeMutableRawBufferPointer) {
        guard let address = memory.baseAddress else { return }
        unsafe OPENSSL_cleanse(address, memory.count)
    }
}
