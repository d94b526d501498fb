public import Primitives

/// Something that waits for a party's own act, or of which it should know before it is too late.
public struct PartyTask: Codable, Hashable, Sendable {
    /// The operation that would do it: `credential.accept`, `license.begin`; what is signed and brought by others
    /// (`consent.answer`); what will come by itself (`license.distributed`, `license.trialEnds`); or what is to be known
    /// (`license.consentDenied`, `license.expired`).
    public let act: String
    public var credential: CredentialID?
    public var recovery: RecoveryID?
    public var mandate: MandateID?
    public var consent: ConsentID?
    public var delivery: DeliveryID?
    /// Of a review.
    public var disclosure: DisclosureID?
    public var dispute: DisputeID?
    /// Of an answer to a recall.
    public var recall: RecallID?
    public var proposal: ProposalID?
    public var offer: OfferID?
    public var license: LicenseID?
    public var inft: INFTID?
    public var version: UInt64?
    public var asset: AssetID?
    public var amount: Amount?
    /// True if the amount is of a part only: there was more than one call looks at.
    public var isPart: Bool?
    /// What consents ask for before it can be done (`restriction`, `review`); nil where they ask for nothing.
    public var needs: [String]?
    /// Why it can't be done at all, in words of the ledger; nil if it can.
    public var obstacle: String?
    /// Who keeps the data that the needs are about, and answers for its restrictions.
    public var custodian: Party?
    /// Who waits, or offers; the party itself where nobody else does.
    public let from: Party
    public let since: Timestamp
    /// When it is too late.
    public let deadline: Timestamp?

    /// - Parameter about: sets what it is about.
    public init(
        _ act: String, from: Party, since: Timestamp, deadline: Timestamp? = nil,
        about: (inout PartyTask) -> Void = { _ in }
    ) {
        self.act = act
        self.from = from
        self.since = since
        self.deadline = deadline
        about(&self)
    }
}

/// What one call may look at beyond the entries of its lists, in records or so: all its tasks share it, whoever's they are
/// and however many, and what it reads has room in one proof.
public struct TaskBudget: Sendable {
    public static let whole = 256

    public private(set) var left = whole

    public init() {}

    /// Nothing was looked at yet.
    public var isWhole: Bool { left == Self.whole }

    /// False, and nothing taken, if less is left.
    public mutating func take(_ count: Int) -> Bool {
        guard count <= left else { return false }
        left -= count
        return true
    }
}

/// Where the tasks of a list go on.
public enum TaskPlace: Sendable {
    case end
    case after(IndexKey)
    /// Here, with a budget that is whole again; nil: at the beginning of the list.
    case again(IndexKey?)
}

/// One list of what waits for parties. Each domain owns its own, and ``LedgerDomain/tasks`` names them.
public struct TaskSource: Sendable {
    /// What ends by itself is told of so long before.
    public static let horizonMilliseconds: UInt64 = 30 * 86_400_000

    private let read:
        @Sendable (Party, PageRequest, inout TaskBudget, QueryContext) throws(Refusal) -> (
            items: [PartyTask], next: TaskPlace
        )

    /// A page of the list: `after` is where its last page ended. A page may hold more tasks than entries were asked for,
    /// where an entry gives several.
    public func page(
        _ party: Party, _ request: PageRequest, within budget: inout TaskBudget, _ context: QueryContext
    ) throws(Refusal) -> (items: [PartyTask], next: TaskPlace) { try read(party, request, &budget, context) }

    /// The same with a budget of its own.
    public func page(
        _ party: Party, _ request: PageRequest, _ context: QueryContext
    ) throws(Refusal) -> Page<PartyTask> {
        var budget = TaskBudget()
        let page = try read(party, request, &budget, context)
        switch page.next {
        case .end: return Page(items: page.items, next: nil)
        case .after(let key): return Page(items: page.items, next: key)
        case .again(let key): return Page(items: page.items, next: key)
        }
    }

    /// The tasks that follow from the items of a list of the domain.
    ///
    /// - Parameters:
    ///   - parameters: of the list for a party; nil where it has nothing for such a party.
    ///   - tasks: of one item.
    public init<Parameters: Codable & Sendable, Item: Codable & Sendable>(
        _ list: Query, _ parameters: @escaping @Sendable (Party) -> Parameters?,
        tasks: @escaping @Sendable (Item, Party, QueryContext) throws(Refusal) -> [PartyTask]
    ) {
        Self.require(list, Parameters.self, Item.self)
        read = { (party, request, _, context) throws(Refusal) in
            guard let parameters = parameters(party) else { return ([], .end) }
            let page = try Self.items(of: list, parameters, request, as: Item.self, context)
            var found: [PartyTask] = []
            for item in page.items { found += try tasks(item, party, context) }
            return (found, page.next.map { .after($0) } ?? .end)
        }
    }

    /// The same, where more is looked at for an item than the list shows: what the call has left for that is shared by all
    /// its items.
    ///
    /// - Parameter costly: nil if too little is left for the item; then the next call goes on with it.
    public init<Parameters: Codable & Sendable, Item: Codable & Sendable>(
        _ list: Query, _ parameters: @escaping @Sendable (Party) -> Parameters?,
        costly: @escaping @Sendable (Item, Party, inout TaskBudget, QueryContext) throws(Refusal) -> [PartyTask]?
    ) {
        Self.require(list, Parameters.self, Item.self)
        read = { (party, request, budget, context) throws(Refusal) in
            guard let parameters = parameters(party) else { return ([], .end) }
            var found: [PartyTask] = []
            var after = request.after
            for _ in 0..<request.limit {
                let one = PageRequest(after: after, limit: 1)
                let page = try Self.items(of: list, parameters, one, as: Item.self, context)
                for item in page.items {
                    guard budget.left > 0, let tasks = try costly(item, party, &budget, context) else {
                        return (found, .again(after))
                    }
                    found += tasks
                    // Looking at the item itself, if nothing else did that.
                    _ = budget.take(1)
                }
                guard let next = page.next else { return (found, .end) }
                after = next
            }
            return (found, after.map { .after($0) } ?? .end)
        }
    }

    private static func require<Parameters, Item>(
        _ list: Query, _: Parameters.Type, _: Item.Type
    ) {
        precondition(
            list.isList && list.parametersType == Parameters.self && list.resultType == Item.self,
            "\(list.name) is another list")
    }

    private static func items<Parameters: Codable & Sendable, Item>(
        of list: Query, _ parameters: Parameters, _ request: PageRequest, as _: Item.Type, _ context: QueryContext
    ) throws(Refusal) -> (items: [Item], next: IndexKey?) {
        guard case .page(let items, let next) = try list.evaluate(parameters, request, context) else {
            preconditionFailure("\(list.name) is a list")
        }
        return (items.compactMap { $0 as? Item }, next)
    }

    /// True of what ends at `time`, if that is worth telling now.
    public static func isNear(_ time: Timestamp, in context: QueryContext) -> Bool {
        let now = context.block.time
        return now < time && time <= now.adding(milliseconds: horizonMilliseconds)
    }
}
