import Blocks
import Cryptography
import Encoding
import Execution
import INFTs
import Licenses
import Primitives
import Revenue
import StateModel
import TestSupport
import Transactions

/// Sealed content in random histories: published, sold, delivered in two phases, refunded, handed over, resealed.
extension History {
    /// A name of a sealing key that nothing uses yet.
    mutating func newKey() -> String {
        let name = "history \(keys.count)"
        keys[sealingSecret(name).key] = name
        return name
    }

    private func secret(of custody: Custody) -> SealingSecret? {
        keys[custody.sealingKey].map { sealingSecret($0) }
    }

    mutating func exchange() throws -> Attempt {
        if let next = try nextStep(), happens(70) { return next }
        let name = trader()
        let known = pick(sealed) ?? (testIdentifier("nothing"), name)
        switch number(0...15) {
        case 0, 1, 2: return try publish(by: name)
        case 12, 13: return try sublicenseSealed()
        case 3: return try revise(known)
        case 4: return try reseal(known)
        case 5: return try clone(known)
        case 6, 7: return try offerTransfer(known)
        case 8: return try handOn()
        case 9, 14, 15: return try askForVersion()
        case 10: return Attempt(refund(pick(deliveries) ?? testIdentifier("nothing")), by: trader())
        default:
            return Attempt(
                .infts(.cancelTransfer(TransferCancel(transfer: pick(deliveries) ?? testIdentifier("nothing")))),
                by: known.owner)
        }
    }

    private func refund(_ id: DeliveryID) -> Operation { .licenses(.refund(RefundDelivery(delivery: id))) }

    /// What waits longest is mostly what is done next.
    private mutating func nextStep() throws -> Attempt? {
        for id in deliveries.suffix(30).shuffled(using: &random) {
            guard let delivery = try Deliveries.record(id, in: ledger.state) else { continue }
            switch delivery.state {
            case .offered: return try accept(delivery)
            case .requested:
                // Now and then whom it is meant for wants it no more, or who is to deliver will not.
                if delivery.license != nil, happens(6) {
                    return Attempt(refund(id), by: name(of: happens(50) ? delivery.to : delivery.from) ?? trader())
                }
                guard happens(85), let custody = try custody(for: delivery), let secret = secret(of: custody) else {
                    continue
                }
                let made = try ledger.deliver(delivery, custody, with: secret)
                begun[id] = made
                // Now and then somebody commits to something else.
                let other = happens(3) ? SealedDelivery(sealedKey: custody.sealedKey, proof: made.proof) : made
                return Attempt(Ledger.begin(delivery, custody, other), by: name(of: custody.holder) ?? trader())
            case .begun:
                guard happens(80), let made = begun[id] else { continue }
                return Attempt(Ledger.complete(delivery, made), by: trader())
            case .completed, .failed: continue
            }
        }
        return nil
    }

    private func custody(for delivery: DeliveryRecord) throws -> Custody? {
        var license = try delivery.license.flatMap { try LicenseLedger.license($0, in: ledger.state) }
        if delivery.act != .licenseTransfer {
            guard let under = license?.under else {
                return try INFTRegistry.version(delivery.version, of: delivery.inft, in: ledger.state)?.custody
            }
            license = try LicenseLedger.license(under.license, in: ledger.state)
        }
        guard let held = license?.delivery else { return nil }
        return try Deliveries.record(held, in: ledger.state)?.custody
    }

    private func name(of party: Party) -> String? { Self.traders.first { Ledger.party($0) == party } }

    private mutating func accept(_ delivery: DeliveryRecord) throws -> Attempt {
        let name = name(of: delivery.to) ?? trader()
        let version = try ledger.latest(delivery.inft)
        let accept =
            if case .open(let content) = version.content {
                TransferAccept(transfer: delivery.id, fetchedHash: content.hash)
            } else {
                TransferAccept(
                    transfer: delivery.id,
                    delivery: try ledger.request(.transfer, delivery.inft, version, key: newKey(), by: name))
            }
        return Attempt(.infts(.acceptTransfer(accept)), by: name)
    }

    private mutating func publish(by name: String) throws -> Attempt {
        var terms = TermsPreset.commercial.terms(asset: asset(), fee: .zero)
        if happens(50) { terms.grant.durationMilliseconds = number(1...300) * 60_000 }
        if happens(60) { terms.grant.isTransferable = true }
        terms.grant.coversRevisions = happens(70)
        if happens(10) { terms.grant.isExclusive = true }
        if happens(50) { terms.grant.isSublicensable = true }
        if happens(40) {
            terms.payment.fee = Amount(1)
            terms.grant.trialMilliseconds = 60_000
        }
        contents += 1
        let offer = CreateOffer(
            inft: .operation(0), terms: terms.id, price: Amount(number(0...3_000)),
            supply: happens(50) ? number(1...3) : nil,
            delivery: OfferDelivery(
                beginWithinMilliseconds: number(1...90) * 60_000,
                disputeWindowMilliseconds: happens(30) ? 0 : number(1...90) * 60_000))
        return Attempt(
            try ledger.mintSealed("content \(contents)", key: newKey(), by: name),
            .licenses(.registerTerms(RegisterTerms(terms: terms))), .licenses(.createOffer(offer)), by: name,
            made: [(0, .sealed(owner: name)), (2, .offer(owner: name))])
    }

    private mutating func revise(_ known: (id: INFTID, owner: String)) throws -> Attempt {
        guard let record = try INFTRegistry.record(known.id, in: ledger.state) else { return try publish(by: trader()) }
        let name = name(of: record.owner) ?? known.owner
        contents += 1
        let content = try Ledger.content(
            "content \(contents)", to: newKey(),
            ledger.statement(.revise, known.id.bytes, version: record.versionCount + 1, by: name))
        return Attempt(.infts(.revise(Revise(inft: known.id, content: content))), by: name)
    }

    private mutating func reseal(_ known: (id: INFTID, owner: String)) throws -> Attempt {
        guard let record = try INFTRegistry.record(known.id, in: ledger.state) else { return try publish(by: trader()) }
        let version = try ledger.version(number(1...record.versionCount), of: known.id)
        let name = name(of: record.owner) ?? known.owner
        guard let custody = version.custody, let secret = secret(of: custody) else { return try publish(by: name) }
        let seal = try ledger.resealing(.reseal, known.id, version, with: secret, to: newKey(), by: name)
        return Attempt(.infts(.reseal(Reseal(inft: known.id, version: version.number, seal: seal))), by: name)
    }

    private mutating func clone(_ known: (id: INFTID, owner: String)) throws -> Attempt {
        guard let record = try INFTRegistry.record(known.id, in: ledger.state) else { return try publish(by: trader()) }
        let name = name(of: record.owner) ?? known.owner
        if happens(30), let open = pick(infts) {
            return Attempt(
                .infts(.clone(Clone(inft: open.id, seal: nil))), by: open.owner, made: [(0, .inft(owner: open.owner))])
        }
        let version = try ledger.latest(known.id)
        guard let custody = version.custody, let secret = secret(of: custody) else { return try publish(by: name) }
        let seal = try ledger.resealing(.clone, known.id, version, with: secret, to: newKey(), by: name)
        return Attempt(.infts(.clone(Clone(inft: known.id, seal: seal))), by: name, made: [(0, .sealed(owner: name))])
    }

    private mutating func offerTransfer(_ known: (id: INFTID, owner: String)) throws -> Attempt {
        let inft = happens(70) ? known.id : self.inft()
        let owner = try INFTRegistry.record(inft, in: ledger.state).flatMap { name(of: $0.owner) } ?? known.owner
        return Attempt(
            .infts(
                .transfer(
                    TransferOffer(
                        inft: inft, to: Ledger.party(trader()),
                        expiresAt: ledger.time.adding(milliseconds: number(1...300) * 60_000)))), by: owner,
            made: [(0, .delivery)])
    }

    /// A license of sealed content that is in force, with who holds it.
    private mutating func heldLicense() throws -> (license: LicenseRecord, name: String)? {
        for known in licenses.suffix(20).shuffled(using: &random) {
            guard let license = try LicenseLedger.license(known.id, in: ledger.state), license.delivery != nil,
                let name = name(of: license.licensee)
            else { continue }
            return (license, name)
        }
        return nil
    }

    private mutating func handOn() throws -> Attempt {
        guard let (license, holder) = try heldLicense(), let held = license.delivery,
            let receiver = pick(Self.traders.filter { $0 != holder })
        else { return try publish(by: trader()) }
        let version = try ledger.version(ledger.delivery(held).version, of: license.inft)
        let request = try ledger.request(
            .licenseTransfer, license.inft, version, key: newKey(), by: receiver, sender: holder)
        var attempt = Attempt(
            .licenses(
                .transfer(TransferLicense(license: license.id, to: Ledger.party(receiver), delivery: request))),
            by: holder, made: [(0, .delivery)])
        attempt.cosigners = [receiver]
        return attempt
    }

    private mutating func sublicenseSealed() throws -> Attempt {
        guard let (license, holder) = try heldLicense(), let held = license.delivery,
            let receiver = pick(Self.traders.filter { $0 != holder })
        else { return try publish(by: trader()) }
        let version = try ledger.version(ledger.delivery(held).version, of: license.inft)
        let request = try ledger.request(.license, license.inft, version, key: newKey(), by: receiver, sender: holder)
        var attempt = Attempt(
            .licenses(
                .sublicense(
                    SublicenseLicense(
                        license: license.id, to: Ledger.party(receiver), use: license.use,
                        price: Amount(license.price.units + (happens(50) ? number(0...500) : 0)), delivery: request))),
            by: holder, made: [(0, .license(owner: receiver))])
        attempt.cosigners = [receiver]
        return attempt
    }

    private mutating func askForVersion() throws -> Attempt {
        guard let (license, holder) = try heldLicense() else { return try publish(by: trader()) }
        let request = try ledger.request(
            .licenseRevision, license.inft, ledger.latest(license.inft), key: newKey(), by: holder)
        return Attempt(
            .licenses(.requestVersion(RequestVersion(license: license.id, delivery: request))), by: holder,
            made: [(0, .delivery)])
    }

    /// What the purchase of this offer has to bring; nil where the content is open.
    mutating func purchaseRequest(_ id: OfferID, by name: String) throws -> DeliveryRequest? {
        guard let offer = try LicenseLedger.offer(id, in: ledger.state) else { return nil }
        let version = try ledger.latest(offer.inft)
        guard version.content.isSealed else { return nil }
        return try ledger.request(.license, offer.inft, version, key: newKey(), by: name)
    }
}

/// What must hold of deliveries, licenses and owners in any state, whatever happened.
extension History {
    func exchangeProblems() throws -> [String] {
        var found: [String] = []
        var licenses: [LicenseID: LicenseRecord] = [:]
        for entry in try ledger.records() {
            guard let header = entry.key.header else { continue }
            switch (header.domain, header.kind) {
            case (.infts, 0): found += try problems(of: INFTRecord(decoding: entry.value))
            case (.infts, 1): found += try problems(of: VersionRecord(decoding: entry.value))
            case (.infts, 4): found += try problems(of: DeliveryRecord(decoding: entry.value))
            case (.licenses, 2):
                let license = try LicenseRecord(decoding: entry.value)
                licenses[license.id] = license
                found += try problems(of: license)
            default: continue
            }
        }
        return try found + countProblems(licenses)
    }

    /// An owner differs from the maker only by completed transfers, each of which its history tells.
    private func problems(of record: INFTRecord) throws -> [String] {
        var owner: Party?
        for index in 0..<record.historyCount {
            guard let entry = try ledger.state.record(INFTKeys.history(record.id, index)) else {
                return ["\(record.id): a gap in its history"]
            }
            if entry.kind == .minted || entry.kind == .cloned { owner = entry.actor }
            if entry.kind == .transferred {
                let moved = transfers.first { $0.transaction == entry.transaction && $0.inft == record.id }
                guard let moved, moved.from == owner, try ledger.delivery(moved.delivery).state == .completed else {
                    return ["\(record.id): changed its owner without a completed transfer"]
                }
                owner = moved.to
            }
        }
        return owner == record.owner ? [] : ["\(record.id) belongs to another than its history says"]
    }

    /// Whoever the ledger says can open a version can: with the secret of the key that custody names.
    private func problems(of version: VersionRecord) throws -> [String] {
        guard case .sealed(let content) = version.content, let custody = version.custody else {
            return version.custody == nil ? [] : ["an open version has a custody"]
        }
        guard let published = keys[content.sealingKey], let held = keys[custody.sealingKey] else {
            return ["a sealing key that nobody made"]
        }
        let isSame =
            try SealedKeys.open(content.sealedKey, with: sealingSecret(published))
            == SealedKeys.open(custody.sealedKey, with: sealingSecret(held))
        return isSame ? [] : ["a content key changed on its way"]
    }

    private func problems(of delivery: DeliveryRecord) throws -> [String] {
        var problems: [String] = []
        let escrow = try Reserves.record(.escrow, delivery.id.bytes, in: ledger.state)?.amount
        let held = try Reserves.record(.held, delivery.id.bytes, in: ledger.state)?.amount
        let amount = delivery.payment?.amount
        switch delivery.state {
        case .offered, .requested, .begun:
            if escrow != amount || held != nil { problems.append("its price is not in escrow") }
        case .completed:
            if delivery.sealingKey != nil, delivery.begun == nil { problems.append("completed, and never begun") }
            let isHeld = delivery.payment?.settledAt == nil ? amount : nil
            if escrow != nil || held != isHeld { problems.append("its price is neither held nor distributed") }
            problems += try keyProblems(of: delivery)
        case .failed:
            if escrow != nil || held != nil || delivery.ending?.sealedKey != nil {
                problems.append("failed, and money or a key went")
            }
        }
        return problems.map { "delivery \(delivery.id): \($0)" }
    }

    /// The receiver opens what was published.
    private func keyProblems(of delivery: DeliveryRecord) throws -> [String] {
        guard let custody = delivery.custody else { return [] }
        guard case .sealed(let content) = try ledger.version(delivery.version, of: delivery.inft).content,
            let published = keys[content.sealingKey], let received = keys[custody.sealingKey]
        else { return ["delivered what is not sealed, or to a key that nobody made"] }
        let isSame =
            try SealedKeys.open(content.sealedKey, with: sealingSecret(published))
            == SealedKeys.open(custody.sealedKey, with: sealingSecret(received))
        return isSame ? [] : ["the receiver got another key"]
    }

    private func problems(of license: LicenseRecord) throws -> [String] {
        let first = try Deliveries.record(DeliveryID(license.id.bytes), in: ledger.state)
        guard let first else { return try openProblems(of: license) }
        var problems: [String] = []
        if (license.activeFrom != nil) != (first.state == .completed) {
            problems.append("active without a completed delivery, or the other way")
        }
        if license.activeFrom != nil, license.activeFrom != first.ending?.at {
            problems.append("active at another time")
        }
        let isRefunded = if case .refunded = license.ending { true } else { false }
        if isRefunded != (first.state == .failed) { problems.append("refunded without reason, or the other way") }
        if isRefunded, license.isLive { problems.append("refunded and still counted") }
        if let open = license.openDelivery, try ledger.delivery(open).ending != nil {
            problems.append("names an ended delivery as open")
        }
        return problems.map { "license \(license.id): \($0)" }
    }

    /// The price of a trial of open content is held until it is over, and nothing else is.
    private func openProblems(of license: LicenseRecord) throws -> [String] {
        var problems = license.delivery == nil ? [] : ["a delivery is missing"]
        let held = try Reserves.record(.held, license.id.bytes, in: ledger.state)?.amount
        let isRunning = license.isOnTrial(at: ledger.time)
        // Prepaid uses are set aside elsewhere.
        let quota = try LicenseLedger.terms(license.terms, in: ledger.state)?.terms.payment.quotaAmount ?? .zero
        if isRunning, held != license.price.subtracting(quota) {
            problems.append("on trial, and its price is not held")
        }
        if license.trialUntil == nil || license.ending.map({ $0.state == .returned }) == true, held != nil {
            problems.append("held without a trial")
        }
        return problems.map { "license \(license.id): \($0)" }
    }

    /// Sublicenses, their seats and shares are counted above them, whatever became of them.
    private func countProblems(_ licenses: [LicenseID: LicenseRecord]) throws -> [String] {
        var live: [LicenseID: UInt64] = [:]
        var seats: [LicenseID: UInt64] = [:]
        var shares: [LicenseID: UInt64] = [:]
        for license in licenses.values {
            guard let under = license.under else { continue }
            if license.isLive {
                live[under.license, default: 0] += 1
                seats[under.license, default: 0] += under.seats ?? 0
            }
            let payment = try Deliveries.record(DeliveryID(license.id.bytes), in: ledger.state)?.payment
            if payment?.isReturned != true {
                shares[under.license, default: 0] += under.share.units
            }
        }
        var problems: [String] = []
        for (id, license) in licenses {
            if license.sublicenses != live[id, default: 0] {
                problems.append("license \(id): its sublicenses are miscounted")
            }
            if license.seatsTaken < seats[id, default: 0] { problems.append("license \(id): its seats are miscounted") }
            if license.shared.units != shares[id, default: 0] {
                problems.append("license \(id): its shares are miscounted")
            }
        }
        return problems
    }
}
