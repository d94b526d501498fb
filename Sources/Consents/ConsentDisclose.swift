public import Encoding
internal import Identities
public import Primitives
public import StateModel

/// `consent.disclose`: a custodian releases data off the ledger, and says so on it. The same gate as for licenses.
public struct ConsentDisclose: DomainOperation {
    public static let name = "consent.disclose"

    public let basis: ConsentBasis
    public let recipient: Party
    /// All of them by the recipient, and all permitted.
    public let requests: [UseRequest]
    public let answers: [NeedAnswer]
    /// The custodian's own: a commitment to its case number, or random. Used once.
    public let reference: Hash
    public let inft: INFTID?

    public init(
        basis: ConsentBasis, recipient: Party, requests: [UseRequest], answers: [NeedAnswer] = [], reference: Hash,
        inft: INFTID? = nil
    ) {
        self.basis = basis
        self.recipient = recipient
        self.requests = requests
        self.answers = answers
        self.reference = reference
        self.inft = inft
    }

    public var weight: UInt64 { 10 + 4 * 6 + Release.weight(requests, answers: answers) }

    public func check(in context: OperationContext) throws(Refusal) -> ReleasePlan {
        let release = try ReleaseCase(basis, subject: reference.bytes, recipient: recipient, in: context.state)
        try Authority.require(release.custodian, for: .consent, in: context, field: "basis")
        try Parties.requireKnown(recipient, field: "recipient", in: context.state)
        guard try context.state.record(ConsentsKeys.reference(release.custodian, reference)) == nil else {
            throw ConsentRejection.referenceUsed.at(
                "reference", "\(reference) stands for an earlier disclosure", hint: "Choose another.")
        }
        return try Release.check(
            basis, requests: requests, answers: answers, subject: reference.bytes, recipient: recipient,
            at: context.block, in: context.state)
    }

    public func apply(_ plan: ReleasePlan, in context: OperationContext) throws(Refusal) {
        let id = Release.record(plan, as: .direct, of: inft, in: context)
        context.state.set(ConsentsKeys.reference(plan.custodian, reference), id)
    }

    public func words(_ names: any NameResolver) -> [String] {
        var lines = ["Data goes to \(names.party(recipient)) under \(basis.words(names))."]
        for request in requests {
            let purposes = request.purposes.map { "\(String(describing: $0)) (\($0.name))" }.joined(separator: ", ")
            lines.append(
                "To \(request.action.name)" + (purposes.isEmpty ? "" : " for \(purposes)")
                    + (request.jurisdiction.map { " in \($0)" } ?? "")
                    + (request.commercial ? ", commercially" : "") + ".")
        }
        return lines + ["It is recorded, and whom it concerns can see it."]
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(6)
        writer.write(basis)
        writer.write(recipient)
        writer.write(requests)
        writer.write(answers)
        writer.write(reference)
        writer.write(inft)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 6) { (reader) throws(EncodingFailure) in
            ConsentDisclose(
                basis: try reader.value("basis"), recipient: try reader.value("recipient"),
                requests: try reader.list("requests", max: ConsentsLimits.requestsPerRelease),
                answers: try reader.list("answers", max: ConsentsLimits.answersPerRelease),
                reference: try reader.value("reference"), inft: try reader.optional("inft"))
        }
    }

    private enum CodingKeys: String, CodingKey { case basis, recipient, requests, answers, reference, inft }

    /// In JSON answers and INFT may be left out.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            basis: try container.decode(ConsentBasis.self, forKey: .basis),
            recipient: try container.decode(Party.self, forKey: .recipient),
            requests: try container.decode([UseRequest].self, forKey: .requests),
            answers: try container.decodeIfPresent([NeedAnswer].self, forKey: .answers) ?? [],
            reference: try container.decode(Hash.self, forKey: .reference),
            inft: try container.decodeIfPresent(INFTID.self, forKey: .inft))
    }
}
