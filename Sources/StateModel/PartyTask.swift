public import Primitives

/// Something that waits for a party's own act, or of which it should know before it is too late.
public struct PartyTask: Codable, Hashable, Sendable {
    /// The operation that would do it: `credential.accept`, `license.begin`; or what will come by itself:
    /// `license.distributed`, `license.trialEnds`.
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

/// One list of what waits for parties. Each domain owns its own, and ``LedgerDomain/tasks`` names them.
public struct TaskSource: Sendable {
    /// What ends by itself is told of so long before.
    public static let horizonMilliseconds: UInt64 = 30 * 86_400_000

    /// A page of the list: `after` is where its last page ended. A page may hold more tasks than entries were asked for,
    /// where an entry gives several.
    public let page: @Sendable (Party, PageRequest, QueryContext) throws(Refusal) -> Page<PartyTask>

    /// The tasks that follow from the items of a list of the domain.
    ///
    /// - Parameters:
    ///   - parameters: of the list for a party; nil where it has nothing for such a party.
    ///   - tasks: of one item.
    public init<Parameters: Codable & Sendable, Item: Codable & Sendable>(
        _ list: Query, _ parameters: @escaping @Sendable (Party) -> Parameters?,
        tasks: @escaping @Sendable (Item, Party, QueryContext) throws(Refusal) -> [PartyTask]
    ) {
        self.init(
            list, parameters,
            pageTasks: { (items: [Item], party, context) throws(Refusal) in
                var found: [PartyTask] = []
                for item in items { found += try tasks(item, party, context) }
                return found
            })
    }

    /// The same, where the items of a page share what may be read for them.
    ///
    /// - Parameter pageTasks: of the items of one page together.
    public init<Parameters: Codable & Sendable, Item: Codable & Sendable>(
        _ list: Query, _ parameters: @escaping @Sendable (Party) -> Parameters?,
        pageTasks: @escaping @Sendable ([Item], Party, QueryContext) throws(Refusal) -> [PartyTask]
    ) {
        precondition(
            list.isList && list.parametersType == Parameters.self && list.resultType == Item.self,
            "\(list.name) is another list")
        page = { (party, request, context) throws(Refusal) in
            guard let parameters = parameters(party) else { return Page(items: [], next: nil) }
            guard case .page(let items, let next) = try list.evaluate(parameters, request, context) else {
                preconditionFailure("\(list.name) is a list")
            }
            return Page(items: try pageTasks(items.compactMap { $0 as? Item }, party, context), next: next)
        }
    }

    /// True of what ends at `time`, if that is worth telling now.
    public static func isNear(_ time: Timestamp, in context: QueryContext) -> Bool {
        let now = context.block.time
        return now < time && time <= now.adding(milliseconds: horizonMilliseconds)
    }
}
