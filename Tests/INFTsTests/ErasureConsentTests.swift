import Consents
import Cryptography
import INFTs
import Primitives
import StateModel
import TestSupport
import Testing

/// Erasure at a subject's request: what the state proves of it, and what each party then sees.
struct ErasureConsentTests {
    let sandbox = Sandbox()

    /// A set of alice with one member for each name, published to by nobody yet.
    private func give(_ name: String, members: [String]) -> ConsentSetID {
        let set: ConsentSetID = testIdentifier("set \(name)")
        let policy = ConsentTemplates.generalResearch.policy(
            ConsentTemplateValues(custodian: sandbox.party("alice")))
        ConsentSets.store(
            ConsentSetRecord(
                SetStanding(
                    id: set, custodian: sandbox.party("alice"), createdAt: testStart, predecessor: nil, successor: nil,
                    memberCount: UInt64(members.count), aggregateCount: 0, effectiveAt: testStart, earliestExpiry: nil,
                    stale: nil, revision: 1, policyRevision: 0),
                policies: SortedList([policy])), in: sandbox.state)
        for (index, member) in members.enumerated() {
            let id = consent(member)
            sandbox.state.set(
                ConsentsKeys.member(set, id),
                SetMember(set: set, consent: id, index: UInt64(index), addedAt: testStart))
            sandbox.state.set(
                ConsentsKeys.consent(id),
                ConsentRecord(
                    id: id, scope: .individual, subject: .account(testAddress("subject \(member)")),
                    grantedBy: testAddress("subject \(member)"), custodian: sandbox.party("alice"), policy: policy,
                    commitments: [], grantedAt: testStart, effectiveAt: testStart, expiresAt: nil, withdrawnAt: nil,
                    revision: 1, sets: SortedList([set])))
        }
        return set
    }

    private func consent(_ name: String) -> ConsentID { testIdentifier("consent \(name)") }

    private func ask(_ name: String, at time: Timestamp) throws {
        var record = try ConsentLedger.require(consent(name), field: "consent", in: sandbox.state)
        record.withdrawnAt = time
        record.erasure = ErasureMark(requestedAt: time)
        sandbox.state.set(ConsentsKeys.consent(record.id), record)
    }

    private func mint(_ content: String, key: String, set: ConsentSetID) throws -> INFTID {
        let version = ContentVersion.sealed(
            try sandbox.sealed(content, to: key, sandbox.statement(.mint, by: "alice")))
        return try sandbox.execute(
            sampleMint(
                "", owner: sandbox.party("alice"), inftClass: .dataset, content: version,
                metadata: INFTMetadata(title: ""), hasHumanData: true, consentSet: set)
        ).madeIdentifier()
    }

    private func erase(_ inft: INFTID, key: String, _ names: [String], version: UInt64 = 1) -> Erase {
        Erase(
            inft: inft, version: version, sealingKey: sealingSecret(key).key,
            consents: names.map { consent($0) }.sorted())
    }

    @Test("A consent stands behind an erasure if its subject asked, and the version was published under its set")
    func grounds() throws {
        let set = give("here", members: ["p", "q"])
        _ = give("there", members: ["r"])
        let inft = try mint("a", key: "one", set: set)
        #expect(try sandbox.version(of: inft).consentSet == set)
        func refused(_ operation: Erase) throws -> String? { try reason { try sandbox.execute(operation) } }
        #expect(try refused(erase(inft, key: "one", ["p"])) == "erasure_not_asked")
        let early = testStart.adding(milliseconds: 500)
        try ask("p", at: testStart.adding(milliseconds: 700))
        try ask("q", at: early)
        try ask("r", at: testStart)
        #expect(try refused(erase(inft, key: "one", ["p", "r"])) == "consent_unrelated")
        #expect(try refused(erase(inft, key: "one", ["x"])) == "unknown_consent")
        let unsorted = Erase(
            inft: inft, version: 1, sealingKey: sealingSecret("one").key,
            consents: [consent("p"), consent("q")].sorted().reversed())
        #expect(try refused(unsorted) == "list_unsorted")
        let many = (0...INFTsLimits.consentsPerErasure).map { "\($0)" }
        #expect(try refused(erase(inft, key: "one", many)) == "list_too_long")
        let context = try sandbox.execute(erase(inft, key: "one", ["p", "q"]))
        let id: ErasureID = context.madeIdentifier()
        let record = try Erasures.require(id, field: "erasure", in: sandbox.state)
        #expect(record.consents == [consent("p"), consent("q")].sorted() && record.requestedAt == early)
        for name in ["p", "q"] {
            let noted = try ConsentLedger.require(consent(name), field: "consent", in: sandbox.state).erasure
            #expect(noted?.receipt == id && noted?.erasedAt == context.block.time)
            // The subject's wallet learns of it.
            let topics = Set(context.events.flatMap(\.topics))
            #expect(topics.contains(.consent(consent(name))))
            #expect(topics.contains(.party(.account(testAddress("subject \(name)")))))
        }
    }

    @Test("The set that a version was published under counts, not the one that the INFT cites later")
    func versions() throws {
        let first = give("first", members: ["p"])
        let inft = try mint("a", key: "one", set: first)
        let second = give("second", members: ["q"])
        let sealed = try sandbox.sealed(
            "b", to: "two", sandbox.statement(.revise, inft.bytes, version: 2, by: "alice"))
        try sandbox.execute(Revise(inft: inft, content: .sealed(sealed), consentSet: second))
        try ask("p", at: testStart)
        #expect(
            try reason { try sandbox.execute(erase(inft, key: "two", ["p"], version: 2)) } == "consent_unrelated")
        try sandbox.execute(erase(inft, key: "one", ["p"]))
        #expect(try sandbox.version(2, of: inft).erasure == nil)
    }

    @Test("A subject's request takes the ciphertext from every clone; each holder signs for its own key")
    func clones() throws {
        let set = give("here", members: ["p"])
        let inft = try mint("a", key: "one", set: set)
        let clone: INFTID = try sandbox.execute(
            Clone(inft: inft, seal: try sandbox.reseal(inft, act: .clone, from: "one", to: "two"))
        ).madeIdentifier()
        #expect(try sandbox.version(of: clone).consentSet == set)
        try ask("p", at: testStart)
        let first: ErasureID = try sandbox.execute(erase(clone, key: "two", ["p"])).madeIdentifier()
        #expect(try Erasures.receipt(ofRoot: testHash("root a"), in: sandbox.state) == first)
        // Nothing is left to deliver, though the original's holder has not signed yet.
        #expect(try sandbox.version(of: inft).erasure == nil)
        let seal = try sandbox.reseal(inft, from: "one", to: "three")
        #expect(
            try reason { try sandbox.execute(Reseal(inft: inft, version: 1, seal: seal)) } == "content_erased")
        let again = try sandbox.reseal(inft, act: .clone, from: "one", to: "four")
        #expect(try reason { try sandbox.execute(Clone(inft: inft, seal: again)) } == "content_erased")
        let second: ErasureID = try sandbox.execute(erase(inft, key: "one", ["p"])).madeIdentifier()
        // The first receipt stays what it was, for the ciphertext and for the consent.
        #expect(try Erasures.receipt(ofRoot: testHash("root a"), in: sandbox.state) == first)
        #expect(
            try ConsentLedger.require(consent("p"), field: "consent", in: sandbox.state).erasure?.receipt == first)
        #expect(try sandbox.version(of: inft).erasure == second)
    }

    @Test("A dispute keeps no subject waiting")
    func disputed() throws {
        let inft = try mint("a", key: "one", set: give("here", members: ["p"]))
        try ask("p", at: testStart)
        try sandbox.transaction(as: "carol") { (context) throws in
            try Tags.put(.usage, for: testHash("verdict"), on: inft, in: context)
        }
        #expect(try reason { try sandbox.execute(erase(inft, key: "one", [])) } == "erasure_disputed")
        try sandbox.execute(erase(inft, key: "one", ["p"]))
    }

    @Test("The lists: what waits, what was erased, who holds the key still")
    func queries() throws {
        let set = give("here", members: ["p", "q"])
        let inft = try mint("a", key: "one", set: set)
        let other = try mint("b", key: "two", set: set)
        var allQueries: QueryContext {
            get throws {
                makeQueryContext(
                    sandbox.state,
                    try MemoryIndex(of: sandbox.state) { (kind, key, record) throws in
                        switch key.header?.domain {
                        case .infts: try INFTsDomain.indexEntries(kind: kind, key: key, record: record)
                        case .consents: try ConsentsDomain.indexEntries(kind: kind, key: key, record: record)
                        default: []
                        }
                    })
            }
        }
        func page<Parameters: Codable & Sendable, Item>(
            _ name: String, _ parameters: Parameters, of type: Item.Type
        ) throws -> [Item] {
            guard let query = INFTsDomain.queries.first(where: { $0.name == name }),
                case .page(let items, _) = try query.evaluate(
                    parameters, PageRequest(after: nil, limit: 100), allQueries)
            else { throw StateFailure("no list \(name)") }
            return items.compactMap { $0 as? Item }
        }
        func due() throws -> [ErasureDue] {
            try page(
                "inft_erasures_due", ErasuresDueParameters(custodian: sandbox.party("alice")), of: ErasureDue.self)
        }
        func find(_ parameters: ErasureParameters) throws -> ErasureView? {
            guard let query = INFTsDomain.queries.first(where: { $0.name == "inft_erasure" }),
                case .value(let view) = try query.evaluate(
                    parameters, PageRequest(after: nil, limit: 1), allQueries)
            else { return nil }
            return view as? ErasureView
        }
        #expect(try due().isEmpty)
        try ask("p", at: testStart.adding(milliseconds: 5))
        #expect(try due().map(\.consent) == [consent("p")])
        #expect(try due().first?.subject == .account(testAddress("subject p")))
        #expect(
            try Set(due().flatMap(\.versions))
                == [inft, other].reduce(into: Set<ErasureVersion>()) {
                    $0.insert(ErasureVersion(inft: $1, version: 1, holder: sandbox.party("alice")))
                })
        let first: ErasureID = try sandbox.execute(erase(inft, key: "one", ["p"])).madeIdentifier()
        // The consent has a receipt; the other content waits still. Asked by the consent, it is the same.
        #expect(try due().first?.versions.map(\.inft) == [other])
        let ofConsent = try page(
            "inft_erasures_due", ErasuresDueParameters(consent: consent("p")), of: ErasureDue.self)
        #expect(try ofConsent == due())
        let second: ErasureID = try sandbox.execute(erase(other, key: "two", ["p"])).madeIdentifier()
        #expect(try due().isEmpty)

        let byID = try find(ErasureParameters(erasure: first))
        #expect(byID?.erasure.inft == inft && byID?.contentErasure == first && byID?.versions == 1)
        #expect(try find(ErasureParameters(inft: inft, version: 1)) == byID)
        #expect(try find(ErasureParameters(root: testHash("root a"))) == byID)
        #expect(try reason { _ = try find(ErasureParameters(root: testHash("x"))) } == "unknown_erasure")
        #expect(try reason { _ = try find(ErasureParameters(inft: inft, version: 2)) } == "unknown_erasure")
        #expect(try reason { _ = try find(ErasureParameters(erasure: testIdentifier("x"))) } == "unknown_erasure")
        #expect(try reason { _ = try find(ErasureParameters(inft: inft)) } == "parameter_missing")
        #expect(
            try reason { _ = try find(ErasureParameters(erasure: first, root: testHash("root a"))) }
                == "parameter_missing")
        let lists = [
            ErasureListParameters(consent: consent("p")), ErasureListParameters(holder: sandbox.party("alice")),
        ]
        for list in lists {
            #expect(try page("inft_erasures", list, of: ErasureRecord.self).map(\.id) == [second, first])
        }
        #expect(
            try page("inft_erasures", ErasureListParameters(consent: consent("q")), of: ErasureRecord.self).isEmpty)
        #expect(
            try reason { _ = try page("inft_erasures", ErasureListParameters(), of: ErasureRecord.self) }
                == "parameter_missing")
    }

    @Test("Whom the content was delivered to is listed under the receipt, version by version")
    func holders() throws {
        let inft = try sandbox.mintSealed("a", key: "one")
        let transfer = try sandbox.offerTransfer(inft, "a")
        let made = try sandbox.deliver(transfer, with: "one", from: "alice", to: "bob")
        try sandbox.execute(
            TransferBegin(transfer: transfer, sealingKey: sealingSecret("one").key, commitment: made.commitment))
        try sandbox.execute(TransferComplete(transfer: transfer, sealedKey: made.sealedKey, proof: made.proof))
        // Offered and never begun: no copy of the key.
        let expiresAt = sandbox.time.adding(milliseconds: 9_000_000)
        try sandbox.execute(TransferOffer(inft: inft, to: sandbox.party("carol"), expiresAt: expiresAt), as: "bob")
        let id: ErasureID = try sandbox.execute(erase(inft, key: "bob", []), as: "bob").madeIdentifier()
        guard let query = INFTsDomain.queries.first(where: { $0.name == "inft_erasure_holders" }),
            case .page(let items, _) = try query.evaluate(
                ErasureHoldersParameters(erasure: id), PageRequest(after: nil, limit: 100), sandbox.queries)
        else { throw StateFailure("no list") }
        #expect(items.compactMap { ($0 as? DeliveryView)?.delivery.id } == [transfer])
    }
}
