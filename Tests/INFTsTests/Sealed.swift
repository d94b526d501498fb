import Cryptography
import INFTs
import Primitives
import StateModel
import TestSupport

/// Sealed INFTs in the sandbox: content keys and sealing secrets are named, and always the same.
extension Sandbox {
    func statement(
        _ act: SealingAct, _ inft: Bytes32? = nil, version: UInt64 = 1, subject: Bytes32? = nil, by name: String,
        from: String? = nil, to: String? = nil
    ) -> SealingStatement {
        let here = SealingStatement.madeHere(sender: testAddress(name), sequence: sequence, operationIndex: 0)
        return SealingStatement(
            network: testHash("network"), act: act, inft: inft ?? here, version: version, subject: subject ?? here,
            from: party(from ?? name), to: party(to ?? name))
    }

    /// Content that `key` of `name` opens, for the next transaction.
    func sealed(
        _ content: String, to key: String, _ statement: SealingStatement, root: Hash? = nil
    ) throws -> SealedContent {
        let sample = try SealedSample(content, to: key, statement: statement)
        return SealedContent(
            root: root ?? testHash("root \(content)"), size: 65_552, mediaType: "application/dicom",
            cipherSuite: .aes256GCMStream, keyCommitment: testHash("commitment \(content)"),
            salt: testHash("salt \(content)"), sealingKey: sample.sealingKey, sealedKey: sample.sealedKey,
            possession: sample.possession, origin: sample.origin)
    }

    /// Minted by alice, who opens it with `key`.
    func mintSealed(
        _ content: String, key: String, hasHumanData: Bool = false, consentSet: ConsentSetID? = nil
    ) throws -> INFTID {
        let version = ContentVersion.sealed(try sealed(content, to: key, statement(.mint, by: "alice")))
        return try execute(
            sampleMint(
                content, owner: party("alice"), inftClass: hasHumanData ? .dataset : .algorithm, content: version,
                hasHumanData: hasHumanData, consentSet: consentSet)
        ).madeIdentifier()
    }

    func revise(_ inft: INFTID, _ content: String, key: String) throws {
        let version = try record(inft).versionCount + 1
        let sealed = try sealed(content, to: key, statement(.revise, inft.bytes, version: version, by: "alice"))
        try execute(Revise(inft: inft, content: .sealed(sealed)))
    }

    func request(
        _ content: String, of inft: INFTID, version: UInt64 = 1, key: String, by name: String,
        act: SealingAct = .transfer
    ) -> DeliveryRequest {
        let secret = sealingSecret(key)
        return DeliveryRequest(
            sealingKey: secret.key,
            possession: SealedKeys.provePossession(
                secret, statement: statement(act, inft.bytes, version: version, by: name),
                randomness: testHash("fresh \(key)").bytes),
            fetchedRoot: testHash("root \(content)"))
    }

    func version(_ number: UInt64 = 1, of inft: INFTID) throws -> VersionRecord {
        guard let version = try INFTRegistry.version(number, of: inft, in: state) else {
            throw StateFailure("version \(number) of \(inft) is missing")
        }
        return version
    }

    func custody(_ number: UInt64 = 1, of inft: INFTID) throws -> Custody {
        guard let custody = try version(number, of: inft).custody else {
            throw StateFailure("version \(number) of \(inft) is open")
        }
        return custody
    }

    func delivery(_ id: DeliveryID) throws -> DeliveryRecord {
        try Deliveries.require(id, field: "delivery", in: state)
    }

    /// D and its proof, as whoever holds `key` makes them for a delivery.
    func deliver(_ id: DeliveryID, with key: String, from name: String, to receiver: String) throws -> SealedDelivery {
        let delivery = try delivery(id)
        guard let receiverKey = delivery.sealingKey else { throw StateFailure("\(id) is not accepted") }
        return try SealedKeys.deliver(
            custody(delivery.version, of: delivery.inft).sealedKey, from: sealingSecret(key), to: receiverKey,
            statement: statement(
                .transfer, delivery.inft.bytes, version: delivery.version, subject: id.bytes, by: name, from: name,
                to: receiver), randomness: testHash("delivery \(id)").bytes)
    }

    func reseal(
        _ inft: INFTID, version: UInt64 = 1, act: SealingAct = .reseal, from key: String, to newKey: String,
        by name: String = "alice"
    ) throws -> Resealing {
        let secret = sealingSecret(newKey)
        let statement =
            act == .clone
            ? statement(act, by: name) : statement(act, inft.bytes, version: version, by: name)
        let delivery = try SealedKeys.deliver(
            custody(version, of: inft).sealedKey, from: sealingSecret(key), to: secret.key, statement: statement,
            randomness: testHash("reseal \(newKey)").bytes)
        return Resealing(
            sealingKey: secret.key, sealedKey: delivery.sealedKey,
            possession: SealedKeys.provePossession(
                secret, statement: statement, randomness: testHash("possession \(newKey)").bytes),
            proof: delivery.proof)
    }

    /// Offered by alice, accepted by bob with the key `bob`.
    func offerTransfer(_ inft: INFTID, _ content: String, to name: String = "bob") throws -> DeliveryID {
        let transfer: DeliveryID = try execute(
            TransferOffer(inft: inft, to: party(name), expiresAt: time.adding(milliseconds: 86_400_000))
        ).madeIdentifier()
        let version = try record(inft).versionCount
        let request = request(content, of: inft, version: version, key: name, by: name)
        try execute(TransferAccept(transfer: transfer, delivery: request), as: name)
        return transfer
    }
}

/// Whether `secret` opens `sealed` to the content key of this name.
func opens(_ sealed: SealedKey, _ secret: String, to content: String) throws -> Bool {
    try SealedKeys.open(sealed, with: sealingSecret(secret)) == contentPoint(content)
}
