internal import Blocks
internal import Consents
internal import Cryptography
internal import INFTs
internal import Identities
internal import Licenses
internal import Primitives
internal import StateModel
internal import Transactions

/// Buyers, the owner, the next owner and the patient: what they do, drawn from the seed, by transactions of their own.
struct CustodianPeople {
    private var random: SimulatorRandom
    /// Deliveries that have not ended, in the order in which they were asked for.
    private(set) var open: [DeliveryID] = []
    private var licenses: [LicenseID] = []
    private var offers: [DeliveryID] = []

    init(random: SimulatorRandom) { self.random = random }

    mutating func opened(_ id: DeliveryID, _ license: LicenseID?) {
        open.append(id)
        if let license { licenses.append(license) }
    }

    mutating func offered(_ id: DeliveryID) { offers.append(id) }

    mutating func ended(_ id: DeliveryID) { open.removeAll { $0 == id } }

    /// False if there was nothing to do.
    mutating func act(_ kind: CustodianFault, _ simulation: CustodianSimulation) throws -> Bool {
        if let offer = offers.popLast() { return try accept(offer, simulation) }
        switch kind {
        case .purchase: return try buy(simulation)
        case .versionRequest: return try requestVersion(simulation)
        case .withdrawal:
            guard !simulation.watch.isWithdrawn, random.chance(300) else { return false }
            let operation = ConsentWithdraw(consents: [simulation.world.consent])
            return try send([.consents(.withdraw(operation))], by: CustodianWorld.patient, simulation)
        case .revision: return try revise(simulation)
        case .reseal: return try reseal(simulation)
        case .transfer:
            guard random.chance(300) else { return false }
            let offer = TransferOffer(
                inft: random.pick([simulation.world.algorithm, simulation.world.dataset]),
                to: .account(CustodianWorld.nextOwner.address),
                expiresAt: simulation.ledger.head.time.adding(milliseconds: 7_200_000))
            return try send([.infts(.transfer(offer))], by: CustodianWorld.owner, simulation)
        case .refund:
            guard !open.isEmpty else { return false }
            let operation = RefundDelivery(delivery: random.pick(open))
            return try send([.licenses(.refund(operation))], by: buyer(), simulation)
        case .mandateRevoked: return try revoke(simulation)
        case .byHand: return try deliverByHand(simulation)
        default: return false
        }
    }

    // MARK: Transactions

    private mutating func buyer() -> SecretKey { CustodianWorld.buyer(random.below(CustodianWorld.buyers)) }

    private mutating func fresh() -> Bytes32 {
        Bytes32(random.next() >> 1, random.next(), random.next(), random.next())
    }

    /// Straight into the next block. True if it was made; whether the ledger takes it is the ledger's.
    @discardableResult
    private func send(
        _ operations: [Operation], by key: SecretKey, _ simulation: CustodianSimulation
    ) throws -> Bool {
        let transaction = try CustodianLedger.sign(
            operations, by: [key], sequence: simulation.ledger.sequence(of: key), network: simulation.world.network)
        simulation.note(-1, 8, Trace.digest(transaction.hash.bytes.array), "\(operations.map(\.name))")
        simulation.enter(transaction)
        return true
    }

    /// A fresh sealing key of a receiver, with what it has to prove.
    private mutating func request(
        _ act: SealingAct, _ inft: INFTID, by key: SecretKey, _ simulation: CustodianSimulation
    ) throws -> DeliveryRequest? {
        let state = simulation.ledger.state
        guard let record = try INFTRegistry.record(inft, in: state),
            let version = try INFTRegistry.version(record.versionCount, of: inft, in: state),
            case .sealed(let content) = version.content
        else { return nil }
        let secret = CustodianWorld.sealingSecret(fresh())
        let party = Party.account(key.address)
        let statement = SealingStatement(
            network: simulation.world.network, act: act, inft: inft.bytes, version: version.number,
            subject: SealingStatement.madeHere(
                sender: key.address, sequence: simulation.ledger.sequence(of: key), operationIndex: 0),
            from: party, to: party)
        return DeliveryRequest(
            sealingKey: secret.key,
            possession: SealedKeys.provePossession(secret, statement: statement, randomness: fresh()),
            fetchedRoot: content.root)
    }

    private mutating func buy(_ simulation: CustodianSimulation) throws -> Bool {
        let index = random.below(simulation.world.offers.count)
        let inft =
            index < CustodianWorld.beginWithin.count ? simulation.world.algorithm : simulation.world.dataset
        let key = buyer()
        guard let request = try request(.license, inft, by: key, simulation) else { return false }
        let purchase = PurchaseLicense(
            offer: .id(simulation.world.offers[index]), maximumPrice: Amount(1_000), maximumRevenueShare: .whole,
            use: StatedUse(purposes: [.research]), delivery: request)
        return try send([.licenses(.purchase(purchase))], by: key, simulation)
    }

    private mutating func requestVersion(_ simulation: CustodianSimulation) throws -> Bool {
        guard !licenses.isEmpty else { return false }
        let license = random.pick(licenses)
        guard let record = try LicenseLedger.license(license, in: simulation.ledger.state),
            let key = (0..<CustodianWorld.buyers).map({ CustodianWorld.buyer($0) })
                .first(where: { .account($0.address) == record.licensee }),
            let request = try request(.licenseRevision, record.inft, by: key, simulation)
        else { return false }
        let operation = RequestVersion(license: license, delivery: request)
        return try send([.licenses(.requestVersion(operation))], by: key, simulation)
    }

    private mutating func accept(_ offer: DeliveryID, _ simulation: CustodianSimulation) throws -> Bool {
        guard let record = try Deliveries.record(offer, in: simulation.ledger.state),
            let request = try request(.transfer, record.inft, by: CustodianWorld.nextOwner, simulation)
        else { return false }
        let operation = TransferAccept(transfer: offer, delivery: request)
        return try send([.infts(.acceptTransfer(operation))], by: CustodianWorld.nextOwner, simulation)
    }

    // MARK: The owner

    private mutating func revise(_ simulation: CustodianSimulation) throws -> Bool {
        let inft = simulation.world.algorithm
        guard let record = try INFTRegistry.record(inft, in: simulation.ledger.state),
            record.owner == .account(CustodianWorld.owner.address)
        else { return false }
        let secret = CustodianWorld.sealingSecret(fresh())
        let content = try CustodianWorld.content(
            .revise, of: inft.bytes, version: record.versionCount + 1, for: secret,
            sequence: simulation.ledger.sequence(of: CustodianWorld.owner), key: fresh(),
            network: simulation.world.network)
        simulation.keep(secret)
        let operation = Revise(inft: inft, content: content, consentSet: nil)
        return try send([.infts(.revise(operation))], by: CustodianWorld.owner, simulation)
    }

    private mutating func reseal(_ simulation: CustodianSimulation) throws -> Bool {
        let inft = random.pick([simulation.world.algorithm, simulation.world.dataset])
        let state = simulation.ledger.state
        let party = Party.account(CustodianWorld.owner.address)
        guard let record = try INFTRegistry.record(inft, in: state), record.owner == party,
            let version = try INFTRegistry.version(
                1 + UInt64(random.below(Int(record.versionCount))), of: inft, in: state),
            let custody = version.custody, let old = simulation.ownersSecret(of: custody.sealingKey)
        else { return false }
        let secret = CustodianWorld.sealingSecret(fresh())
        let statement = SealingStatement(
            network: simulation.world.network, act: .reseal, inft: inft.bytes, version: version.number,
            subject: SealingStatement.madeHere(
                sender: CustodianWorld.owner.address, sequence: simulation.ledger.sequence(of: CustodianWorld.owner),
                operationIndex: 0),
            from: party, to: party)
        let sealed = try SealedKeys.deliver(
            custody.sealedKey, from: old, to: secret.key, statement: statement, randomness: fresh())
        simulation.keep(secret)
        let seal = Resealing(
            sealingKey: secret.key, sealedKey: sealed.sealedKey,
            possession: SealedKeys.provePossession(secret, statement: statement, randomness: fresh()),
            proof: sealed.proof)
        let operation = Reseal(inft: inft, version: version.number, seal: seal)
        return try send([.infts(.reseal(operation))], by: CustodianWorld.owner, simulation)
    }

    /// The mandate in force, if the owner lets the custodian act.
    static func mandate(in state: any StateReader) throws -> MandateID? {
        let owner = Party.account(CustodianWorld.owner.address)
        return try state.record(IdentityKeys.openMandates(owner, CustodianWorld.custodian.address))?
            .mandates.first?.mandate
    }

    private func revoke(_ simulation: CustodianSimulation) throws -> Bool {
        guard let mandate = try Self.mandate(in: simulation.ledger.state) else { return try grant(simulation) }
        let operation = RevokeMandate(mandate: mandate)
        return try send([.identities(.revokeMandate(operation))], by: CustodianWorld.owner, simulation)
    }

    func grant(_ simulation: CustodianSimulation) throws -> Bool {
        let operation = GrantMandate(grant: CustodianWorld.grant)
        return try send([.identities(.grantMandate(operation))], by: CustodianWorld.owner, simulation)
    }

    /// The owner begins a delivery with a key made elsewhere, and completes one that was begun so, or forgets to.
    private mutating func deliverByHand(_ simulation: CustodianSimulation) throws -> Bool {
        guard !open.isEmpty else { return false }
        let id = random.pick(open)
        let head = simulation.ledger.head
        let verdict = try DeliveryCheck.check(id, at: head.time, in: simulation.ledger.state)
        let record = verdict.delivery.delivery
        guard let custody = verdict.custody, verdict.needs.isEmpty, verdict.obstacle == nil, record.act != .transfer,
            let secret = simulation.ownersSecret(of: custody.sealingKey), let key = record.sealingKey
        else { return false }
        let sealed = try SealedKeys.deliver(
            custody.sealedKey, from: secret, to: key,
            statement: SealingStatement(
                network: simulation.world.network, act: record.act, inft: record.inft.bytes, version: record.version,
                subject: id.bytes, from: verdict.deliverer, to: record.to), randomness: id.bytes)
        if let begun = record.begun {
            guard begun.commitment == sealed.commitment else { return false }
            let operation = CompleteDelivery(delivery: id, sealedKey: sealed.sealedKey, proof: sealed.proof)
            return try send([.licenses(.complete(operation))], by: CustodianWorld.owner, simulation)
        }
        guard verdict.delivery.state == .requested else { return false }
        let operation = BeginDelivery(
            delivery: id, sealingKey: custody.sealingKey, commitment: sealed.commitment)
        return try send([.licenses(.begin(operation))], by: CustodianWorld.owner, simulation)
    }
}
