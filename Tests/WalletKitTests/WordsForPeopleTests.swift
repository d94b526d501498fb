import Cryptography
import Identities
import Primitives
import StateModel
import Testing
import WalletKit

private let network = PinnedNetwork(name: "devnet", node: "", genesis: Hash(Bytes32(1, 2, 3, 4)), kind: .test)

private func account(_ number: UInt8) -> Address { Address(Bytes32(0, 0, 0, UInt64(number))) }

@Suite struct OrganizationDifferenceTests {
    private let organization = OrganizationID(Bytes32(9, 9, 9, 9))
    private let old: OrganizationProfile
    private let names: WalletNames

    init() throws {
        old = OrganizationProfile(
            kind: .institution, name: "St. Mary", jurisdiction: "DE",
            members: [
                Member(account: account(1), role: .administrator), Member(account: account(2), role: .registrar),
                Member(account: account(3), role: .clinician),
            ],
            policies: [
                ClassPolicy(.administration, threshold: 2),
                ClassPolicy(.licensing, threshold: 3, roles: [.administrator, .registrar]),
            ])
        var book = AddressBook()
        for (number, name) in [(1 as UInt8, "anna"), (2, "ben"), (3, "newcomer"), (4, "carol")] {
            try book.add(name, .account(account(number)), on: network.genesis)
        }
        try book.add("stmary", .organization(organization), on: network.genesis)
        names = WalletNames(network: network, book: book)
    }

    private func lines(_ members: [Member]? = nil, _ policies: [ClassPolicy]? = nil, key: ByteString? = nil) -> String {
        let update = UpdateOrganization(
            organization: organization, members: members ?? old.members, policies: policies ?? old.policies,
            messageKey: key)
        return OrganizationDifference.lines(from: old, to: update, names: names).joined(separator: "\n")
    }

    @Test("Who signs sees who leaves, who comes, and whose role changes") func members() {
        let text = lines([
            Member(account: account(1), role: .administrator), Member(account: account(2), role: .clinician),
            Member(account: account(4), role: .treasurer),
        ])
        #expect(text.contains("Of stmary (…"))
        #expect(text.contains("removes newcomer (…") && text.contains("), clinician"))
        #expect(text.contains("adds carol (…") && text.contains("as treasurer"))
        #expect(text.contains("makes ben (…") && text.contains("clinician, instead of registrar"))
        #expect(!text.contains("anna"))
    }

    @Test("Policies that go, come and change are told apart") func policies() {
        let gone = lines(nil, [ClassPolicy(.administration, threshold: 2)])
        #expect(gone.contains("removes the policy for licensing (3 of the administrator or registrar)"))
        #expect(gone.contains("the one for administration holds instead"))
        let changed = lines(
            nil,
            old.policies.dropFirst() + [ClassPolicy(.treasury, threshold: 1)]
                + [ClassPolicy(.administration, threshold: 1)])
        #expect(changed.contains("for administration lets 1 of the members sign, instead of 2 of the members"))
        #expect(changed.contains("adds a policy for treasury: 1 of the members must sign"))
        #expect(!changed.contains("licensing"))
    }

    @Test("A message key that is set is shown; and where nothing changes that is said") func messageKey() {
        #expect(lines(key: ByteString([2, 255])).contains("sets the message key: 02ff"))
        #expect(lines() == "stmary (…" + lines().dropFirst("stmary (…".count))
        #expect(lines().hasSuffix("would stay as it is"))
    }
}

@Suite struct CommandWordsTests {
    @Test(
        "Operations and methods of the ledger are told as commands",
        arguments: [
            ("Release seats with license.releaseSeat.", "Release seats with mednexus license seat release."),
            ("governance_get lists them.", "mednexus governance show lists them."),
            (
                "Use inft.beginTransfer and inft.completeTransfer, or dispute.beginShow.",
                "Use mednexus inft deliver and mednexus inft deliver, or mednexus dispute show-key."
            ),
            ("license_list(above) has them.", "mednexus license list --above LICENSE has them."),
            // What is typed already, what is no name of the ledger, and what ends a sentence stay.
            ("Name it: mednexus network add", "Name it: mednexus network add"),
            ("Specs/ledger.cddl lists every operation.", "Specs/ledger.cddl lists every operation."),
            ("profile.members: too few...", "profile.members: too few..."), ("", ""),
        ])
    func translated(text: String, expected: String) {
        #expect(CommandWords.translated(text) == expected)
    }

    @Test("What has been translated stays as it is") func twice() {
        for name in CommandWords.operations.keys.sorted() + CommandWords.methods.keys.sorted() {
            let once = CommandWords.translated("See \(name).")
            #expect(!once.contains(name))
            #expect(CommandWords.translated(once) == once)
        }
    }
}

@Suite struct NetworkClockTests {
    private let hour: UInt64 = 3_600_000

    @Test("A wallet that was told of it judges by the clock of its local network") func ahead() throws {
        var list = NetworkList()
        try list.add(network)
        try list.add(PinnedNetwork(name: "main", node: "", genesis: .zero, kind: .main))
        list.setClock(of: network.genesis, ahead: 25 * hour)
        list.setClock(of: .zero, ahead: 25 * hour)
        let known = try list.network("devnet")
        #expect(known.now >= WalletClock.now.adding(milliseconds: 25 * hour - 1000))
        // No file makes the clock of a main network another than the machine's.
        #expect(try list.network("main").clockAhead == nil)
        let forged = PinnedNetwork(name: "main", node: "", genesis: .zero, kind: .main, clockAhead: 25 * hour)
        #expect(forged.now <= WalletClock.now)
        // Pinned anew, as the devnet does at each start, it is not forgotten.
        try list.add(PinnedNetwork(name: "devnet", node: "http://other", genesis: network.genesis, kind: .test))
        #expect(try list.network("devnet").clockAhead == 25 * hour)
        #expect(try list.network("devnet").node == "http://other")
    }

    @Test("The age of what is proven is told truthfully, also of what is dated ahead") func age() {
        let now = Timestamp(100 * hour)
        #expect(ProofFile.age(of: Timestamp(100 * hour - 12_000), at: now) == "12 s ago")
        #expect(ProofFile.age(of: Timestamp(125 * hour), at: now) == "1 day 1 hour ahead of this machine's clock")
        #expect(
            ProofFile.age(of: now, at: now, clockAhead: 2 * hour)
                == "0 s ago by the network's clock, which is 2 hours ahead of this machine's")
    }
}
