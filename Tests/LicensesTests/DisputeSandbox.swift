import Consents
import Cryptography
import Encoding
import INFTs
import Identities
import Licenses
import Primitives
import Revenue
import StateModel
import TestSupport

/// Disputes in the sandbox: alice sold to bob, and arbiters are called by numbers. Nonces, salts and keys are named, and
/// always the same.
extension Sandbox {
    static func arbiter(_ number: Int) -> String { "arbiter \(number)" }

    /// As many arbiters as `numbers`, credentialed and in the pool.
    func enroll(_ numbers: Range<Int>) throws {
        for name in numbers.map({ Self.arbiter($0) }) {
            attest(name, .arbiter)
            try execute(EnrollArbiter(), as: name)
        }
    }

    /// The name of an arbiter that has one of the first hundred numbers.
    func name(_ arbiter: Address) -> String {
        let number = (0..<100).first { testAddress(Self.arbiter($0)) == arbiter }
        return number.map { Self.arbiter($0) } ?? "nobody"
    }

    /// Bought and delivered, its payment held.
    func delivered(
        _ terms: Terms? = nil, window: UInt64 = hour, consentSet: ConsentSetID? = nil, use: StatedUse = StatedUse()
    ) throws -> LicenseID {
        let (_, _, license, delivery) = try sold(terms, window: window, consentSet: consentSet, use: use)
        let made = try deliver(delivery, with: "alice")
        try begin(delivery, made, key: "alice")
        try complete(delivery, made)
        return license
    }

    func nonce(_ name: String, round: Int = 0) -> Hash { testHash("nonce \(name) \(round)") }

    func commitment(_ name: String, round: Int = 0) -> Hash {
        DisputeCommitments.nonce(nonce(name, round: round), of: party(name), network: testHash("network"))
    }

    @discardableResult
    func raise(_ license: LicenseID, as name: String = "bob", evidence: String = "evidence") throws -> DisputeID {
        try execute(
            RaiseDispute(
                license: license, ground: .content, evidence: testHash(evidence), nonceCommitment: commitment(name)),
            as: name
        ).madeIdentifier()
    }

    func dispute(_ id: DisputeID) throws -> DisputeRecord { try Disputes.require(id, in: state) }

    func respond(_ id: DisputeID, as name: String = "alice", round: Int = 0, evidence: Hash? = nil) throws {
        try execute(
            RespondDispute(
                dispute: id, nonceCommitment: commitment(name, round: round), evidence: evidence), as: name)
    }

    @discardableResult
    func reveal(_ id: DisputeID, as name: String, round: Int = 0) throws -> [String] {
        try execute(RevealDisputeNonce(dispute: id, nonce: nonce(name, round: round)), as: name).events.map { $0.name }
    }

    /// Raised, answered, both nonces revealed: a panel is drawn.
    func drawn(_ license: LicenseID) throws -> DisputeID {
        let id = try raise(license)
        try respond(id)
        try reveal(id, as: "bob")
        try reveal(id, as: "alice")
        return id
    }

    /// Names of the arbiters of the round whose seats are in `state`.
    func seats(_ state: DisputeSeatState, _ id: DisputeID) throws -> [String] {
        try dispute(id).round.seats.filter { $0.state == state }.map { name($0.arbiter) }
    }

    func accept(_ id: DisputeID, as name: String, key: String? = nil) throws {
        let dispute = try dispute(id)
        let key = key ?? "judge \(name) \(id)"
        try execute(
            AcceptDispute(
                dispute: id,
                delivery: request(
                    "a", of: dispute.inft, version: dispute.version, act: .dispute, key: key, by: name)), as: name)
    }

    /// D and proof for the arbiter, from what bob can open.
    func showing(_ id: DisputeID, to name: String) throws -> (show: DeliveryID, made: SealedDelivery) {
        let dispute = try dispute(id)
        let address = testAddress(name)
        guard let show = dispute.round.seats.first(where: { $0.arbiter == address })?.show,
            let bought = dispute.delivery, let sealed = try delivery(bought).ending?.sealedKey
        else { throw StateFailure("nothing is to be shown to \(name)") }
        return (show, try deliver(show, from: sealed, with: "bob", by: "bob"))
    }

    @discardableResult
    func beginShow(_ id: DisputeID, to name: String, as sender: String = "bob") throws -> [String] {
        let (show, made) = try showing(id, to: name)
        let opened = try delivery(show).dispute.flatMap { try dispute(DisputeID($0.bytes)).delivery }
        let key = try opened.flatMap { try delivery($0).custody?.sealingKey } ?? sealingSecret("bob").key
        return try execute(BeginShow(show: show, sealingKey: key, commitment: made.commitment), as: sender).events.map {
            $0.name
        }
    }

    @discardableResult
    func completeShow(_ id: DisputeID, to name: String, as sender: String = "bob") throws -> [String] {
        let (show, made) = try showing(id, to: name)
        return try execute(
            CompleteShow(show: show, sealedKey: made.sealedKey, proof: made.proof), as: sender
        ).events.map { $0.name }
    }

    /// Everyone who was drawn accepts, and is shown the key.
    func show(_ id: DisputeID) throws {
        for name in try seats(.drawn, id) { try accept(id, as: name) }
        for name in try seats(.accepted, id) {
            try beginShow(id, to: name)
            try completeShow(id, to: name, as: name)
        }
    }

    func commit(_ vote: DisputeVote, _ id: DisputeID, as name: String) throws {
        let round = try dispute(id).rounds.count - 1
        try execute(
            CommitDisputeVote(
                dispute: id,
                commitment: DisputeCommitments.vote(
                    vote, salt: testHash("salt \(name)"), by: testAddress(name), in: id, round: round)), as: name)
    }

    @discardableResult
    func revealVote(_ vote: DisputeVote, _ id: DisputeID, as name: String) throws -> [String] {
        try execute(
            RevealDisputeVote(dispute: id, vote: vote, salt: testHash("salt \(name)")), as: name
        ).events.map { $0.name }
    }

    /// The panel, which was shown the key, votes: its first `upholding` members to uphold.
    func vote(_ id: DisputeID, upholding: Int) throws {
        let panel = try seats(.shown, id)
        for (index, name) in panel.enumerated() { try commit(index < upholding ? .uphold : .dismiss, id, as: name) }
        for (index, name) in panel.enumerated() {
            try revealVote(index < upholding ? .uphold : .dismiss, id, as: name)
        }
    }

    func appeal(_ id: DisputeID, as name: String) throws {
        try execute(AppealDispute(dispute: id, nonceCommitment: commitment(name, round: 1)), as: name)
    }

    /// Past the deadline of the stage, and the minute of due work.
    @discardableResult
    func expire(_ id: DisputeID) throws -> [String] {
        let stage = try dispute(id).stage
        advance(milliseconds: DisputeLimits.milliseconds(of: stage, on: .test) + 120_000)
        return try drain()
    }

    /// What the vault of the disputed INFT has taken in.
    func vaultTotal(_ id: DisputeID) throws -> UInt64 {
        try Vaults.account(of: dispute(id).inft, asset, in: state).total.units
    }

    /// Every unit is where the totals say, in every record.
    func isConserved() throws -> Bool {
        var records = state.changes.compactMap { change in change.value.map { (change.key, $0) } }
        let findings = try Conservation.recompute { () throws(StateFailure) in records.popLast() }
        return findings.allSatisfy(\.problem.isEmpty) && !findings.isEmpty
    }
}
