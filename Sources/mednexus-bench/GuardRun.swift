import ArgumentParser
import Blocks
import Execution
import Foundation
import Interface
import Node
import Primitives
import Revenue
import StateModel
import Storage
import Transactions

/// One stage of a transaction's way, over a small fixed workload, for whoever counts its instructions: `.ci/guard` runs it
/// under callgrind with two numbers of repetitions, and what the difference costs is the stage alone.
struct GuardRun: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "guard-run", shouldDisplay: false)

    enum Stage: String, CaseIterable, ExpressibleByArgument {
        /// Bytes to a signed transaction.
        case decode
        /// Signed, but for the signature: a block is proposed, rooted and indexed.
        case execute
        /// The trie alone: what the block changed, into the state.
        case root
        /// What the log stores of the block.
        case log
        /// Records into the text of an answer.
        case answer
    }

    @Argument var stage: Stage
    @Option(help: "How often the stage is passed through.") var repetitions = 1

    static let accounts = 200
    static let transactions = 64

    func run() throws {
        var workload = Workload(accounts: Self.accounts)
        let (genesis, first) = try Ledger.genesisBlock(workload.genesis)
        let network = workload.genesis.hash
        let epoch = try EpochContext(
            network: network, networkKind: .test, following: LayeredSnapshot(EmptySnapshot()).adding(first))
        var bodies = workload.funding(network: network)
        bodies += workload.transfers(Self.transactions, network: network)
        // Not verified: what libsecp256k1 costs is not this program's, and is known.
        let bytes = bodies.map { workload.signed($0) }
        let candidates = try bytes.map { try Self.trusted($0, network) }
        let state = LayeredSnapshot(EmptySnapshot()).adding(first)
        let parent = genesis.header
        var sum = 0
        switch stage {
        case .decode:
            for _ in 0..<repetitions {
                for one in bytes { sum += Int(try Self.trusted(one, network).weight) }
            }
        case .execute:
            for _ in 0..<repetitions {
                sum += try Self.propose(candidates, on: parent, state, epoch).transactions.count
            }
        case .root:
            let layer = try Self.propose(candidates, on: parent, state, epoch).layer
            let changes = layer.state.map { (key: $0.key, value: $0.value) }
            for _ in 0..<repetitions {
                sum += try StateLayer.make(height: Height(1), over: state, changes: changes, index: []).stateCount
            }
        case .log:
            let executed = try Self.propose(candidates, on: parent, state, epoch)
            for _ in 0..<repetitions {
                let entry = Ledger.entry(executed.block, certificate: nil, receipts: executed.receipts)
                sum += entry.block.count + entry.receipts.count
            }
        case .answer:
            let asset = try Assets.requireKnown(Workload.asset, field: "asset", in: state)
            let totals = try Assets.totals(Workload.asset, in: state)
            for _ in 0..<repetitions * 20 {
                sum += try JSONValueEncoder.encode(asset, networkKind: .test).serialized.count
                sum += try JSONValueEncoder.encode(totals, networkKind: .test).serialized.count
            }
        }
        print("\(stage.rawValue): \(repetitions) repetitions over \(candidates.count) transactions, \(sum)")
    }

    private static func trusted(_ bytes: [UInt8], _ network: Hash) throws -> VerifiedTransaction {
        try VerifiedTransaction(fromOwnFinalLog: try SignedTransaction(try RawTransaction(bytes)), network: network)
    }

    private static func propose(
        _ candidates: [VerifiedTransaction], on parent: BlockHeader, _ state: LayeredSnapshot, _ epoch: EpochContext
    ) throws -> ExecutedBlock {
        let (executed, refused) = try BlockExecutor.propose(
            on: parent, state: state, epoch: epoch, proposer: 0, time: Timestamp(parent.time.milliseconds + 1_000),
            candidates: candidates)
        guard refused.isEmpty, executed.transactions.count == candidates.count else {
            throw BenchFailure("\(candidates.count - executed.transactions.count) are not in the block")
        }
        return executed
    }
}
