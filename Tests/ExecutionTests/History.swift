import Blocks
import Consents
import Cryptography
import Execution
import INFTs
import Identities
import Licenses
import Primitives
import Revenue
import StateModel
import TestSupport
import Transactions

/// A transaction that a random history tries, and what it would make.
struct Attempt {
    /// What an operation makes, and who owns it.
    enum Made {
        case inft(owner: String)
        case sealed(owner: String)
        case delivery
        case offer(owner: String)
        case license(owner: String)
        case consent
        case consentSet
        case glass
        case credential(subject: String)
        case delegation
        case proposal
        case account
    }

    var operations: [Operation]
    var by: String
    var cosigners: [String] = []
    var actingFor: OrganizationID?
    var made: [(index: Int, made: Made)] = []

    init(_ operations: Operation..., by name: String, made: [(index: Int, made: Made)] = []) {
        self.operations = operations
        by = name
        self.made = made
    }
}

/// Random transactions of every domain over a small world, made from a seed: most could apply, some can't.
struct History {
    static let traders = ["alice", "bob", "carol", "dave"]

    var random: SeededRandom
    let ledger: Ledger
    private(set) var accepted = 0
    private(set) var refused = 0
    var infts: [(id: INFTID, owner: String)] = []
    var offers: [(id: OfferID, owner: String)] = []
    var licenses: [(id: LicenseID, owner: String)] = []
    var consents: [ConsentID] = []
    var sets: [ConsentSetID] = []
    var glasses: [DisclosureID] = []
    var credentials: [(id: CredentialID, subject: String)] = []
    var delegations: [DelegationID] = []
    var proposals: [ProposalID] = []
    var sealed: [(id: INFTID, owner: String)] = []
    var deliveries: [DeliveryID] = []
    /// Sealing keys that somebody made, by name.
    var keys: [CompressedPoint: String] = [:]
    /// What was committed to, and is not published before its begin is final.
    var begun: [DeliveryID: SealedDelivery] = [:]
    var contents = 0
    /// Changes of owner, as events told them.
    private(set) var transfers: [(transaction: Hash, inft: INFTID, delivery: DeliveryID, from: Party, to: Party)] = []
    private var strangers = 0
    /// Types of operations that applied, and of events that due work raised.
    private(set) var seen: Set<String> = []

    init(seed: UInt64, genesis: Ledger) {
        random = SeededRandom(seed: seed)
        ledger = genesis
    }

    mutating func pick<Element>(_ elements: [Element]) -> Element? { elements.randomElement(using: &random) }
    mutating func trader() -> String { Self.traders[Int.random(in: 0..<Self.traders.count, using: &random)] }
    mutating func number(_ range: ClosedRange<UInt64>) -> UInt64 { UInt64.random(in: range, using: &random) }
    mutating func happens(_ percent: UInt64) -> Bool { number(1...100) <= percent }
    mutating func asset() -> AssetID { happens(80) ? Ledger.euro : Ledger.dollar }
    mutating func inft() -> INFTID { pick(infts)?.id ?? testIdentifier("nothing") }

    /// Small amounts, often; now and then nothing, or more than anyone has.
    mutating func amount() -> Amount {
        switch number(0...19) {
        case 0: .zero
        case 1: Amount(.max)
        case 2: Amount(number(1_000_000...3_000_000))
        default: Amount(number(1...5_000))
        }
    }

    /// Makes a block of random transactions and remembers what they made.
    mutating func block() throws {
        var attempts: [Hash: Attempt] = [:]
        var candidates: [VerifiedTransaction] = []
        var ahead: [String: UInt64] = [:]
        ledger.time = ledger.time.adding(milliseconds: step())
        for _ in 0..<number(4...18) {
            let attempt = try attempt()
            // If the first of an account's transactions is refused, so are those behind it: mostly one in a block.
            if ahead[attempt.by] != nil, !happens(20) { continue }
            let offset = happens(2) ? number(1...3) : 0
            let body = try ledger.body(
                attempt.operations, by: attempt.by, cosigners: attempt.cosigners, actingFor: attempt.actingFor,
                ahead: ahead[attempt.by, default: 0] + offset, validFor: happens(2) ? 0 : 3_600_000)
            ahead[attempt.by, default: 0] += 1
            // Signatures were proved elsewhere; execution takes verified transactions.
            let signers = Set([attempt.by] + attempt.cosigners)
            let signed = body.signed(
                signers.map { AccountSignature(account: Ledger.address($0), signature: Self.noSignature) })
            let transaction = try VerifiedTransaction(
                fromOwnFinalLog: try SignedTransaction(signed), network: ledger.epoch.network)
            attempts[transaction.hash] = attempt
            candidates.append(transaction)
        }
        let (executed, refused) = try BlockExecutor.propose(
            on: ledger.head, state: ledger.state, epoch: ledger.epoch, proposer: 0, time: ledger.time,
            candidates: candidates)
        ledger.append(executed)
        self.refused += refused.count
        accepted += executed.transactions.count
        for event in executed.receipts.due.events { seen.insert("due " + (try DomainDispatch.event(event)).name) }
        for receipt in executed.receipts.transactions {
            for event in receipt.events {
                guard case .transferred(let moved) = try DomainDispatch.event(event) as? INFTEvent else { continue }
                transfers.append((receipt.transactionHash, moved.inft, moved.delivery, moved.from, moved.to))
            }
        }
        for transaction in executed.transactions {
            seen.formUnion(transaction.body.operations.map(\.name))
            for (index, made) in attempts[transaction.hash]?.made ?? [] { remember(made, transaction.hash, index) }
        }
    }

    private static let noSignature = Signature(noncePoint: .zero, scalar: .zero)

    private mutating func step() -> UInt64 {
        switch number(0...9) {
        case 0: number(1...24) * 3_600_000
        case 1, 2: number(1...30) * 60_000
        default: number(1...60_000)
        }
    }

    private mutating func remember(_ made: Attempt.Made, _ hash: Hash, _ index: Int) {
        switch made {
        case .inft(let owner): infts.append((hash.made(index), owner))
        case .sealed(let owner): sealed.append((hash.made(index), owner))
        case .delivery: deliveries.append(hash.made(index))
        case .offer(let owner): offers.append((hash.made(index), owner))
        case .license(let owner):
            licenses.append((hash.made(index), owner))
            // The delivery of a purchase has its id; there is none where the content is open.
            deliveries.append(hash.made(index))
        case .consent: consents.append(hash.made(index))
        case .consentSet: sets.append(hash.made(index))
        case .glass: glasses.append(hash.made(index))
        case .credential(let subject): credentials.append((hash.made(index), subject))
        case .delegation: delegations.append(hash.made(index))
        case .proposal: proposals.append(hash.made(index))
        case .account: strangers += 1
        }
    }

    private mutating func attempt() throws -> Attempt {
        var attempt =
            switch number(0...99) {
            case 0..<28: money()
            case 28..<43: knowledge()
            case 43..<62: try trade()
            case 62..<82: try exchange()
            case 82..<91: consent()
            case 91..<97: identity()
            default: governance()
            }
        // Someone else tries it.
        if happens(4) { attempt.by = trader() }
        if happens(2), let someone = pick(Self.traders), someone != attempt.by { attempt.cosigners.append(someone) }
        return attempt
    }
}
