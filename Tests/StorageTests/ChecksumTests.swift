import Storage
import TestSupport
import Testing

struct ChecksumTests {
    /// From the reference implementation's own examples (github.com/Cyan4973/xxHash) and python-xxhash's README.
    @Test(
        "XXH64 gives the published values",
        arguments: [
            ("", 0xef46_db37_51d8_e999), ("a", 0xd24e_c4f1_a98c_6e5b), ("abc", 0x44bc_2cf5_ad77_0999),
            ("Nobody inspects the spammish repetition", 0xfbce_a83c_8a37_8bf1),
        ] as [(String, UInt64)])
    func published(text: String, expected: UInt64) {
        #expect(Checksum.xxh64(Array(text.utf8)) == expected)
    }

    @Test(
        "The byte behind a page changes with any single byte of it", arguments: [32, 12 + 32, 12 + 7 * 32, 1_996, 5, 0])
    func pageByte(count: Int) {
        func check(_ bytes: [UInt8]) -> UInt8 { unsafe bytes.withUnsafeBytes { unsafe Checksum.pageByte($0) } }
        var random = SeededRandom(seed: UInt64(count))
        var bytes = random.bytes(count)
        let expected = check(bytes)
        for position in bytes.indices {
            for change in [1, 2, 0x80, 0xFF, UInt8.random(in: 1...255, using: &random)] as [UInt8] {
                bytes[position] ^= change
                #expect(check(bytes) != expected)
                bytes[position] ^= change
            }
        }
        #expect(check([UInt8](repeating: 0, count: count)) != 0, "a page of zeros is no page")
    }
}
