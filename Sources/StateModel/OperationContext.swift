public import Encoding
public import Primitives

/// What every operation of a block sees of that block.
public struct BlockContext: Hashable, Sendable {
    /// The genesis hash.
    public let network: Hash
    public let networkKind: NetworkKind
    public let height: Height
    /// Block time; the only time the ledger knows.
    public let time: Timestamp

    public init(network: Hash, networkKind: NetworkKind, height: Height, time: Timestamp) {
        self.network = network
        self.networkKind = networkKind
        self.height = height
        self.time = time
    }
}

/// What an operation is checked against and applied to: block, transaction, state, and the events it raises.
///
/// One per transaction (or due item), on one thread. Operations of the transaction see each other's changes; if any is
/// refused, the executor discards the whole overlay.
public final class OperationContext {
    public let block: BlockContext
    /// What the signatures cover. Zero for due work and genesis.
    public let transactionHash: Hash
    public let sender: Address
    /// The transaction's number in its sender's sequence: with the sender and the operation's index it names what is
    /// signed before its hash is known. Zero for due work and genesis.
    public let sequence: UInt64
    /// Every account whose signature the transaction carries, sorted; the sender is one of them.
    public let signers: [Address]
    public let actingFor: OrganizationID?
    public let state: StateOverlay
    /// The index of the operation now executed.
    public var operationIndex = 0

    public private(set) var events: [any LedgerEvent] = []
    private var settledEvents = 0
    private var usedSigners: Set<Address>
    private var isActingForAuthorized = false
    private var obligations: [(subject: Bytes32, rejection: Rejection)] = []

    public init(
        block: BlockContext, transactionHash: Hash, sender: Address, sequence: UInt64 = 0, signers: [Address],
        actingFor: OrganizationID?, state: StateOverlay
    ) {
        self.block = block
        self.transactionHash = transactionHash
        self.sender = sender
        self.sequence = sequence
        self.signers = signers
        self.actingFor = actingFor
        self.state = state
        usedSigners = [sender]
    }

    /// Who acts: the organization acted for, or the sender.
    public var actor: Party { actingFor.map { .organization($0) } ?? .account(sender) }

    public func emit(_ event: any LedgerEvent) { events.append(event) }

    /// The next event that later domains have not seen. A domain only reacts to domains left of it, so events run out.
    public func takeUnsettledEvent() -> (any LedgerEvent)? {
        guard settledEvents < events.count else { return nil }
        settledEvents += 1
        return events[settledEvents - 1]
    }

    /// True, and remembered as needed, if `account` signed.
    public func isSigned(by account: Address) -> Bool {
        guard signers.contains(account) else { return false }
        usedSigners.insert(account)
        return true
    }

    /// Called where an organization's threshold was found to be met.
    public func noteAuthorized(_ organization: OrganizationID) {
        if organization == actingFor { isActingForAuthorized = true }
    }

    /// True if the transaction acts for nobody, or its signers met that organization's threshold for some operation:
    /// nobody's name is put on an act that it has no part in.
    public var isActingForProven: Bool { actingFor == nil || isActingForAuthorized }

    /// The first signer that no rule asked for; a transaction carries exactly the signatures it needs.
    public var unneededSigner: Address? { signers.first { !usedSigners.contains($0) } }

    /// Something a later operation of the same transaction must do about `subject`; else the transaction is refused
    /// with `rejection`.
    public func oblige(_ subject: Bytes32, orReject rejection: Rejection) {
        obligations.append((subject, rejection))
    }

    /// True if there was such an obligation.
    @discardableResult
    public func discharge(_ subject: Bytes32) -> Bool {
        let before = obligations.count
        obligations.removeAll { $0.subject == subject }
        return obligations.count < before
    }

    public var openObligation: Rejection? { obligations.first?.rejection }
}

/// A fact that a block made, typed, for receipts, subscribers and later domains. One enum per domain conforms.
public protocol LedgerEvent: CBORCodable, Codable, Hashable, Sendable {
    static var domain: DomainNumber { get }
    /// `license.sold`
    var name: String { get }
    /// Whom and what it concerns: what subscribers filter by.
    var topics: [Topic] { get }
}

/// What an event or a transaction concerns.
public enum Topic: Hashable, Sendable {
    case party(Party)
    case inft(INFTID)
    case license(LicenseID)
    case consent(ConsentID)
    case offer(OfferID)
    case asset(AssetID)
}

/// One operation of a domain. `check` is pure and total: it reads, and either refuses or returns what `apply` then
/// writes. Nothing is written before every rule has passed.
public protocol DomainOperation: CBORCodable, Codable, Hashable, Sendable {
    associatedtype Plan
    /// As in JSON and in the CLI: `inft.mint`.
    static var name: String { get }
    /// Deterministic cost in units of about one microsecond of the reference machine, beside its bytes.
    var weight: UInt64 { get }
    func check(in context: OperationContext) throws(Refusal) -> Plan
    func apply(_ plan: Plan, in context: OperationContext) throws(Refusal)
    /// What the signer agrees to, in words, one line per fact.
    func words(_ names: any NameResolver) -> [String]
}

extension DomainOperation {
    public func execute(in context: OperationContext) throws(Refusal) {
        try apply(try check(in: context), in: context)
    }
}

/// Turns parties, ids, amounts and times into what a person recognizes; the wallet knows names, a node knows none.
public protocol NameResolver {
    func party(_ party: Party) -> String
    /// `250.00 USD` where the asset is known, else smallest units and the asset's id.
    func amount(_ amount: Amount, of asset: AssetID) -> String
    func identifier(_ text: String) -> String
    func time(_ time: Timestamp) -> String
    /// The asset of the amounts that an operation on these terms, this offer or this license names; nil where it is not
    /// known for certain.
    func asset(behind id: Bytes32) -> AssetID?
}

extension NameResolver {
    public func asset(behind id: Bytes32) -> AssetID? { nil }

    /// `25.00 USD` where it is known of which asset they are, else so many smallest units of `what`.
    public func amount(_ amount: Amount, behind id: Bytes32?, _ what: String) -> String {
        id.flatMap { asset(behind: $0) }.map { self.amount(amount, of: $0) } ?? "\(amount) smallest units of \(what)"
    }
}

extension StateReader {
    /// Resolves a reference that may name an earlier operation of the same transaction.
    public func resolve<Kind>(
        _ reference: Reference<Kind>, in context: OperationContext, domain: DomainNumber, field: String
    ) throws(Refusal) -> Identifier<Kind> {
        switch reference {
        case .id(let id): return id
        case .operation(let index):
            guard Int(index) < context.operationIndex else {
                throw .rejected(
                    Rejection(
                        code: 1003, reason: "reference_not_earlier", domain: domain.name, field: field,
                        message: "names operation \(index), which does not come before this one",
                        hint: "Name an earlier operation's index, or an id."))
            }
            return makeIdentifier(transactionHash: context.transactionHash, operationIndex: Int(index))
        }
    }
}
