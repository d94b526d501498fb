public import Cryptography
public import Encoding
public import Primitives
internal import Revenue
public import StateModel

/// The same content key for a fresh sealing key of the owner, with the proof that it is the same.
/// `[sealingKey, sealedKey, possession, proof]`
public struct Resealing: CBORCodable, Codable, Hashable, Sendable {
    public let sealingKey: CompressedPoint
    public let sealedKey: SealedKey
    /// That the owner holds the new sealing key.
    public let possession: KeyProof
    /// From the sealing key that the version's custody names.
    public let proof: DeliveryProof

    public init(sealingKey: CompressedPoint, sealedKey: SealedKey, possession: KeyProof, proof: DeliveryProof) {
        self.sealingKey = sealingKey
        self.sealedKey = sealedKey
        self.possession = possession
        self.proof = proof
    }

    /// - Parameter inft: as the statement names it.
    func check(
        _ act: SealingAct, from custody: Custody, inft: Bytes32, version: UInt64, field: String,
        in context: OperationContext
    ) throws(Refusal) {
        try SealingKeys.requireFresh(sealingKey, field: field, in: context.state)
        let statement = Sealing.ownStatement(act, inft: inft, version: version, of: custody.holder, in: context)
        try Sealing.checkPossession(of: sealingKey, possession, statement, field: field)
        try Sealing.checkDelivery(
            from: (custody.sealingKey, custody.sealedKey), to: sealingKey, sealedKey, proof, statement,
            field: "\(field).proof")
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(4)
        writer.write(sealingKey)
        writer.write(sealedKey)
        writer.write(possession)
        writer.write(proof)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 4) { (reader) throws(EncodingFailure) in
            Resealing(
                sealingKey: try reader.value("sealingKey"), sealedKey: try reader.value("sealedKey"),
                possession: try reader.value("possession"), proof: try reader.value("proof"))
        }
    }
}

/// `inft.reseal`: another sealing key of the same owner: after a recovery, a change of an organization's keys, a transfer.
/// A delivery that was begun is checked against the key of then. `[inft, version, seal]`
public struct Reseal: DomainOperation {
    public static let name = "inft.reseal"
    public let inft: INFTID
    public let version: UInt64
    public let seal: Resealing

    public init(inft: INFTID, version: UInt64, seal: Resealing) {
        self.inft = inft
        self.version = version
        self.seal = seal
    }

    public var weight: UInt64 { 10 + 4 * 8 + INFTsWeights.keyProof + INFTsWeights.delivery }

    public struct Plan {
        let record: INFTRecord
        let version: VersionRecord
    }

    public func check(in context: OperationContext) throws(Refusal) -> Plan {
        let record = try INFTRegistry.requireOwned(inft, evenWhileHandedOver: true, in: context)
        guard var version = try INFTRegistry.version(self.version, of: inft, in: context.state) else {
            throw INFTRejection.contentNotSealed.at("version", "\(inft) has \(record.versionCount) versions")
        }
        let custody = try Deliveries.custody(
            of: self.version, of: inft, heldBy: record.owner, field: "version", in: context.state)
        try seal.check(
            .reseal, from: custody, inft: inft.bytes, version: self.version, field: "seal", in: context)
        version.custody = Custody(
            holder: record.owner, sealingKey: seal.sealingKey, sealedKey: seal.sealedKey, since: context.block.time)
        return Plan(record: record, version: version)
    }

    public func apply(_ plan: Plan, in context: OperationContext) throws(Refusal) {
        var record = plan.record
        context.state.set(INFTKeys.version(inft, version), plan.version)
        SealingKeys.note(seal.sealingKey, inft: inft, version: version, holder: record.owner, in: context)
        INFTRegistry.append(.resealed, to: &record, in: context)
        context.state.set(INFTKeys.inft(inft), record)
        context.emit(INFTEvent.resealed(INFTChanged(record)))
    }

    public func words(_ names: any NameResolver) -> [String] {
        [
            "Seal the content key of version \(version) of \(names.identifier(inft.description)) to another sealing key "
                + "of yours"
        ]
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(3)
        writer.write(inft)
        writer.write(version)
        writer.write(seal)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 3) { (reader) throws(EncodingFailure) in
            Reseal(
                inft: try reader.value("inft"), version: try reader.unsigned("version"),
                seal: try reader.value("seal"))
        }
    }
}

/// `inft.clone`: a new token of the same owner with the newest content, and no authorizations. It owes what the original
/// owes: parents, royalties, the vault's holders, the consent set, a freeze. `[inft, seal?]`
public struct Clone: DomainOperation {
    public static let name = "inft.clone"
    public let inft: INFTID
    /// Where the newest version is sealed.
    public let seal: Resealing?

    public init(inft: INFTID, seal: Resealing?) {
        self.inft = inft
        self.seal = seal
    }

    public var weight: UInt64 {
        10 + 4 * 16 + 256 + INFTsWeights.standing + (seal == nil ? 0 : INFTsWeights.keyProof + INFTsWeights.delivery)
    }

    public struct Plan {
        let source: INFTRecord
        let original: INFTRecord
        let clone: INFTRecord
        let version: VersionRecord
    }

    public func check(in context: OperationContext) throws(Refusal) -> Plan {
        let source = try INFTRegistry.requireOwned(inft, in: context)
        try INFTRules.requireNoGroup(source.inftClass, field: "inft")
        try INFTRegistry.requireActive(inft, field: "inft", in: context.state)
        try INFTRules.checkConsent(
            source.consentSet, hasHumanData: source.hasHumanData, inftClass: source.inftClass,
            isOpen: !source.latest.isSealed, actor: source.owner, in: context)
        let version = try INFTRegistry.version(source.versionCount, of: inft, in: context.state)
        var custody: Custody?
        switch (source.latest, seal) {
        case (.open, nil): break
        case (.sealed, let seal?):
            let held = try Deliveries.custody(
                of: source.versionCount, of: inft, heldBy: source.owner, field: "inft", in: context.state)
            try seal.check(
                .clone, from: held, inft: Sealing.here(context), version: 1, field: "seal", in: context)
            custody = Custody(
                holder: source.owner, sealingKey: seal.sealingKey, sealedKey: seal.sealedKey,
                since: context.block.time)
        case (.open, _): throw INFTRejection.contentNotSealed.at("seal", "the content is open")
        case (.sealed, nil):
            throw INFTRejection.deliveryNeeded.at("seal", "the content key must be sealed anew for the clone")
        }
        let originalID = source.cloneOf ?? inft
        var original = try INFTRegistry.requireKnown(originalID, field: "inft", in: context.state)
        original.cloneCount += 1
        let now = context.block.time
        let clone = INFTRecord(
            id: context.madeIdentifier(), inftClass: source.inftClass, owner: source.owner, creators: source.creators,
            versionCount: 1, latest: source.latest, metadata: source.metadata, frozenAt: source.frozenAt,
            parents: source.parents, status: .active, statusSince: now, hasHumanData: source.hasHumanData,
            consentSet: source.consentSet, createdAt: now, createdHeight: context.block.height, historyCount: 0,
            ownerSince: now, cloneOf: originalID)
        return Plan(
            source: source, original: original, clone: clone,
            version: VersionRecord(
                number: 1, content: source.latest, createdAt: now, createdHeight: context.block.height,
                custody: custody, consentSet: version?.consentSet))
    }

    public func apply(_ plan: Plan, in context: OperationContext) throws(Refusal) {
        let state = context.state
        var clone = plan.clone
        state.set(INFTKeys.inft(plan.original.id), plan.original)
        try Vaults.create(clone.id, holders: try Vaults.holders(of: inft, in: state), in: context)
        let royalties = try Vaults.royalties(of: inft, in: state)
        if !royalties.isEmpty { try Vaults.setRoyalties(clone.id, royalties, in: context) }
        if let ancestors = try state.record(INFTKeys.ancestors(inft)) {
            state.set(INFTKeys.ancestors(clone.id), ancestors)
        }
        state.set(INFTKeys.version(clone.id, 1), plan.version)
        try Roots.claim(clone.latest, for: clone.id, in: state)
        if let custody = plan.version.custody {
            SealingKeys.note(custody.sealingKey, inft: clone.id, version: 1, holder: clone.owner, in: context)
        }
        INFTRegistry.append(.cloned, to: &clone, in: context)
        state.set(INFTKeys.inft(clone.id), clone)
        context.emit(INFTEvent.cloned(INFTCloned(inft: clone.id, source: inft, owner: clone.owner)))
    }

    public func words(_ names: any NameResolver) -> [String] {
        [
            "Clone \(names.identifier(inft.description)): a new token with the same content and no authorizations",
            "It owes the same royalties, and the same holders share in its revenue",
        ]
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(inft)
        writer.write(seal)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 2) { (reader) throws(EncodingFailure) in
            Clone(inft: try reader.value("inft"), seal: try reader.optional("seal"))
        }
    }
}
