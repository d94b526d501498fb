import Blocks
import Cryptography
import Encoding
import Execution
import FoundationEssentials
import Governance
import INFTs
import Identities
import Licenses
import Primitives
import Revenue
import StateModel
import TestSupport
import Testing
import Transactions

/// A sealed sale through signed transactions and blocks: what it gives away and when, and what can't stop it.
struct ExchangeTests {
    /// A sale of "a" by alice (key `alice`) to bob (key `bob`), up to the purchase.
    struct Sale {
        let ledger: Ledger
        let inft: INFTID
        let license: LicenseID
        let delivery: DeliveryRecord
        let custody: Custody
        let made: SealedDelivery

        init() throws {
            ledger = try Ledger()
            let terms = TermsPreset.commercial.terms(asset: Ledger.euro, fee: Amount(500))
            let offer = CreateOffer(
                inft: .operation(0), terms: terms.id,
                delivery: OfferDelivery(beginWithinMilliseconds: 3_600_000, disputeWindowMilliseconds: 3_600_000))
            let minted = try ledger.act(
                try ledger.mintSealed("a", key: "alice", by: "alice"), DueTests.register(terms),
                .licenses(.createOffer(offer)), by: "alice"
            ).hash
            inft = minted.made()
            let request = try ledger.request(.license, inft, ledger.latest(inft), key: "bob", by: "bob")
            let bought = try ledger.act(
                .licenses(
                    .purchase(
                        PurchaseLicense(
                            offer: .id(minted.made(2)), maximumPrice: Amount(500), maximumRevenueShare: .whole,
                            use: StatedUse(), delivery: request))), by: "bob")
            license = bought.hash.made()
            delivery = try ledger.delivery(DeliveryID(license.bytes))
            custody = try #require(try ledger.latest(inft).custody)
            made = try ledger.deliver(delivery, custody, with: sealingSecret("alice"))
        }

        var begin: Operation { Ledger.begin(delivery, custody, made) }
        var complete: Operation { Ledger.complete(delivery, made) }

        /// All that anyone can see: blocks with their transactions, receipts with their events, every record and every
        /// index entry of the state, and what the node answers about the sale.
        func everything() throws -> [[UInt8]] {
            var bytes = ledger.blocks.flatMap { [$0.block.encoded, $0.receipts.encoded] }
            bytes += ledger.blocks.flatMap { $0.block.transactions }
            bytes += try ledger.records().flatMap { [$0.key.bytes, $0.value] }
            bytes += (ledger.state.layers.first?.index ?? []).flatMap { [$0.key.bytes, $0.value ?? []] }
            let context = QueryContext(
                block: BlockContext(
                    network: ledger.genesis.hash, networkKind: .test, height: ledger.head.height,
                    time: ledger.head.time), blockHash: ledger.head.hash, state: ledger.state, index: MemoryIndex())
            let page = PageRequest(after: nil, limit: 10)
            for (queries, name, parameters) in [
                (INFTsDomain.queries, "delivery_get", #"{"delivery":"\#(delivery.id)"}"#),
                (LicensesDomain.queries, "license_get", #"{"license":"\#(license)"}"#),
                (INFTsDomain.queries, "inft_get", #"{"inft":"\#(inft)"}"#),
                (INFTsDomain.queries, "inft_versions", #"{"inft":"\#(inft)"}"#),
            ] {
                let query = try #require(queries.first { $0.name == name })
                let decoded = try JSONDecoder().decode(query.parametersType, from: Data(parameters.utf8))
                let values: [any Codable & Sendable] =
                    switch try query.evaluate(decoded, page, context) {
                    case .value(let value): [value]
                    case .page(let items, _): items
                    }
                bytes += try values.map { Array(try JSONEncoder().encode($0)) }
            }
            return bytes
        }
    }

    static func contains(_ pieces: [[UInt8]], _ secret: [UInt8]) -> Bool {
        let text = Array(Hexadecimal.encode(secret).utf8)
        return pieces.contains { piece in
            Data(piece).firstRange(of: Data(secret)) != nil || Data(piece).firstRange(of: Data(text)) != nil
        }
    }

    /// Every compressed point that stands in CBOR anywhere.
    static func points(in pieces: [[UInt8]]) -> [CompressedPoint] {
        var found: Set<CompressedPoint> = []
        for piece in pieces where piece.count >= 35 {
            for start in 0...(piece.count - 35) where piece[start] == 0x58 && piece[start + 1] == 33 {
                if let point = CompressedPoint(Array(piece[start + 2..<start + 35])) { found.insert(point) }
            }
        }
        return Array(found)
    }

    /// Whether `secret` opens any two points that are to be seen, taken as a sealed key, to the content key.
    static func canOpen(_ points: [CompressedPoint], with secret: SealingSecret) -> Bool {
        points.contains { first in
            points.contains { second in
                guard let opened = try? SealedKeys.open(SealedKey(first: first, second: second), with: secret) else {
                    return false
                }
                return opened == contentPoint("a")
            }
        }
    }

    @Test("Before complete nothing that is gossiped, stored or answered lets anyone learn the content key")
    func secrecy() throws {
        let sale = try Sale()
        try sale.ledger.act(sale.begin, by: "alice")
        let key = contentPoint("a").compressed.copy()
        let hidden: [[UInt8]] = [
            key, Array(key.dropFirst()), sale.made.sealedKey.first.abscissa.array,
            sale.made.sealedKey.second.abscissa.array, sale.made.proof.challenge.bytes.array,
            sale.made.proof.ownerResponse.bytes.array, sale.made.proof.deliveryResponse.bytes.array,
            sealingSecret("alice").secretBytes.copy(), sealingSecret("bob").secretBytes.copy(),
        ]
        let seen = try sale.everything()
        for secret in hidden { #expect(!Self.contains(seen, secret)) }
        // What is looked for would be found.
        #expect(Self.contains(seen, sale.made.commitment.bytes.array))
        #expect(Self.contains(seen, sealingSecret("bob").key.abscissa.array))
        let points = Self.points(in: seen)
        #expect(points.contains(sale.custody.sealedKey.second) && points.contains(sealingSecret("bob").key))
        // Neither the buyer nor an outsider opens anything there; the owner does.
        for name in ["bob", "an outsider", "another"] {
            #expect(!Self.canOpen(points, with: sealingSecret(name)))
        }
        #expect(Self.canOpen(points, with: sealingSecret("alice")))
        // Even who knows the content key, and every secret but the delivery's fresh scalar, can't tell what was
        // committed to: each attempt has another D.
        let again = try SealedKeys.deliver(
            sale.custody.sealedKey, from: sealingSecret("alice"), to: sealingSecret("bob").key,
            statement: SealingStatement(
                network: sale.ledger.genesis.hash, act: .license, inft: sale.inft.bytes, version: 1,
                subject: sale.delivery.id.bytes, from: Ledger.party("alice"), to: Ledger.party("bob")),
            randomness: testHash("a guess").bytes)
        #expect(again.sealedKey != sale.made.sealedKey && again.commitment != sale.made.commitment)
        #expect(try SealedKeys.open(again.sealedKey, with: sealingSecret("bob")) == contentPoint("a"))

        // Then it is the buyer's, and still nobody else's.
        try sale.ledger.act(sale.complete, by: "carol")
        let after = try sale.everything()
        #expect(!Self.contains(after, key) && !Self.contains(after, Array(key.dropFirst())))
        #expect(Self.canOpen(Self.points(in: after), with: sealingSecret("bob")))
        #expect(!Self.canOpen(Self.points(in: after), with: sealingSecret("an outsider")))
    }

    @Test("Completion and refund are reserved acts: no pause, no lost sponsor and no full quota holds them up")
    func reserved() throws {
        for isComplete in [true, false] {
            let sale = try Sale()
            let ledger = sale.ledger
            if isComplete { try ledger.act(sale.begin, by: "alice") }
            let operation: Operation =
                isComplete ? sale.complete : .licenses(.refund(RefundDelivery(delivery: sale.delivery.id)))
            #expect(operation.isReserved && operation.isDelivery == isComplete)
            #expect(!sale.begin.isReserved)
            let transaction = try ledger.transaction([operation], by: "carol")
            let time = isComplete ? ledger.time.adding(milliseconds: 1) : sale.delivery.beginBy
            let block = BlockContext(
                network: ledger.genesis.hash, networkKind: .test, height: ledger.head.height.next, time: time)
            let paused = StateOverlay(over: ledger.state)
            for domain in [DomainNumber.licenses, .infts, .revenue] {
                paused.set(
                    RecordKey<DomainControl>(StateKey(.governance, 2, domain)),
                    DomainControl(since: testStart, until: testStart.adding(milliseconds: 1_000_000_000)))
            }
            let events = try BlockExecutor.simulate(transaction, on: paused, in: block).map { $0.name }
            #expect(events.contains(isComplete ? "license.sold" : "license.refunded"))
            // Its sender's institution is thrown out.
            try ledger.act(SponsorTests.revocation(of: Ledger.hospital), by: "board")
            #expect(
                try reason { try ledger.act(Ledger.transfer(1, to: "bob"), by: "carol") } == "not_enrolled")
            _ = try BlockExecutor.simulate(transaction, on: ledger.state, in: block)
        }
    }

    @Test("A mandate lets a service begin a delivery for the owner, and nothing else does")
    func mandates() throws {
        let sale = try Sale()
        #expect(try reason { try sale.ledger.act(sale.begin, by: "relative") } == "not_authorized")
        let grant = MandateGrant(
            delegate: Ledger.address("relative"), operations: [.beginLicense], uses: 1,
            validUntil: sale.ledger.time.adding(milliseconds: 86_400_000))
        try sale.ledger.act(.identities(.grantMandate(GrantMandate(grant: grant))), by: "alice")
        let names = try sale.ledger.act(sale.begin, by: "relative").events.map(\.name)
        #expect(names.contains("mandate.used") && names.contains("license.deliveryBegun"))
        try sale.ledger.act(sale.complete, by: "relative")
        #expect(
            try LicenseCheck.check(sale.license, nil, at: sale.ledger.time, in: sale.ledger.state).state == .active)
    }

    @Test(
        "Money and due work through blocks: held for the window, then the vault's; every total agrees, and so does a replay"
    )
    func money() throws {
        let sale = try Sale()
        let ledger = sale.ledger
        try ledger.act(sale.begin, by: "alice")
        try ledger.act(sale.complete, by: "bob")
        #expect(try Assets.totals(Ledger.euro, in: ledger.state).held == Amount(500))
        try ledger.block([], after: 3_600_000 + 120_000)
        #expect(try DueTests.names(ledger) == ["revenue.paid", "license.distributed"])
        let claimed = try ledger.act(StoryTests.claim(sale.inft), by: "alice").events.map(\.name)
        #expect(claimed.contains("revenue.claimed"))
        #expect(try ledger.balance("alice") == 1_000_500 && ledger.balance("bob") == 999_500)
        #expect(try ledger.moneyProblems() == [] && ledger.replayDifference() == nil)
    }
}
