import Blocks
import Cryptography
import INFTs
import Licenses
import Primitives
import Revenue
import StateModel
import TestSupport
import Transactions

/// What the parties of a sealed sale make outside the ledger. Sealing secrets are named, and always the same.
extension Ledger {
    /// A statement of `name` about a key of its own, in operation `index` of its next transaction.
    func statement(
        _ act: SealingAct, _ inft: Bytes32? = nil, version: UInt64 = 1, by name: String, sender: String? = nil,
        index: Int = 0
    ) throws -> SealingStatement {
        let sender = sender ?? name
        let here = SealingStatement.madeHere(
            sender: Ledger.address(sender), sequence: try sequence(sender), operationIndex: index)
        return SealingStatement(
            network: genesis.hash, act: act, inft: inft ?? here, version: version, subject: here,
            from: Ledger.party(name), to: Ledger.party(name))
    }

    static func content(_ content: String, to key: String, _ statement: SealingStatement) throws -> ContentVersion {
        let sample = try SealedSample(content, to: key, statement: statement)
        return .sealed(
            SealedContent(
                root: testHash("root \(content)"), size: 65_552, mediaType: "application/dicom",
                cipherSuite: .aes256GCMStream, keyCommitment: testHash("commitment \(content)"),
                salt: testHash("salt \(content)"), sealingKey: sample.sealingKey, sealedKey: sample.sealedKey,
                possession: sample.possession, origin: sample.origin))
    }

    func mintSealed(
        _ content: String, key: String, by name: String, consentSet: ConsentSetID? = nil
    ) throws -> Operation {
        .infts(
            .mint(
                Mint(
                    inftClass: consentSet == nil ? .algorithm : .dataset,
                    content: try Self.content(content, to: key, statement(.mint, by: name)),
                    metadata: INFTMetadata(title: content, language: "en"),
                    creators: [Creator(party: Ledger.party(name), contribution: .whole, roles: [])],
                    holders: [ShareHolder(party: Ledger.party(name), share: .whole)],
                    hasHumanData: consentSet != nil, consentSet: consentSet)))
    }

    func latest(_ inft: INFTID) throws -> VersionRecord {
        let record = try INFTRegistry.requireKnown(inft, field: "", in: state)
        return try version(record.versionCount, of: inft)
    }

    func version(_ number: UInt64, of inft: INFTID) throws -> VersionRecord {
        guard let version = try INFTRegistry.version(number, of: inft, in: state) else {
            throw StateFailure("version \(number) of \(inft) is missing")
        }
        return version
    }

    /// What `name` brings for `version`, in the next transaction of `sender`.
    func request(
        _ act: SealingAct, _ inft: INFTID, _ version: VersionRecord, key: String, by name: String,
        sender: String? = nil
    ) throws -> DeliveryRequest {
        let secret = sealingSecret(key)
        let root: Hash
        switch version.content {
        case .open(let content): root = content.hash
        case .sealed(let content): root = content.root
        }
        return DeliveryRequest(
            sealingKey: secret.key,
            possession: SealedKeys.provePossession(
                secret,
                statement: try statement(act, inft.bytes, version: version.number, by: name, sender: sender),
                randomness: testHash("fresh \(key)").bytes),
            fetchedRoot: root)
    }

    func delivery(_ id: DeliveryID) throws -> DeliveryRecord {
        try Deliveries.require(id, field: "delivery", in: state)
    }

    /// D and its proof, from what `secret` opens.
    func deliver(
        _ delivery: DeliveryRecord, _ custody: Custody, with secret: SealingSecret
    ) throws -> SealedDelivery {
        guard let receiverKey = delivery.sealingKey else { throw StateFailure("the receiver has not accepted") }
        return try SealedKeys.deliver(
            custody.sealedKey, from: secret, to: receiverKey,
            statement: SealingStatement(
                network: genesis.hash, act: delivery.act, inft: delivery.inft.bytes, version: delivery.version,
                subject: delivery.id.bytes, from: custody.holder, to: delivery.to),
            randomness: testHash("delivery \(delivery.id)").bytes)
    }

    func resealing(
        _ act: SealingAct, _ inft: INFTID, _ version: VersionRecord, with secret: SealingSecret, to newKey: String,
        by name: String
    ) throws -> Resealing {
        guard let custody = version.custody else { throw StateFailure("the version is open") }
        let new = sealingSecret(newKey)
        let statement =
            act == .clone
            ? try statement(act, by: name) : try statement(act, inft.bytes, version: version.number, by: name)
        let made = try SealedKeys.deliver(
            custody.sealedKey, from: secret, to: new.key, statement: statement,
            randomness: testHash("reseal \(newKey)").bytes)
        return Resealing(
            sealingKey: new.key, sealedKey: made.sealedKey,
            possession: SealedKeys.provePossession(
                new, statement: statement, randomness: testHash("possession \(newKey)").bytes), proof: made.proof)
    }

    static func begin(_ delivery: DeliveryRecord, _ custody: Custody, _ made: SealedDelivery) -> Operation {
        delivery.act == .transfer
            ? .infts(
                .beginTransfer(
                    TransferBegin(
                        transfer: delivery.id, sealingKey: custody.sealingKey, commitment: made.commitment)))
            : .licenses(
                .begin(
                    BeginDelivery(
                        delivery: delivery.id, sealingKey: custody.sealingKey, commitment: made.commitment)))
    }

    static func complete(_ delivery: DeliveryRecord, _ made: SealedDelivery) -> Operation {
        delivery.act == .transfer
            ? .infts(
                .completeTransfer(
                    TransferComplete(transfer: delivery.id, sealedKey: made.sealedKey, proof: made.proof)))
            : .licenses(
                .complete(
                    CompleteDelivery(delivery: delivery.id, sealedKey: made.sealedKey, proof: made.proof)))
    }
}
