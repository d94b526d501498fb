import ArgumentParser
import Governance
import INFTs
import Identities
import Interface
import Primitives
import WalletKit

struct ProposeAccredit: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "accredit",
        abstract: "Proposes that a party may attest: give credentials, and let others give them.",
        discussion: example(
            "governance propose accredit board --type accreditation,medicalLicense --from anna --acting-for stmary"))
    @OptionGroup var globals: Globals
    @OptionGroup var proposal: ProposalOptions
    @Argument(help: "The party.") var party: String
    @Option(
        help: ArgumentHelp(
            "What it may attest; repeatable. Types: \(CredentialType.names.joined(separator: ", ")).",
            valueName: "type"))
    var type: [String]
    @Option(help: ArgumentHelp("Only for these countries or parts of them: DE, US-CA; repeatable.", valueName: "code"))
    var jurisdiction: [String] = []

    func perform(_ session: Session) async throws {
        let accreditation = Accreditation(
            party: try session.party(party), types: try Codes.many(type, CredentialType.self, "type of credential"),
            jurisdictions: Codes.texts(jurisdiction.map { $0.uppercased() }))
        try await session.propose(.accredit(accreditation), proposal)
    }
}

struct ProposeRevokeAccreditor: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke-accreditor",
        abstract: "Proposes that an accreditor attests no more: all that hangs from it ends at once, for good.",
        discussion: example("governance propose revoke-accreditor board --from anna --acting-for stmary"))
    @OptionGroup var globals: Globals
    @OptionGroup var proposal: ProposalOptions
    @Argument(help: "The accreditor.") var party: String

    func perform(_ session: Session) async throws {
        try await session.propose(.revokeAccreditor(try session.party(party)), proposal)
    }
}

struct ProposeAdmitIssuer: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "admit-issuer", abstract: "Proposes that a party may create settlement assets.",
        discussion: example("governance propose admit-issuer bank --from anna --acting-for stmary"))
    @OptionGroup var globals: Globals
    @OptionGroup var proposal: ProposalOptions
    @Argument(help: "The party.") var party: String

    func perform(_ session: Session) async throws {
        try await session.propose(.admitIssuer(try session.party(party)), proposal)
    }
}

struct ProposeDismissIssuer: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "dismiss-issuer",
        abstract: "Proposes that an admitted issuer creates no more assets; those that it issued stay.",
        discussion: example("governance propose dismiss-issuer bank --from anna --acting-for stmary"))
    @OptionGroup var globals: Globals
    @OptionGroup var proposal: ProposalOptions
    @Argument(help: "The issuer.") var party: String

    func perform(_ session: Session) async throws {
        try await session.propose(.dismissIssuer(try session.party(party)), proposal)
    }
}

struct ProposeUpgrade: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "upgrade",
        abstract: "Proposes a height from which on only a newer release makes blocks; older nodes stop before it.",
        discussion: example("governance propose upgrade 1.2.0 --height 250000 --from anna --acting-for stmary"))
    @OptionGroup var globals: Globals
    @OptionGroup var proposal: ProposalOptions
    @Argument(help: "The oldest release that knows the new rules: 1.2.0.") var release: String
    @Option(help: "The first height with them; at least ten above the decision.") var height: UInt64

    func perform(_ session: Session) async throws {
        guard let release = Release(release) else {
            throw WalletFailure(.usage, "\(release) is no release", hint: "Write three numbers: 1.2.0.")
        }
        let plan = UpgradePlan(height: Height(height), release: release)
        try await session.propose(.upgrade(plan), proposal)
    }
}

struct ProposeCancelUpgrade: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel-upgrade", abstract: "Proposes that the upgrade that lies ahead does not take place.",
        discussion: example("governance propose cancel-upgrade --from anna --acting-for stmary"))
    @OptionGroup var globals: Globals
    @OptionGroup var proposal: ProposalOptions

    func perform(_ session: Session) async throws { try await session.propose(.cancelUpgrade, proposal) }
}

struct ProposePause: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause",
        abstract:
            "Proposes an emergency pause of a domain; it ends by itself. Reserved acts and acts with a deadline go on.",
        discussion: example(
            "governance propose pause licenses --for 12h --until 1h --from anna --acting-for stmary"))
    @OptionGroup var globals: Globals
    @OptionGroup var proposal: ProposalOptions
    @Argument(help: "One of \(PausableDomain.names.joined(separator: ", ")).") var domain: String
    @Option(
        name: .customLong("for"),
        help: ArgumentHelp("How long, from the decision on: a minute to seven days.", valueName: "duration"))
    var duration = "24h"

    func perform(_ session: Session) async throws {
        guard let milliseconds = Inputs.duration(duration), GovernanceLimits.pauseMilliseconds.contains(milliseconds)
        else { throw WalletFailure(.usage, "\(duration) is no pause", hint: "Write 12h: a minute to seven days.") }
        let order = PauseOrder(
            domain: try Codes.one(domain, PausableDomain.self, "domain that can be paused"), milliseconds: milliseconds)
        try await session.propose(.pause(order), proposal)
    }
}

struct ProposeLiftPause: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "lift-pause", abstract: "Proposes that a pause ends now.",
        discussion: example("governance propose lift-pause licenses --from anna --acting-for stmary"))
    @OptionGroup var globals: Globals
    @OptionGroup var proposal: ProposalOptions
    @Argument(help: "The paused domain.") var domain: String

    func perform(_ session: Session) async throws {
        try await session.propose(
            .liftPause(try Codes.one(domain, PausableDomain.self, "domain that can be paused")), proposal)
    }
}

struct ProposeRecall: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "recall", abstract: "Proposes that the validators recall an INFT that was found harmful.",
        discussion: example(
            "governance propose recall tmnxinft1… --reason harm --notice notice.pdf --answer-within 14d --from anna"
                + " --acting-for stmary"))
    @OptionGroup var globals: Globals
    @OptionGroup var proposal: ProposalOptions
    @Argument(help: "The INFT.") var inft: String
    @Option(help: ArgumentHelp("One of \(RecallReason.names.joined(separator: ", ")).")) var reason: String
    @Option(help: ArgumentHelp("The notice; its SHA-256 goes on the ledger.", valueName: "file")) var notice: String
    @Option(help: ArgumentHelp("How long holders have to answer, from the decision on.", valueName: "duration"))
    var answerWithin = "14d"

    func perform(_ session: Session) async throws {
        guard let milliseconds = Inputs.duration(answerWithin) else {
            throw WalletFailure(.usage, "\(answerWithin) is no duration", hint: "Write 14d.")
        }
        let plan = RecallPlan(
            inft: try session.id(inft), reason: try Codes.one(reason, RecallReason.self, "reason of a recall"),
            notice: try ContentFile(path: notice).hash, answerMilliseconds: milliseconds)
        try await session.propose(.recall(plan), proposal)
    }
}

struct ProposeLiftVerdict: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "lift-verdict", abstract: "Proposes that what a panel found stands against an INFT no longer.",
        discussion: example("governance propose lift-verdict tmnxdispute1… --from anna --acting-for stmary"))
    @OptionGroup var globals: Globals
    @OptionGroup var proposal: ProposalOptions
    @Argument(help: "The dispute.") var dispute: String

    func perform(_ session: Session) async throws {
        try await session.propose(.liftVerdict(try session.id(dispute)), proposal)
    }
}

struct ProposeLiftRecall: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "lift-recall", abstract: "Proposes that a recall ends, whoever made it.",
        discussion: example(
            "governance propose lift-recall tmnxrecall1… --reason unfounded --from anna --acting-for stmary"))
    @OptionGroup var globals: Globals
    @OptionGroup var proposal: ProposalOptions
    @Argument(help: "The recall.") var recall: String
    @Option(help: ArgumentHelp("One of \(RecallLiftReason.names.joined(separator: ", ")).")) var reason: String

    func perform(_ session: Session) async throws {
        let lift = RecallLift(
            recall: try session.id(recall),
            reason: try Codes.one(reason, RecallLiftReason.self, "reason to lift a recall"))
        try await session.propose(.liftRecall(lift), proposal)
    }
}
