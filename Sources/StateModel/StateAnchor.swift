internal import Cryptography
internal import Primitives

/// What an entry is about, where that decides its place: an account's balance lies beside the account, an INFT's vault
/// beside the INFT (Specs/state.md, Places).
///
/// A store keeps neighbors on one page, so a payment changes two pages of it instead of four. Only kinds of which one
/// party, INFT or license has few (of each asset) are placed so, and numbered ones in runs of 32.
struct StateAnchor {
    /// The account, organization, INFT or license.
    let subject: Bytes32
    /// Of a numbered entry: which 32 it belongs to. Zero of others, and of the first ones.
    let run: UInt64

    static let numbersInRun: UInt64 = 32
    /// So many bytes of a path are of the anchor: with 2^24 places a thousand million entries lie some sixty to a place,
    /// three pages; the 232 bits behind them are the key's own, and nobody finds two keys alike in those.
    static let placeBytes = 3

    /// By domain: bit n is set if entries of kind n have an anchor. All of these kinds are below 24.
    private static let anchoredKinds: [UInt32] = {
        func kinds(_ numbers: UInt32...) -> UInt32 { numbers.reduce(0) { $0 | 1 << $1 } }
        var kindsOfDomain = DomainNumber.allCases.map { _ in UInt32(0) }
        // Accounts, organizations, sponsors.
        kindsOfDomain[Int(DomainNumber.identities.rawValue)] = kinds(0, 1, 6)
        // Balances; vaults with holders, royalties and accounts.
        kindsOfDomain[Int(DomainNumber.revenue.rawValue)] = kinds(4, 6, 7, 8, 9)
        // INFTs with versions, ancestors, history, use of versions, tags.
        kindsOfDomain[Int(DomainNumber.infts.rawValue)] = kinds(0, 1, 2, 3, 12, 20)
        // Licenses with meters and receipts; the live ones of an INFT, the outcomes of its versions.
        kindsOfDomain[Int(DomainNumber.licenses.rawValue)] = kinds(2, 4, 7, 9, 10)
        return kindsOfDomain
    }()

    /// Nil if the key's kind has no anchor, or its components are not: what the entry is about (32 bytes, or a party),
    /// perhaps an asset, perhaps a number.
    init?(of key: [UInt8]) {
        guard key.count >= 37, key[0] > 0x82, key[0] <= 0x85, Int(key[1]) < Self.anchoredKinds.count, key[2] < 24,
            Self.anchoredKinds[Int(key[1])] >> UInt32(key[2]) & 1 == 1
        else { return nil }
        var componentsLeft = Int(key[0] & 31) - 2
        var offset = 3
        if key[offset] == 0x82 {
            guard key[offset + 1] < 2 else { return nil }
            offset += 2
        }
        guard let subject = Self.bytes32(in: key, at: &offset) else { return nil }
        componentsLeft -= 1
        if componentsLeft > 0, Self.bytes32(in: key, at: &offset) != nil { componentsLeft -= 1 }
        var number: UInt64 = 0
        if componentsLeft > 0 {
            guard let read = Self.number(in: key, at: &offset) else { return nil }
            number = read
            componentsLeft -= 1
        }
        guard componentsLeft == 0, offset == key.count else { return nil }
        self.subject = subject
        run = number / Self.numbersInRun
    }

    /// The first three bytes of it begin the paths of all entries that lie together.
    var place: Bytes32 {
        var hasher = Self.prefix
        hasher.update(subject)
        hasher.update(bigEndian: run)
        return hasher.finalize().bytes
    }

    private static let prefix = {
        var hasher = SHA256()
        hasher.update(0x13)
        return hasher
    }()

    private static func bytes32(in key: [UInt8], at offset: inout Int) -> Bytes32? {
        guard key.count - offset >= 34, key[offset] == 0x58, key[offset + 1] == 32 else { return nil }
        defer { offset += 34 }
        return Bytes32(unchecked: key, at: offset + 2)
    }

    /// The head alone: a number's shortest one.
    private static func number(in key: [UInt8], at offset: inout Int) -> UInt64? {
        guard offset < key.count, key[offset] < 28 else { return nil }
        let head = key[offset]
        offset += 1
        guard head >= 24 else { return UInt64(head) }
        let width = 1 << Int(head - 24)
        guard key.count - offset >= width else { return nil }
        let number = key[offset..<offset + width].reduce(0) { $0 << 8 | UInt64($1) }
        offset += width
        let least: UInt64 = width == 1 ? 24 : 1 << UInt64(4 * width)
        return number < least ? nil : number
    }
}
