import Cryptography
import Encoding
import INFTs
import Identities
import Licenses
import Primitives
import Revenue
import StateModel
import Testing

/// Where the domains' entries lie (Specs/state.md, Places): the table of kinds is the state model's, the keys are theirs.
struct PlaceTests {
    private static let subject = SHA256.hash([1]).bytes
    private static let asset = AssetID(SHA256.hash([2]).bytes)

    private static func place(_ run: UInt64, of subject: Bytes32 = subject) -> [UInt8] {
        let number = (0..<8).map { UInt8(truncatingIfNeeded: run >> (56 - 8 * UInt64($0))) }
        return Array(SHA256.hash([0x13] + subject.array + number).bytes.array.prefix(3))
    }

    private static func expect(_ key: StateKey, at place: [UInt8], _ what: String) {
        let path = StateTrie.path(of: key).array
        #expect(Array(path.prefix(3)) == place, "\(what)")
        #expect(path.dropFirst(3) == SHA256.hash([0x10] + key.bytes).bytes.array.dropFirst(3), "\(what)")
    }

    private static func expectNone(_ key: StateKey, _ what: String) {
        #expect(StateTrie.path(of: key) == SHA256.hash([0x10] + key.bytes).bytes, "\(what)")
    }

    @Test("What an account, an organization, an INFT or a license has lies with it")
    func together() {
        let home = Self.place(0)
        let address = Address(Self.subject)
        let organization = OrganizationID(Self.subject)
        for party in [Party.account(address), .organization(organization)] {
            Self.expect(RevenueKeys.balance(party, Self.asset).key, at: home, "balance")
            Self.expect(IdentityKeys.sponsor(party).key, at: home, "sponsor")
        }
        Self.expect(IdentityKeys.account(address).key, at: home, "account")
        Self.expect(IdentityKeys.organization(organization).key, at: home, "organization")
        let inft = INFTID(Self.subject)
        let ofINFT: [StateKey] = [
            INFTKeys.inft(inft).key, INFTKeys.version(inft, 1).key, INFTKeys.ancestors(inft).key,
            INFTKeys.history(inft, 3).key, INFTKeys.versionUse(inft, 1).key, INFTKeys.tags(inft).key,
            RevenueKeys.vault(inft).key, RevenueKeys.holders(inft).key, RevenueKeys.royalties(inft).key,
            RevenueKeys.account(inft, Self.asset).key, LicenseKeys.live(inft).key, LicenseKeys.versionUses(inft, 1).key,
        ]
        for key in ofINFT { Self.expect(key, at: home, "\(key.bytes.prefix(3)) of an INFT") }
        let license = LicenseID(Self.subject)
        Self.expect(LicenseKeys.license(license).key, at: home, "license")
        Self.expect(LicenseKeys.meter(license).key, at: home, "meter")
        Self.expect(LicenseKeys.receipt(license, 0).key, at: home, "receipt")
    }

    @Test("Numbered entries lie 32 to a place, so that none gets crowded")
    func runs() {
        let inft = INFTID(Self.subject)
        let numbers: [UInt64] = [0, 23, 24, 31, 32, 63, 64, 255, 256, 65_535, 65_536, 1 << 32 - 1, 1 << 32, .max]
        for number in numbers {
            Self.expect(INFTKeys.history(inft, number).key, at: Self.place(number / 32), "history \(number)")
        }
        let places = Set((0..<1_000 as Range<UInt64>).map { Self.place($0) })
        #expect(places.count > 990)
    }

    @Test("Kinds of which one can have any number lie where their own hash tells")
    func apart() {
        let party = Party.account(Address(Self.subject))
        let inft = INFTID(Self.subject)
        Self.expectNone(RevenueKeys.holder(inft, Self.asset, party).key, "holder")
        Self.expectNone(INFTKeys.useAuthorization(inft, party).key, "authorization")
        Self.expectNone(RevenueKeys.totals(Self.asset).key, "totals")
        // A page is large, and is written once.
        Self.expectNone(RevenueKeys.statement(party, Self.asset, page: 0).key, "statement")
        Self.expectNone(LicenseKeys.seat(LicenseID(Self.subject), Address(Self.subject)).key, "seat")
        Self.expectNone(IdentityKeys.parameters.key, "parameters")
    }

    @Test("A key of another shape than the ledger's has no anchor, and none traps")
    func shapes() {
        let balance = RevenueKeys.balance(.account(Address(Self.subject)), Self.asset).key.bytes
        let history = INFTKeys.history(INFTID(Self.subject), 5).key.bytes
        var odd: [[UInt8]] = [[], [0x82], balance + [0], history + [0], Array(history.dropLast())]
        for length in 0..<history.count { odd.append(Array(history.prefix(length))) }
        // A party of a third kind; a number that is not the shortest; a text in place of the number; one component more.
        odd.append(Array(balance[0..<3]) + [0x82, 2] + balance.dropFirst(5))
        odd.append(Array(history.dropLast()) + [24, 5])
        odd.append(Array(history.dropLast()) + [25, 0, 255])
        odd.append(Array(history.dropLast()) + [27, 0, 0, 0, 0, 255, 255, 255, 255])
        odd.append(Array(history.dropLast()) + [0x61, 0x61])
        odd.append([0x86] + history.dropFirst() + [1])
        odd.append([0x85, 4, 3] + history.dropFirst(3) + [1])
        // Another domain, and a number before the subject.
        odd.append([balance[0], 9] + balance.dropFirst(2))
        odd.append([0x84, 3, 4, 1] + balance.dropFirst(3))
        for bytes in odd { Self.expectNone(StateKey(stored: bytes), "\(bytes)") }
        // Of the right shape, though no rule makes it: a balance with a number behind it.
        Self.expect(StateKey(stored: [0x85] + balance.dropFirst() + [24, 64]), at: Self.place(2), "numbered balance")
    }
}
