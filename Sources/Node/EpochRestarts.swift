internal import Blocks
internal import Cryptography
internal import Encoding
internal import Execution
internal import FoundationEssentials
internal import Governance
package import Primitives
internal import StateModel
internal import Storage
package import Votes

/// Beginning a new epoch where the old one can't go on: one validator that lost its guard, or a quorum that may not
/// vote (Specs/consensus.md, C19). Both steps are taken on a home whose node does not run.
package enum EpochRestarts {
    /// What a restart says, for people.
    package struct Summary: Sendable {
        package let epoch: Epoch
        package let lastBlock: Hash
        package let height: Height
        /// Names of the validators that signed, and of those that did not.
        package let signed: [String]
        package let missing: [String]
        package let quorum: Int

        package var isComplete: Bool { signed.count >= quorum }
    }

    private struct Situation {
        let ledger: Ledger
        let head: BlockHeader
        let epoch: Epoch
        let set: ValidatorSet
        let names: [String]

        init(_ home: NodeHome) throws {
            guard home.hasLedger else {
                throw NodeFailure(
                    .configuration, "\(home.path) holds no ledger", hint: "Name the home of a node that ran.")
            }
            ledger = try Ledger.open(home, mapGibibytes: 64)
            let state = try ledger.state.snapshot()
            head = try ledger.header(at: state.height ?? .genesis).header
            epoch = try Epochs.current(in: state).number
            set = try Validators.currentSet(in: state)
            names = try Validators.records(in: state).map(\.name)
        }

        func summary(_ restart: EpochRestart) -> Summary {
            let signers = restart.goodSignatures(network: ledger.network, in: set).map(\.validator)
            return Summary(
                epoch: restart.epoch, lastBlock: restart.lastBlock, height: head.height,
                signed: signers.map { names[$0] },
                missing: names.indices.filter { !signers.contains($0) }.map { names[$0] }, quorum: set.quorum)
        }

        /// [C19] What this node's own journal and guard know of a later final block: a certificate proves it; a vote to
        /// finalize makes it possible.
        func checkNothingLater(_ home: NodeHome, _ guardRecord: GuardRecord) throws {
            let final = try ledger.header(at: head.height).certificate
            let view = final?.epoch == epoch ? final?.view ?? .genesis : .genesis
            let base = EpochView(epoch, view)
            let (_, records) = try VoteJournal.open(
                on: FileDisk.making(home.storageDirectory + "/journal"), network: ledger.network)
            for case .certificate(let certificate) in records
            where certificate.kind == .finalize && EpochView(certificate.epoch, certificate.view) > base {
                throw NodeFailure(
                    .signingGuard,
                    "this node's journal proves that block \(certificate.blockHash) is final, above block \(head.height)",
                    hint: "Start the node, so that it takes it in or fetches it, and sign on that block.")
            }
            let voted = records.compactMap { if case .vote(let vote) = $0 { vote } else { nil } } + guardRecord.votes
            guard let last = voted.filter({ $0.kind == .finalize && $0.position > base }).max(by: { $0.view < $1.view })
            else { return }
            throw NodeFailure(
                .signingGuard,
                "this key voted to finalize block \(last.blockHash), above block \(head.height): a quorum may have made it"
                    + " final",
                hint:
                    "Look for a node that has it, and let this one fetch it. If no node of the network has a block above"
                    + " \(head.height): --nothing-later.")
        }

        /// Refuses what is about another block or epoch than this node's next.
        func check(_ restart: EpochRestart) throws {
            guard restart.epoch > epoch else {
                throw NodeFailure(
                    .configuration, "epoch \(restart.epoch) has begun already; here it is epoch \(epoch)",
                    hint: "There is nothing to do.")
            }
            if restart.lastBlock != head.hash, let height = try ledger.log.height(of: restart.lastBlock) {
                throw NodeFailure(
                    .signingGuard,
                    "the restart is on block \(height), and here block \(head.height) is final: it would be undone",
                    hint: "Give this node's log to the others first: they lag behind what a quorum has made final.")
            }
            guard restart.lastBlock == head.hash else {
                throw NodeFailure(
                    .configuration,
                    "the restart begins epoch \(restart.epoch) on block \(restart.lastBlock); here the last final block"
                        + " is \(head.hash), number \(head.height), of epoch \(epoch)",
                    hint: "Let this node catch up first, or see that all sign on the same, highest block.")
            }
        }
    }

    /// Signs on this node's last final block, together with what others signed already.
    ///
    /// - Parameters:
    ///   - number: of the epoch; nil: what the others name, or the one after this node's.
    ///   - nothingLater: the operator says that no node has a later final block, though this one helped to finalize one.
    /// - Returns: the file to hand on, and what it says.
    package static func sign(
        _ home: NodeHome, with others: [[UInt8]], number: UInt64? = nil, nothingLater: Bool = false
    ) throws -> (file: [UInt8], summary: Summary) {
        try reportingStorage {
            let situation = try Situation(home)
            let network = situation.ledger.network
            guard let key = try home.validatorKey(), let index = situation.set.index(of: key.address) else {
                throw NodeFailure(
                    .configuration, "\(home.path) has no key of epoch \(situation.epoch)'s validators",
                    hint: "Only they can sign; any node can apply what they signed.")
            }
            let given = try others.map(decode)
            for other in given { try situation.check(other) }
            let epoch = number.map { Epoch($0) } ?? given.first?.epoch ?? situation.epoch.next
            guard epoch > situation.epoch, epoch < .maximum else {
                throw NodeFailure(.usage, "here it is epoch \(situation.epoch): a new one has a higher number")
            }
            if let other = given.first(where: { $0.epoch != epoch }) {
                throw NodeFailure(
                    .configuration, "one file begins epoch \(other.epoch), another epoch \(epoch)",
                    hint: "All must sign one number.")
            }
            let signingGuard = try home.openGuard(network: network, key: key.address)
            if !nothingLater { try situation.checkNothingLater(home, signingGuard.record) }
            guard try signingGuard.restart(in: epoch) else {
                throw NodeFailure(
                    .signingGuard, "the key has voted in epoch \(epoch) or later",
                    hint:
                        "If that epoch has begun, apply its restart and start the node; if its restart came to nothing,"
                        + " all sign a higher number: --epoch \(signingGuard.record.position.epoch.value + 1)")
            }
            let signature = Schnorr.sign(
                message: EpochRestart.message(network: network, epoch: epoch, lastBlock: situation.head.hash),
                secret: key, auxiliary: NodeRandom.bytes32())
            // Only good signatures are handed on: a bad one would spoil all.
            let good = given.flatMap { $0.goodSignatures(network: network, in: situation.set) }
            let restart = EpochRestart(
                epoch: epoch, lastBlock: situation.head.hash,
                signatures: [EpochRestart.Signed(validator: index, signature: signature)] + good)
            return (restart.encoded, situation.summary(restart))
        }
    }

    /// Takes back a restart that was applied and has not begun anything: another one took its place.
    package static func discard(_ home: NodeHome) throws {
        try reportingStorage {
            _ = try Situation(home)
            try home.removeRestart()
        }
    }

    /// Lays a complete restart into the home; the node begins the epoch when it starts.
    package static func apply(_ bytes: [UInt8], to home: NodeHome) throws -> Summary {
        try reportingStorage {
            let situation = try Situation(home)
            let restart = try decode(bytes)
            try situation.check(restart)
            let summary = situation.summary(restart)
            guard restart.isValid(network: situation.ledger.network, by: situation.set) else {
                throw NodeFailure(
                    .configuration,
                    "\(summary.signed.count) of \(situation.set.count) validators signed the restart; it takes"
                        + " \(summary.quorum)", hint: "Not yet: \(summary.missing.joined(separator: ", ")).")
            }
            try home.writeRestart(bytes)
            return summary
        }
    }

    private static func decode(_ bytes: [UInt8]) throws -> EpochRestart {
        do {
            return try EpochRestart(decoding: bytes)
        } catch {
            throw NodeFailure(.configuration, "this is no file of an epoch's restart: \(error)")
        }
    }

    private static func reportingStorage<Value>(_ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch let failure as StorageFailure {
            throw NodeFailure(failure)
        } catch let failure as StateFailure {
            throw NodeFailure(.corruption, failure.message, hint: "Run `mednexusd verify`.")
        }
    }
}

extension NodeHome {
    func removeRestart() throws {
        guard try Self.read(restartFile) != nil else {
            throw NodeFailure(.usage, "no restart was applied to \(path), or it has begun already")
        }
        do {
            try FileManager.default.removeItem(atPath: restartFile)
        } catch {
            throw NodeFailure(.disk, "can't remove \(restartFile)")
        }
    }

    private var restartFile: String { path + "/epoch-restart" }

    func writeRestart(_ bytes: [UInt8]) throws {
        try Self.write(bytes, to: restartFile, mode: 0o644)
    }

    /// What was laid in to begin a new epoch with; nil once the chain is in that epoch, when it is removed.
    func pendingRestart(in epoch: Epoch) throws -> EpochRestart? {
        guard let bytes = try Self.read(restartFile) else { return nil }
        guard let restart = try? EpochRestart(decoding: bytes) else {
            throw NodeFailure(
                .configuration, "\(restartFile) is damaged",
                hint: "Apply the restart again: mednexusd epoch restart apply")
        }
        guard restart.epoch > epoch else {
            try? FileManager.default.removeItem(atPath: restartFile)
            return nil
        }
        return restart
    }
}
