import Cryptography
import Encoding
import FoundationEssentials
import Governance
import Identities
import Primitives
import StateModel
import TestSupport

/// Institutions with a member each, of which some run validators from genesis on. One operation is one transaction.
final class World {
    static let parameters = LedgerParameters(
        epochLength: 10, deltaMilliseconds: 500, heartbeatMilliseconds: 30_000, blockWeight: 500_000,
        clockSkewMilliseconds: 2_000)
    static let hour: UInt64 = 3_600_000
    /// All enrolled, but for the stranger.
    static let names = ["one", "two", "three", "four", "five", "six", "stranger"]

    let state = StateOverlay(over: MemoryState())
    private(set) var height = Height.genesis
    private(set) var time = testStart
    private var transactions = 0

    static func institution(_ name: String) -> Party { .organization(testIdentifier(name)) }

    /// Secret keys that differ for every text.
    static func secret(_ text: String) -> SecretKey {
        guard let key = SecretKey(testHash("secret " + text).bytes) else { preconditionFailure("not below the order") }
        return key
    }

    static func identities() -> IdentitiesGenesis {
        IdentitiesGenesis(
            parameters: IdentityParameters(accountsPerSponsor: 100, stateBytesPerSponsor: 1_000_000),
            accounts: (["board"] + names).map {
                GenesisAccount(address: testAddress($0), kind: .regulator, sponsor: nil)
            },
            organizations: names.map { name in
                GenesisOrganization(
                    id: testIdentifier(name),
                    profile: OrganizationProfile(
                        kind: .institution, name: name, jurisdiction: "DE",
                        members: [Member(account: testAddress(name), role: .administrator)],
                        policies: [ClassPolicy(.administration, threshold: 1)]),
                    isEnrolled: name != "stranger")
            },
            accreditors: [GenesisAccreditor(party: .account(testAddress("board")), types: [.accreditation])])
    }

    static func validator(_ name: String) -> GenesisValidator {
        GenesisValidator(
            name: name, institution: institution(name), key: secret(name).address,
            transportKey: ByteString(secret(name + " transport").compressedPublicKey))
    }

    static func genesis(_ validators: [String]) -> GovernanceGenesis {
        GovernanceGenesis(parameters: parameters, validators: validators.map { validator($0) })
    }

    init(_ validators: [String]) throws {
        let context = makeContext(state, sender: Address(.zero), height: .genesis)
        DueQueue.start(at: testStart, in: state)
        try IdentitiesDomain.applyGenesis(Self.identities(), in: context)
        try GovernanceDomain.applyGenesis(Self.genesis(validators), in: context)
        height = height.next
    }

    /// Executes an operation; if it is refused nothing has changed.
    @discardableResult
    func act(_ operation: GovernanceOperation, by name: String) throws -> (id: ProposalID, events: [GovernanceEvent]) {
        transactions += 1
        let overlay = StateOverlay(over: state)
        let context = makeContext(
            overlay, sender: testAddress(name), time: time, height: height, transaction: "\(transactions)")
        try operation.execute(in: context)
        overlay.commit(to: state)
        return (context.madeIdentifier(), context.events.compactMap { $0 as? GovernanceEvent })
    }

    @discardableResult
    func propose(
        _ change: GovernanceChange, by name: String, as institution: String? = nil, for duration: UInt64 = World.hour
    ) throws -> ProposalID {
        try act(
            .propose(
                GovernancePropose(
                    institution: Self.institution(institution ?? name), change: change,
                    deadline: time.adding(milliseconds: duration), rationale: testHash("reasons"))), by: name
        ).id
    }

    @discardableResult
    func vote(
        _ approves: Bool = true, on proposal: ProposalID, by name: String, as institution: String? = nil
    ) throws -> [GovernanceEvent] {
        try act(
            .vote(
                GovernanceVote(
                    proposal: .id(proposal), institution: Self.institution(institution ?? name), approves: approves)),
            by: name
        ).events
    }

    /// Ends the running block, and begins the next after it has done its due work.
    @discardableResult
    func endBlock(after milliseconds: UInt64 = 1_000) throws -> [GovernanceEvent] {
        let ending = makeContext(state, sender: Address(.zero), time: time, height: height)
        try GovernanceDomain.endEpoch(in: ending)
        height = height.next
        time = time.adding(milliseconds: milliseconds)
        let context = makeContext(state, sender: Address(.zero), time: time, height: height)
        for item in try DueQueue.takeOverdue(at: time, limit: 1_000, in: state) where item.domain == .governance {
            try GovernanceDomain.performDue(kind: item.kind, subject: item.subject, in: context)
        }
        return (ending.events + context.events).compactMap { $0 as? GovernanceEvent }
    }

    /// Ends blocks up to the first of the next epoch; what the epoch's end raised.
    @discardableResult
    func endEpoch() throws -> [GovernanceEvent] {
        let number = try Epochs.current(in: state).number
        var events: [GovernanceEvent] = []
        while try Epochs.current(in: state).number == number { events = try endBlock() }
        return events
    }

    /// Takes the institution's accreditation away.
    func disenroll(_ name: String) { state.remove(IdentityKeys.accepted(Self.institution(name), .accreditation)) }

    func request(
        _ name: String, institution: String? = nil, key: String? = nil, transportKey: String? = nil,
        network: Hash = testHash("network")
    ) -> EnrollmentRequest {
        EnrollmentRequest.signed(
            network: network, name: name, institution: Self.institution(institution ?? name),
            validatorSecret: Self.secret(key ?? name),
            transportSecret: Self.secret(transportKey ?? name + " transport"),
            auxiliary: .zero)
    }

    var validators: [String] { get throws { try Validators.records(in: state).map(\.name) } }

    func view(_ proposal: ProposalID) throws -> ProposalView {
        guard case .value(let view as ProposalView) = try ask("governance_proposal", ["proposal": proposal]) else {
            throw UnexpectedAnswer()
        }
        return view
    }

    func record(_ proposal: ProposalID) throws -> ProposalRecord { try view(proposal).proposal }

    func overview() throws -> GovernanceView {
        guard case .value(let view as GovernanceView) = try ask("governance_get", [String: String]()) else {
            throw UnexpectedAnswer()
        }
        return view
    }

    func list(
        _ state: ProposalState? = nil, after: IndexKey? = nil, limit: Int = 100
    ) throws -> (items: [ProposalView], next: IndexKey?) {
        let parameters = state.map { ["state": $0.name] } ?? [:]
        guard case .page(let items, let next) = try ask("governance_list", parameters, after: after, limit: limit)
        else { throw UnexpectedAnswer() }
        return (items.compactMap { $0 as? ProposalView }, next)
    }

    private func ask(
        _ name: String, _ parameters: some Encodable, after: IndexKey? = nil, limit: Int = 100
    ) throws -> Query.Answer {
        guard let query = GovernanceDomain.queries.first(where: { $0.name == name }) else { throw UnexpectedAnswer() }
        let index = try MemoryIndex(of: state) { (kind, key, record) throws in
            key.header?.domain == .governance
                ? try GovernanceDomain.indexEntries(kind: kind, key: key, record: record) : []
        }
        let decoded = try JSONDecoder().decode(query.parametersType, from: JSONEncoder().encode(parameters))
        return try query.evaluate(
            decoded, PageRequest(after: after, limit: limit), makeQueryContext(state, index, time: time, height: height)
        )
    }
}

struct UnexpectedAnswer: Error {}
