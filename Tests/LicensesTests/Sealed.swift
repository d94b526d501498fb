import Consents
import Cryptography
import INFTs
import Licenses
import Primitives
import Revenue
import StateModel
import TestSupport

/// Sealed sales in the sandbox. Content keys and sealing secrets are named, and always the same.
extension Sandbox {
    static let hour: UInt64 = 3_600_000

    func statement(
        _ act: SealingAct, _ inft: Bytes32? = nil, version: UInt64 = 1, subject: Bytes32? = nil, sender: String,
        from: Party, to: Party
    ) -> SealingStatement {
        let here = SealingStatement.madeHere(sender: testAddress(sender), sequence: sequence, operationIndex: 0)
        return SealingStatement(
            network: testHash("network"), act: act, inft: inft ?? here, version: version, subject: subject ?? here,
            from: from, to: to)
    }

    func sealedContent(_ content: String, to key: String, _ statement: SealingStatement) throws -> ContentVersion {
        let sample = try SealedSample(content, to: key, statement: statement)
        return .sealed(
            SealedContent(
                root: testHash("root \(content)"), size: 65_552, mediaType: "application/dicom",
                cipherSuite: .aes256GCMStream, keyCommitment: testHash("commitment \(content)"),
                salt: testHash("salt \(content)"), sealingKey: sample.sealingKey, sealedKey: sample.sealedKey,
                possession: sample.possession, origin: sample.origin))
    }

    /// Alice's, who opens it with `key`.
    func mintSealed(_ content: String, key: String, consentSet: ConsentSetID? = nil) throws -> INFTID {
        let alice = party("alice")
        let version = try sealedContent(content, to: key, statement(.mint, sender: "alice", from: alice, to: alice))
        let mint = Mint(
            inftClass: consentSet == nil ? .algorithm : .dataset, content: version,
            metadata: INFTMetadata(title: consentSet == nil ? content : "", language: "en"),
            creators: [Creator(party: alice, contribution: .whole, roles: [])],
            holders: [ShareHolder(party: alice, share: .whole)], hasHumanData: consentSet != nil,
            consentSet: consentSet)
        return try execute(mint).madeIdentifier()
    }

    func revise(_ inft: INFTID, _ content: String, key: String, consentSet: ConsentSetID? = nil) throws {
        let alice = party("alice")
        let version = try INFTRegistry.requireKnown(inft, field: "", in: state).versionCount + 1
        let sealed = try sealedContent(
            content, to: key,
            statement(.revise, inft.bytes, version: version, sender: "alice", from: alice, to: alice))
        try execute(Revise(inft: inft, content: sealed, consentSet: consentSet))
    }

    /// What `name` brings with the next transaction, that `sender` signs first.
    func request(
        _ content: String, of inft: INFTID, version: UInt64 = 1, act: SealingAct = .license, key: String,
        by name: String,
        sender: String? = nil
    ) -> DeliveryRequest {
        let secret = sealingSecret(key)
        return DeliveryRequest(
            sealingKey: secret.key,
            possession: SealedKeys.provePossession(
                secret,
                statement: statement(
                    act, inft.bytes, version: version, sender: sender ?? name, from: party(name), to: party(name)),
                randomness: testHash("fresh \(key)").bytes),
            fetchedRoot: testHash("root \(content)"))
    }

    func purchase(
        _ offer: OfferID, _ content: String, of inft: INFTID, version: UInt64 = 1, key: String, by name: String = "bob",
        use: StatedUse = StatedUse()
    ) throws -> PurchaseLicense {
        PurchaseLicense(
            offer: .id(offer), maximumPrice: Amount(1_000_000), maximumRevenueShare: .whole, use: use,
            delivery: request(content, of: inft, version: version, key: key, by: name))
    }

    func delivery(_ id: DeliveryID) throws -> DeliveryRecord {
        try Deliveries.require(id, field: "delivery", in: state)
    }

    func delivery(of license: LicenseID) throws -> DeliveryRecord { try delivery(DeliveryID(license.bytes)) }

    /// D and its proof, from what `key` opens.
    func deliver(
        _ id: DeliveryID, from sealed: SealedKey, with key: String, by name: String
    ) throws -> SealedDelivery {
        let delivery = try delivery(id)
        guard let receiverKey = delivery.sealingKey else { throw StateFailure("\(id) has no receiver's key") }
        return try SealedKeys.deliver(
            sealed, from: sealingSecret(key), to: receiverKey,
            statement: SealingStatement(
                network: testHash("network"), act: delivery.act, inft: delivery.inft.bytes, version: delivery.version,
                subject: id.bytes, from: party(name), to: delivery.to),
            randomness: testHash("delivery \(id)").bytes)
    }

    /// As the owner of the INFT.
    func deliver(_ id: DeliveryID, with key: String, by name: String = "alice") throws -> SealedDelivery {
        let delivery = try delivery(id)
        guard
            let custody = try INFTRegistry.version(delivery.version, of: delivery.inft, in: state)?.custody
        else { throw StateFailure("the version is open") }
        return try deliver(id, from: custody.sealedKey, with: key, by: name)
    }

    @discardableResult
    func begin(_ id: DeliveryID, _ made: SealedDelivery, key: String, as name: String = "alice") throws -> [String] {
        try execute(
            BeginDelivery(delivery: id, sealingKey: sealingSecret(key).key, commitment: made.commitment), as: name
        ).events.map { $0.name }
    }

    @discardableResult
    func complete(_ id: DeliveryID, _ made: SealedDelivery, as name: String = "alice") throws -> [String] {
        try execute(CompleteDelivery(delivery: id, sealedKey: made.sealedKey, proof: made.proof), as: name)
            .events.map { $0.name }
    }

    /// D, once it is delivered.
    func delivered(_ id: DeliveryID) throws -> SealedKey {
        guard let sealedKey = try delivery(id).ending?.sealedKey else { throw StateFailure("\(id) is not delivered") }
        return sealedKey
    }

    func balance(_ name: String) throws -> UInt64 { try Balances.balance(of: party(name), asset, in: state).units }

    func totals() throws -> AssetTotals { try Assets.totals(asset, in: state) }

    /// Sold by alice to bob for 500, with the key `bob`, and not yet begun.
    func sold(
        _ terms: Terms? = nil, window: UInt64 = Sandbox.hour, supply: UInt64? = nil, consentSet: ConsentSetID? = nil,
        use: StatedUse = StatedUse()
    ) throws -> (inft: INFTID, offer: OfferID, license: LicenseID, delivery: DeliveryID) {
        let inft = try mintSealed("a", key: "alice", consentSet: consentSet)
        let offer = try offer(
            inft, terms ?? TermsPreset.commercial.terms(asset: asset, fee: Amount(500)), supply: supply,
            delivery: OfferDelivery(beginWithinMilliseconds: Self.hour, disputeWindowMilliseconds: window))
        let license: LicenseID = try execute(
            purchase(offer, "a", of: inft, key: "bob", use: use), as: "bob"
        ).madeIdentifier()
        return (inft, offer, license, DeliveryID(license.bytes))
    }
}

/// Whether `secret` opens `sealed` to the content key of this name.
func opens(_ sealed: SealedKey, _ secret: String, to content: String) throws -> Bool {
    try SealedKeys.open(sealed, with: sealingSecret(secret)) == contentPoint(content)
}
