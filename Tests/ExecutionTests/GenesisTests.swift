import Blocks
import Cryptography
import Encoding
import Execution
import Foundation
import Governance
import Identities
import Primitives
import Revenue
import StateModel
import TestSupport
import Testing
import Transactions
import Votes

struct GenesisTests {
    static let document = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("genesis/devnet.json")

    /// The document with a key or an id in the place of every text that begins with @.
    static func expanded() throws -> Genesis {
        func key(_ name: String) -> Address {
            var attempt = 0
            while true {
                let bytes = HashTag.identifier.hash(Array("\(name) \(attempt)".utf8)).bytes
                if let key = SecretKey(bytes) { return key.address }
                attempt += 1
            }
        }
        func text(_ template: String) throws -> String {
            let parts = template.dropFirst().split(separator: ":", maxSplits: 1).map(String.init)
            let identifier = HashTag.identifier.hash(Array(template.utf8)).bytes
            switch parts.first {
            case "account", "validator": return key(template).description
            case "transport": return "02" + Hash(key(template).bytes).description
            case "organization": return OrganizationID(identifier).description
            case "credential": return CredentialID(identifier).description
            default: throw CocoaError(.fileReadCorruptFile)
            }
        }
        func expand(_ value: Any) throws -> Any {
            switch value {
            case let template as String where template.hasPrefix("@"): return try text(template)
            case let list as [Any]: return try list.map { try expand($0) }
            case let object as [String: Any]: return try object.mapValues { try expand($0) }
            default: return value
            }
        }
        let json = try JSONSerialization.jsonObject(with: Data(contentsOf: document))
        return try JSONDecoder().decode(
            Genesis.self, from: try JSONSerialization.data(withJSONObject: try expand(json)))
    }

    @Test("The devnet's document, with its keys filled in, is a genesis that executes and comes back from its bytes")
    func devnet() throws {
        let genesis = try Self.expanded()
        #expect(try Genesis(decoding: genesis.encoded) == genesis)
        let (block, layer) = try GenesisExecutor.execute(genesis)
        #expect(block.header.height == .genesis && block.header.network == genesis.hash)
        #expect(block.header.stateRoot == layer.root && block.bodyMatchesHeader && block.header.time == genesis.time)
        let state = LayeredSnapshot(EmptySnapshot()).adding(layer)
        let set = try GenesisExecutor.validatorSet(in: state)
        #expect(set.count == genesis.governance.validators.count && block.header.validatorSet == set.hash)
        for asset in genesis.revenue.assets {
            let id = Assets.genesisIdentifier(code: asset.code)
            let issued = asset.issues.reduce(0) { $0 + $1.amount.units }
            #expect(try Assets.totals(id, in: state).issued == Amount(issued))
        }
        // Twice the same.
        #expect(try GenesisExecutor.execute(genesis).block == block)
    }

    @Test("A genesis whose validator belongs to no enrolled institution is refused")
    func validators() throws {
        #expect(try reason { _ = try Ledger() } == nil)
        let stranger = Ledger.genesis(institution: .organization(testIdentifier("stranger")))
        let refusal = try rejection { _ = try Ledger(stranger) }
        #expect(refusal?.reason == "not_enrolled" && refusal?.field == "governance.validators[0].institution")
        #expect(
            try reason { _ = try Ledger(Ledger.genesis(institution: Ledger.party("registrar"))) } == "not_enrolled")
        #expect(try reason { _ = try Ledger(Ledger.genesis(blockWeight: 1)) } == "parameter_out_of_bounds")
    }

    @Test("Another genesis is another network: its transactions are refused here")
    func network() throws {
        let one = try Ledger()
        let other = try Ledger(Ledger.genesis(funds: 7))
        #expect(one.epoch.network != other.epoch.network && one.head.hash != other.head.hash)
        let foreign = try other.transaction([Ledger.transfer(1, to: "bob")], by: "alice")
        #expect(throws: Rejection.self) {
            _ = try VerifiedTransaction(foreign.signed, network: one.epoch.network)
        }
    }
}
