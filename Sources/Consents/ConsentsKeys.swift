package import Primitives
package import StateModel

/// The state keys of the domain:
///
///     [2, 0, consent]        ConsentRecord
///     [2, 1, set]            SetStanding
///     [2, 2, set, consent]   SetMember
///     [2, 3, disclosure]     DisclosureRecord
///     [2, 4]                 OntologyRoot
///     [2, 5, custodian]      ReviewersRecord
///     [2, 6, consent, n]     EarlierPolicy
///     [2, 7, disclosure]     ReviewRecord
///     [2, 8, custodian]      ReviewBook
///     [2, 9, custodian, n]   ReviewLapse
///     [2, 10, custodian, reference]   the direct disclosure's id
///     [2, 11, set]           SetPolicies
///     [2, 12, set, n]        SetPeriod: until when the policy revision n was in force
package enum ConsentsKeys {
    static let consentKind: UInt8 = 0
    static let setKind: UInt8 = 1
    static let memberKind: UInt8 = 2

    static let disclosureKind: UInt8 = 3
    static let reviewKind: UInt8 = 7

    package static let ontology = RecordKey<OntologyRoot>(StateKey(.consents, 4))

    package static func disclosure(_ id: DisclosureID) -> RecordKey<DisclosureRecord> {
        RecordKey(StateKey(.consents, disclosureKind, id))
    }

    package static func reviewers(_ custodian: Party) -> RecordKey<ReviewersRecord> {
        RecordKey(StateKey(.consents, 5, custodian))
    }

    package static func earlier(_ consent: ConsentID, _ number: UInt64) -> RecordKey<EarlierPolicy> {
        RecordKey(StateKey(.consents, 6, consent, number))
    }

    package static func review(_ id: DisclosureID) -> RecordKey<ReviewRecord> {
        RecordKey(StateKey(.consents, reviewKind, id))
    }

    package static func reviewBook(_ custodian: Party) -> RecordKey<ReviewBook> {
        RecordKey(StateKey(.consents, 8, custodian))
    }

    package static func lapse(_ custodian: Party, _ number: UInt64) -> RecordKey<ReviewLapse> {
        RecordKey(StateKey(.consents, 9, custodian, number))
    }

    package static func reference(_ custodian: Party, _ reference: Hash) -> RecordKey<DisclosureID> {
        RecordKey(StateKey(.consents, 10, custodian, reference))
    }

    package static func consent(_ id: ConsentID) -> RecordKey<ConsentRecord> {
        RecordKey(StateKey(.consents, consentKind, id))
    }

    package static func set(_ id: ConsentSetID) -> RecordKey<SetStanding> {
        RecordKey(StateKey(.consents, setKind, id))
    }

    package static func policies(_ set: ConsentSetID) -> RecordKey<SetPolicies> {
        RecordKey(StateKey(.consents, 11, set))
    }

    package static func period(_ set: ConsentSetID, _ policyRevision: UInt64) -> RecordKey<SetPeriod> {
        RecordKey(StateKey(.consents, 12, set, policyRevision))
    }

    package static func member(_ set: ConsentSetID, _ consent: ConsentID) -> RecordKey<SetMember> {
        RecordKey(StateKey(.consents, memberKind, set, consent))
    }
}
