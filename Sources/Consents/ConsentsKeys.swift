package import Primitives
package import StateModel

/// The state keys of the domain:
///
///     [2, 0, consent]        ConsentRecord
///     [2, 1, set]            ConsentSetRecord
///     [2, 2, set, consent]   SetMember
///     [2, 3, disclosure]     DisclosureRecord
///     [2, 4]                 OntologyRoot
///     [2, 5, custodian]      ReviewersRecord
package enum ConsentsKeys {
    static let consentKind: UInt8 = 0
    static let setKind: UInt8 = 1
    static let memberKind: UInt8 = 2

    static let disclosureKind: UInt8 = 3
    static let reviewersKind: UInt8 = 5

    package static let ontology = RecordKey<OntologyRoot>(StateKey(.consents, 4))

    package static func disclosure(_ id: DisclosureID) -> RecordKey<DisclosureRecord> {
        RecordKey(StateKey(.consents, disclosureKind, id))
    }

    package static func reviewers(_ custodian: Party) -> RecordKey<ReviewersRecord> {
        RecordKey(StateKey(.consents, reviewersKind, custodian))
    }

    package static func consent(_ id: ConsentID) -> RecordKey<ConsentRecord> {
        RecordKey(StateKey(.consents, consentKind, id))
    }

    package static func set(_ id: ConsentSetID) -> RecordKey<ConsentSetRecord> {
        RecordKey(StateKey(.consents, setKind, id))
    }

    package static func member(_ set: ConsentSetID, _ consent: ConsentID) -> RecordKey<SetMember> {
        RecordKey(StateKey(.consents, memberKind, set, consent))
    }
}
