internal import Consents
public import Primitives
internal import StateModel

public struct ErasureParameters: Codable, Sendable {
    public let erasure: ErasureID?
    public let inft: INFTID?
    public let version: UInt64?
    public let root: Hash?

    public init(erasure: ErasureID? = nil, inft: INFTID? = nil, version: UInt64? = nil, root: Hash? = nil) {
        self.erasure = erasure
        self.inft = inft
        self.version = version
        self.root = root
    }
}

/// A receipt, and what it means for the ciphertext today.
public struct ErasureView: Codable, Hashable, Sendable {
    public let erasure: ErasureRecord
    /// The receipt by which stores delete the ciphertext; null while a clone of the content still lives by it.
    public let contentErasure: ErasureID?
    /// Versions that name the ciphertext, clones among them, and how many of their holders have signed.
    public let versions: UInt64
    public let erased: UInt64
}

public struct ErasureListParameters: Codable, Sendable {
    public let consent: ConsentID?
    public let holder: Party?

    public init(consent: ConsentID? = nil, holder: Party? = nil) {
        self.consent = consent
        self.holder = holder
    }
}

public struct ErasureHoldersParameters: Codable, Sendable {
    public let erasure: ErasureID

    public init(erasure: ErasureID) { self.erasure = erasure }
}

public struct ErasuresDueParameters: Codable, Sendable {
    public let custodian: Party?
    public let consent: ConsentID?

    public init(custodian: Party? = nil, consent: ConsentID? = nil) {
        self.custodian = custodian
        self.consent = consent
    }
}

/// A version that is to be erased.
public struct ErasureVersion: Codable, Hashable, Sendable {
    public let inft: INFTID
    public let version: UInt64
    /// Who holds its key, and so has to sign.
    public let holder: Party

    public init(inft: INFTID, version: UInt64, holder: Party) {
        self.inft = inft
        self.version = version
        self.holder = holder
    }
}

/// A request for erasure that waits for signatures.
public struct ErasureDue: Codable, Hashable, Sendable {
    public let consent: ConsentID
    public let subject: Party
    public let requestedAt: Timestamp
    /// What was published under the consent's sets and is not erased: the first thirty-two.
    public let versions: [ErasureVersion]
}

public struct KeyCustodiansParameters: Codable, Sendable {
    public let inft: INFTID
    public let holder: Party?
}

extension INFTQueries {
    /// What a page looks through for one consent.
    private static let setsPerConsent = 32
    private static let versionsPerConsent = 32

    static let keyCustodians = Query(
        "inft_key_custodians", "Who keeps copies of an INFT's sealing secrets, and how many of them sign an erasure.",
        [
            QueryParameter("inft", "The INFT."),
            QueryParameter("holder", "Whose secrets (default: the owner's).", required: false),
        ],
        from: KeyCustodiansParameters.self, to: KeyCustodians.self
    ) { (parameters, context) throws(Refusal) in
        let record = try INFTRegistry.requireKnown(parameters.inft, field: "inft", in: context.state)
        return try KeyCustodians.record(
            of: parameters.inft, holder: parameters.holder ?? record.owner, in: context.state)
    }

    static let erasure = Query(
        "inft_erasure", "An erasure receipt: by its id, by INFT and version, or by the root of the ciphertext.",
        [
            QueryParameter("erasure", "The receipt.", required: false),
            QueryParameter("inft", "The INFT, with a version.", required: false),
            QueryParameter("version", "The version's number.", required: false),
            QueryParameter("root", "The root of the ciphertext.", required: false),
        ],
        from: ErasureParameters.self, to: ErasureView.self
    ) { (parameters, context) throws(Refusal) in
        let state = context.state
        let record = try Erasures.require(try receipt(parameters, in: state), field: "erasure", in: state)
        guard let claim = try state.record(INFTKeys.root(record.root)) else {
            throw .failed(StateFailure("no version claims the root of the erasure \(record.id)"))
        }
        return ErasureView(
            erasure: record, contentErasure: claim.erasure, versions: claim.versions, erased: claim.erased)
    }

    private static func receipt(
        _ parameters: ErasureParameters, in state: any StateReader
    ) throws(Refusal) -> ErasureID {
        switch (parameters.erasure, parameters.inft, parameters.version, parameters.root) {
        case (let id?, nil, nil, nil): return id
        case (nil, let inft?, let version?, nil):
            guard let id = try Erasures.receipt(of: version, of: inft, in: state) else {
                throw INFTRejection.unknownErasure.at("version", "version \(version) of \(inft) was not erased")
            }
            return id
        case (nil, nil, nil, let root?):
            guard let id = try Erasures.receipt(ofRoot: root, in: state) else {
                throw INFTRejection.unknownErasure.at("root", "the ciphertext \(root) was not erased")
            }
            return id
        default:
            throw INFTRejection.parameterMissing.at("", "name the receipt, or an INFT and a version, or a root alone")
        }
    }

    static let erasures = Query(
        list: "inft_erasures",
        "Erasure receipts, newest first: those that a consent's subject asked for, or that a "
            + "holder signed.",
        [
            QueryParameter("consent", "Of this consent.", required: false),
            QueryParameter("holder", "Signed for this party.", required: false),
        ],
        from: ErasureListParameters.self, of: ErasureRecord.self
    ) { (parameters, request, context) throws(Refusal) in
        let found =
            parameters.consent.map { INFTIndexes.erasures(for: $0) }
            ?? parameters.holder.map { INFTIndexes.erasures(by: $0) }
        guard let prefix = found else {
            throw INFTRejection.parameterMissing.at("", "name a consent or a holder")
        }
        return try context.page(prefix, request, descending: true) { (entry) throws(Refusal) in
            guard let id = INFTIndexes.erasure(entry.key),
                let record = try Erasures.record(id, in: context.state),
                parameters.holder.map({ record.holder == $0 }) != false
            else { return nil }
            return record
        }
    }

    static let erasureHolders = Query(
        list: "inft_erasure_holders",
        "To whom the erased content was delivered, newest first: they keep its key, whatever was destroyed.",
        [QueryParameter("erasure", "The receipt.")], from: ErasureHoldersParameters.self, of: DeliveryView.self
    ) { (parameters, request, context) throws(Refusal) in
        let erasure = try Erasures.require(parameters.erasure, field: "erasure", in: context.state)
        let prefix = INFTIndexes.deliveries(of: erasure.inft)
        return try context.page(prefix, request, descending: true) { (entry) throws(Refusal) in
            guard let id = INFTIndexes.delivery(entry.key),
                let record = try Deliveries.record(id, in: context.state), record.version == erasure.version,
                record.custody != nil
            else { return nil }
            return DeliveryView(record)
        }
    }

    static let erasuresDue = Query(
        list: "inft_erasures_due",
        "Requests for erasure that are not signed for yet, oldest first: those by subjects of a custodian's consents, "
            + "or the one of a consent.",
        [
            QueryParameter("custodian", "Who keeps the consents.", required: false),
            QueryParameter("consent", "Or one of them.", required: false),
        ], from: ErasuresDueParameters.self, of: ErasureDue.self
    ) { (parameters, request, context) throws(Refusal) in
        switch (parameters.custodian, parameters.consent) {
        case (let custodian?, nil):
            return try ConsentErasures.page(of: custodian, request, in: context) { (consent) throws(Refusal) in
                try due(consent, in: context)
            }
        case (nil, let id?):
            let consent = try ConsentLedger.require(id, field: "consent", in: context.state)
            guard request.after == nil, let found = try due(consent, in: context) else {
                return Page(items: [], next: nil)
            }
            return Page(items: [found], next: nil)
        default: throw INFTRejection.parameterMissing.at("", "name a custodian or a consent")
        }
    }

    /// Nil if nothing was asked for, or everything that was published under the consent is signed for.
    private static func due(_ consent: ConsentRecord, in context: QueryContext) throws(Refusal) -> ErasureDue? {
        guard let mark = consent.erasure else { return nil }
        let versions = try pending(of: consent.id, in: context)
        guard !versions.isEmpty else { return nil }
        return ErasureDue(
            consent: consent.id, subject: consent.subject, requestedAt: mark.requestedAt, versions: versions)
    }

    /// What was published under the sets that a consent ever joined, and has no receipt yet.
    private static func pending(
        of consent: ConsentID, in context: QueryContext
    ) throws(Refusal) -> [ErasureVersion] {
        var found: [ErasureVersion] = []
        for set in try ConsentErasures.sets(of: consent, limit: setsPerConsent, in: context) {
            let entries: [IndexEntry]
            do throws(StateFailure) {
                entries = try context.index.scan(
                    prefix: INFTIndexes.versions(under: set), after: nil,
                    limit: versionsPerConsent - found.count, descending: false)
            } catch {
                throw .failed(error)
            }
            for entry in entries {
                guard let (inft, number) = INFTIndexes.version(entry.key),
                    let custody = try INFTRegistry.version(number, of: inft, in: context.state)?.custody
                else { continue }
                found.append(ErasureVersion(inft: inft, version: number, holder: custody.holder))
            }
            guard found.count < versionsPerConsent else { break }
        }
        return found
    }
}
