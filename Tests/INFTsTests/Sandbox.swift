import INFTs
import Identities
import Primitives
import Revenue
import StateModel
import TestSupport

/// A ledger with three researchers and no INFT yet.
final class Sandbox {
    let state = StateOverlay(over: MemoryState())
    private var count = 0
    var time: Timestamp { testStart.adding(milliseconds: UInt64(count) * 1_000 + skipped) }
    private var skipped: UInt64 = 0
    private var blocks: UInt64 = 0
    /// Of the next transaction, whoever sends it.
    var sequence: UInt64 { UInt64(count) + 1 }

    init() {
        DueQueue.start(at: testStart, in: state)
        for name in ["alice", "bob", "carol"] {
            state.set(
                IdentityKeys.account(testAddress(name)),
                AccountRecord(
                    kind: .researcher, sponsor: nil, createdAt: testStart, createdHeight: .genesis,
                    sponsoredAt: testStart))
        }
    }

    func party(_ name: String) -> Party { .account(testAddress(name)) }

    @discardableResult
    func transaction(
        as name: String, cosigners: [String] = [], _ body: (OperationContext) throws -> Void
    ) throws -> OperationContext {
        count += 1
        let overlay = StateOverlay(over: state)
        let context = makeContext(
            overlay, sender: testAddress(name), sequence: UInt64(count), cosigners: cosigners.map { testAddress($0) },
            time: time, height: Height(UInt64(count) + blocks), transaction: "transaction \(count)")
        try body(context)
        if let rejection = context.openObligation { throw Refusal.rejected(rejection) }
        overlay.commit(to: state)
        return context
    }

    func skip(milliseconds: UInt64, blocks: UInt64 = 0) {
        skipped += milliseconds
        self.blocks += blocks
    }

    /// Lets time and blocks pass, and does what has become due; the events of that.
    @discardableResult
    func pass(milliseconds: UInt64, blocks: UInt64 = 0) throws -> [String] {
        skip(milliseconds: milliseconds, blocks: blocks)
        let context = makeContext(
            state, sender: testAddress("nobody"), time: time, height: Height(UInt64(count) + self.blocks))
        for item in try DueQueue.takeOverdue(at: time, limit: 1_000, in: state) where item.domain == .infts {
            try INFTsDomain.performDue(kind: item.kind, subject: item.subject, in: context)
        }
        return context.events.map { $0.name }
    }

    @discardableResult
    func execute(
        _ operation: some DomainOperation, as name: String = "alice", cosigners: [String] = []
    ) throws -> OperationContext {
        try transaction(as: name, cosigners: cosigners) { (context) throws in try operation.execute(in: context) }
    }

    /// Mints for alice; with parents, also links them as a license.link would.
    @discardableResult
    func mint(_ title: String, parents: [INFTID] = [], as name: String = "alice") throws -> INFTID {
        let mint = sampleMint(title, owner: party(name), parents: parents)
        let context = try transaction(as: name) { (context) throws in
            try mint.execute(in: context)
            if !parents.isEmpty {
                try INFTRegistry.linkParents(of: context.madeIdentifier(), to: parents, in: context)
            }
        }
        return context.madeIdentifier()
    }

    func record(_ id: INFTID) throws -> INFTRecord { try INFTRegistry.requireKnown(id, field: "inft", in: state) }

    var queries: QueryContext {
        get throws {
            makeQueryContext(
                state,
                try MemoryIndex(of: state) { (kind, key, record) throws in
                    key.header?.domain == .infts
                        ? try INFTsDomain.indexEntries(kind: kind, key: key, record: record) : []
                })
        }
    }
}

let whole = PartsPerMillion.whole

func content(_ name: String) -> ContentVersion {
    .open(
        OpenContent(
            hash: testHash(name), size: 1_234, mediaType: "application/json", location: "https://example.org/score"))
}

func metadata(_ title: String) -> INFTMetadata {
    INFTMetadata(
        title: title, abstract: "Points for age,\nhypertension and stroke.", language: "en", field: .cardiology,
        evidence: .two,
        codes: [
            MetadataCode(system: "http://loinc.org", code: "8480-6"),
            MetadataCode(system: "http://snomed.info/sct", code: "49436004"),
        ], jurisdictions: ["DE", "US-CA"])
}

func sampleMint(
    _ title: String, owner: Party, parents: [INFTID] = [], inftClass: INFTClass = .algorithm,
    content version: ContentVersion? = nil, metadata other: INFTMetadata? = nil, creators: [Creator]? = nil,
    hasHumanData: Bool = false, consentSet: ConsentSetID? = nil
) -> Mint {
    Mint(
        inftClass: inftClass, content: version ?? content(title),
        metadata: other ?? (consentSet == nil ? metadata(title) : INFTMetadata(title: "", language: "en")),
        creators: creators
            ?? [Creator(party: owner, contribution: whole, roles: [.conceptualization, .software])],
        holders: [ShareHolder(party: owner, share: whole)], parents: parents.sorted(), hasHumanData: hasHumanData,
        consentSet: consentSet)
}
