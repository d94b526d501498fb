import Cryptography
import INFTs
import Licenses
import Primitives
import Revenue
import StateModel
import Transactions

/// A market: 16 works, and 1,984 derivatives of two works each, whose revenue four holders and the works' owners share. Their
/// licenses are bought: 80 % of the buyers are 1 % of the accounts, 80 % of the purchases fall on 1 % of the derivatives.
struct PurchaseWorkload {
    static let workCount = 16
    static let derivativeCount = 1_984
    static let hotCount = derivativeCount / 100
    static let workPrice: UInt64 = 1_000
    static let price: UInt64 = 500

    /// The accounts that make and sell; those that are hot as buyers sell nothing.
    static let firstMaker = Workload.accountCount - workCount - derivativeCount

    private var workload: Workload
    private let network: Hash
    private var offers: [OfferID] = []
    private var random = SeededGenerator(state: 7_412)

    init(_ workload: Workload, network: Hash) {
        self.workload = workload
        self.network = network
    }

    var keys: [SecretKey] { workload.keys }

    // MARK: Setting up

    /// What makes the market, each list for a block of its own.
    mutating func market() -> [[(signer: Int, body: TransactionBody)]] {
        let funding = workload.funding(network: network)
        let terms = [Self.workTerms, Self.derivativeTerms]
        let registration = workload.body(
            network, signer: Self.firstMaker,
            terms.map { .licenses(.registerTerms(RegisterTerms(terms: $0))) })
        var works: [(inft: INFTID, offer: OfferID)] = []
        var making: [(signer: Int, body: TransactionBody)] = []
        for index in 0..<Self.workCount {
            let signer = Self.firstMaker + index
            let body = workload.body(
                network, signer: signer,
                [
                    .infts(.mint(mint("Work \(index)", signer: signer, parents: []))),
                    .licenses(
                        .createOffer(
                            CreateOffer(
                                inft: .operation(0), terms: Self.workTerms.id, price: Amount(Self.workPrice)))),
                ])
            works.append((made(body, 0), made(body, 1)))
            making.append((signer, body))
        }
        let deriving = (0..<Self.derivativeCount).map { derivative($0, of: works) }
        return [funding + [(Self.firstMaker, registration)], making, deriving]
    }

    private mutating func derivative(
        _ index: Int, of works: [(inft: INFTID, offer: OfferID)]
    ) -> (signer: Int, body: TransactionBody) {
        let signer = Self.firstMaker + Self.workCount + index
        let parents = [works[index % works.count], works[(index + 1 + index / works.count % 7) % works.count]]
        let purchases = parents.map { parent in
            Operation.licenses(
                .purchase(
                    PurchaseLicense(
                        offer: .id(parent.offer), maximumPrice: Amount(Self.workPrice), maximumRevenueShare: .whole,
                        use: StatedUse(isCommercial: true))))
        }
        let mint = mint("Derivative \(index)", signer: signer, parents: parents.map(\.inft).sorted())
        let body = workload.body(
            network, signer: signer,
            [.infts(.mint(mint))] + purchases + [
                .licenses(.link(LinkLicenses(derivative: .operation(0), licenses: [.operation(1), .operation(2)]))),
                .licenses(
                    .createOffer(
                        CreateOffer(
                            inft: .operation(0), terms: Self.derivativeTerms.id, price: Amount(Self.price)))),
            ])
        offers.append(made(body, 4))
        return (signer, body)
    }

    private func made<Kind>(_ body: TransactionBody, _ operation: Int) -> Identifier<Kind> {
        makeIdentifier(transactionHash: body.hash, operationIndex: operation)
    }

    private func mint(_ title: String, signer: Int, parents: [INFTID]) -> Mint {
        let owner = Party.account(keys[signer].address)
        let others = (1...3).map { Party.account(keys[(signer + $0) % keys.count].address) }
        let holders = ([owner] + others).sorted().map { ShareHolder(party: $0, share: Self.share(250_000)) }
        return Mint(
            inftClass: .algorithm,
            content: .open(
                OpenContent(
                    hash: Hash(SHA256.hash(Array(title.utf8)).bytes), size: 1_000, mediaType: "application/json",
                    location: nil)),
            metadata: INFTMetadata(title: title, language: "en"),
            creators: [Creator(party: owner, contribution: .whole, roles: [])], holders: holders, parents: parents)
    }

    private static let workTerms = terms(share: 50_000)
    private static let derivativeTerms = terms(share: 0)

    private static func terms(share: UInt64) -> Terms {
        Terms(
            commercial: CommercialTerms(isAllowed: true, revenueShare: Self.share(share)),
            derivatives: DerivativeTerms(isAllowed: share > 0), grant: GrantTerms(),
            payment: PaymentTerms(asset: Workload.asset, fee: Amount(1)), scope: ScopeTerms(), legalText: nil)
    }

    private static func share(_ parts: UInt64) -> PartsPerMillion {
        guard let share = PartsPerMillion(parts) else { preconditionFailure("a share is at most a whole") }
        return share
    }

    // MARK: Buying

    mutating func purchases(_ count: Int) -> [(signer: Int, body: TransactionBody)] {
        (0..<count).map { _ in
            let buyer = touched(of: Self.firstMaker, hot: Workload.hotCount)
            let offer = offers[touched(of: offers.count, hot: Self.hotCount)]
            let purchase = PurchaseLicense(
                offer: .id(offer), maximumPrice: Amount(Self.price), maximumRevenueShare: .zero,
                use: StatedUse(isCommercial: true))
            return (buyer, workload.body(network, signer: buyer, [.licenses(.purchase(purchase))]))
        }
    }

    private mutating func touched(of count: Int, hot: Int) -> Int {
        let isHot = random.next() % 100 < 80
        return Int(random.next() % UInt64(isHot ? hot : count))
    }

    func sign(_ bodies: [(signer: Int, body: TransactionBody)]) async -> [[UInt8]] { await workload.sign(bodies) }
}
