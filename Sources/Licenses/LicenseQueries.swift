public import INFTs
public import Primitives
public import StateModel

public struct TermsView: Codable, Hashable, Sendable {
    public let id: TermsID
    public let terms: Terms
    public let registeredBy: Party
    public let registeredAt: Timestamp
    public let sentences: [String]
}

public struct PresetsView: Codable, Hashable, Sendable {
    public let presets: [TermsPreset]
}

/// Why nobody can buy by an offer now: what the ledger would say.
public struct OfferObstacle: Codable, Hashable, Sendable {
    public let code: Int
    public let reason: String
    public let message: String
}

public struct OfferView: Codable, Hashable, Sendable {
    public let offer: OfferRecord
    /// Whether it can be bought from now, as far as that is not up to the buyer.
    public let isOpen: Bool
    /// Null of what is open. An offer that nobody closed may be impossible all the same: its seller has sold the INFT, or
    /// the INFT is retired, recalled, disputed, or its content erased.
    public let obstacle: OfferObstacle?
}

public struct LicenseView: Codable, Hashable, Sendable {
    public let license: LicenseRecord
    /// By the time of the state that answers, suspension included.
    public let state: LicenseState
    public let licensee: Party
    /// The delivery that is under way, else the one by which the licensee got sealed content, else the one that failed.
    public let delivery: DeliveryView?
    /// The open dispute over what was delivered.
    public let dispute: DisputeID?
    /// What was used, and what is left of the quota; nil where uses cost nothing and none was recorded.
    public let meter: MeterView?
    /// What waits for outcomes, or what became of it.
    public let outcome: OutcomeHold?
    /// What giving it up now would bring back; nil of what is not running.
    public let returns: LicenseReturns?
    /// Why it can't be renewed, whatever is offered; nil if it can. In a list by the license and its terms alone:
    /// `license_get` asks the consents, too.
    public let renewalObstacle: RenewalObstacle?
    /// Since when it is over, or suspended; nil while it is neither.
    public let outSince: Timestamp?
    /// Of what was bought and is not delivered yet: whether the price can be had back. In `license_get` alone.
    public let refund: RefundStanding?
}

public struct TermsParameters: Codable, Sendable {
    public let terms: TermsID
}

public struct NoLicenseParameters: Codable, Sendable {}

public struct OfferParameters: Codable, Sendable {
    public let offer: OfferID
}

public struct OfferListParameters: Codable, Sendable {
    public let inft: INFTID?
    public let seller: Party?
    public let buyer: Party?
    /// False shows closed offers too, of an INFT or a seller.
    public let onlyOpen: Bool?
}

public struct LicenseParameters: Codable, Sendable {
    public let license: LicenseID
}

public struct LicenseListParameters: Codable, Sendable {
    public let licensee: Party?
    public let inft: INFTID?
    public let licensor: Party?
    public let above: LicenseID?

    init(licensee: Party? = nil, inft: INFTID? = nil, licensor: Party? = nil, above: LicenseID? = nil) {
        self.licensee = licensee
        self.inft = inft
        self.licensor = licensor
        self.above = above
    }
}

public struct LicenseCheckParameters: Codable, Sendable {
    public let license: LicenseID
    public let at: Timestamp?
    public let use: LicenseUse?
}

public struct QuoteParameters: Codable, Sendable {
    public let offer: OfferID
    public let buyer: Party?
    public let use: StatedUse?
}

/// The queries of the licenses domain.
public enum LicenseQueries {
    public static let all: [Query] =
        [
            terms, termsPresets, termsList, offer, offerList, license, licenseList, check, quote, sublicenseQuote,
            seats,
            deliveryCheck,
            ConsentImpact.query,
        ] + DisputeQueries.all + GroupQueries.all + RecallQueries.all + UseQueries.all + OutcomeQueries.all

    static let terms = Query(
        "terms_get", "Registered terms, and what they say in sentences.", [QueryParameter("terms", "The terms.")],
        from: TermsParameters.self, to: TermsView.self
    ) { (parameters, context) throws(Refusal) in
        try view(try LicenseLedger.requireTerms(parameters.terms, field: "terms", in: context.state), context)
    }

    static let termsPresets = Query(
        "terms_presets", "Terms for the common cases, to be priced and registered.", [],
        from: NoLicenseParameters.self, to: PresetsView.self
    ) { (_, _) throws(Refusal) in PresetsView(presets: TermsPreset.all) }

    static let termsList = Query(
        list: "terms_list", "Registered terms, newest first.", [], from: NoLicenseParameters.self, of: TermsView.self
    ) { (_, request, context) throws(Refusal) in
        try context.page(LicenseIndexes.terms, request, descending: true) { (entry) throws(Refusal) in
            guard let id = LicenseIndexes.id(entry.key),
                let record = try LicenseLedger.terms(TermsID(id), in: context.state)
            else { return nil }
            return try view(record, context)
        }
    }

    static let offer = Query(
        "offer_get", "An offer.", [QueryParameter("offer", "The offer.")], from: OfferParameters.self,
        to: OfferView.self
    ) { (parameters, context) throws(Refusal) in
        let record = try LicenseLedger.requireOffer(parameters.offer, field: "offer", in: context.state)
        return try view(record, context)
    }

    static let offerList = Query(
        list: "offer_list",
        "Offers, newest first: all that are open, those on an INFT or of a seller, or those to one buyer alone.",
        [
            QueryParameter("inft", "On this INFT.", required: false),
            QueryParameter("seller", "Of this party.", required: false),
            QueryParameter("buyer", "To this party alone.", required: false),
            QueryParameter("onlyOpen", "False: closed ones too (default true).", required: false),
        ],
        from: OfferListParameters.self, of: OfferView.self
    ) { (parameters, request, context) throws(Refusal) in
        let prefix =
            parameters.inft.map { LicenseIndexes.offers(of: $0) }
            ?? parameters.buyer.map { LicenseIndexes.offers(to: $0) }
            ?? parameters.seller.map { LicenseIndexes.offers(by: $0) } ?? LicenseIndexes.openOffers
        return try context.page(prefix, request, descending: true) { (entry) throws(Refusal) in
            guard let id = LicenseIndexes.id(entry.key),
                let record = try LicenseLedger.offer(OfferID(id), in: context.state),
                parameters.seller.map({ record.seller == $0 }) != false,
                parameters.buyer.map({ record.buyer == $0 }) != false
            else { return nil }
            let view = try view(record, context)
            return view.isOpen || parameters.onlyOpen == false ? view : nil
        }
    }

    static let license = Query(
        "license_get", "A license, with its state now.", [QueryParameter("license", "The license.")],
        from: LicenseParameters.self, to: LicenseView.self
    ) { (parameters, context) throws(Refusal) in
        try view(
            try LicenseLedger.requireLicense(parameters.license, field: "license", in: context.state), isAsked: true,
            context)
    }

    static let licenseList = Query(
        list: "license_list",
        "Licenses, newest first: those that a party holds or held, those on an INFT, those a party gave, or the sublicenses "
            + "of a license.",
        [
            QueryParameter("licensee", "Held by this party, now or once.", required: false),
            QueryParameter("inft", "On this INFT.", required: false),
            QueryParameter("licensor", "Given by this party.", required: false),
            QueryParameter("above", "Directly under this license.", required: false),
        ],
        from: LicenseListParameters.self, of: LicenseView.self
    ) { (parameters, request, context) throws(Refusal) in
        let found =
            parameters.licensee.map { LicenseIndexes.licenses(of: $0) }
            ?? parameters.inft.map { LicenseIndexes.licenses(on: $0) }
            ?? parameters.licensor.map { LicenseIndexes.licenses(by: $0) }
            ?? parameters.above.map { LicenseIndexes.sublicenses(of: $0) }
        guard let prefix = found else {
            throw LicenseRejection.missingParameter.at("", "name a licensee, an INFT, a licensor or the license above")
        }
        return try context.page(prefix, request, descending: true) { (entry) throws(Refusal) in
            guard let id = LicenseIndexes.id(entry.key),
                let record = try LicenseLedger.license(LicenseID(id), in: context.state),
                parameters.inft.map({ record.inft == $0 }) != false,
                parameters.licensor.map({ record.licensor == $0 }) != false,
                parameters.above.map({ record.under?.license == $0 }) != false
            else { return nil }
            return try view(record, context)
        }
    }

    static let check = Query(
        "license_check", "Whether a license is in force, or covers a use, now or at a time; with reasons.",
        [
            QueryParameter("license", "The license."),
            QueryParameter("at", "Unix milliseconds; now if left out.", required: false),
            QueryParameter(
                "use", "What is to be done; left out: only whether the license is in force.", required: false),
        ],
        from: LicenseCheckParameters.self, to: LicenseVerdict.self
    ) { (parameters, context) throws(Refusal) in
        try LicenseCheck.explained(
            parameters.license, parameters.use, at: parameters.at ?? context.block.time, in: context.state)
    }

    static let quote = Query(
        "license_quote", "What a purchase costs and everyone whom the money reaches, before signing.",
        [
            QueryParameter("offer", "The offer."),
            QueryParameter("buyer", "Whose purchase is checked.", required: false),
            QueryParameter("use", "What the buyer would state.", required: false),
        ],
        from: QuoteParameters.self, to: LicenseQuote.self
    ) { (parameters, context) throws(Refusal) in
        try Quote.make(
            parameters.offer, buyer: parameters.buyer, use: parameters.use ?? StatedUse(),
            names: PlainNames(state: context.state), at: context.block.time, in: context.state)
    }

    private static func view(_ record: TermsRecord, _ context: QueryContext) throws(Refusal) -> TermsView {
        TermsView(
            id: record.terms.id, terms: record.terms, registeredBy: record.registeredBy,
            registeredAt: record.registeredAt,
            sentences: record.terms.sentences(PlainNames(state: context.state)))
    }

    private static func view(_ record: OfferRecord, _ context: QueryContext) throws(Refusal) -> OfferView {
        do throws(Refusal) {
            _ = try OpenOffer(record.id, field: "offer", at: context.block.time, in: context.state)
            return OfferView(offer: record, isOpen: true, obstacle: nil)
        } catch {
            guard case .rejected(let rejection) = error else { throw error }
            return OfferView(
                offer: record, isOpen: false,
                obstacle: OfferObstacle(
                    code: rejection.code, reason: rejection.reason, message: rejection.message))
        }
    }

    /// - Parameter isAsked: consents are asked too, for one license alone.
    private static func view(
        _ record: LicenseRecord, isAsked: Bool = false, _ context: QueryContext
    ) throws(Refusal) -> LicenseView {
        let state = try LicenseCheck.state(of: record, at: context.block.time, in: context.state)
        let delivery = try Deliveries.record(
            record.openDelivery ?? record.delivery ?? DeliveryID(record.id.bytes), in: context.state)
        let dispute = try Disputes.dispute(over: record, in: context.state)
        return LicenseView(
            license: record, state: state ?? .pending, licensee: record.licensee,
            delivery: delivery.map { DeliveryView($0) },
            dispute: dispute?.ending == nil ? dispute?.id : nil,
            meter: try UseQueries.meter(of: record, in: context.state),
            outcome: try OutcomePrices.hold(of: record.id, in: context.state),
            returns: try LicenseReturns.of(record, at: context.block.time, in: context.state),
            renewalObstacle: isAsked
                ? try RenewalObstacle.asked(record, at: context.block.time, in: context.state)
                : try RenewalObstacle.of(record, in: context.state),
            outSince: try LicenseCheck.outSince(record, at: context.block.time, in: context.state),
            refund: isAsked ? try RefundStanding.of(record, in: context.block, context.state) : nil)
    }
}
