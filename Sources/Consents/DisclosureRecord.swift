public import Encoding
public import Primitives
public import StateModel

/// How data came to be released.
public enum DisclosureOccasion: UInt8, NamedCode, CBORCodable {
    /// The key of an INFT, to a licensee.
    case license = 0
    /// The key of an INFT, to whom it was transferred.
    case transfer = 1
    /// By the custodian itself, off the ledger.
    case direct = 2
    /// In an emergency, subject to review.
    case breakGlass = 3
    /// To an arbiter who judges the content.
    case dispute = 4
    /// Nothing was released: needs of what was delivered before are answered anew, for its uses.
    case uses = 5
}

/// A need as it was met: by whom, by which signatures, until when the answer was good. A descent that was proved names
/// nobody.
public struct MetNeed: CBORCodable, Codable, Hashable, Sendable {
    public let need: Need
    public let by: Party?
    public let signers: [Address]
    public let validUntil: Timestamp?

    public init(need: Need, by: Party?, signers: [Address], validUntil: Timestamp?) {
        self.need = need
        self.by = by
        self.signers = signers
        self.validUntil = validUntil
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(4)
        writer.write(need)
        writer.write(by)
        writer.write(signers)
        writer.write(validUntil)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("met", count: 4) { (reader) throws(EncodingFailure) in
            MetNeed(
                need: try reader.value("need"), by: try reader.optional("by"),
                signers: try reader.list("signers", max: ConsentsLimits.signaturesPerAnswer),
                validUntil: try reader.optional("validUntil"))
        }
    }
}

/// That data was released under consent: who, what, for which purposes, when, under which provisions. Never changed.
///
/// Of a set one record stands for all its members; `consent_disclosures` finds it for each of them.
public struct DisclosureRecord: CBORCodable, Codable, Hashable, Sendable {
    public let id: DisclosureID
    public let occasion: DisclosureOccasion
    public let basis: ConsentBasis
    /// Of the consent, or the policy revision of the set, when it was asked.
    public let revision: UInt64
    /// Whose consent; nil of a set.
    public let subject: Party?
    public let custodian: Party
    public let recipient: Party
    /// What was asked for, and permitted.
    public let requests: [UseRequest]
    /// On what each permission rests, in the order of the requests.
    public let decisions: [DecisionBasis]
    public let met: [MetNeed]
    /// The license, the transfer or the dispute; of a direct disclosure the custodian's reference.
    public let reference: Hash
    public let inft: INFTID?
    public let at: Timestamp
    /// When the access ends, where it does by itself.
    public let until: Timestamp?

    public init(
        id: DisclosureID, occasion: DisclosureOccasion, basis: ConsentBasis, revision: UInt64, subject: Party?,
        custodian: Party, recipient: Party, requests: [UseRequest], decisions: [DecisionBasis], met: [MetNeed],
        reference: Hash, inft: INFTID?, at: Timestamp, until: Timestamp?
    ) {
        self.id = id
        self.occasion = occasion
        self.basis = basis
        self.revision = revision
        self.subject = subject
        self.custodian = custodian
        self.recipient = recipient
        self.requests = requests
        self.decisions = decisions
        self.met = met
        self.reference = reference
        self.inft = inft
        self.at = at
        self.until = until
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(14)
        writer.write(id)
        writer.write(occasion)
        writer.write(basis)
        writer.write(revision)
        writer.write(subject)
        writer.write(custodian)
        writer.write(recipient)
        writer.write(requests)
        writer.write(decisions)
        writer.write(met)
        writer.write(reference)
        writer.write(inft)
        writer.write(at)
        writer.write(until)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("disclosure", count: 14) { (reader) throws(EncodingFailure) in
            DisclosureRecord(
                id: try reader.value("id"), occasion: try reader.value("occasion"),
                basis: try reader.value("basis"), revision: try reader.unsigned("revision"),
                subject: try reader.optional("subject"), custodian: try reader.value("custodian"),
                recipient: try reader.value("recipient"),
                requests: try reader.list("requests", max: ConsentsLimits.requestsPerRelease),
                decisions: try reader.list("decisions", max: ConsentsLimits.requestsPerRelease),
                met: try reader.list("met", max: ConsentsLimits.answersPerRelease),
                reference: try reader.value("reference"), inft: try reader.optional("inft"),
                at: try reader.value("at"), until: try reader.optional("until"))
        }
    }
}

extension DisclosureRecord {
    /// Whether what was answered for this release answers `needs` of `request` at `time`: the set's policies were those
    /// that were asked, the request asks for nothing that the release was not for, and no answer had run out.
    public func meets(
        _ needs: [Need], of request: UseRequest, under set: SetStanding, at time: Timestamp,
        in state: any StateReader
    ) throws(Refusal) -> Bool {
        guard basis == .set(set.id), recipient == request.actor, at <= time,
            requests.contains(where: { $0.includes(request) }),
            try ConsentSets.isInForce(revision, of: set, at: time, in: state)
        else { return false }
        return needs.allSatisfy { need in
            met.contains { $0.need == need && $0.validUntil.map { time < $0 } ?? true }
        }
    }
}

extension UseRequest {
    /// Whether `other` asks for the same, or for less of it. A place that was left open when it was asked is any place.
    func includes(_ other: UseRequest) -> Bool {
        actor == other.actor && action == other.action && dataUse == other.dataUse && codes == other.codes
            && dataPeriod == other.dataPeriod && (commercial || !other.commercial)
            && includes(place: other.jurisdiction) && includes(period: other.usePeriod)
            && !other.purposes.isEmpty && other.purposes.allSatisfy(includes(purpose:))
    }

    /// Breaking the glass is nobody's kind of treatment here.
    private func includes(purpose: PurposeOfUse) -> Bool {
        purpose == .breakTheGlass
            ? purposes.contains(purpose) : purposes.contains { $0.includes(purpose) }
    }

    private func includes(place: String?) -> Bool {
        guard let jurisdiction else { return true }
        return place.map { Regions.contains(jurisdiction, $0) } ?? false
    }

    private func includes(period: Period?) -> Bool {
        guard let usePeriod else { return true }
        return period.map { usePeriod.contains($0) } ?? false
    }
}

/// Releases on record.
public enum Disclosures {
    public static func record(
        _ id: DisclosureID, in state: any StateReader
    ) throws(Refusal) -> DisclosureRecord? { try state.record(ConsentsKeys.disclosure(id)) }
}
