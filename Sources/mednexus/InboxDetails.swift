import Cryptography
import Governance
import Identities
import Interface
import Licenses
import Primitives
import StateModel
import WalletKit

/// What an inbox says of things that a task only names: a credential's type, what is proposed, the dispute that a key is
/// shown for.
struct TaskDetails {
    private var credentials: [CredentialID: CredentialClaim] = [:]
    private var proposals: [ProposalID: String] = [:]
    private var disputes: [DeliveryID: DisputeID] = [:]

    /// More are named by their ids alone.
    private static let most = 100

    init(
        of tasks: [PartyTask], for party: Party, _ names: SessionNames, _ session: Session
    ) async throws(WalletFailure) {
        for task in tasks.prefix(Self.most) {
            if let id = task.credential, credentials[id] == nil {
                let view: CredentialView = try await session.client.read(
                    "identity_credential", .object(["credential": session.json(id)]))
                credentials[id] = view.credential.claim
            }
            if let id = task.proposal, proposals[id] == nil {
                let view: ProposalView = try await session.client.read(
                    "governance_proposal", .object(["proposal": session.json(id)]))
                proposals[id] = view.proposal.change.words(names).first
            }
        }
        guard tasks.contains(where: { $0.act == BeginShow.name || $0.act == CompleteShow.name }) else { return }
        let params = ["party": session.json(party), "onlyOpen": JSONValue.boolean(true)]
        for item in try await session.client.items("dispute_list", params) {
            let view: DisputeView = try session.decode(item)
            for seat in view.dispute.round.seats { if let show = seat.show { disputes[show] = view.dispute.id } }
        }
    }

    func type(_ task: PartyTask) -> String? { task.credential.flatMap { credentials[$0]?.credentialType.name } }

    /// `medicalLicense for DE`
    func credential(_ task: PartyTask) -> String? {
        task.credential.flatMap { credentials[$0] }.map { claim in
            let places = claim.scope.jurisdictions.joined(separator: ", ")
            return claim.credentialType.name + (places.isEmpty ? "" : " for \(places)")
        }
    }

    func proposal(_ task: PartyTask) -> String? { task.proposal.flatMap { proposals[$0] } }
    func dispute(_ task: PartyTask) -> DisputeID? { task.dispute ?? task.delivery.flatMap { disputes[$0] } }
}

extension Session {
    /// What names the signer behind a command that an inbox proposes: ` --from anna --acting-for stmary`; empty where this
    /// wallet can't sign for the party, or needs not be told who signs.
    func signer(for party: Party) async throws(WalletFailure) -> String {
        switch party {
        case .account(let address):
            guard accounts.count > 1, let own = accounts.first(where: { $0.address == address }) else { return "" }
            return " --from \(own.name)"
        case .organization(let id):
            let argument = plainNames.argument(party)
            let (members, threshold) = try await members(of: id)
            let others = String(repeating: " --co-sign NAME", count: min(max(threshold - 1, 0), 3))
            if let from = globals.from { return " --from \(from) --acting-for \(argument)\(others)" }
            guard let member = members.first else { return "" }
            return (accounts.count > 1 ? " --from \(member.name)" : "") + " --acting-for \(argument)\(others)"
        }
    }

    /// Accounts of this wallet that are members of an organization, and how many sign for it at most.
    private func members(
        of id: OrganizationID
    ) async throws(WalletFailure) -> (own: [KeystoreAccount], threshold: Int) {
        let view: PartyView
        do {
            view = try await client.read("identity_get", .object(["party": json(Party.organization(id))]))
        } catch {
            // A name of this wallet may stand for what the ledger does not know.
            guard error.kind == .refused else { throw error }
            return ([], 1)
        }
        let members = view.organization?.profile.members ?? []
        let threshold = view.organization?.profile.policies.map(\.threshold).max() ?? 1
        return (accounts.filter { own in members.contains { $0.account == own.address } }, Int(clamping: threshold))
    }

    /// An account's inbox has what waits for the account alone: says where else something waits that it may sign for.
    func tellOfOrganizations(beside party: Party, _ names: SessionNames) async throws(WalletFailure) {
        guard case .account(let address) = party, let own = accounts.first(where: { $0.address == address }) else {
            return
        }
        for entry in book.entries where entry.network == network.genesis {
            guard case .organization(let id) = entry.party,
                try await members(of: id).own.contains(where: { $0.address == address })
            else { continue }
            let waiting = try await client.items("account_tasks", ["party": json(entry.party)], limit: 1_000).count
            guard waiting > 0 else { continue }
            Console.err(
                "For \(entry.name) \(waiting == 1 ? "one thing waits" : "\(waiting) things wait"): "
                    + "mednexus account inbox --from \(own.name) --acting-for \(entry.name)")
        }
    }
}
