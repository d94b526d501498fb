internal import Cryptography
internal import INFTs
internal import Licenses
internal import Primitives
internal import Revenue
internal import StateModel
internal import Transactions

/// Sales of sealed content, whose price waits: in escrow for the delivery, then held for a dispute.
struct SealedSales {
    struct Sale {
        let number: Int
        let license: LicenseID
        let work: Int
        let buyer: Int
        /// The buyer's sealing key.
        let key: CompressedPoint
        var stage: Stage
    }

    enum Stage: Equatable { case bought, begun, delivered, ended }

    var sales: [Sale] = []
    /// How many were begun; a number is never used again.
    var count = 0

    static func fresh(_ random: inout SimulatorRandom) -> Bytes32 {
        Bytes32(random.next() >> 1, random.next(), random.next(), random.next())
    }

    static func secret(_ random: inout SimulatorRandom) -> SealingSecret {
        guard let secret = SealingSecret(fresh(&random)) else {
            preconditionFailure("all but a few in 2^128 are scalars")
        }
        return secret
    }

    /// A party's statement about a key of its own.
    static func statement(
        _ act: SealingAct, _ inft: Bytes32?, by party: Int, sequence: UInt64, at place: Int, network: Hash
    ) -> SealingStatement {
        let here = SealingStatement.madeHere(
            sender: RoyaltyWorld.addresses[party], sequence: sequence, operationIndex: place)
        return SealingStatement(
            network: network, act: act, inft: inft ?? here, version: 1, subject: here, from: RoyaltyWorld.party(party),
            to: RoyaltyWorld.party(party))
    }

    static func content(
        for secret: SealingSecret, owner: Int, sequence: UInt64, at place: Int, key: Bytes32, network: Hash
    ) throws -> ContentVersion {
        guard let point = ContentPoint(randomness: key) else { throw SimulatorFailure("a content key is a scalar") }
        let statement = statement(.mint, nil, by: owner, sequence: sequence, at: place, network: network)
        let (sealed, scalar) = try SealedKeys.seal(point, to: secret.key, randomness: key)
        return .sealed(
            SealedContent(
                root: Hash(key), size: 70_000, mediaType: "application/json", cipherSuite: .aes256GCMStream,
                keyCommitment: Hash(key), salt: Hash(key), sealingKey: secret.key, sealedKey: sealed,
                possession: SealedKeys.provePossession(secret, statement: statement, randomness: key),
                origin: try SealedKeys.proveOrigin(
                    scalar, of: sealed, to: secret.key, statement: statement, randomness: key)))
    }
}

extension RoyaltyHistory {
    /// Takes a sale that waits for something a step further, or begins one.
    mutating func sealedSale() throws {
        let open = sales.sales.indices.filter { sales.sales[$0].stage != .ended }
        guard let index = open.isEmpty || random.chance(250) ? nil : random.pick(open) else { return try buySealed() }
        switch sales.sales[index].stage {
        case .bought, .begun: try random.chance(150) ? decline(index) : deliver(index)
        case .delivered: try dispute(index)
        case .ended: break
        }
    }

    private mutating func buySealed() throws {
        let sealed = works.indices.filter { works[$0].secret != nil }
        guard !sealed.isEmpty else { return }
        let work = random.pick(sealed)
        let (asset, price) = (asset(), amount())
        let window = random.chance(200) ? 0 : random.between(60_000...3_600_000)
        let terms = TermsPreset.commercial.terms(asset: RoyaltyWorld.assets[asset], fee: .zero)
        let times = OfferDelivery(
            beginWithinMilliseconds: random.between(600_000...3_600_000), disputeWindowMilliseconds: window)
        guard let offer = try offer(work, terms, asset: asset, price: price, delivery: times),
            case .sealed(let content)? = try INFTRegistry.record(works[work].id, in: ledger.state)?.latest
        else { return }
        let buyer = random.pick((0..<RoyaltyWorld.parties).filter { $0 != works[work].owner })
        let secret = SealedSales.secret(&random)
        let sequence = try ledger.sequence(of: RoyaltyWorld.addresses[buyer])
        let statement = SealedSales.statement(
            .license, works[work].id.bytes, by: buyer, sequence: sequence, at: 0, network: world.network)
        let request = DeliveryRequest(
            sealingKey: secret.key,
            possession: SealedKeys.provePossession(
                secret, statement: statement, randomness: SealedSales.fresh(&random)), fetchedRoot: content.root)
        let number = sales.count
        sales.count += 1
        try perform(
            "order",
            [
                ("sale", "\(number)"), ("inft", "\(work)"), ("by", "\(buyer)"), ("asset", "\(asset)"),
                ("amount", "\(price)"), ("beginWithin", "\(times.beginWithinMilliseconds)"), ("window", "\(window)"),
            ], [.licenses(.purchase(purchase(offer, delivery: request)))], by: [buyer]
        ) { outcome, history in
            let license: LicenseID = makeIdentifier(transactionHash: outcome.transaction, operationIndex: 0)
            history.sales.sales.append(
                SealedSales.Sale(
                    number: number, license: license, work: work, buyer: buyer, key: secret.key, stage: .bought))
            return []
        }
    }

    /// Begins a delivery, or completes one that was begun.
    private mutating func deliver(_ index: Int) throws {
        let sale = sales.sales[index]
        let work = works[sale.work]
        guard let secret = work.secret,
            let custody = try INFTRegistry.version(1, of: work.id, in: ledger.state)?.custody
        else { return }
        let id = DeliveryID(sale.license.bytes)
        let made = try SealedKeys.deliver(
            custody.sealedKey, from: secret, to: sale.key,
            statement: SealingStatement(
                network: world.network, act: .license, inft: work.id.bytes, version: 1, subject: id.bytes,
                from: RoyaltyWorld.party(work.owner), to: RoyaltyWorld.party(sale.buyer)), randomness: id.bytes)
        let isBegun = sale.stage == .begun
        let operation: LicenseOperation =
            isBegun
            ? .complete(CompleteDelivery(delivery: id, sealedKey: made.sealedKey, proof: made.proof))
            : .begin(BeginDelivery(delivery: id, sealingKey: custody.sealingKey, commitment: made.commitment))
        let outcome = try perform(
            isBegun ? "complete" : "begin", [("sale", "\(sale.number)")], [.licenses(operation)], by: [work.owner])
        sales.sales[index].stage = outcome.refusal != nil ? .ended : isBegun ? .delivered : .begun
    }

    /// Who is to deliver will not, or somebody else tries to end it.
    private mutating func decline(_ index: Int) throws {
        let sale = sales.sales[index]
        let by = random.chance(600) ? works[sale.work].owner : party()
        let refund = RefundDelivery(delivery: DeliveryID(sale.license.bytes))
        let outcome = try perform(
            "decline", [("sale", "\(sale.number)"), ("by", "\(by)")], [.licenses(.refund(refund))], by: [by])
        if outcome.refusal == nil { sales.sales[index].stage = .ended }
    }

    /// A dispute that ends without a panel: by who does not answer, or does not reveal. What panels decide moves the same
    /// money by the same rules.
    private mutating func dispute(_ index: Int) throws {
        let sale = sales.sales[index]
        sales.sales[index].stage = .ended
        let owner = works[sale.work].owner
        let nonces = (0..<2).map { _ in Hash(SealedSales.fresh(&random)) }
        func commitment(_ side: Int, _ party: Int) -> Hash {
            DisputeCommitments.nonce(nonces[side], of: RoyaltyWorld.party(party), network: world.network)
        }
        let raise = RaiseDispute(
            license: sale.license, ground: .content, evidence: Hash(SealedSales.fresh(&random)),
            nonceCommitment: commitment(0, sale.buyer))
        let raised = try perform(
            "dispute", [("sale", "\(sale.number)")], [.licenses(.raiseDispute(raise))], by: [sale.buyer])
        guard raised.refusal == nil else { return }
        let id: DisputeID = makeIdentifier(transactionHash: raised.transaction, operationIndex: 0)
        guard random.chance(700) else { return }
        let respond = RespondDispute(dispute: id, nonceCommitment: commitment(1, owner))
        try perform(
            "respond", [("sale", "\(sale.number)")], [.licenses(.respondDispute(respond))], by: [owner], after: 1_000)
        // At most one of them reveals: the second would draw a panel.
        let revealing = random.below(3)
        guard revealing < 2 else { return }
        let reveal = RevealDisputeNonce(dispute: id, nonce: nonces[revealing])
        try perform(
            "reveal", [("sale", "\(sale.number)"), ("side", "\(revealing)")],
            [.licenses(.revealDisputeNonce(reveal))], by: [revealing == 0 ? sale.buyer : owner], after: 1_000)
    }
}
