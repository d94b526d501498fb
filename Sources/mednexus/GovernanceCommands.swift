import ArgumentParser
import Consents
import Encoding
import Governance
import Interface
import Primitives
import StateModel
import Transactions
import Votes
import WalletKit

struct GovernanceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "governance",
        abstract:
            "What the network's validators decide: who votes, attests, issues; parameters, upgrades, pauses, recalls.",
        discussion: example("governance show", "governance list --state open"),
        subcommands: [
            GovernanceProposeCommand.self, GovernanceVoteCommand.self, GovernanceShow.self, GovernanceList.self,
        ])
}

struct GovernanceProposeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "propose",
        abstract: "Asks the other validators for a change. Proposing is not voting.",
        discussion: example("governance propose enroll --request enroll.cbor --from anna --acting-for stmary"),
        subcommands: [
            ProposeEnroll.self, ProposeRemove.self, ProposeRotate.self, ProposeParameters.self, ProposeOntology.self,
            ProposeAccredit.self, ProposeRevokeAccreditor.self, ProposeAdmitIssuer.self, ProposeDismissIssuer.self,
            ProposeUpgrade.self, ProposeCancelUpgrade.self, ProposePause.self, ProposeLiftPause.self,
            ProposeRecall.self, ProposeLiftRecall.self, ProposeLiftVerdict.self,
        ])
}

/// What every proposal takes beside its change.
struct ProposalOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Votes count before then: 7d from now, or a time; 30d at most.", valueName: "time"))
    var until = "7d"

    @Option(
        help: ArgumentHelp("A document with the reasons; its SHA-256 goes on the ledger.", valueName: "file"))
    var reasons: String?

    @Flag(help: "Although the same is proposed already.") var anyway = false
}

extension Session {
    /// Proposes `change` as the organization acted for.
    func propose(_ change: GovernanceChange, _ options: ProposalOptions) async throws {
        if !options.anyway { try await requireNew(change) }
        let operation = GovernancePropose(
            institution: try actor(), change: change,
            deadline: try Codes.requiredTime(options.until, now: try await ledgerTime()),
            rationale: try options.reasons.map { (path) throws(WalletFailure) in try ContentFile(path: path).hash }
                ?? .zero)
        try await act([.governance(.propose(operation))])
    }

    /// Two proposals of the same part the votes for it.
    private func requireNew(_ change: GovernanceChange) async throws(WalletFailure) {
        try await verifyNetwork()
        let params = parameters(["state": .string(ProposalState.open.name)])
        for item in try await client.items("governance_list", params, limit: 1_000) {
            let view: ProposalView = try decode(item)
            guard view.proposal.change == change else { continue }
            let names = plainNames
            let id = view.proposal.id.description
            let votes = "\(view.yes)" + (view.needed.map { " of \($0) yes" } ?? " yes")
            throw WalletFailure(
                .usage,
                "the same is proposed already: \(names.identifier(id)), by "
                    + "\(names.party(view.proposal.proposer)), \(votes), votes count until "
                    + names.time(view.proposal.deadline),
                hint: "Vote for it: mednexus governance vote \(names.short(id)) yes. To propose it "
                    + "a second time, add --anyway.")
        }
    }

    /// What a node's `keys request` wrote, checked before anyone is asked to sign.
    fileprivate func request(_ path: String) throws(WalletFailure) -> EnrollmentRequest {
        let bytes = try ContentFile.text(path)
        let request: EnrollmentRequest
        do {
            request = try EnrollmentRequest(decoding: bytes)
        } catch {
            throw WalletFailure(
                .usage, "\(path) is no enrollment request: \(error)", hint: "Make it: mednexusd keys request > \(path)")
        }
        guard request.network == network.genesis else {
            throw WalletFailure(
                .usage, "\(path) was made for another network, \(request.network)",
                hint: "Make it again on a node of \(network.name).")
        }
        guard request.isProven else {
            throw WalletFailure(
                .usage, "the signatures in \(path) do not prove that its maker holds the keys",
                hint: "Get it again from whoever runs the node.")
        }
        return request
    }

    fileprivate func governance() async throws(WalletFailure) -> GovernanceView {
        try await client.read("governance_get")
    }
}

struct ProposeEnroll: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "enroll", abstract: "Proposes a new validator.",
        discussion: example("governance propose enroll --request enroll.cbor --from anna --acting-for stmary"))
    @OptionGroup var globals: Globals
    @OptionGroup var proposal: ProposalOptions
    @Option(help: ArgumentHelp("What mednexusd keys request wrote on its node.", valueName: "file")) var request: String

    func perform(_ session: Session) async throws {
        try await session.propose(.enroll(try session.request(request)), proposal)
    }
}

struct ProposeRotate: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotate", abstract: "Proposes other keys for a validator; the old one never comes back.",
        discussion: example("governance propose rotate --request rotate.cbor --from anna --acting-for stmary"))
    @OptionGroup var globals: Globals
    @OptionGroup var proposal: ProposalOptions
    @Option(help: ArgumentHelp("What mednexusd keys request wrote with the new keys.", valueName: "file")) var request:
        String

    func perform(_ session: Session) async throws {
        try await session.propose(.rotate(try session.request(request)), proposal)
    }
}

struct ProposeRemove: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove", abstract: "Proposes to remove a validator.",
        discussion: example("governance propose remove clinic-node --from anna --acting-for stmary"))
    @OptionGroup var globals: Globals
    @OptionGroup var proposal: ProposalOptions
    @Argument(help: "The validator's name, or the institution that runs it.") var validator: String

    func perform(_ session: Session) async throws {
        let validators = try await session.governance().validators
        if let named = validators.first(where: { $0.name == validator }) {
            return try await session.propose(.remove(named.institution), proposal)
        }
        guard let institution = try? session.party(validator),
            validators.contains(where: { $0.institution == institution })
        else {
            throw WalletFailure(
                .usage, "there is no validator \(validator)",
                hint: "There are: \(validators.map(\.name).joined(separator: ", ")).")
        }
        try await session.propose(.remove(institution), proposal)
    }
}

struct ProposeParameters: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "parameters", abstract: "Proposes other values of parameters.",
        discussion: example("governance propose parameters epochLength=1440 --from anna --acting-for stmary"))
    @OptionGroup var globals: Globals
    @OptionGroup var proposal: ProposalOptions
    @Argument(
        help: ArgumentHelp(
            "NAME=VALUE; names: \(LedgerParameter.names.joined(separator: ", ")).", valueName: "name=value"))
    var values: [String]

    func perform(_ session: Session) async throws {
        var changes: [ParameterChange] = []
        for text in values {
            guard let (name, number) = Inputs.assignment(text), let value = UInt64(number) else {
                throw WalletFailure(.usage, "\(text) is no NAME=VALUE", hint: "Write epochLength=1440.")
            }
            let parameter = try Codes.one(name, LedgerParameter.self, "parameter")
            guard !changes.contains(where: { $0.parameter == parameter }) else {
                throw WalletFailure(.usage, "\(parameter.name) is given twice")
            }
            guard parameter.allowed.contains(value) else {
                throw WalletFailure(
                    .usage, "\(value) is outside the bounds of \(parameter.name)",
                    hint: "Allowed are \(parameter.allowed.lowerBound) to \(parameter.allowed.upperBound).")
            }
            changes.append(ParameterChange(parameter, value))
        }
        changes.sort { $0.parameter.rawValue < $1.parameter.rawValue }
        try await session.propose(.parameters(changes), proposal)
    }
}

struct ProposeOntology: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "ontology", abstract: "Proposes the disease ontology that descents are proved against.",
        discussion: """
            The file has an edge a line: child with its system, and parent. Its root and count go into the proposal; \
            whoever votes makes them again from the file.

            \(example("governance propose ontology mondo.edges --from anna --acting-for stmary"))
            """)
    @OptionGroup var globals: Globals
    @OptionGroup var proposal: ProposalOptions
    @Argument(help: "The edges: mondo:0005148 0005015.") var edges: String

    func perform(_ session: Session) async throws {
        let root = try OntologyInputs.tree(edges).root(since: try await session.ledgerTime())
        try await session.propose(.ontology(root: root.root, count: root.count), proposal)
    }
}

struct GovernanceVoteCommand: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "vote", abstract: "Votes yes or no on a proposal; changeable until it is decided.",
        discussion: example("governance vote new-clinic yes --from anna --acting-for stmary"))
    @OptionGroup var globals: Globals
    @Argument(help: "The proposal.") var proposal: String
    @Argument(help: "yes or no.") var answer: Answer

    enum Answer: String, ExpressibleByArgument, CaseIterable {
        case yes, no
    }

    func perform(_ session: Session) async throws {
        let id: ProposalID = try session.id(proposal)
        let view: ProposalView = try await session.client.read(
            "governance_proposal", .object(parameters(["proposal": try session.client.encode(id)])))
        let operation = GovernanceVote(proposal: .id(id), institution: try session.actor(), approves: answer == .yes)
        let names = try await session.names()
        try await session.act(
            [.governance(.vote(operation))], notes: ["It would:"] + view.proposal.change.words(names).map { "  \($0)" })
    }
}

struct GovernanceShow: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Validators, parameters, epoch and what waits for its end; or a proposal.",
        discussion: example("governance show", "governance show new-clinic"))
    @OptionGroup var globals: ReadGlobals
    @Argument(help: "A proposal.") var proposal: String?

    func perform(_ session: Session) async throws {
        try await session.verifyNetwork()
        guard let proposal else { return try await overview(session) }
        let id: ProposalID = try session.id(proposal)
        let params = JSONValue.object(parameters(["proposal": try session.client.encode(id)]))
        let view: ProposalView = try await session.client.read("governance_proposal", params)
        let record = view.proposal
        let names = session.plainNames
        session.show(try session.client.encode(view)) {
            Console.fields([
                ("Proposal", names.identifier(record.id.description)), ("By", names.party(record.proposer)),
                ("Change", record.change.words(names).joined(separator: "\n")),
                ("Reasons", record.rationale == .zero ? nil : record.rationale.description),
                ("Made", names.time(record.proposedAt)), ("Votes until", names.time(record.deadline)),
                (
                    "State",
                    view.standing + (record.conflict.map { " (\($0.name))" } ?? "")
                        + (view.outcome == nil ? "" : " (it was applied)")
                ),
                ("Yes", "\(view.yes)" + (view.needed.map { " of \($0) needed" } ?? "")), ("No", "\(view.no)"),
                ("Decided", record.decidedAt.map { names.time($0) }),
                ("From epoch", record.state == .applied ? record.epoch?.description : nil),
            ])
            guard !record.ballots.isEmpty else { return }
            Console.table(
                ["INSTITUTION", "VOTE", "AT"],
                record.ballots.map {
                    [names.party($0.institution), $0.approves ? "yes" : "no", names.time($0.at)]
                })
        }
    }

    private func overview(_ session: Session) async throws {
        let view = try await session.governance()
        let names = session.plainNames
        session.show(try session.client.encode(view)) {
            Console.fields(
                [
                    ("Epoch", "\(view.epoch.number), heights \(view.epoch.firstHeight) to \(view.epoch.lastHeight)")
                ] + LedgerParameter.allCases.map { ($0.name, "\(view.value(of: $0))") } + [
                    ("Open proposals", "\(view.open.count)"),
                    (
                        "Upgrade",
                        view.upgrade.map { "release \($0.plan.release) from height \($0.plan.height) on" }
                    ),
                    (
                        "At its end",
                        view.queued.isEmpty
                            ? nil : view.queued.flatMap { $0.change.words(names) }.joined(separator: "\n")
                    ),
                    (
                        "Paused",
                        view.pauses.isEmpty
                            ? nil
                            : view.pauses.map { "\($0.domain) until \(names.time($0.until))" }.joined(separator: ", ")
                    ),
                ])
            Console.table(
                ["VALIDATOR", "INSTITUTION", "ENROLLED"],
                view.validators.map { [$0.name, names.party($0.institution), names.time($0.enrolledAt)] })
        }
    }
}

struct GovernanceList: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Proposals, newest first.",
        discussion: example("governance list", "governance list --state open"))
    @OptionGroup var globals: ReadGlobals
    @Option(help: ArgumentHelp("Only those decided so: \(ProposalState.names.joined(separator: ", ")).")) var state:
        String?

    func perform(_ session: Session) async throws {
        try await session.verifyNetwork()
        var params = JSONObject()
        if let state {
            params.append("state", .string(try Codes.one(state, ProposalState.self, "state of a proposal").name))
        }
        let items = try await session.client.items("governance_list", params)
        let names = session.plainNames
        try session.list(items, ["PROPOSAL", "STATE", "YES", "NO", "NEEDED", "UNTIL", "CHANGE"], empty: "None.") {
            item in
            guard
                let view = try? JSONValueDecoder.decode(
                    ProposalView.self, from: item, networkKind: session.network.kind)
            else {
                throw WalletFailure(.unreachable, "the node lists a proposal in a way this wallet can't read")
            }
            let record = view.proposal
            return [
                names.short(record.id.description), view.standing, "\(view.yes)", "\(view.no)",
                view.needed.map { "\($0)" } ?? "", names.time(record.deadline),
                record.change.words(names).first ?? "",
            ]
        }
    }
}
