import Consents
import Cryptography
import Encoding
import INFTs
import Identities
import Licenses
import Primitives
import Revenue
import StateModel
import TestSupport
import Testing

/// Metered uses of content whose consents ask for an answer before they permit: what was answered for the delivery holds
/// for the uses, as far as it goes.
@Suite struct NeedTests {
    private static let stated = StatedUse(
        purposes: [.research], research: ResearchUse(aims: [.general]), territories: ["DE"])

    /// The account of an ethics board that can sign.
    private static func board(_ sandbox: Sandbox) throws -> (secret: SecretKey, address: Address) {
        let secret = try #require(SecretKey(testHash("secret board").bytes))
        sandbox.state.set(
            IdentityKeys.account(secret.address),
            AccountRecord(
                kind: .institution, sponsor: nil, createdAt: testStart, createdHeight: .genesis,
                sponsoredAt: testStart))
        sandbox.attest(.account(secret.address), .ethicsBoard)
        return (secret, secret.address)
    }

    /// Bob's metered license on alice's data, delivered with the board's answer, good for so many days.
    static func delivered(
        _ sandbox: Sandbox, answerDays: UInt64 = 365
    ) throws -> (license: LicenseID, set: ConsentSetID) {
        let (set, _) = try sandbox.consentSet([.access], modifiers: [.ethicsApprovalRequired])
        var terms = TermsPreset.researchOnly.terms
        terms.scope.researchAims = CodeList([.general])
        terms.payment.asset = sandbox.asset
        terms.payment.fee = Amount(500)
        terms.payment.perUseFee = Amount(3)
        terms.payment.prepaidUses = 10
        terms.grant.isTransferable = true
        terms.grant.coversRevisions = true
        let (_, _, license, delivery) = try sandbox.sold(terms, consentSet: set, use: stated)
        let made = try sandbox.deliver(delivery, with: "alice")
        let until = sandbox.time.adding(milliseconds: answerDays * millisecondsPerDay)
        try sandbox.execute(
            BeginDelivery(
                delivery: delivery, sealingKey: sealingSecret("alice").key, commitment: made.commitment,
                answers: try answers(delivery, sandbox, until: until)))
        try sandbox.complete(delivery, made)
        return (license, set)
    }

    private static func answers(
        _ delivery: DeliveryID, _ sandbox: Sandbox, until: Timestamp
    ) throws -> [NeedAnswer] {
        let verdict = try DeliveryCheck.check(delivery, at: sandbox.time, in: sandbox.state)
        #expect(verdict.needs == [.ethicsApproval])
        let (secret, address) = try board(sandbox)
        let statement = NeedStatement(
            network: testHash("network"), basis: .set(try #require(verdict.consentSet)),
            revision: try #require(verdict.consentRevision), requests: UseRequest.hash(of: verdict.requests),
            subject: delivery.bytes, recipient: try sandbox.delivery(delivery).to, need: .ethicsApproval,
            by: .account(address), validUntil: until)
        return [
            NeedAnswer(
                statement, signer: address,
                signature: Schnorr.sign(message: statement.hash, secret: secret, auxiliary: testHash("fresh").bytes))
        ]
    }

    private static func use(_ purpose: PurposeOfUse, _ territory: String = "DE") -> MeteredUse {
        MeteredUse(purpose: purpose, field: .research, territory: territory)
    }

    private static func record(
        _ license: LicenseID, _ sandbox: Sandbox, as name: String = "bob", _ use: MeteredUse? = nil
    ) throws -> String? {
        try reason {
            try sandbox.execute(
                RecordUse(
                    license: license, use: use ?? Self.use(.research),
                    entries: [UseTests.entry()]), as: name)
        }
    }

    @Test("A use is recorded under the answer that was given for the delivery, and for no longer than that")
    func answered() throws {
        let sandbox = try Sandbox()
        let (license, _) = try Self.delivered(sandbox, answerDays: 10)
        #expect(try Self.record(license, sandbox) == nil)
        // A place within the place, a kind of the purpose.
        #expect(
            try Self.record(license, sandbox, Self.use(.biomedicalResearch, "DE-BY")) == nil)
        #expect(
            try Self.record(license, sandbox, Self.use(.treatment)) == "use_not_covered")
        #expect(try sandbox.reasons(license, LicenseUse(purpose: .research, field: .research, territory: "DE")).isEmpty)
        // Before the content was released nothing was answered.
        let bought = try sandbox.license(license).purchasedAt
        #expect(
            try sandbox.reasons(license, LicenseUse(purpose: .research, field: .research, territory: "DE"), at: bought)
                .contains(.consentDoesNotPermit))
        sandbox.advance(days: 10)
        #expect(
            try sandbox.reasons(license, LicenseUse(purpose: .research, field: .research, territory: "DE")) == [
                .consentDoesNotPermit
            ])
        #expect(try Self.record(license, sandbox) == "use_not_covered")
    }

    @Test("What was answered holds while the policies do: further members leave it, another policy ends it")
    func revised() throws {
        let sandbox = try Sandbox()
        let (license, set) = try Self.delivered(sandbox)
        let record = try ConsentSets.require(set, field: "", in: sandbox.state)
        var larger = record
        larger.revision += 1
        larger.memberCount += 1
        ConsentSets.store(larger, in: sandbox.state)
        #expect(try Self.record(license, sandbox) == nil)
        var other = larger
        other.policyRevision = other.revision
        ConsentSets.store(other, in: sandbox.state)
        #expect(try Self.record(license, sandbox) == "use_not_covered")
        ConsentSets.store(record, in: sandbox.state)
        #expect(try Self.record(license, sandbox) == nil)
        // Needs that nobody had answered.
        ConsentSets.store(Self.narrower(record), in: sandbox.state)
        #expect(try Self.record(license, sandbox) == "use_not_covered")
    }

    /// Asks for a review, too.
    private static func narrower(_ record: ConsentSetRecord) -> ConsentSetRecord {
        ConsentSetRecord(
            record.standing,
            policies: SortedList(
                record.policies.elements.map { policy in
                    ConsentPolicy(
                        provisions: policy.provisions.map { provision in
                            Provision(
                                provision.kind, actions: provision.actions, purposes: provision.purposes,
                                dataUse: provision.dataUse.map {
                                    DataUseTerms(
                                        permissions: $0.permissions,
                                        modifiers: SortedList($0.modifiers.elements + [.researchSpecific]))
                                })
                        })
                }))
    }

    /// To all that the license is asked for now.
    private static func anew(
        _ license: LicenseID, _ sandbox: Sandbox, days: UInt64 = 365
    ) throws -> AnswerNeeds {
        let delivery = try #require(try sandbox.license(license).delivery)
        let verdict = try DeliveryCheck.check(delivery, at: sandbox.time, in: sandbox.state)
        #expect(!verdict.needs.isEmpty)
        let (secret, address) = try board(sandbox)
        let set = try #require(verdict.consentSet)
        let answers = try verdict.needs.map { need in
            let statement = NeedStatement(
                network: testHash("network"), basis: .set(set), revision: try #require(verdict.consentRevision),
                requests: UseRequest.hash(of: verdict.requests), subject: delivery.bytes,
                recipient: try sandbox.license(license).licensee, need: need, by: .account(address),
                validUntil: sandbox.time.adding(milliseconds: days * millisecondsPerDay))
            return NeedAnswer(
                statement, signer: address,
                signature: Schnorr.sign(message: statement.hash, secret: secret, auxiliary: testHash("fresh").bytes))
        }
        return AnswerNeeds(license: license, answers: answers)
    }

    private static func tasks(_ sandbox: Sandbox, _ name: String = "bob") throws -> [PartyTask] {
        try LicensesDomain.tasks.flatMap { source in
            try source.page(sandbox.party(name), PageRequest(after: nil, limit: 50), sandbox.queries).items
        }.filter { $0.act == AnswerNeeds.name }
    }

    private static let asked = LicenseUse(purpose: .research, field: .research, territory: "DE")

    @Test("When the policies change, the licensee is told, has the needs answered anew, and the past stays answered")
    func answeredAnew() throws {
        let sandbox = try Sandbox()
        let (license, set) = try Self.delivered(sandbox)
        #expect(try Self.tasks(sandbox).isEmpty)
        #expect(
            try reason { try sandbox.execute(AnswerNeeds(license: license, answers: []), as: "bob") } == "need_unmet")
        sandbox.advance(days: 1)
        var record = Self.narrower(try ConsentSets.require(set, field: "", in: sandbox.state))
        record.revision += 1
        record.policyRevision = record.revision
        ConsentSets.store(record, in: sandbox.state)
        #expect(try sandbox.reasons(license, Self.asked) == [.consentDoesNotPermit])
        let told = try Self.tasks(sandbox)
        #expect(told.map(\.license) == [license] && told.map(\.deadline) == [nil])
        #expect(told.map(\.from) == [record.custodian])

        let answer = try Self.anew(license, sandbox, days: 40)
        #expect(Set(answer.answers.map(\.need)) == [.ethicsApproval, .review])
        // One of two is none.
        let half = AnswerNeeds(license: license, answers: [answer.answers[0]])
        #expect(try reason { try sandbox.execute(half, as: "bob") } == "need_unmet")
        // Nobody but the licensee brings them.
        #expect(try reason { try sandbox.execute(answer, as: "alice") } == "not_licensee")
        let copies = try Self.copies(sandbox, under: set)
        try sandbox.execute(answer, as: "bob")
        #expect(try Self.record(license, sandbox) == nil)
        #expect(try Self.tasks(sandbox).isEmpty)
        let disclosures = try Self.disclosures(sandbox)
        #expect(disclosures.map(\.occasion) == [.license, .uses])
        #expect(disclosures.last?.met.map(\.need) == answer.answers.map(\.need))
        // Nobody got a copy by it.
        #expect(try Self.copies(sandbox, under: set) == copies && copies == 1)

        // About to run out, and over.
        sandbox.advance(days: 20)
        #expect(try Self.tasks(sandbox).map(\.deadline) == [disclosures.last?.met.first?.validUntil])
        sandbox.advance(days: 20)
        #expect(try sandbox.reasons(license, Self.asked) == [.consentDoesNotPermit])
        #expect(try Self.tasks(sandbox).map(\.deadline) == [nil])
        let ago = sandbox.time.adding(milliseconds: 10 * millisecondsPerDay)
        try sandbox.execute(try Self.anew(license, sandbox), as: "bob")
        #expect(try Self.record(license, sandbox) == nil)
        // What was covered before the last answers is answered by the answers of then.
        let covered = try #require(disclosures.last).at.adding(milliseconds: millisecondsPerDay)
        #expect(covered < ago)
        #expect(try sandbox.reasons(license, Self.asked, at: covered).isEmpty)
        #expect(try sandbox.reasons(license, Self.asked, at: sandbox.time).isEmpty)
    }

    @Test("An answer is for one license, one state of the policies and one licensee; what needs none takes none")
    func onlyWhatIsAsked() throws {
        let sandbox = try Sandbox()
        let (license, set) = try Self.delivered(sandbox, answerDays: 5)
        sandbox.advance(days: 6)
        let answer = try Self.anew(license, sandbox)
        var record = try ConsentSets.require(set, field: "", in: sandbox.state)
        record.revision += 1
        record.policyRevision = record.revision
        let before = try ConsentSets.require(set, field: "", in: sandbox.state)
        ConsentSets.store(record, in: sandbox.state)
        #expect(try reason { try sandbox.execute(answer, as: "bob") } == "answer_invalid")
        ConsentSets.store(before, in: sandbox.state)
        try sandbox.execute(answer, as: "bob")
        // Once is enough, until there are answers that last longer: they can be signed while the former ones hold.
        #expect(try reason { try sandbox.execute(answer, as: "bob") } == "answers_unneeded")
        let shorter = try Self.anew(license, sandbox, days: 364)
        #expect(try reason { try sandbox.execute(shorter, as: "bob") } == "answers_unneeded")
        try sandbox.execute(try Self.anew(license, sandbox, days: 366), as: "bob")
        // Consents that ask for nothing.
        record = ConsentSetRecord(
            record.standing,
            policies: SortedList(
                record.policies.elements.map { policy in
                    ConsentPolicy(
                        provisions: policy.provisions.map {
                            Provision(
                                $0.kind, actions: $0.actions, purposes: $0.purposes,
                                dataUse: $0.dataUse.map { DataUseTerms(permissions: $0.permissions) })
                        })
                }))
        ConsentSets.store(record, in: sandbox.state)
        #expect(
            try reason { try sandbox.execute(AnswerNeeds(license: license, answers: []), as: "bob") }
                == "answers_unneeded")
        #expect(try Self.tasks(sandbox).isEmpty)
        // Stale consents stand against every use, whatever is answered.
        record = before
        record.stale = StaleMark(since: sandbox.time, reason: .withdrawal)
        ConsentSets.store(record, in: sandbox.state)
        #expect(try reason { try sandbox.execute(answer, as: "bob") } == "license_not_in_force")
        #expect(try Self.tasks(sandbox).isEmpty)
        let open = try sandbox.buy(try sandbox.offer(try sandbox.mint("open"), TermsPreset.openAccess.terms))
        #expect(
            try reason { try sandbox.execute(AnswerNeeds(license: open, answers: answer.answers), as: "bob") }
                == "answers_unneeded")
        // Open content is released to nobody.
        let data = try sandbox.mint("data", as: "hospital", consentSet: try sandbox.consentSet([.access]).set)
        let read = try sandbox.buy(
            try sandbox.offer(data, TermsPreset.researchOnly.terms, as: "hospital"),
            use: StatedUse(purposes: [.research]))
        #expect(
            try reason { try sandbox.execute(AnswerNeeds(license: read, answers: answer.answers), as: "bob") }
                == "nothing_released")
    }

    /// Another consent of the patient joins the set; what it asks for before research nobody has answered.
    private static func join(_ set: ConsentSetID, _ sandbox: Sandbox, in places: SortedList<String> = []) throws {
        let asking = DataUseTerms(permissions: [.generalResearch], modifiers: [.researchSpecific])
        let policy = ConsentPolicy(provisions: [
            Provision(.permit, actions: [.deposit]),
            Provision(
                .permit, actions: [.access], purposes: [.research], dataUse: asking, jurisdictions: places),
        ])
        try sandbox.execute(
            ConsentGrant(
                scope: .individual, subject: sandbox.party("patient"), custodian: sandbox.party("hospital"),
                policy: policy),
            ConsentCountersign(consent: .operation(0)),
            ConsentSetAdd(set: .id(set), members: [.operation(0)]), as: "patient", cosigners: ["hospital"])
    }

    private static func custodianTasks(_ sandbox: Sandbox) throws -> [PartyTask] {
        try LicensesDomain.tasks.flatMap { source in
            try source.page(sandbox.party("hospital"), PageRequest(after: nil, limit: 50), sandbox.queries).items
        }.filter { $0.act == "consent.answer" }
    }

    @Test("What was answered at a time stays answered at that time, whatever policies come later; between, nothing is")
    func pastPolicies() throws {
        let sandbox = try Sandbox()
        let (license, set) = try Self.delivered(sandbox)
        let answered = sandbox.time
        #expect(try Self.custodianTasks(sandbox).isEmpty)
        sandbox.advance(days: 2)
        try Self.join(set, sandbox)
        let changed = sandbox.time
        sandbox.advance(days: 2)
        #expect(try sandbox.reasons(license, Self.asked) == [.consentDoesNotPermit])
        let told = try Self.custodianTasks(sandbox)
        #expect(told.map(\.license) == [license] && told.map(\.from) == [sandbox.party("bob")])
        #expect(told.first?.needs?.sorted() == ["ethicsApproval", "review"])
        #expect(told.first?.custodian == sandbox.party("hospital"))
        let open = try LicenseCheck.explained(license, nil, at: sandbox.time, in: sandbox.state)
        #expect(open.isValid && open.consents?.needs.map(\.name).sorted() == ["ethicsApproval", "review"])
        #expect(open.consents?.custodian == sandbox.party("hospital") && open.consents?.denial == nil)

        try sandbox.execute(try Self.anew(license, sandbox), as: "bob")
        #expect(try Self.custodianTasks(sandbox).isEmpty)
        #expect(try LicenseCheck.explained(license, nil, at: sandbox.time, in: sandbox.state).consents == nil)
        let anew = sandbox.time
        sandbox.advance(days: 2)
        try Self.join(set, sandbox, in: ["DE"])
        for (time, reasons) in [
            (answered, []), (Timestamp(changed.milliseconds - 1), []), (changed, [.consentDoesNotPermit]),
            (anew, []), (sandbox.time, [.consentDoesNotPermit]),
        ] as [(Timestamp, [LicenseReason])] {
            #expect(try sandbox.reasons(license, Self.asked, at: time) == reasons, "at \(time)")
        }
    }

    /// Bob asks for version 2, of the content "b".
    static func askedForSecond(
        _ license: LicenseID, of inft: INFTID, _ sandbox: Sandbox
    ) throws -> DeliveryID {
        try sandbox.execute(
            RequestVersion(
                license: license,
                delivery: sandbox.request(
                    "b", of: inft, version: 2, act: .licenseRevision, key: "bob 2", by: "bob")), as: "bob"
        ).madeIdentifier()
    }

    /// With the board's answer, good for so many days.
    static func deliverSecond(_ delivery: DeliveryID, answerDays: UInt64, _ sandbox: Sandbox) throws {
        let made = try sandbox.deliver(delivery, with: "second")
        let until = sandbox.time.adding(milliseconds: answerDays * millisecondsPerDay)
        try sandbox.execute(
            BeginDelivery(
                delivery: delivery, sealingKey: sealingSecret("second").key, commitment: made.commitment,
                answers: try answers(delivery, sandbox, until: until)))
        try sandbox.complete(delivery, made)
    }

    private static func denied(_ sandbox: Sandbox) throws -> [PartyTask] {
        try LicensesDomain.tasks.flatMap { source in
            try source.page(sandbox.party("bob"), PageRequest(after: nil, limit: 50), sandbox.queries).items
        }.filter { $0.act == "license.consentDenied" }
    }

    @Test("Who keeps the data is told before answers run out, as the licensee is; who also hears of withdrawals")
    func toldBefore() throws {
        let sandbox = try Sandbox()
        let (license, set) = try Self.delivered(sandbox, answerDays: 60)
        #expect(try Self.custodianTasks(sandbox).isEmpty && Self.tasks(sandbox).isEmpty)
        sandbox.advance(days: 50)
        let told = try Self.custodianTasks(sandbox)
        #expect(told.map(\.license) == [license] && told.first?.needs == ["ethicsApproval"])
        #expect(told.first?.deadline != nil)
        #expect(try told.map(\.deadline) == Self.tasks(sandbox).map(\.deadline))
        // What ends with the license, or later, is no matter of its own.
        var record = try sandbox.license(license)
        let ends = record.expiresAt
        record.expiresAt = told.first?.deadline
        sandbox.state.set(LicenseKeys.license(license), record)
        #expect(try Self.custodianTasks(sandbox).isEmpty && Self.tasks(sandbox).isEmpty)
        record.expiresAt = ends
        sandbox.state.set(LicenseKeys.license(license), record)
        sandbox.advance(days: 11)
        #expect(try Self.custodianTasks(sandbox).map(\.deadline) == [nil])
        #expect(try Self.denied(sandbox).isEmpty)
        var withdrawn = try ConsentSets.require(set, field: "", in: sandbox.state)
        withdrawn.stale = StaleMark(since: sandbox.time, reason: .withdrawal)
        ConsentSets.store(withdrawn, in: sandbox.state)
        #expect(try Self.denied(sandbox).map(\.license) == [license])
        #expect(try Self.custodianTasks(sandbox).isEmpty && Self.tasks(sandbox).isEmpty)
    }

    @Test("Who has a version whose consents stand no more does not use it, whatever a later one cites")
    func staleVersion() throws {
        let sandbox = try Sandbox()
        let (license, set) = try Self.delivered(sandbox)
        let inft = try sandbox.license(license).inft
        let answered = sandbox.time
        sandbox.advance(days: 1)
        let (other, _) = try sandbox.consentSet([.access], modifiers: [.ethicsApprovalRequired])
        try sandbox.revise(inft, "b", key: "second", consentSet: other)
        #expect(try sandbox.verdict(license).state == .active)
        let again = try Self.anew(license, sandbox, days: 30)
        var withdrawn = try ConsentSets.require(set, field: "", in: sandbox.state)
        withdrawn.stale = StaleMark(since: sandbox.time, reason: .withdrawal)
        ConsentSets.store(withdrawn, in: sandbox.state)
        #expect(try sandbox.verdict(license).state == .suspended)
        #expect(try sandbox.reasons(license, Self.asked).contains(.suspendedByConsent))
        #expect(try Self.denied(sandbox).map(\.license) == [license])
        #expect(try sandbox.reasons(license, Self.asked, at: answered).isEmpty)
        var newer = Self.asked
        newer.version = 2
        #expect(try sandbox.reasons(license, newer) == [.consentDoesNotPermit])
        // Nothing that is answered brings it back.
        #expect(try reason { try sandbox.execute(again, as: "bob") } == "license_not_in_force")

        let delivery = try Self.askedForSecond(license, of: inft, sandbox)
        try Self.deliverSecond(delivery, answerDays: 30, sandbox)
        #expect(try sandbox.verdict(license).state == .active)
        #expect(try sandbox.reasons(license, Self.asked).isEmpty && Self.denied(sandbox).isEmpty)
        // What was delivered before stays what it is.
        newer.version = 1
        #expect(try sandbox.reasons(license, newer).contains(.suspendedByConsent))
    }

    @Test("A newer version's delivery leaves what was answered before it")
    func newerVersion() throws {
        let sandbox = try Sandbox()
        let (license, _) = try Self.delivered(sandbox, answerDays: 50)
        let before = sandbox.time
        sandbox.advance(days: 1)
        let inft = try sandbox.license(license).inft
        try sandbox.revise(inft, "b", key: "second")
        let delivery = try Self.askedForSecond(license, of: inft, sandbox)
        try Self.deliverSecond(delivery, answerDays: 5, sandbox)
        #expect(try sandbox.license(license).delivery == delivery)
        #expect(try sandbox.reasons(license, Self.asked, at: before).isEmpty)
        #expect(try sandbox.reasons(license, Self.asked).isEmpty)
        sandbox.advance(days: 5)
        #expect(try sandbox.reasons(license, Self.asked) == [.consentDoesNotPermit])
        #expect(try sandbox.reasons(license, Self.asked, at: before).isEmpty)
    }

    @Test("While a newer version is under way, what was answered for the older one counts, and did so afterwards too")
    func answeredMeanwhile() throws {
        let sandbox = try Sandbox()
        let (license, set) = try Self.delivered(sandbox, answerDays: 50)
        sandbox.advance(days: 1)
        let inft = try sandbox.license(license).inft
        try sandbox.revise(inft, "b", key: "second")
        let delivery = try Self.askedForSecond(license, of: inft, sandbox)
        try Self.join(set, sandbox)
        let changed = sandbox.time
        let made = try sandbox.deliver(delivery, with: "second")
        sandbox.advance(milliseconds: 60_000)
        let until = sandbox.time.adding(milliseconds: 50 * millisecondsPerDay)
        let verdict = try DeliveryCheck.check(delivery, at: sandbox.time, in: sandbox.state)
        let (secret, address) = try Self.board(sandbox)
        let answers = try verdict.needs.map { need in
            let statement = NeedStatement(
                network: testHash("network"), basis: .set(set), revision: try #require(verdict.consentRevision),
                requests: UseRequest.hash(of: verdict.requests), subject: delivery.bytes,
                recipient: try sandbox.delivery(delivery).to, need: need, by: .account(address), validUntil: until)
            return NeedAnswer(
                statement, signer: address,
                signature: Schnorr.sign(message: statement.hash, secret: secret, auxiliary: testHash("fresh").bytes))
        }
        try sandbox.execute(
            BeginDelivery(
                delivery: delivery, sealingKey: sealingSecret("second").key, commitment: made.commitment,
                answers: answers))
        let begun = sandbox.time
        // Answered for what bob has, while the newer one is under way.
        sandbox.advance(milliseconds: 60_000)
        try sandbox.execute(try Self.anew(license, sandbox), as: "bob")
        let meanwhile = sandbox.time
        sandbox.advance(milliseconds: 60_000)
        func expectPast() throws {
            for (time, reasons) in [
                (Timestamp(changed.milliseconds - 1), []), (changed, [.consentDoesNotPermit]),
                (begun, [.consentDoesNotPermit]), (meanwhile, []),
            ] as [(Timestamp, [LicenseReason])] {
                #expect(try sandbox.reasons(license, Self.asked, at: time) == reasons, "at \(time)")
            }
        }
        try expectPast()
        try sandbox.complete(delivery, made)
        #expect(try sandbox.license(license).delivery == delivery)
        try expectPast()
        #expect(try sandbox.reasons(license, Self.asked).isEmpty)
    }

    @Test("Copies are counted however many answers for uses stand between them")
    func manyAnswers() throws {
        let sandbox = try Sandbox()
        let (_, set) = try Self.delivered(sandbox)
        let copy = try #require(try Self.disclosures(sandbox).first)
        func add(_ count: Int, _ occasion: DisclosureOccasion, from start: UInt64) {
            for number in 0..<count {
                let id: DisclosureID = testIdentifier("\(occasion) \(start) \(number)")
                let record = DisclosureRecord(
                    id: id, occasion: occasion, basis: copy.basis, revision: copy.revision, subject: copy.subject,
                    custodian: copy.custodian, recipient: copy.recipient, requests: [], decisions: [], met: [],
                    reference: copy.reference, inft: copy.inft,
                    at: copy.at.adding(milliseconds: start + UInt64(number)), until: nil)
                sandbox.state.set(ConsentsKeys.disclosure(id), record)
            }
        }
        func counted() throws -> ConsentImpactView {
            let member = try #require(
                try sandbox.state.changes.compactMap { change -> SetMember? in
                    guard let value = change.value, change.key.header?.domain == .consents, change.key.header?.kind == 2
                    else { return nil }
                    return try SetMember(decoding: value)
                }.first { $0.set == set })
            return try sandbox.impact(of: member.consent)
        }
        add(1_500, .uses, from: 10)
        add(3, .license, from: 10_000)
        let few = try counted()
        #expect(few.deliveries == 4 && !few.hasMoreDeliveries)
        add(1_200, .license, from: 20_000)
        let many = try counted()
        #expect(many.deliveries == 1_000 && many.hasMoreDeliveries)
    }

    private static func disclosures(_ sandbox: Sandbox) throws -> [DisclosureRecord] {
        try sandbox.state.changes.compactMap { change -> DisclosureRecord? in
            guard let value = change.value, change.key.header?.domain == .consents, change.key.header?.kind == 3
            else { return nil }
            return try DisclosureRecord(decoding: value)
        }.sorted { $0.at < $1.at }
    }

    /// As the preview of a withdrawal counts them.
    private static func copies(_ sandbox: Sandbox, under set: ConsentSetID) throws -> UInt64 {
        let member = try sandbox.state.changes.compactMap { change -> SetMember? in
            guard let value = change.value, change.key.header?.domain == .consents, change.key.header?.kind == 2
            else { return nil }
            return try SetMember(decoding: value)
        }.first { $0.set == set }
        return try sandbox.impact(of: try #require(member).consent).deliveries
    }

    @Test("Who gets the license next needs an answer of their own")
    func handedOn() throws {
        let sandbox = try Sandbox()
        let (license, _) = try Self.delivered(sandbox)
        let inft = try sandbox.license(license).inft
        let request = sandbox.request(
            "a", of: inft, act: .licenseTransfer, key: "carol", by: "carol", sender: "bob")
        let id: DeliveryID = try sandbox.execute(
            TransferLicense(license: license, to: sandbox.party("carol"), delivery: request), as: "bob",
            cosigners: ["carol"]
        ).madeIdentifier()
        let sealed = try sandbox.delivered(DeliveryID(license.bytes))
        let made = try sandbox.deliver(id, from: sealed, with: "bob", by: "bob")
        let answers = try Self.answers(
            id, sandbox, until: sandbox.time.adding(milliseconds: 20 * millisecondsPerDay))
        try sandbox.execute(
            BeginDelivery(
                delivery: id, sealingKey: sealingSecret("bob").key, commitment: made.commitment, answers: answers),
            as: "bob")
        // Begun, but not delivered: the license is still bob's, and so is what was answered for him.
        #expect(try Self.record(license, sandbox) == nil)
        try sandbox.complete(id, made, as: "bob")
        try sandbox.execute(TopUpQuota(license: license, uses: 5, maximumPrice: Amount(15)), as: "carol")
        #expect(try Self.record(license, sandbox, as: "carol") == nil)
        sandbox.advance(days: 20)
        #expect(try Self.record(license, sandbox, as: "carol") == "use_not_covered")
    }
}
