public import Encoding
public import Primitives
public import StateModel

/// Every state key of the domain:
///
/// | kind | components | record |
/// |---|---|---|
/// | 0 | terms id | ``TermsRecord`` |
/// | 1 | offer id | ``OfferRecord`` |
/// | 2 | license id | ``LicenseRecord`` |
/// | 3 | license id, account | ``SeatRecord`` |
/// | 4 | INFT id | ``LiveLicenses`` |
/// | 5 | INFT id of a derivative | ``DerivativeLink`` |
/// | 6 | consent set id | ``SetINFTs`` |
/// | 7 | license id | ``LicenseMeter`` |
/// | 8 | license id, agent | ``LicenseAgent`` |
/// | 9 | license id, number | ``UseReceipt`` |
/// | 10 | INFT id, version | ``VersionUses`` |
/// | 11 | license id, receipt, entry | ``OutcomeRecord`` |
/// | 12 | INFT id, institution, nullifier | ``OutcomeCase`` |
/// | 13 | license id | ``OutcomeHold`` |
/// | 14 | INFT id, version, measure | ``OutcomeTotals`` of all institutions |
/// | 15 | INFT id, version, measure, institution | ``OutcomeTotals`` of one |
/// | 16 | INFT id (of a clone, the original's), party | ``TrialRecord`` |
/// | 17 | INFT id, version, measure, party | ``OutcomeHand`` |
/// | 18 | delivery id | the id of the disclosure that its `begin` recorded, or what was answered anew since |
/// | 19 | disclosure id | the id of the one that it took the place of |
/// | 20 | dispute id | ``DisputeRecord`` |
/// | 21 | commitment to evidence | the dispute's id |
/// | 22 | | ``ArbiterPool`` |
/// | 23 | number of a place in the pool | ``ArbiterSlot`` |
/// | 24 | account | ``ArbiterRecord`` |
/// | 40 | INFT id of a group | ``GroupRecord`` |
/// | 41 | INFT id of a member | ``Memberships`` |
/// | 30 | INFT id (of clones: their original's), number | the id of a license |
/// | 31 | recall id, license id | ``RecallAnswerRecord`` |
public enum LicenseKeys {
    public static func terms(_ id: TermsID) -> RecordKey<TermsRecord> { RecordKey(StateKey(.licenses, 0, id)) }
    public static func offer(_ id: OfferID) -> RecordKey<OfferRecord> { RecordKey(StateKey(.licenses, 1, id)) }
    public static func license(_ id: LicenseID) -> RecordKey<LicenseRecord> { RecordKey(StateKey(.licenses, 2, id)) }
    public static func seat(_ license: LicenseID, _ account: Address) -> RecordKey<SeatRecord> {
        RecordKey(StateKey(.licenses, 3, license, account))
    }
    public static func live(_ inft: INFTID) -> RecordKey<LiveLicenses> { RecordKey(StateKey(.licenses, 4, inft)) }
    public static func link(_ derivative: INFTID) -> RecordKey<DerivativeLink> {
        RecordKey(StateKey(.licenses, 5, derivative))
    }
    public static func setINFTs(_ set: ConsentSetID) -> RecordKey<SetINFTs> { RecordKey(StateKey(.licenses, 6, set)) }
    public static func meter(_ id: LicenseID) -> RecordKey<LicenseMeter> { RecordKey(StateKey(.licenses, 7, id)) }
    public static func agent(_ license: LicenseID, _ agent: Party) -> RecordKey<LicenseAgent> {
        RecordKey(StateKey(.licenses, 8, license, agent))
    }
    public static func receipt(_ license: LicenseID, _ number: UInt64) -> RecordKey<UseReceipt> {
        RecordKey(StateKey(.licenses, 9, license, number))
    }
    public static func versionUses(_ inft: INFTID, _ version: UInt64) -> RecordKey<VersionUses> {
        RecordKey(StateKey(.licenses, 10, inft, version))
    }
    public static func outcome(
        _ license: LicenseID, _ receipt: UInt64, _ entry: UInt64
    ) -> RecordKey<OutcomeRecord> {
        RecordKey(
            StateKey(.licenses, 11, count: 3) {
                $0.write(license)
                $0.write(receipt)
                $0.write(entry)
            })
    }
    public static func outcomeCase(
        _ inft: INFTID, _ institution: Party, _ nullifier: Hash
    ) -> RecordKey<OutcomeCase> {
        RecordKey(
            StateKey(.licenses, 12, count: 3) {
                $0.write(inft)
                $0.write(institution)
                $0.write(nullifier)
            })
    }
    public static func outcomeHold(_ id: LicenseID) -> RecordKey<OutcomeHold> {
        RecordKey(StateKey(.licenses, 13, id))
    }
    public static func outcomeTotals(
        _ inft: INFTID, _ version: UInt64, _ measure: Hash
    ) -> RecordKey<OutcomeTotals> {
        RecordKey(
            StateKey(.licenses, 14, count: 3) {
                $0.write(inft)
                $0.write(version)
                $0.write(measure)
            })
    }
    public static func outcomeTotals(
        _ inft: INFTID, _ version: UInt64, _ measure: Hash, by institution: Party
    ) -> RecordKey<OutcomeTotals> {
        RecordKey(
            StateKey(.licenses, 15, count: 4) {
                $0.write(inft)
                $0.write(version)
                $0.write(measure)
                $0.write(institution)
            })
    }
    public static func outcomeHand(
        _ inft: INFTID, _ version: UInt64, _ measure: Hash, _ party: Party
    ) -> RecordKey<OutcomeHand> {
        RecordKey(
            StateKey(.licenses, 17, count: 4) {
                $0.write(inft)
                $0.write(version)
                $0.write(measure)
                $0.write(party)
            })
    }
    public static func disclosure(_ delivery: DeliveryID) -> RecordKey<DisclosureID> {
        RecordKey(StateKey(.licenses, 18, delivery))
    }
    public static func earlierDisclosure(_ later: DisclosureID) -> RecordKey<DisclosureID> {
        RecordKey(StateKey(.licenses, 19, later))
    }
    public static func trial(_ inft: INFTID, _ party: Party) -> RecordKey<TrialRecord> {
        RecordKey(StateKey(.licenses, 16, inft, party))
    }
    public static func dispute(_ id: DisputeID) -> RecordKey<DisputeRecord> { RecordKey(StateKey(.licenses, 20, id)) }
    public static func evidence(_ commitment: Hash) -> RecordKey<DisputeID> {
        RecordKey(StateKey(.licenses, 21, commitment))
    }
    public static let arbiterPool = RecordKey<ArbiterPool>(StateKey(.licenses, 22))
    public static func arbiterSlot(_ number: UInt64) -> RecordKey<ArbiterSlot> {
        RecordKey(StateKey(.licenses, 23, number))
    }
    public static func made(_ original: INFTID, _ number: UInt64) -> RecordKey<LicenseID> {
        RecordKey(StateKey(.licenses, 30, original, number))
    }
    public static func recallAnswer(_ recall: RecallID, _ license: LicenseID) -> RecordKey<RecallAnswerRecord> {
        RecordKey(StateKey(.licenses, 31, recall, license))
    }
    public static func group(_ id: INFTID) -> RecordKey<GroupRecord> { RecordKey(StateKey(.licenses, 40, id)) }
    public static func memberships(_ member: INFTID) -> RecordKey<Memberships> {
        RecordKey(StateKey(.licenses, 41, member))
    }
    public static func arbiter(_ account: Address) -> RecordKey<ArbiterRecord> {
        RecordKey(StateKey(.licenses, 24, account))
    }
}
