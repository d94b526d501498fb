import ArgumentParser
import Cryptography
import INFTs
import Interface
import Licenses
import Primitives
import Transactions
import WalletKit

struct DisputeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dispute",
        abstract: "Disputes of bad content, and claims about INFTs: raise, answer, judge, appeal, settle.",
        discussion: example(
            "dispute raise scan-license --evidence findings.pdf --as scan-dispute", "dispute respond scan-dispute",
            "dispute reveal scan-dispute", "dispute vote scan-dispute --uphold", "dispute show scan-dispute"),
        subcommands: [
            DisputeRaiseCommand.self, DisputeClaim.self, DisputeSettle.self, DisputeRespond.self, DisputeReveal.self,
            DisputeDecline.self,
            DisputeAccept.self, DisputeShowKey.self, DisputeOpen.self,
            DisputeVoteCommand.self,
            DisputeAppeal.self, DisputeAdvance.self, DisputeEvidence.self, DisputeShowCommand.self, DisputeList.self,
        ])
}

extension Session {
    func dispute(_ text: String) async throws(WalletFailure) -> DisputeView {
        let id: DisputeID = try id(text)
        return try await client.read("dispute_get", .object(["dispute": json(id)]))
    }

    /// A commitment to a file that stays here, and what to tell of it.
    func evidence(
        _ path: String?, subject: Bytes32, _ secrets: DisputeSecrets
    ) throws(WalletFailure) -> (commitment: Hash?, notes: [String]) {
        guard let path else { return (nil, []) }
        let document = try ContentFile(path: path).hash
        let salt = secrets.salt(evidence: document, subject: subject)
        return (
            DisputeCommitments.evidence(document, salt: salt),
            ["Whom you show \(path) as evidence needs its salt: \(salt)"]
        )
    }

    /// The commitment to the nonce of who acts.
    func nonceCommitment(
        _ secrets: DisputeSecrets, subject: Bytes32, round: Int
    ) throws(WalletFailure) -> Hash {
        let party = try actor()
        let nonce = secrets.nonce(network: network.genesis, subject: subject, party: party, round: round)
        return DisputeCommitments.nonce(nonce, of: party, network: network.genesis)
    }
}

extension DisputeRecord {
    /// What the sides' nonces are derived for.
    var nonceSubject: Bytes32 { license?.bytes ?? rounds.first?.opening.evidence?.bytes ?? id.bytes }

    /// What the salts of evidence are derived for.
    var evidenceSubject: Bytes32 { license?.bytes ?? inft.bytes }
}

struct DisputeRaiseCommand: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "raise", abstract: "Says that content that you bought is bad, while its payment is held.",
        discussion: """
            It sets a bond aside: a tenth of what you paid for the license, without prepaid uses. Who loses the dispute, loses \
            it. The words before signing tell the amount.

            \(example("dispute raise scan-license --evidence findings.pdf --from lab --as scan-dispute"))
            """)
    @OptionGroup var globals: Globals
    @Argument(help: "The license's id or name.") var license: String
    @Option(
        help: ArgumentHelp(
            "What states what is wrong; a salted commitment to it goes on the ledger.", valueName: "path"))
    var evidence: String

    func perform(_ session: Session) async throws {
        let id: LicenseID = try session.id(license)
        let secrets = try DisputeSecrets(try session.unlock())
        let (commitment, salts) = try session.evidence(evidence, subject: id.bytes, secrets)
        guard let commitment else { return }
        var notes = salts
        if let payment = try await session.license(license).delivery?.delivery.payment {
            let bond = try await session.names().amount(DisputeLimits.bond(of: payment.amount), of: payment.asset)
            notes.append("The bond is \(bond): set aside now; it goes to the other side if you lose, else back to you.")
        }
        let raise = RaiseDispute(
            license: id, ground: .content, evidence: commitment,
            nonceCommitment: try session.nonceCommitment(secrets, subject: id.bytes, round: 0))
        try await session.act([.licenses(.raiseDispute(raise))], notes: notes)
    }
}

struct DisputeRespond: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "respond", abstract: "Answers a dispute, or an appeal; who does not, loses.",
        discussion: example("dispute respond tmnxdispute1… --evidence protocol.pdf --from clinic"))
    @OptionGroup var globals: Globals
    @Argument(help: "Its id or name.") var dispute: String
    @Option(help: ArgumentHelp("What speaks for you.", valueName: "path")) var evidence: String?

    func perform(_ session: Session) async throws {
        let record = try await session.dispute(dispute).dispute
        let secrets = try DisputeSecrets(try session.unlock())
        let (commitment, notes) = try session.evidence(evidence, subject: record.evidenceSubject, secrets)
        let respond = RespondDispute(
            dispute: record.id,
            nonceCommitment: try session.nonceCommitment(
                secrets, subject: record.nonceSubject, round: record.rounds.count - 1), evidence: commitment)
        try await session.act([.licenses(.respondDispute(respond))], notes: notes)
    }
}

struct DisputeReveal: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "reveal",
        abstract: "Reveals what you committed to: your nonce as a side, your vote as an arbiter.",
        discussion: example("dispute reveal scan-dispute --from lab"))
    @OptionGroup var globals: Globals
    @Argument(help: "Its id or name.") var dispute: String

    func perform(_ session: Session) async throws {
        let record = try await session.dispute(dispute).dispute
        let secrets = try DisputeSecrets(try session.unlock())
        switch record.stage {
        case .nonces:
            let nonce = secrets.nonce(
                network: session.network.genesis, subject: record.nonceSubject, party: try session.actor(),
                round: record.rounds.count - 1)
            try await session.act([
                .licenses(.revealDisputeNonce(RevealDisputeNonce(dispute: record.id, nonce: nonce)))
            ])
        case .revealing: try await session.act([.licenses(.revealDisputeVote(try record.reveal(session, secrets)))])
        default:
            throw WalletFailure(
                .usage, "nothing is revealed now: the dispute is in the stage \(record.stage.name)",
                hint: "mednexus dispute show tells whom it waits for.")
        }
    }
}

extension DisputeRecord {
    /// The vote that the arbiter who acts committed to: it is one of two, and the salt follows from the wallet.
    fileprivate func reveal(
        _ session: Session, _ secrets: DisputeSecrets
    ) throws(WalletFailure) -> RevealDisputeVote {
        let arbiter = try session.sender()
        let index = rounds.count - 1
        let salt = secrets.salt(dispute: id, arbiter: arbiter, round: index)
        let commitment = round.seats.first { $0.arbiter == arbiter }?.commitment
        for vote in DisputeVote.allCases
        where DisputeCommitments.vote(vote, salt: salt, by: arbiter, in: id, round: index) == commitment {
            return RevealDisputeVote(dispute: id, vote: vote, salt: salt)
        }
        throw WalletFailure(.key, "this wallet committed to no vote in the dispute \(id)")
    }
}

struct DisputeDecline: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "decline", abstract: "Makes room for another arbiter, without an absence.",
        discussion: example("dispute decline tmnxdispute1… --from rita"))
    @OptionGroup var globals: Globals
    @Argument(help: "Its id or name.") var dispute: String

    func perform(_ session: Session) async throws {
        try await session.act([.licenses(.declineDispute(DeclineDispute(dispute: try session.id(dispute))))])
    }
}

struct DisputeVoteCommand: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "vote", abstract: "Commits to your vote as an arbiter; dispute reveal reveals it.",
        discussion: example("dispute vote scan-dispute --uphold --from rita", "dispute vote scan-dispute --dismiss"))
    @OptionGroup var globals: Globals
    @Argument(help: "Its id or name.") var dispute: String
    @Flag(help: "The claim is right: the content is bad.") var uphold = false
    @Flag(help: "The claim is wrong: the content is good.") var dismiss = false

    func validate() throws {
        if uphold == dismiss { throw ValidationError("Vote --uphold or --dismiss.") }
    }

    func perform(_ session: Session) async throws {
        let record = try await session.dispute(dispute).dispute
        let arbiter = try session.sender()
        let round = record.rounds.count - 1
        let salt = try DisputeSecrets(try session.unlock()).salt(dispute: record.id, arbiter: arbiter, round: round)
        let vote: DisputeVote = uphold ? .uphold : .dismiss
        let commit = CommitDisputeVote(
            dispute: record.id,
            commitment: DisputeCommitments.vote(vote, salt: salt, by: arbiter, in: record.id, round: round))
        try await session.act([.licenses(.commitDisputeVote(commit))], notes: ["Your vote: \(vote.name) the claim"])
    }
}

struct DisputeAppeal: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "appeal", abstract: "Asks another panel, once, with twice the bond.",
        discussion: example("dispute appeal scan-dispute --from clinic"))
    @OptionGroup var globals: Globals
    @Argument(help: "Its id or name.") var dispute: String
    @Option(help: ArgumentHelp("What is new.", valueName: "path")) var evidence: String?

    func perform(_ session: Session) async throws {
        let record = try await session.dispute(dispute).dispute
        let secrets = try DisputeSecrets(try session.unlock())
        let (commitment, salts) = try session.evidence(evidence, subject: record.evidenceSubject, secrets)
        var notes = salts
        if let bond = DisputeLimits.appealBond(after: record.round.bond) {
            let text = try await session.names().amount(bond, of: record.asset)
            notes.append("The bond is \(text): set aside now; it goes to the other side if you lose, else back to you.")
        }
        let appeal = AppealDispute(
            dispute: record.id,
            nonceCommitment: try session.nonceCommitment(
                secrets, subject: record.nonceSubject, round: record.rounds.count),
            evidence: commitment)
        try await session.act([.licenses(.appealDispute(appeal))], notes: notes)
    }
}

struct DisputeAdvance: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "advance", abstract: "Ends a stage whose time is over, without waiting for the ledger to.",
        discussion: example("dispute advance scan-dispute"))
    @OptionGroup var globals: Globals
    @Argument(help: "Its id or name.") var dispute: String

    func perform(_ session: Session) async throws {
        try await session.act([.licenses(.advanceDispute(AdvanceDispute(dispute: try session.id(dispute))))])
    }
}

struct DisputeEvidence: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "evidence", abstract: "Whether a document is what a side committed to. Exit code 1: no.",
        discussion: example(
            "dispute evidence scan-dispute --file findings.pdf --salt 5e1f…",
            "dispute evidence scan-dispute --file my-findings.pdf"))
    @OptionGroup var globals: ReadGlobals
    @Argument(help: "Its id or name.") var dispute: String
    @Option(help: ArgumentHelp("The document.", valueName: "path")) var file: String
    @Option(
        help: ArgumentHelp(
            "Its salt, as who shows it tells. Without: tells the salt of a document that this wallet committed to.",
            valueName: "hash"))
    var salt: String?

    /// Salts follow from the wallet's words and the document, so that nobody has to keep what was printed when it signed.
    private func tellSalt(_ record: DisputeRecord, _ session: Session) throws {
        let secrets = try DisputeSecrets(try session.unlock())
        let document = try ContentFile(path: file).hash
        let salt = secrets.salt(evidence: document, subject: record.evidenceSubject)
        let commitment = DisputeCommitments.evidence(document, salt: salt)
        let known = record.rounds.flatMap { [$0.opening.evidence, $0.answer?.evidence] }
        guard known.contains(commitment) else {
            throw WalletFailure(
                .refused, "this wallet did not commit to \(file) in this dispute",
                hint: "To check what somebody shows you, give --salt, too.")
        }
        session.show(.object(["commitment": .string("\(commitment)"), "salt": .string("\(salt)")])) {
            Console.out("Whom you show \(file) as evidence needs its salt: \(salt)")
        }
    }

    func perform(_ session: Session) async throws {
        try await session.verifyNetwork()
        let record = try await session.dispute(dispute).dispute
        guard let salt else { return try tellSalt(record, session) }
        let commitment = DisputeCommitments.evidence(try ContentFile(path: file).hash, salt: try Codes.hash(salt))
        var found: [String] = []
        for (index, round) in record.rounds.enumerated() {
            for side in [DisputeSide.claimant, .respondent] where round.pleading(of: side)?.evidence == commitment {
                found.append("\(side.name), \(index == 0 ? "first round" : "appeal")")
            }
        }
        session.show(.object(["commitment": .string("\(commitment)"), "isEvidence": .boolean(!found.isEmpty)])) {
            Console.fields([
                ("Commitment", "\(commitment)"),
                ("Evidence of", found.isEmpty ? "nobody" : found.joined(separator: "; ")),
            ])
        }
        if found.isEmpty { throw WalletFailure(.refused, "no side committed to this document with this salt") }
    }
}

struct DisputeShowCommand: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "A dispute: sides, stage, panel, votes, money, and whom it waits for.",
        discussion: example("dispute show scan-dispute"))
    @OptionGroup var globals: ReadGlobals
    @Argument(help: "Its id or name.") var dispute: String

    func perform(_ session: Session) async throws {
        try await session.verifyNetwork()
        let view = try await session.dispute(dispute)
        let record = view.dispute
        let names = try await session.names()
        let stands = try await Self.standing(record, session)
        session.show(try session.client.encode(view)) {
            Console.fields(
                [
                    ("Dispute", names.identifier(record.id.description)), ("Ground", record.ground.name),
                    ("On", names.identifier(record.inft.description)),
                    ("License", record.license.map { names.identifier($0.description) }),
                    ("Claimant", names.party(record.claimant)), ("Respondent", names.party(record.respondent)),
                    ("Held", names.amount(record.amount, of: record.asset)), ("Raised", names.time(record.raisedAt)),
                    ("Stage", record.stage.name + (record.deadline.map { " until \(names.time($0))" } ?? "")),
                    (
                        "Waits for",
                        view.waitsFor.isEmpty
                            ? nil
                            : view.waitsFor.map {
                                "\(names.party($0.party)): \(CommandWords.command($0.act) ?? $0.act)"
                            }.joined(separator: "\n")
                    ),
                ]
                    + record.rounds.enumerated().map { index, round in
                        (index == 0 ? "First round" : "Appeal", lines(round, record, names).joined(separator: "\n"))
                    }
                    + [
                        ("Ended", record.ending.map { "\($0.outcome.name), \($0.cause.name), \(names.time($0.at))" }),
                        ("Against it", stands),
                    ])
        }
    }

    /// Whether what was found about an INFT stands still; nil of what leaves nothing behind.
    private static func standing(
        _ record: DisputeRecord, _ session: Session
    ) async throws(WalletFailure) -> String? {
        guard record.delivery == nil, record.ending?.outcome == .upheld else { return nil }
        let view: StandingView = try await session.client.read(
            "inft_standing", .object(["inft": session.json(record.inft)]))
        let stands = view.tags.contains { !$0.tag.kind.isRecall && $0.tag.subject.bytes == record.id.bytes }
        return stands
            ? "yes, until the claimant calls it settled" : "no longer: it was settled, or lifted by the validators"
    }

    private func lines(_ round: DisputeRound, _ record: DisputeRecord, _ names: SessionNames) -> [String] {
        let bond = names.amount(round.bond, of: record.asset)
        var lines = ["bond of \(names.party(record.party(of: round.opener))): \(bond)"]
        for side in [DisputeSide.claimant, .respondent] {
            guard let evidence = round.pleading(of: side)?.evidence else { continue }
            lines.append("\(side.name)'s evidence: \(evidence)")
        }
        lines += round.seats.map { seat in
            let vote = seat.vote.map { ": \($0.name)" } ?? ""
            let show = seat.show.map { ", by \(names.identifier($0.description))" } ?? ""
            // Of a claim there is no key: who accepts a seat may vote at once.
            let state = record.delivery == nil && seat.state == .shown ? "accepted" : seat.state.name
            return "\(names.party(.account(seat.arbiter))) \(state)\(vote)\(show)"
        }
        if let finding = round.finding { lines.append("\(finding.outcome.name): \(finding.cause.name)") }
        guard let outcome = record.ending?.outcome, round.bond > .zero else { return lines }
        let isAppeal = round.openedAt != record.rounds.first?.openedAt
        let winner = Self.bondGoes(round, outcome, isAppeal: isAppeal)
        return lines + ["the bond went to \(names.party(record.party(of: winner)))"]
    }

    /// As the ledger releases it: back, unless the other side won.
    private static func bondGoes(_ round: DisputeRound, _ outcome: DisputeOutcome, isAppeal: Bool) -> DisputeSide {
        if outcome == .undecided || (isAppeal && round.finding?.outcome == .undecided) { return round.opener }
        return outcome == .upheld ? .claimant : .respondent
    }
}

struct DisputeList: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Disputes, newest first: yours, of a license, of an arbiter, or on an INFT.",
        discussion: example(
            "dispute list --from clinic --open", "dispute list --arbiter rita", "dispute list --inft scan"))
    @OptionGroup var globals: ReadGlobals
    @Option(help: "Where this party is a side; who acts if nothing is named.") var party: String?
    @Option(help: "Over this license.") var license: String?
    @Option(help: "For which this account was drawn.") var arbiter: String?
    @Option(help: "On this INFT.") var inft: String?
    @Flag(help: "Without those that have ended.") var open = false
    @Option(help: "At most so many.") var limit = 100

    func perform(_ session: Session) async throws {
        try await session.verifyNetwork()
        var params = JSONObject()
        if let party { params.append("party", session.json(try session.party(party))) }
        if let license {
            let id: LicenseID = try session.id(license)
            params.append("license", session.json(id))
        }
        if let arbiter { params.append("arbiter", session.json(Party.account(try session.address(arbiter)))) }
        if let inft {
            let id: INFTID = try session.id(inft)
            params.append("inft", session.json(id))
        }
        if params.count == 0 { params.append("party", session.json(try session.actor())) }
        if open { params.append("onlyOpen", .boolean(true)) }
        let items = try await session.client.items("dispute_list", params, limit: limit)
        let names = try await session.names()
        session.list(
            items, ["DISPUTE", "LICENSE", "CLAIMANT", "RESPONDENT", "STAGE", "UNTIL", "OUTCOME"],
            empty: "There is none."
        ) { item in
            let dispute = item["dispute"]
            return [
                names.id(dispute?["id"]), names.id(dispute?["license"]), names.party(dispute?["claimant"]),
                names.party(dispute?["respondent"]), dispute?["stage"]?.string ?? "",
                names.time(dispute?["deadline"]) ?? "", dispute?["ending"]?["outcome"]?.string ?? "",
            ]
        }
    }
}
