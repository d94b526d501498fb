import ArgumentParser
import Cryptography
import INFTs
import Interface
import Licenses
import Primitives
import Revenue
import Transactions
import WalletKit

struct DisputeClaim: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "claim", abstract: "Says that something is wrong with an INFT itself; anyone may, with a bond.",
        discussion: """
            Grounds: improperRegistration (who registered it had no right to), usage (it is used, or uses what it derives \
            from, beyond the license), payment (what is due for it is not paid), content (it is not what it says it is). Its \
            owner answers, and a panel decides by the documents that both sides show it. Upheld, it stands against the INFT \
            and all that derives from it, until you call it settled.

            \(example(
                "dispute claim protocol --ground improperRegistration --evidence paper.pdf --bond 100.00 --asset EURX --as claim",
                "dispute settle claim"))
            """)
    @OptionGroup var globals: Globals
    @Argument(help: "The INFT's id or name.") var inft: String
    @Option(help: ArgumentHelp("One of \(DisputeGround.names.joined(separator: ", ")).")) var ground: String
    @Option(
        help: ArgumentHelp(
            "What states what is wrong; a salted commitment to it goes on the ledger.", valueName: "path"))
    var evidence: String
    @Option(help: ArgumentHelp("How much to set aside: 100.00. Who loses, loses it.", valueName: "amount"))
    var bond: String
    @Option(help: "In which asset; the ledger's only one if absent.") var asset: String?

    func perform(_ session: Session) async throws {
        let id: INFTID = try session.id(inft)
        let asset = try await session.assetOrOnly(asset)
        let secrets = try DisputeSecrets(try session.unlock())
        let (commitment, notes) = try session.evidence(evidence, subject: id.bytes, secrets)
        guard let commitment else { return }
        let claim = RaiseClaim(
            inft: id, ground: try Codes.one(ground, DisputeGround.self, "ground of a dispute"), evidence: commitment,
            nonceCommitment: try session.nonceCommitment(secrets, subject: commitment.bytes, round: 0), asset: asset.id,
            bond: try session.amount(bond, of: asset))
        try await session.act([.licenses(.raiseClaim(claim))], notes: notes)
    }
}

struct DisputeSettle: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "settle", abstract: "Says that a claim that was upheld is settled: nothing stands by it any more.",
        discussion: example("dispute settle claim --from author"))
    @OptionGroup var globals: Globals
    @Argument(help: "Its id or name.") var dispute: String

    func perform(_ session: Session) async throws {
        try await session.act([.licenses(.settleDispute(SettleDispute(dispute: try session.id(dispute))))])
    }
}
