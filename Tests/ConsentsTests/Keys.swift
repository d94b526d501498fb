import Consents
import Cryptography
import Encoding
import FoundationEssentials
import Identities
import Primitives
import StateModel
import TestSupport

/// Names as they are.
struct TestNames: NameResolver {
    func party(_ party: Party) -> String { "\(party)" }
    func amount(_ amount: Amount, of asset: AssetID) -> String { "\(amount)" }
    func identifier(_ text: String) -> String { text }
    func time(_ time: Timestamp) -> String { "\(time)" }
}

/// The secret of a name; the same on every run.
func secret(_ name: String) -> SecretKey {
    guard let secret = SecretKey(testHash("secret \(name)").bytes) else { preconditionFailure("a key of chance") }
    return secret
}

func signed(_ statement: NeedStatement, by name: String) -> NeedAnswer {
    let secret = secret(name)
    return NeedAnswer(
        statement, signer: secret.address,
        signature: Schnorr.sign(message: statement.hash, secret: secret, auxiliary: testHash("fresh").bytes))
}

extension World {
    /// An account that can sign, of which the test knows the key.
    func keyed(_ name: String, _ kind: PartyKind = .institution) -> Address {
        let address = secret(name).address
        state.set(
            IdentityKeys.account(address),
            AccountRecord(
                kind: kind, sponsor: nil, createdAt: testStart, createdHeight: .genesis, sponsoredAt: testStart))
        return address
    }

    /// An organization whose members speak in matters of consent by `threshold`.
    func organization(_ name: String, members: [String], threshold: UInt64) -> OrganizationID {
        let id: OrganizationID = testIdentifier(name)
        let accounts = members.map { keyed($0, .professional) }.sorted()
        let profile = OrganizationProfile(
            kind: .institution, name: name, jurisdiction: "DE",
            members: accounts.map { Member(account: $0, role: .dataSteward) },
            policies: [ClassPolicy(.administration, threshold: threshold)])
        state.set(
            IdentityKeys.organization(id),
            OrganizationRecord(
                profile: profile, createdAt: testStart, createdHeight: .genesis, updatedAt: testStart, revision: 0))
        return id
    }

    var block: BlockContext { makeContext(state, sender: World.hospital, time: time).block }

    func query<Item: Codable & Sendable>(
        _ name: String, _ parameters: String, of: Item.Type, after: IndexKey? = nil, limit: Int = 100
    ) throws -> (items: [Item], next: IndexKey?) {
        let index = try MemoryIndex(of: state) {
            guard $1.header?.domain == .consents else { return [] }
            return try ConsentsDomain.indexEntries(kind: $0, key: $1, record: $2)
        }
        guard let query = ConsentsDomain.queries.first(where: { $0.name == name }) else {
            throw StateFailure("no query \(name)")
        }
        let decoded = try JSONDecoder().decode(query.parametersType, from: Data(parameters.utf8))
        let answer = try query.evaluate(
            decoded, PageRequest(after: after, limit: limit), makeQueryContext(state, index, time: time))
        switch answer {
        case .page(let items, let next): return (items.compactMap { $0 as? Item }, next)
        case .value(let value): return ([value as? Item].compactMap { $0 }, nil)
        }
    }
}
