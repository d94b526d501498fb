internal import Blocks
internal import Cryptography
internal import INFTs
internal import Identities
internal import Licenses
internal import Primitives
internal import Revenue
internal import StateModel
internal import Transactions

/// One random derivation graph and what its people do with it, from one seed, on the real ledger. Says what was asked for and
/// what came of it; whether that was right is for the model to say, which shares no code with this
/// (`Tests/Python/royalty_model.py`).
package enum RoyaltyHistories {
    /// One line of JSON. Throws if the ledger itself fails, or refuses what it should take.
    package static func line(seed: UInt64) throws -> String {
        var history = RoyaltyHistory(seed: seed, world: try RoyaltyWorld.shared.get())
        try history.run()
        return try history.line
    }
}

struct RoyaltyHistory {
    struct Work {
        let id: INFTID
        let owner: Int
        /// Of sealed content: whom its key is sealed to.
        let secret: SealingSecret?
    }

    let seed: UInt64
    let world: RoyaltyWorld
    var random: SimulatorRandom
    var ledger: RoyaltyLedger
    var numbers = RoyaltyNumbers()
    var works: [Work] = []
    var sales = SealedSales()
    private var steps: [String] = []

    init(seed: UInt64, world: RoyaltyWorld) {
        self.seed = seed
        self.world = world
        random = SimulatorRandom(seed: seed)
        ledger = world.ledger
    }

    var line: String {
        get throws {
            JSONText.object([
                ("seed", "\(seed)"), ("parties", "\(RoyaltyWorld.parties)"), ("assets", "\(RoyaltyWorld.assets.count)"),
                ("funds", "\(RoyaltyWorld.funds)"), ("steps", JSONText.list(steps)),
                ("end", try numbers.end(works.map(\.id), in: ledger.state)),
            ])
        }
    }

    mutating func run() throws {
        for _ in 0..<random.between(1...3) { try mint(parents: []) }
        for _ in 0..<random.between(12...30) { try step() }
        // Whatever waits for a deadline comes to its end.
        // A delivery that was begun has a hundred blocks.
        let blocks = sales.sales.contains { $0.stage == .begun } ? 101 : 0
        for _ in 0..<blocks { try perform("wait", [], [], by: [], after: 1_000) }
        for _ in 0..<3 { try perform("wait", [], [], by: [], after: 86_400_000) }
    }

    private mutating func step() throws {
        switch random.below(100) {
        case 0..<6: try mint(parents: [])
        case 6..<26: try derive()
        case 26..<42: try pay()
        case 42..<50: try sell()
        case 50..<66: try sealedSale()
        case 66..<84: try claim()
        case 84..<92: try moveShare()
        default: try perform("wait", [], [], by: [], after: random.delay(60_000...7_200_000))
        }
    }

    /// One block, and its line.
    @discardableResult
    mutating func perform(
        _ what: String, _ fields: [(String, String)], _ operations: [Operation], by parties: [Int],
        after milliseconds: UInt64? = nil,
        _ made: (RoyaltyLedger.Outcome, inout RoyaltyHistory) throws -> [(String, String)] = { _, _ in [] }
    ) throws -> RoyaltyLedger.Outcome {
        let outcome = try ledger.act(
            operations, by: parties.map { RoyaltyWorld.addresses[$0] },
            after: milliseconds ?? random.delay(1_000...120_000))
        let more = outcome.refusal == nil ? try made(outcome, &self) : []
        let result = [
            ("do", JSONText.code(what)), ("at", "\(ledger.head.time.milliseconds - RoyaltyWorld.start.milliseconds)"),
            ("refused", outcome.refusal.map { JSONText.code($0.reason) } ?? "null"),
            ("due", numbers.lines(outcome.due)), ("moves", numbers.lines(outcome.events)),
        ]
        // Blocks in which nothing happens say nothing.
        if !operations.isEmpty || result[3].1 != "[]" { steps.append(JSONText.object(result + fields + more)) }
        return outcome
    }

    // MARK: Drawing

    mutating func party() -> Int { random.below(RoyaltyWorld.parties) }
    /// Mostly one who has a share; anyone else tries in vain, or gets what accrued before.
    private mutating func holder(of inft: INFTID) throws -> Int {
        let holders = try Vaults.holders(of: inft, in: ledger.state).map { numbers.of($0.party) }
        return holders.isEmpty || random.chance(150) ? party() : random.pick(holders)
    }

    mutating func asset() -> Int { random.below(RoyaltyWorld.assets.count) }

    /// Small ones, whose remainders matter, and large ones.
    mutating func amount() -> UInt64 {
        random.chance(20)
            ? random.between(900_000_000...1_100_000_000) : 1 + random.delay(0...(random.chance(500) ? 50 : 200_000))
    }

    private mutating func share() -> UInt64 {
        switch random.below(6) {
        case 0: 0
        case 1: random.between(1...999)
        case 2: random.between(1...400_000)
        default: 10_000 * random.between(1...30)
        }
    }

    private mutating func holders() -> [ShareHolder] {
        var rest: UInt64 = 1_000_000
        var shares: [Int: UInt64] = [:]
        for _ in 0..<random.below(4) where rest > 1 {
            let part = random.between(1...rest - 1)
            shares[party(), default: 0] += part
            rest -= part
        }
        shares[party(), default: 0] += rest
        return shares.map { ShareHolder(party: RoyaltyWorld.party($0), share: parts($1)) }.sorted {
            $0.party < $1.party
        }
    }

    func parts(_ count: UInt64) -> PartsPerMillion {
        guard let parts = PartsPerMillion(count) else { preconditionFailure("a share is at most a whole") }
        return parts
    }

    // MARK: Minting and deriving

    /// Terms under which a derivative may be made: any shares, policies, ceilings and durations that don't contradict
    /// themselves.
    private mutating func derivativeTerms(_ asset: Int) -> Terms {
        var terms = TermsPreset.derivativesAllowed.terms(asset: RoyaltyWorld.assets[asset], fee: .zero)
        let share = share()
        terms.commercial.revenueShare = parts(share)
        terms.commercial.revenueCeiling = nil
        terms.derivatives.royaltyPolicy = random.chance(500) ? .absolute : .relative
        terms.derivatives.revenueCeiling = nil
        if share > 0 {
            if random.chance(300) { terms.commercial.revenueCeiling = Amount(random.between(1...5_000)) }
            // A revenue of which the share is nothing contradicts itself.
            let least = (1_000_000 + share - 1) / share
            if random.chance(300) { terms.derivatives.revenueCeiling = Amount(least + random.delay(0...50_000)) }
        }
        terms.grant.durationMilliseconds = random.chance(250) ? random.between(60_000...7_200_000) : nil
        return terms
    }

    private mutating func derive() throws {
        let open = works.indices.filter { works[$0].secret == nil }
        let count = min(open.count, 1 + random.below(3))
        let parents = random.shuffled(open).prefix(count).sorted { works[$0].id < works[$1].id }
        let owners = Set(parents.map { works[$0].owner })
        let others = (0..<RoyaltyWorld.parties).filter { !owners.contains($0) }
        guard !others.isEmpty else { return }
        try mint(parents: parents, owner: random.pick(others))
    }

    /// Registers terms and offers them; nil if that is refused.
    mutating func offer(
        _ work: Int, _ terms: Terms, asset: Int, price: UInt64, delivery: OfferDelivery? = nil
    ) throws -> OfferID? {
        let isKnown = try LicenseLedger.terms(terms.id, in: ledger.state) != nil
        var operations: [Operation] = isKnown ? [] : [.licenses(.registerTerms(RegisterTerms(terms: terms)))]
        operations.append(
            .licenses(
                .createOffer(
                    CreateOffer(inft: .id(works[work].id), terms: terms.id, price: Amount(price), delivery: delivery))))
        let outcome = try perform("offer", [("inft", "\(work)")], operations, by: [works[work].owner])
        guard outcome.refusal == nil else { return nil }
        return makeIdentifier(transactionHash: outcome.transaction, operationIndex: operations.count - 1)
    }

    private mutating func mint(parents: [Int], owner: Int? = nil) throws {
        let owner = owner ?? party()
        var purchases: [Operation] = []
        var lines: [String] = []
        for parent in parents {
            let asset = asset()
            let terms = derivativeTerms(asset)
            let price = random.chance(500) ? 0 : amount()
            guard let offer = try offer(parent, terms, asset: asset, price: price) else { return }
            purchases.append(.licenses(.purchase(purchase(offer, trains: true))))
            lines.append(
                JSONText.object([
                    ("inft", "\(parent)"), ("share", "\(terms.commercial.revenueShare.parts)"),
                    ("policy", JSONText.code(terms.derivatives.royaltyPolicy.name)),
                    ("most", JSONText.amount(terms.commercial.revenueCeiling)),
                    ("revenue", JSONText.amount(terms.derivatives.revenueCeiling)),
                    ("duration", terms.grant.durationMilliseconds.map { "\($0)" } ?? "null"), ("asset", "\(asset)"),
                    ("price", "\(price)"),
                ]))
        }
        let holders = holders()
        let secret = random.chance(250) ? SealedSales.secret(&random) : nil
        let place = purchases.count
        var operations =
            purchases + [
                .infts(.mint(try mintOperation(owner, parents, holders, secret, at: place)))
            ]
        if !parents.isEmpty {
            let licenses = (0..<purchases.count).map { Reference<LicenseKind>.operation(UInt16($0)) }
            operations.append(.licenses(.link(LinkLicenses(derivative: .operation(UInt16(place)), licenses: licenses))))
        }
        let fields = [
            ("owner", "\(owner)"), ("parents", JSONText.list(lines)),
            (
                "holders",
                JSONText.list(holders.map { JSONText.list(["\(numbers.of($0.party))", "\($0.share.parts)"]) })
            ),
        ]
        try perform("mint", fields, operations, by: [owner]) { outcome, history in
            let id: INFTID = makeIdentifier(transactionHash: outcome.transaction, operationIndex: place)
            history.numbers.add(id)
            history.works.append(Work(id: id, owner: owner, secret: secret))
            return [("vector", history.numbers.vector(try Vaults.royalties(of: id, in: history.ledger.state)))]
        }
    }

    private mutating func mintOperation(
        _ owner: Int, _ parents: [Int], _ holders: [ShareHolder], _ secret: SealingSecret?, at place: Int
    ) throws -> Mint {
        let fresh = SealedSales.fresh(&random)
        let content: ContentVersion
        if let secret {
            content = try SealedSales.content(
                for: secret, owner: owner, sequence: try ledger.sequence(of: RoyaltyWorld.addresses[owner]), at: place,
                key: fresh, network: world.network)
        } else {
            content = .open(
                OpenContent(
                    hash: Hash(fresh), size: 100, mediaType: "application/json", location: "https://example.org/a"))
        }
        return Mint(
            inftClass: .algorithm, content: content, metadata: INFTMetadata(title: "A work", language: "en"),
            creators: [Creator(party: RoyaltyWorld.party(owner), contribution: .whole, roles: [])], holders: holders,
            parents: parents.map { works[$0].id })
    }

    func purchase(_ offer: OfferID, trains: Bool = false, delivery: DeliveryRequest? = nil) -> PurchaseLicense {
        PurchaseLicense(
            offer: .id(offer), maximumPrice: Amount(.max), maximumRevenueShare: .whole,
            use: StatedUse(isCommercial: true, trainsModels: trains),
            delivery: delivery)
    }

    // MARK: Money

    private mutating func pay() throws {
        let work = random.below(works.count)
        let (payer, asset, amount) = (party(), asset(), amount())
        let pay = RevenuePay(inft: .id(works[work].id), asset: RoyaltyWorld.assets[asset], amount: Amount(amount))
        try perform(
            "pay", [("inft", "\(work)"), ("by", "\(payer)"), ("asset", "\(asset)"), ("amount", "\(amount)")],
            [.revenue(.pay(pay))], by: [payer])
    }

    /// A license on open content: paid out at once.
    private mutating func sell() throws {
        let open = works.indices.filter { works[$0].secret == nil }
        guard !open.isEmpty else { return }
        let work = random.pick(open)
        let (asset, price) = (asset(), amount())
        let buyers = (0..<RoyaltyWorld.parties).filter { $0 != works[work].owner }
        let terms = TermsPreset.commercial.terms(asset: RoyaltyWorld.assets[asset], fee: .zero)
        guard let offer = try offer(work, terms, asset: asset, price: price) else { return }
        let buyer = random.pick(buyers)
        try perform(
            "sale", [("inft", "\(work)"), ("by", "\(buyer)"), ("asset", "\(asset)"), ("amount", "\(price)")],
            [.licenses(.purchase(purchase(offer)))], by: [buyer])
    }

    private mutating func claim() throws {
        let work = random.below(works.count)
        let id = works[work].id
        let (holder, asset) = (try holder(of: id), asset())
        var descendants: [Int] = []
        for (index, other) in works.enumerated() where random.chance(700) {
            let owes = try Vaults.royalties(of: other.id, in: ledger.state).contains { $0.ancestor == id }
            if owes { descendants.append(index) }
        }
        descendants.sort { works[$0].id < works[$1].id }
        let claim = RevenueClaim(
            inft: id, asset: RoyaltyWorld.assets[asset], descendants: descendants.map { works[$0].id })
        try perform(
            "claim",
            [
                ("inft", "\(work)"), ("by", "\(holder)"), ("asset", "\(asset)"),
                ("descendants", JSONText.list(descendants)),
            ], [.revenue(.claim(claim))], by: [holder])
    }

    private mutating func moveShare() throws {
        let work = random.below(works.count)
        let (giver, taker) = (try holder(of: works[work].id), party())
        let share = random.delay(1...1_000_000)
        let (asset, price) = (asset(), random.chance(500) ? amount() : 0)
        guard giver != taker else { return }
        let transfer = RevenueTransferShare(
            inft: works[work].id, to: RoyaltyWorld.party(taker), share: parts(share),
            price: price == 0 ? nil : SharePrice(asset: RoyaltyWorld.assets[asset], amount: Amount(price)))
        try perform(
            "share",
            [
                ("inft", "\(work)"), ("by", "\(giver)"), ("to", "\(taker)"), ("parts", "\(share)"),
                ("asset", "\(asset)"), ("price", "\(price)"),
            ], [.revenue(.transferShare(transfer))], by: price == 0 ? [giver] : [giver, taker])
    }
}
