import Consents
import INFTs
public import Primitives
import StateModel

/// Why a license can't be renewed, whatever is offered.
public enum RenewalObstacle: UInt8, NamedCode {
    /// Its end is that of the license above.
    case isSublicense = 0
    /// Its terms allow no renewal.
    case notAllowed = 1
    /// It has no end that could move: it does not end by itself, or its time has not begun.
    case neverEnds = 2
    /// It is on a derivative, and lasts as long as the licenses that this rests on.
    case endsWithBasis = 3
    /// It was renewed as often as a license can be.
    case historyFull = 4
    /// The consents behind its INFT ask for answers, which come with a delivery, and a renewal has none.
    case consentsAsk = 5
    /// The consents behind its INFT do not permit what it is for any more, or not for so long.
    case consentsDeny = 6

    /// By the license, its terms and what it rests on; nil if nothing of these stands against it. What consents say is
    /// more to read than an item of a list is: ``asked(_:at:in:)``.
    static func of(_ license: LicenseRecord, in state: any StateReader) throws(Refusal) -> RenewalObstacle? {
        if case .failure(let obstacle) = try next(license, in: state) { obstacle } else { nil }
    }

    /// The same, and of a license that runs what its consents say by now. Nil if it can be renewed.
    static func asked(
        _ license: LicenseRecord, at time: Timestamp, in state: any StateReader
    ) throws(Refusal) -> RenewalObstacle? {
        switch try next(license, in: state) {
        case .failure(let obstacle): return obstacle
        case .end(let until):
            guard license.ownState(at: time) == .active else { return nil }
            return try consents(
                behind: INFTRegistry.requireKnown(license.inft, field: "license", in: state),
                about: license.use, by: license.licensee, from: time, until: until, in: state)
        }
    }

    /// What the consents behind `inft` say to a renewal that lasts until then: as ``Admission`` asks them.
    static func consents(
        behind inft: INFTRecord, about use: StatedUse, by licensee: Party, from time: Timestamp, until: Timestamp?,
        in state: any StateReader
    ) throws(Refusal) -> RenewalObstacle? {
        guard let cited = inft.consentSet else { return nil }
        let set = try ConsentSets.require(cited, field: "license", in: state)
        guard !set.isStale(at: time) else { return .consentsDeny }
        let memo = DecisionMemo(licensee, at: time, in: state)
        var found: RenewalObstacle?
        for request in ConsentGate.requests(for: use, by: licensee, from: time, until: until) {
            switch try ConsentSets.decide(set, request, memo: memo, at: time, in: state) {
            case .permit: break
            case .needs: found = .consentsAsk
            case .deny: return .consentsDeny
            }
        }
        return found
    }

    private enum Next {
        case end(Timestamp)
        case failure(RenewalObstacle)
    }

    private static func next(_ license: LicenseRecord, in state: any StateReader) throws(Refusal) -> Next {
        next(
            license, try LicenseLedger.storedTerms(license.terms, in: state),
            try LicenseLedger.link(of: license.inft, in: state)?.expiresAt)
    }

    private static func next(_ license: LicenseRecord, _ terms: Terms, _ latest: Timestamp?) -> Next {
        guard license.under == nil else { return .failure(.isSublicense) }
        guard terms.grant.isRenewable else { return .failure(.notAllowed) }
        guard let end = license.expiresAt else { return .failure(.neverEnds) }
        guard let until = terms.expiry(from: end, notAfter: latest), until > end else {
            return .failure(.endsWithBasis)
        }
        guard license.renewals.count < LicenseLimits.renewals else { return .failure(.historyFull) }
        return .end(until)
    }

    /// Until when a renewal prolongs it.
    static func end(of license: LicenseRecord, by open: OpenOffer) throws(Refusal) -> Timestamp {
        switch next(license, open.terms, open.latestExpiry) {
        case .end(let until): return until
        case .failure(let obstacle):
            let code = obstacle == .historyFull ? LicenseRejection.historyFull : .notRenewable
            throw code.at("license", obstacle.words, hint: obstacle.hint)
        }
    }

    /// After "it can't be renewed:".
    public var words: String {
        switch self {
        case .isSublicense: "it is a sublicense, which ends with the license above it"
        case .notAllowed: "its terms allow no renewal"
        case .neverEnds: "it has no end that could move"
        case .endsWithBasis: "it lasts already as long as the licenses that its work rests on"
        case .historyFull: "it was renewed \(LicenseLimits.renewals) times"
        case .consentsAsk: "its consents ask for answers, which are given for a delivery alone"
        case .consentsDeny: "its consents do not permit what it is for, or not for so long"
        }
    }

    private var hint: String {
        switch self {
        case .isSublicense: "The licensee above grants another with license.sublicense."
        case .neverEnds: "Nothing is to be renewed."
        case .notAllowed, .endsWithBasis, .historyFull, .consentsAsk, .consentsDeny:
            "Buy another license, if one is offered: offer_list."
        }
    }
}
