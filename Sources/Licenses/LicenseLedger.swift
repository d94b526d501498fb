import INFTs
public import Primitives
public import StateModel

/// What other domains, queries and tools read of terms, offers and licenses.
public enum LicenseLedger {
    public static func terms(_ id: TermsID, in state: any StateReader) throws(Refusal) -> TermsRecord? {
        try state.record(LicenseKeys.terms(id))
    }

    public static func offer(_ id: OfferID, in state: any StateReader) throws(Refusal) -> OfferRecord? {
        try state.record(LicenseKeys.offer(id))
    }

    public static func license(_ id: LicenseID, in state: any StateReader) throws(Refusal) -> LicenseRecord? {
        try state.record(LicenseKeys.license(id))
    }

    public static func link(of derivative: INFTID, in state: any StateReader) throws(Refusal) -> DerivativeLink? {
        try state.record(LicenseKeys.link(derivative))
    }

    public static func requireTerms(
        _ id: TermsID, field: String, in state: any StateReader
    ) throws(Refusal) -> TermsRecord {
        guard let record = try terms(id, in: state) else {
            throw LicenseRejection.unknownTerms.at(
                field, "no terms \(id) are registered", hint: "Register them with terms.register first.")
        }
        return record
    }

    public static func requireOffer(
        _ id: OfferID, field: String, in state: any StateReader
    ) throws(Refusal) -> OfferRecord {
        guard let record = try offer(id, in: state) else {
            throw LicenseRejection.unknownOffer.at(field, "there is no offer \(id)")
        }
        return record
    }

    public static func requireLicense(
        _ id: LicenseID, field: String, in state: any StateReader
    ) throws(Refusal) -> LicenseRecord {
        guard let record = try license(id, in: state) else {
            throw LicenseRejection.unknownLicense.at(field, "there is no license \(id)")
        }
        return record
    }

    /// Terms of a stored offer or license; that they are missing is damage.
    static func storedTerms(_ id: TermsID, in state: any StateReader) throws(Refusal) -> Terms {
        guard let record = try terms(id, in: state) else {
            throw .failed(StateFailure("the terms \(id) of a stored record are missing"))
        }
        return record.terms
    }
}

/// An offer that can be bought from now: every rule that does not depend on the buyer.
struct OpenOffer {
    let offer: OfferRecord
    let terms: Terms
    let inft: INFTRecord
    /// From then on nothing on the INFT is in force: of a derivative, the end of the licenses it rests on.
    let latestExpiry: Timestamp?

    init(_ id: OfferID, field: String, at time: Timestamp, in state: any StateReader) throws(Refusal) {
        offer = try LicenseLedger.requireOffer(id, field: field, in: state)
        if let supply = offer.supply, offer.sold >= supply {
            throw LicenseRejection.soldOut.at(field, "all \(supply) licenses of the offer are sold")
        }
        guard offer.isOpen(at: time) else {
            let reason = offer.closing?.reason.name ?? OfferClosingReason.expired.name
            throw LicenseRejection.offerClosed.at(
                field, "the offer is \(reason)", hint: "Look for another with offer_list.")
        }
        inft = try INFTRegistry.requireActive(offer.inft, field: field, in: state)
        if let group = try Groups.record(offer.inft, in: state) { try Groups.requireSellable(group, field: field) }
        // An owner who sold the INFT and got it back does not stand by offers of before.
        guard inft.owner == offer.seller, offer.createdAt >= inft.ownerSince else {
            throw LicenseRejection.offerClosed.at(field, "the seller no longer owns \(offer.inft)")
        }
        try Erasures.requireNotErased(
            LicenseDelivery.version(inft.versionCount, of: inft.id, in: state), of: inft.id, field: field, in: state)
        guard !inft.latest.isSealed || offer.delivery != nil else {
            throw LicenseRejection.offerClosed.at(
                field, "\(offer.inft) was sealed after it was offered, so the offer says nothing of delivery")
        }
        terms = try LicenseLedger.storedTerms(offer.terms, in: state)
        latestExpiry = try LicenseLedger.link(of: offer.inft, in: state)?.expiresAt
        if let latestExpiry, latestExpiry <= time {
            throw LicenseRejection.derivativeExpired.at(
                field, "the licenses under which \(offer.inft) was derived ended at \(latestExpiry)")
        }
    }

    /// When a license that begins (or is renewed from) `start` ends.
    func expiry(from start: Timestamp) -> Timestamp? { terms.expiry(from: start, notAfter: latestExpiry) }

    /// The latest end of a license that is bought at `time`: of sealed content it begins with the delivery.
    func latestExpiry(from time: Timestamp) -> Timestamp? {
        guard inft.latest.isSealed, let delivery = offer.delivery else { return expiry(from: time) }
        return expiry(
            from: time.adding(
                milliseconds: delivery.beginWithinMilliseconds + INFTsLimits.completeMilliseconds))
    }
}

extension Terms {
    /// When a license that begins at `start` ends: after its duration, or with what a derivative rests on.
    func expiry(from start: Timestamp, notAfter latest: Timestamp?) -> Timestamp? {
        let own = grant.durationMilliseconds.map { start.adding(milliseconds: $0) }
        guard let own, let latest else { return own ?? latest }
        return min(own, latest)
    }
}

/// The count of live licenses of an INFT and its clones together: whoever has a work exclusively has it alone, however many
/// tokens there are of it. Purchases that wait for their delivery are counted.
enum LiveCount {
    static func read(_ inft: INFTID, in state: any StateReader) throws(Refusal) -> LiveLicenses {
        try state.record(key(inft, in: state)) ?? LiveLicenses()
    }

    private static func key(
        _ inft: INFTID, in state: any StateReader
    ) throws(Refusal) -> RecordKey<LiveLicenses> {
        LicenseKeys.live(try INFTRegistry.original(of: inft, in: state))
    }

    static func add(_ license: LicenseRecord, isExclusive: Bool, in state: StateOverlay) throws(Refusal) {
        let key = try key(license.inft, in: state)
        var live = try read(license.inft, in: state)
        guard let count = live.count.adding(1) else { preconditionFailure("2^64 licenses are out of reach") }
        live.count = count
        if isExclusive { live.exclusive = license.id }
        try number(license, &live, in: state)
        state.set(key, live)
    }

    /// A sublicense is counted with the license above it; but whom a recall reaches, it reaches too.
    static func addSublicense(_ license: LicenseRecord, in state: StateOverlay) throws(Refusal) {
        let key = try key(license.inft, in: state)
        var live = try read(license.inft, in: state)
        try number(license, &live, in: state)
        state.set(key, live)
    }

    private static func number(
        _ license: LicenseRecord, _ live: inout LiveLicenses, in state: StateOverlay
    ) throws(Refusal) {
        let original = try INFTRegistry.original(of: license.inft, in: state)
        state.set(LicenseKeys.made(original, live.made), license.id)
        live.made += 1
    }

    /// Takes the license off the count, once: of its INFT, or of the license above it.
    static func remove(_ license: inout LicenseRecord, in state: StateOverlay) throws(Refusal) {
        guard license.isLive else { return }
        license.isLive = false
        if let under = license.under { return try LicenseChain.release(under, in: state) }
        let key = try key(license.inft, in: state)
        var live = try read(license.inft, in: state)
        guard live.count > 0 else {
            throw .failed(StateFailure("the live licenses of \(license.inft) are miscounted"))
        }
        live.count -= 1
        if live.exclusive == license.id { live.exclusive = nil }
        state.set(key, live)
    }
}
