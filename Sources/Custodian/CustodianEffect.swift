public import Consents
public import Interface
public import Primitives

/// What a custodian wants done, in this order. An effect begins when the one before it is over; a crash anywhere in
/// between loses the rest of the list and nothing else.
public enum CustodianEffect: Hashable, Sendable {
    /// One frame of the journal, durable when the next effect begins.
    case append([CustodianRecord])
    /// Ask for the events from here on; answered by ``CustodianInput/events(_:)``.
    case follow(EventPosition)
    /// Ask for a delivery as a final block of at least this height has it, and what that block would say to `begin`.
    case ask(DeliveryID, minimumHeight: Height)
    case askDisclosure(Hash, request: ByteString)
    /// Draw randomness and make the delivery, which stays where the secret is; only the commitment comes back.
    case prepare(DeliveryID, DeliveryBinding)
    /// Sign and send, unless a transaction that says the same is under way: then send that one again.
    case submit(CustodianTask, CustodianAct)
    /// A person has to know.
    case notify(CustodianNotice)
    /// Ask what of a consent's erasure is still to be signed for; answered by ``CustodianInput/erasure(_:_:)``.
    case askErasure(ConsentID, minimumHeight: Height)
}

/// An operation of the ledger that a custodian makes.
public enum CustodianAct: Hashable, Sendable {
    /// `meeting` are needs of consent that the policy lets the custodian sign for.
    case begin(DeliveryBinding, commitment: Hash, meeting: [Need])
    /// The only act that carries the delivered key. It follows a `begin` that was read from the state of a final block.
    case complete(DeliveryBinding, Preparation)
    case disclose(ByteString)

    public var name: String {
        switch self {
        case .begin: "begin"
        case .complete: "complete"
        case .disclose: "disclose"
        }
    }
}

/// Something for people to read.
public struct CustodianNotice: Hashable, Sendable {
    public let task: CustodianTask
    public let reason: WaitReason

    public init(_ task: CustodianTask, _ reason: WaitReason) {
        self.task = task
        self.reason = reason
    }
}
