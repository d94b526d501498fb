import Consents
import Cryptography
import Identities
import Interface
import Primitives
import WalletKit

/// Who signs answers of a party, as the ledger will ask: an account itself, or so many members of an organization, and
/// nobody else.
struct AnswerAuthority {
    let party: Party
    let signers: Set<Address>
    let threshold: Int
    /// What signs for those of them who replaced their key.
    let keys: [Address: Address]

    func key(of signer: Address) -> Address { keys[signer] ?? signer }

    /// `1 of 2 signatures of lab`; nil if there are enough.
    func missing(_ count: Int, _ names: SessionNames) -> String? {
        count >= threshold ? nil : "\(count) of \(threshold) signatures of \(names.argument(party))"
    }
}

extension Session {
    func answerAuthority(of party: Party) async throws -> AnswerAuthority {
        var signers: Set<Address> = []
        var threshold = 1
        switch party {
        case .account(let address): signers = [address]
        case .organization:
            let view: PartyView = try await client.read("identity_get", .object(["party": json(party)]))
            guard let profile = view.organization?.profile, let policy = profile.policy(for: .consent) else {
                throw WalletFailure(.refused, "the ledger knows no organization \(plainNames.party(party))")
            }
            let members = profile.members.filter { policy.admits($0) }
            signers = Set(members.map(\.account))
            threshold = Int(clamping: policy.threshold)
        }
        var keys: [Address: Address] = [:]
        for signer in signers {
            let view: AccountView = try await client.read("account_get", .object(["address": json(.account(signer))]))
            if view.key != signer { keys[signer] = view.key }
        }
        return AnswerAuthority(party: party, signers: signers, threshold: threshold, keys: keys)
    }
}
