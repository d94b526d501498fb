import Blocks
import Cryptography
import Execution
import INFTs
import Identities
import Licenses
import Primitives
import Revenue
import StateModel
import Transactions

/// A payment into a derivative, a royalty taken out of it, and a holder's claim: at the limits of the graph, beside the same
/// in the smallest. Each transaction from its bytes on: decoded, verified and executed, and the block's root made, on one
/// core.
struct RoyaltyBench {
    let setting: Setting
    private static let rounds = 300

    func run() throws -> Figure {
        var large = try RoyaltyGraph(parents: 16, grandparents: 15, holders: RevenueLimits.holders)
        var small = try RoyaltyGraph(parents: 1, grandparents: 0, holders: 1)
        print("royalty.graph: \(large.description); smallest: \(small.description)")
        var times: [Double] = []
        var ceilings: [Double] = []
        for run in 0...setting.runs {
            let ceiling = try small.measure(rounds: Self.rounds)
            let time = try large.measure(rounds: Self.rounds)
            guard run > 0 else { continue }
            times.append(time)
            ceilings.append(ceiling)
        }
        return Figure(
            id: "royalty.graph", name: "pay, take a royalty, claim: largest graph beside smallest", unit: "µs",
            values: times, ceilings: ceilings, isRate: false)
    }
}

/// A derivative of `parents`, each a derivative of `grandparents`, minted, licensed and linked by transactions.
struct RoyaltyGraph {
    private static let asset = Assets.genesisIdentifier(code: "EUR000")
    /// Whose works they are: of roots, of the parents, of the derivative; and who pays.
    private static let (roots, middle, last, payer) = (1, 2, 3, 4)
    private static let firstHolder = 10

    private let keys: [SecretKey]
    private let network: Hash
    private let holders: Int
    private var head: BlockHeader
    private var state: LayeredSnapshot
    private var sequences: [Int: UInt64] = [:]
    private var parents: [INFTID] = []
    private var child: INFTID
    private var turn = 0

    init(parents count: Int, grandparents: Int, holders: Int) throws {
        keys = (0..<Self.firstHolder + RevenueLimits.holders).map { Workload.key(Bytes32(1, 2, 4, UInt64($0 + 1))) }
        let genesis = Workload.genesis(keys, [Workload.key(Workload.validatorSeed)])
        let (block, layer) = try GenesisExecutor.execute(genesis)
        network = genesis.hash
        self.holders = holders
        head = block.header
        state = LayeredSnapshot(EmptySnapshot()).adding(layer)
        child = INFTID(.zero)
        let issue = AssetIssue(asset: Self.asset, to: party(Self.payer), amount: Amount(1 << 50))
        try set(up: [.revenue(.issue(issue))], by: 0)
        let terms = Self.terms
        try set(up: [.licenses(.registerTerms(RegisterTerms(terms: terms)))], by: 0)
        for parent in 0..<count {
            let above = try (0..<grandparents).map { try mint("root \(parent) \($0)", by: Self.roots, from: []) }
            parents.append(try mint("parent \(parent)", by: Self.middle, from: above))
        }
        child = try mint("child", by: Self.last, from: parents)
    }

    var description: String {
        let entries = (try? Vaults.royalties(of: child, in: state).count) ?? 0
        let ancestors = (try? INFTRegistry.ancestors(of: child, in: state).count) ?? 0
        return
            "\(parents.count) parents, \(ancestors) ancestors, \(entries) royalty entries, \(holders) holders a vault"
    }

    /// Microseconds of one payment, one royalty taken and one claim together.
    mutating func measure(rounds: Int) throws -> Double {
        var raw: [[UInt8]] = []
        for _ in 0..<rounds {
            let parent = parents[turn % parents.count]
            // The same holder comes again only after all others.
            let (first, second) = (turn % holders, (turn + holders / 2) % holders)
            turn += 1
            raw.append(
                sign(
                    [.revenue(.pay(RevenuePay(inft: .id(child), asset: Self.asset, amount: Amount(1 << 24))))],
                    by: Self.payer))
            let take = RevenueClaim(inft: parent, asset: Self.asset, descendants: [child])
            raw.append(sign([.revenue(.claim(take))], by: Self.firstHolder + first))
            let claim = RevenueClaim(inft: child, asset: Self.asset)
            raw.append(sign([.revenue(.claim(claim))], by: Self.firstHolder + second))
        }
        let started = ContinuousClock.now
        let verified = try raw.map {
            try VerifiedTransaction(try SignedTransaction(try RawTransaction($0)), network: network)
        }
        let executed = try propose(verified)
        let time = (ContinuousClock.now - started) / .microseconds(rounds)
        append(executed)
        return time
    }

    // MARK: The chain

    private static var terms: Terms {
        var terms = TermsPreset.derivativesAllowed.terms(asset: asset, fee: .zero)
        // 256 entries of 0.3 % are 77 %.
        terms.commercial.revenueShare = PartsPerMillion(3_000) ?? .zero
        return terms
    }

    private func party(_ index: Int) -> Party { .account(keys[index].address) }

    private mutating func mint(_ title: String, by owner: Int, from parents: [INFTID]) throws -> INFTID {
        var operations: [Operation] = []
        for parent in parents {
            let seller = owner == Self.middle ? Self.roots : Self.middle
            let offer: OfferID = try set(
                up: [.licenses(.createOffer(CreateOffer(inft: .id(parent), terms: Self.terms.id)))], by: seller)
            operations.append(
                .licenses(
                    .purchase(
                        PurchaseLicense(
                            offer: .id(offer), maximumPrice: .zero, maximumRevenueShare: .whole,
                            use: StatedUse(isCommercial: true, trainsModels: true)))))
        }
        let place = operations.count
        operations.append(.infts(.mint(mintOperation(title, by: owner, from: parents))))
        if place > 0 {
            operations.append(
                .licenses(
                    .link(
                        LinkLicenses(
                            derivative: .operation(UInt16(place)), licenses: (0..<place).map { .operation(UInt16($0)) })
                    )))
        }
        return try set(up: operations, by: owner, made: place)
    }

    private func mintOperation(_ title: String, by owner: Int, from parents: [INFTID]) -> Mint {
        // They sum to a whole: the first takes what the others leave.
        let each = PartsPerMillion(1_000_000 / UInt64(holders)) ?? .whole
        let rest = PartsPerMillion(1_000_000 - UInt64(each.parts) * UInt64(holders - 1)) ?? .whole
        let shares = (0..<holders).map {
            ShareHolder(party: party(Self.firstHolder + $0), share: $0 == 0 ? rest : each)
        }
        return Mint(
            inftClass: .algorithm,
            content: .open(
                OpenContent(
                    hash: HashTag("mednexus/bench-royalties").hash(Array(title.utf8)), size: 100,
                    mediaType: "application/json", location: "https://example.org/a")),
            metadata: INFTMetadata(title: title, language: "en"),
            creators: [Creator(party: party(owner), contribution: .whole, roles: [])],
            holders: shares.sorted { $0.party < $1.party }, parents: parents.sorted())
    }

    private mutating func sign(_ operations: [Operation], by index: Int) -> [UInt8] {
        let key = keys[index]
        let body = TransactionBody(
            network: network, sender: key.address, sequence: sequences[index, default: 0], validUntil: nil,
            operations: operations)
        sequences[index, default: 0] += 1
        let signature = Schnorr.sign(message: body.hash, secret: key, auxiliary: .zero)
        return body.signed([AccountSignature(account: key.address, signature: signature)]).bytes
    }

    /// One transaction in a block of its own; the id of what operation `made` makes.
    @discardableResult
    private mutating func set<Kind>(
        up operations: [Operation], by index: Int, made: Int = 0
    ) throws -> Identifier<Kind> {
        let signed = try SignedTransaction(try RawTransaction(sign(operations, by: index)))
        append(try propose([try VerifiedTransaction(signed, network: network)]))
        return makeIdentifier(transactionHash: signed.hash, operationIndex: made)
    }

    private mutating func set(up operations: [Operation], by index: Int) throws {
        let _: INFTID = try set(up: operations, by: index, made: 0)
    }

    private func propose(_ candidates: [VerifiedTransaction]) throws -> ExecutedBlock {
        let (executed, refused) = try BlockExecutor.propose(
            on: head, state: state, epoch: try EpochContext(network: network, networkKind: .test, following: state),
            proposer: 0, time: head.time.adding(milliseconds: 1_000), candidates: candidates)
        if let refusal = refused.first { throw BenchFailure("a transaction was refused: \(refusal.rejection)") }
        guard executed.transactions.count == candidates.count else {
            throw BenchFailure("\(executed.transactions.count) of \(candidates.count) transactions fit into the block")
        }
        return executed
    }

    private mutating func append(_ executed: ExecutedBlock) {
        head = executed.block.header
        let layer = state.layers.first.map { StateLayer.merging(older: $0, newer: executed.layer) } ?? executed.layer
        state = LayeredSnapshot(EmptySnapshot()).adding(layer)
    }
}
