internal import Primitives

/// Base58Check (Bitcoin): text of extended keys, with four bytes of doubled SHA-256 as a checksum.
enum Base58Check {
    private static let alphabet = Array("123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz".utf8)
    /// An extended key has 111 characters; the work grows with the square.
    static let maximumCount = 128

    static func encode(_ payload: [UInt8]) -> String {
        let bytes = payload + checksum(payload)
        var digits: [UInt8] = []
        for byte in bytes {
            var carry = Int(byte)
            for index in digits.indices {
                carry += Int(digits[index]) << 8
                digits[index] = UInt8(carry % 58)
                carry /= 58
            }
            while carry > 0 {
                digits.append(UInt8(carry % 58))
                carry /= 58
            }
        }
        let zeros = bytes.prefix { $0 == 0 }.count
        let text = [UInt8](repeating: alphabet[0], count: zeros) + digits.reversed().map { alphabet[Int($0)] }
        return String(decoding: text, as: UTF8.self)
    }

    /// Nil if a character or the checksum is wrong.
    static func decode(_ text: String) -> [UInt8]? {
        let characters = Array(text.utf8)
        guard characters.count <= maximumCount else { return nil }
        var bytes: [UInt8] = []
        for character in characters {
            guard var carry = alphabet.firstIndex(of: character) else { return nil }
            for index in bytes.indices {
                carry += Int(bytes[index]) * 58
                bytes[index] = UInt8(carry & 0xff)
                carry >>= 8
            }
            while carry > 0 {
                bytes.append(UInt8(carry & 0xff))
                carry >>= 8
            }
        }
        let zeros = characters.prefix { $0 == alphabet[0] }.count
        let all = [UInt8](repeating: 0, count: zeros) + bytes.reversed()
        guard all.count >= 4 else { return nil }
        let payload = Array(all.dropLast(4))
        return checksum(payload) == Array(all.suffix(4)) ? payload : nil
    }

    private static func checksum(_ payload: [UInt8]) -> [UInt8] {
        Array(SHA256.hash(SHA256.hash(payload).bytes.array).bytes.array.prefix(4))
    }
}
