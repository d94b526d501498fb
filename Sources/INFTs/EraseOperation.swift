internal import Consents
public import Cryptography
public import Encoding
internal import Identities
public import Primitives
public import StateModel

/// `inft.erase`: the holder of a version's key, and as many of its key custodians as their threshold asks for, attest that
/// they have destroyed it and deleted the ciphertext. By the holder, or by a mandate for it. Of the reserved lane: nobody
/// is kept from it. `[inft, version, sealingKey, consents]`
///
/// It comes after the destruction, never before: what a ledger says was destroyed must be gone.
public struct Erase: DomainOperation {
    public static let name = "inft.erase"
    public let inft: INFTID
    public let version: UInt64
    /// A, whose secret is gone: refused if the content key was sealed to another meanwhile, whose secret still lives.
    public let sealingKey: CompressedPoint
    /// Sorted; whose subjects asked for it. Empty: the holder's own decision.
    public let consents: [ConsentID]

    public init(inft: INFTID, version: UInt64, sealingKey: CompressedPoint, consents: [ConsentID] = []) {
        self.inft = inft
        self.version = version
        self.sealingKey = sealingKey
        self.consents = consents
    }

    public var weight: UInt64 { 10 + 4 * (14 + 3 * UInt64(consents.count)) + Mandates.weight }

    public struct Plan {
        let record: INFTRecord
        let version: VersionRecord
        let erasure: ErasureRecord
        let consents: [ConsentRecord]
        let mandate: MandateUse?
    }

    public func check(in context: OperationContext) throws(Refusal) -> Plan {
        let state = context.state
        let record = try INFTRegistry.requireKnown(inft, field: "inft", in: state)
        guard let version = try INFTRegistry.version(self.version, of: inft, in: state), let custody = version.custody,
            let root = version.content.root
        else {
            throw INFTRejection.contentNotSealed.at(
                "version", "\(inft) has no sealed version \(self.version); there is no key to destroy")
        }
        if let receipt = version.erasure {
            throw INFTRejection.contentErased.at(
                "version", "version \(self.version) of \(inft) was erased; the receipt is \(receipt)")
        }
        let mandate = try Authority.require(
            custody.holder, for: .content, orMandate: .eraseContent, in: context, field: "version")
        guard sealingKey == custody.sealingKey else {
            throw INFTRejection.resealedSince.at(
                "sealingKey",
                "the content key is sealed to \(Hexadecimal.encode(custody.sealingKey.bytes)) since \(custody.since)",
                hint: "Destroy the secret of today's sealing key too, and name that key.")
        }
        let use = try Erasures.use(of: self.version, of: inft, in: state)
        guard use.begun == 0 else {
            throw INFTRejection.deliveriesBegun.at(
                "version", "\(use.begun) deliveries of version \(self.version) were begun and bind until they end",
                hint: "Complete them, or wait until their time is over.", retryable: true)
        }
        let grounds = try checkGrounds(of: version, record, in: state)
        let signed = try KeyCustodians.requireSigned(of: inft, holder: custody.holder, in: context)
        return Plan(
            record: record, version: version,
            erasure: ErasureRecord(
                id: context.madeIdentifier(), inft: inft, version: self.version, root: root, sealingKey: sealingKey,
                holder: custody.holder, consents: consents,
                requestedAt: grounds.compactMap { $0.erasure?.requestedAt }.min(), custodians: signed.custodians,
                threshold: signed.threshold, mandate: mandate?.mandate, delivered: use.delivered,
                at: context.block.time, height: context.block.height, transaction: context.transactionHash),
            consents: grounds, mandate: mandate)
    }

    /// The consents behind the erasure: each asked for, and of the set that the version was published under. A holder who
    /// decides alone does not destroy what is disputed: it is evidence.
    private func checkGrounds(
        of version: VersionRecord, _ record: INFTRecord, in state: any StateReader
    ) throws(Refusal) -> [ConsentRecord] {
        guard !consents.isEmpty else {
            let original = try INFTRegistry.original(of: inft, in: state)
            for id in [inft, original] {
                let status = try INFTRegistry.requireKnown(id, field: "inft", in: state).status
                guard status != .disputed, status != .recalled else {
                    throw INFTRejection.erasureDisputed.at(
                        "consents", "\(id) is \(status.name); its content is evidence until that has ended")
                }
            }
            return []
        }
        guard consents.count <= INFTsLimits.consentsPerErasure else {
            throw INFTRejection.listTooLong.at(
                "consents", "\(consents.count) consents; at most \(INFTsLimits.consentsPerErasure)")
        }
        guard zip(consents, consents.dropFirst()).allSatisfy({ $0 < $1 }) else {
            throw INFTRejection.listUnsorted.at("consents", "sorted, each once")
        }
        var found: [ConsentRecord] = []
        for (index, id) in consents.enumerated() {
            let field = "consents[\(index)]"
            let consent = try ConsentLedger.require(id, field: field, in: state)
            guard consent.erasure != nil else {
                throw INFTRejection.erasureNotAsked.at(
                    field, "its subject has not asked for erasure",
                    hint: "Leave it out; with none it is the holder's own decision.")
            }
            guard let set = version.consentSet, try ConsentErasures.isMember(id, of: set, in: state) else {
                throw INFTRejection.consentUnrelated.at(
                    field, "it is no member of the set that version \(version.number) was published under")
            }
            found.append(consent)
        }
        return found
    }

    public func apply(_ plan: Plan, in context: OperationContext) throws(Refusal) {
        var (record, version) = (plan.record, plan.version)
        let erasure = plan.erasure
        context.state.set(INFTKeys.erasure(erasure.id), erasure)
        version.erasure = erasure.id
        context.state.set(INFTKeys.version(inft, version.number), version)
        try Roots.erase(erasure, in: context.state)
        for consent in plan.consents {
            ConsentErasures.note(consent, receipt: erasure.id, in: context)
        }
        try Mandates.use(plan.mandate, in: context)
        INFTRegistry.append(.erased, to: &record, in: context)
        context.state.set(INFTKeys.inft(inft), record)
        let subjects = SortedList(plan.consents.map(\.subject)).elements
        context.emit(INFTEvent.erased(ErasureFact(erasure, subjects: subjects)))
    }

    public func words(_ names: any NameResolver) -> [String] {
        let why =
            consents.isEmpty
            ? ["Nobody asked for it: it is your own decision"]
            : consents.map { "The subject of the consent \(names.identifier($0.description)) asked for it" }
        let key = Hexadecimal.encode(sealingKey.bytes)
        return [
            "Attest that version \(version) of \(names.identifier(inft.description)) is erased: public and for good",
            "You have destroyed every copy that you kept of the secret of \(key), and of each before it",
            "You have deleted every copy of its content, encrypted or not, that you keep for no clone of it",
        ] + why
    }

    private enum CodingKeys: String, CodingKey { case inft, version, sealingKey, consents }

    /// In JSON consents may be left out.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            inft: try container.decode(INFTID.self, forKey: .inft),
            version: try container.decode(UInt64.self, forKey: .version),
            sealingKey: try container.decode(CompressedPoint.self, forKey: .sealingKey),
            consents: try container.decodeIfPresent([ConsentID].self, forKey: .consents) ?? [])
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(4)
        writer.write(inft)
        writer.write(version)
        writer.write(sealingKey)
        writer.write(consents)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 4) { (reader) throws(EncodingFailure) in
            Erase(
                inft: try reader.value("inft"), version: try reader.unsigned("version"),
                sealingKey: try reader.value("sealingKey"),
                consents: try reader.sortedList("consents", max: INFTsLimits.consentsPerErasure) { (id: ConsentID) in
                    id
                })
        }
    }
}
