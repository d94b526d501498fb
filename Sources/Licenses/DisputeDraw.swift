import Cryptography
import INFTs
import Identities
import Primitives
import Revenue
import StateModel

/// Who may not judge: the sides, the owner of the INFT, its creators, holders of its revenue, and the members of those
/// that are organizations.
struct DisputeConflicts {
    let parties: [Party]
    private let members: Set<Address>

    init(claimant: Party, respondent: Party, inft id: INFTID, in state: any StateReader) throws(Refusal) {
        let inft = try INFTRegistry.requireKnown(id, field: "dispute", in: state)
        let holders = try Vaults.holders(of: id, in: state).sorted {
            $0.share != $1.share ? $0.share > $1.share : $0.party < $1.party
        }
        var parties: [Party] = []
        var seen: Set<Party> = []
        for party in [claimant, respondent, inft.owner] + inft.creators.map(\.party) + holders.map(\.party)
        where seen.insert(party).inserted {
            parties.append(party)
        }
        var members: Set<Address> = []
        var organizations = 0
        for case .organization(let organization) in parties {
            guard organizations < DisputeLimits.conflictOrganizations else { break }
            organizations += 1
            guard let profile = try Organizations.record(organization, in: state)?.profile else { continue }
            for member in profile.members { members.insert(member.account) }
        }
        self.parties = parties
        self.members = members
    }

    func includes(_ arbiter: Address) -> Bool {
        members.contains(arbiter) || parties.contains(.account(arbiter))
    }
}

/// Draws arbiters: hashes a seed with a counter, takes the place of the pool that the hash names, and passes over who
/// may not judge, is not credentialed, or sits already.
enum DisputeDraw {
    private static let tag = HashTag("mednexus/dispute/draw")

    /// At most `count` arbiters, fewer if as many can't be found. Leaves `draws` at the counter to go on from.
    static func draw(
        _ count: Int, seed: Hash, slots: UInt64, enrolledBefore time: Timestamp, draws: inout UInt64,
        conflicts: DisputeConflicts, seated: [Address], at now: Timestamp, in state: any StateReader
    ) throws(Refusal) -> [Address] {
        guard slots > 0 else { return [] }
        var found: [Address] = []
        var tries = 0
        while found.count < count, tries < DisputeLimits.drawTries {
            tries += 1
            let slot = number(seed, draws) % slots
            draws += 1
            guard case .taken(let arbiter, let since)? = try state.record(LicenseKeys.arbiterSlot(slot)), since < time,
                !seated.contains(arbiter), !found.contains(arbiter), !conflicts.includes(arbiter),
                try Arbiters.isCredentialed(arbiter, notBy: conflicts.parties, at: now, in: state)
            else { continue }
            found.append(arbiter)
        }
        return found
    }

    /// The first eight bytes of a hash: reduced by ten thousand places, its bias is below one in 10^15.
    private static func number(_ seed: Hash, _ counter: UInt64) -> UInt64 {
        let bytes = seed.bytes.array + (0..<8).map { UInt8(truncatingIfNeeded: counter >> UInt64(56 - 8 * $0)) }
        return tag.hash(bytes).bytes.array.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// Refused unless a panel for the round can be drawn by now. It is tried with a seed that means nothing, so that no
    /// money is set aside for what nobody can decide.
    static func requirePanel(
        round: Int, of id: DisputeID, conflicts: DisputeConflicts, seated: [Address], in context: OperationContext
    ) throws(Refusal) {
        let panel = DisputeLimits.panel(round: round)
        var draws: UInt64 = 0
        let found = try draw(
            panel, seed: Hash(id.bytes), slots: try Arbiters.pool(in: context.state).slots,
            enrolledBefore: context.block.time, draws: &draws, conflicts: conflicts, seated: seated,
            at: context.block.time, in: context.state)
        guard found.count == panel else {
            throw LicenseRejection.noPanelPossible.at(
                "", "\(found.count) arbiters who are part of it in no way can be drawn; a panel has \(panel)",
                hint: "Try again once more arbiters have enrolled.", retryable: true)
        }
    }
}
