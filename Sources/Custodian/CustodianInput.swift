public import Encoding
public import Interface
public import Primitives

/// A thing to be done, from when it is noticed until it is over.
public enum CustodianTask: CBORCodable, Hashable, Comparable, Sendable {
    /// `[0, delivery]`
    case delivery(DeliveryID)
    /// `[1, request]`: a direct release to record; the hash of its request.
    case disclosure(Hash)
    /// `[2, consent]`: a subject asked for erasure.
    case erasure(ConsentID)

    private var order: (UInt64, Bytes32) {
        switch self {
        case .delivery(let id): (0, id.bytes)
        case .disclosure(let hash): (1, hash.bytes)
        case .erasure(let id): (2, id.bytes)
        }
    }

    public static func < (left: Self, right: Self) -> Bool { left.order < right.order }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(order.0)
        writer.write(order.1)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.union("task") { (reader, kind, count) throws(EncodingFailure) in
            switch (kind, count) {
            case (0, 1): .delivery(DeliveryID(try reader.bytes32("delivery")))
            case (1, 1): .disclosure(Hash(try reader.bytes32("disclosure")))
            case (2, 1): .erasure(ConsentID(try reader.bytes32("erasure")))
            default: throw reader.failure(.unknownCase, "task")
            }
        }
    }
}

/// What a final event means to a custodian.
public enum CustodianHint: Hashable, Sendable {
    /// There is something new to do.
    case opens(CustodianTask)
    /// What is known of it may have changed.
    case touches(CustodianTask)
    /// The INFT has another owner, who delivers what waits for delivery.
    case moves(INFTID)
    /// A subject asked these parties, among them the consent's custodian, for erasure.
    case erasureRequested(ConsentID, of: [Party])
}

/// Events of final blocks, as far as they concern a custodian, from one position to another with none left out.
public struct CustodianPage: Hashable, Sendable {
    public struct Entry: Hashable, Sendable {
        public let height: Height
        public let hint: CustodianHint

        public init(height: Height, hint: CustodianHint) {
            self.height = height
            self.hint = hint
        }
    }

    public let from: EventPosition
    public let entries: [Entry]
    public let next: EventPosition

    public init(from: EventPosition, entries: [Entry], next: EventPosition) {
        self.from = from
        self.entries = entries
        self.next = next
    }
}

/// What became of an act that was submitted.
public enum ActOutcome: Hashable, Sendable {
    /// A final block has it.
    case final(Height)
    /// The ledger said no, and nothing of it is under way any more.
    case refused(CustodianRefusal)
    /// Its time is over, or another transaction of the account took its place; it is in no block and will be in none.
    case gone
    /// It may be under way.
    case unknown
}

/// What a person says to a delivery that policy leaves to people.
public enum HumanDecision: UInt8, NamedCode, CBORCodable {
    case approve = 0
    case decline = 1
}

/// The answer to a question about a disclosure.
public enum DisclosureAnswer: Hashable, Sendable {
    /// A block on the final state would record it.
    case accepted
    case refused(CustodianRefusal)
    /// A transaction that this custodian signed for it is final.
    case recorded(Height)
    /// Such a transaction may be under way.
    case underWay
    case lost
}

/// What the ledger says of an erasure that a subject asked for.
public enum ErasureAnswer: Hashable, Sendable {
    /// Each version that is not signed for, in words that tell people what to do.
    case due([String])
    /// Everything that was published under the consent is signed for.
    case done
    /// Nothing was ever published under it: what there is to destroy, the ledger does not know.
    case nothing
    case lost
}

/// What a custodian learns. Nothing in it is secret.
public enum CustodianInput: Hashable, Sendable {
    case started
    case events(CustodianPage)
    case delivery(DeliveryID, DeliveryAnswer)
    case disclosure(Hash, DisclosureAnswer)
    /// A delivery was made in secret of this randomness, for this binding; the commitment to it.
    case prepared(DeliveryID, Preparation)
    /// It can't be made.
    case unprepared(DeliveryID, CustodianRefusal)
    case outcome(CustodianTask, ActOutcome)
    case decided(DeliveryID, HumanDecision)
    /// A request to record a direct release: the bytes of a disclosure in the form that the performer understands.
    case disclosureRequested(Hash, ByteString)
    case erasure(ConsentID, ErasureAnswer)
    /// A person says that what rests on the consent, and the ledger does not know of, is destroyed.
    case erased(ConsentID)
    case tick
}
