import Storage
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
}
