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
/// | 20 | dispute id | ``DisputeRecord`` |
/// | 21 | commitment to evidence | the dispute's id |
/// | 22 | | ``ArbiterPool`` |
/// | 23 | number of a place in the pool | ``ArbiterSlot`` |
/// | 24 | account | ``ArbiterRecord`` |
/// | 40 | INFT id of a group | ``GroupRecord`` |
/// | 41 | INFT id of a member | ``Memberships`` |
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
    public static func dispute(_ id: DisputeID) -> RecordKey<DisputeRecord> { RecordKey(StateKey(.licenses, 20, id)) }
    public static func evidence(_ commitment: Hash) -> RecordKey<DisputeID> {
        RecordKey(StateKey(.licenses, 21, commitment))
    }
    public static let arbiterPool = RecordKey<ArbiterPool>(StateKey(.licenses, 22))
    public static func arbiterSlot(_ number: UInt64) -> RecordKey<ArbiterSlot> {
        RecordKey(StateKey(.licenses, 23, number))
    }
    public static func group(_ id: INFTID) -> RecordKey<GroupRecord> { RecordKey(StateKey(.licenses, 40, id)) }
    public static func memberships(_ member: INFTID) -> RecordKey<Memberships> {
        RecordKey(StateKey(.licenses, 41, member))
    }
    public static func arbiter(_ account: Address) -> RecordKey<ArbiterRecord> {
        RecordKey(StateKey(.licenses, 24, account))
    }
}
