internal import Consents
public import Encoding
internal import INFTs
public import Primitives
internal import Revenue
public import StateModel

/// Terms, offers, licenses, derivatives. See Specs/domains/licenses.md.
public enum LicensesDomain: LedgerDomain {
    public typealias Event = LicenseEvent
    public typealias Genesis = LicensesGenesis

    public static let number = DomainNumber.licenses

    /// A consent set that went stale suspends the licenses on the INFTs that cite it. That is read from the set, never
    /// written license by license; one event per INFT tells those who follow it.
    ///
    /// A clone of a derivative rests on the licenses that the derivative rests on. A group notes which of its members can't
    /// be licensed.
    public static func react(to event: any LedgerEvent, in context: OperationContext) throws(Refusal) {
        if let event = event as? INFTEvent {
            switch event {
            case .cloned(let fact):
                if let link = try LicenseLedger.link(of: fact.source, in: context.state) {
                    context.state.set(LicenseKeys.link(fact.inft), link.of(clone: fact.inft))
                }
            case .statusChanged(let fact), .revised(let fact): try Groups.memberChanged(fact.inft, in: context)
            default: break
            }
            return
        }
        guard let event = event as? ConsentEvent, case .setStale(let fact) = event,
            let record = try context.state.record(LicenseKeys.setINFTs(fact.set))
        else { return }
        for inft in record.infts {
            // Only where there is a license to suspend.
            guard try LiveCount.read(inft, in: context.state).count > 0 else { continue }
            context.emit(LicenseEvent.suspended(LicensesSuspended(inft: inft, set: fact.set)))
        }
    }

    public static func performDue(
        kind: UInt8, subject: Bytes32, in context: OperationContext
    ) throws(Refusal) {
        guard let work = LicenseDue(rawValue: kind) else {
            throw .failed(StateFailure("licenses know no due work of kind \(kind)"))
        }
        try work.perform(subject, in: context)
    }

    /// What due work of a kind costs at most.
    public static func dueWeight(kind: UInt8) -> UInt64 { LicenseDue(rawValue: kind)?.weight ?? 0 }

    public static func indexEntries(
        kind: UInt8, key: StateKey, record: [UInt8]
    ) throws(EncodingFailure) -> [IndexEntry] {
        try LicenseIndexes.entries(kind: kind, key: key, record: record)
    }

    public static let queries = LicenseQueries.all

    public static var tasks: [TaskSource] { LicenseTasks.all }

    public static let rejections = LicenseRejection.descriptions

    public static func decodeEvent(_ reader: inout CBORReader) throws(EncodingFailure) -> LicenseEvent {
        try LicenseEvent(from: &reader)
    }

    /// Revenue's genesis comes first: terms may name its assets.
    public static func applyGenesis(_ genesis: LicensesGenesis, in context: OperationContext) throws(Refusal) {
        guard genesis.terms.count <= LicenseLimits.genesisTerms else {
            throw LicenseRejection.invalidGenesis.at("terms", "at most \(LicenseLimits.genesisTerms)")
        }
        for (index, terms) in genesis.terms.enumerated() {
            if let inconsistency = terms.inconsistency {
                throw LicenseRejection.invalidGenesis.at(
                    "terms[\(index)].\(inconsistency.field)", inconsistency.message)
            }
            if let asset = terms.payment.asset {
                try Assets.requireActive(asset, field: "terms[\(index)].payment.asset", in: context.state)
            }
            guard try LicenseLedger.terms(terms.id, in: context.state) == nil else {
                throw LicenseRejection.invalidGenesis.at("terms[\(index)]", "the same terms stand here twice")
            }
            context.state.set(
                LicenseKeys.terms(terms.id),
                TermsRecord(terms: terms, registeredBy: context.actor, registeredAt: context.block.time))
            context.emit(LicenseEvent.termsRegistered(TermsRegistered(terms: terms.id, by: context.actor)))
        }
    }
}
