import Encoding
import Foundation
import Governance
import Identities
import Primitives
import StateModel
import TestSupport
import Testing
import Votes

struct GovernanceTests {
    static let parameters = LedgerParameters(
        epochLength: 40, deltaMilliseconds: 500, heartbeatMilliseconds: 30_000, blockWeight: 500_000,
        clockSkewMilliseconds: 2_000)

    static func validator(_ name: String, institution: String? = nil, key: String? = nil) -> GenesisValidator {
        GenesisValidator(
            name: name, institution: .organization(testIdentifier(institution ?? name)),
            key: testAddress(key ?? name), transportKey: transportKey(name))
    }

    static func transportKey(_ name: String) -> ByteString { ByteString([2] + testHash(name).bytes.array) }

    private func apply(_ genesis: GovernanceGenesis) throws -> StateOverlay {
        let state = StateOverlay(over: MemoryState())
        let context = makeContext(state, sender: Address(.zero))
        try IdentitiesDomain.applyGenesis(Self.identities, in: context)
        try GovernanceDomain.applyGenesis(genesis, in: context)
        return state
    }

    /// Four enrolled institutions, and one that is not.
    private static let identities = IdentitiesGenesis(
        parameters: IdentityParameters(accountsPerSponsor: 100, stateBytesPerSponsor: 1_000_000),
        accounts: [GenesisAccount(address: testAddress("board"), kind: .regulator, sponsor: nil)],
        organizations: ["one", "two", "three", "four", "stranger"].map { name in
            GenesisOrganization(
                id: testIdentifier(name),
                profile: OrganizationProfile(
                    kind: .institution, name: name, jurisdiction: "DE",
                    members: [Member(account: testAddress("board"), role: .administrator)],
                    policies: [ClassPolicy(.administration, threshold: 1)]),
                isEnrolled: name != "stranger")
        },
        accreditors: [GenesisAccreditor(party: .account(testAddress("board")), types: [.accreditation])])

    private func refused(
        _ parameters: LedgerParameters = GovernanceTests.parameters,
        _ validators: [GenesisValidator] = [validator("one")]
    ) throws -> String? {
        try reason { _ = try apply(GovernanceGenesis(parameters: parameters, validators: validators)) }
    }

    @Test("Genesis sets parameters and validators, in the order of their indexes")
    func genesis() throws {
        let validators = ["one", "two", "three", "four"].map { Self.validator($0) }
        let state = try apply(GovernanceGenesis(parameters: Self.parameters, validators: validators))
        #expect(try Parameters.current(in: state) == Self.parameters)
        let records = try Validators.records(in: state)
        #expect(records.map(\.name) == ["one", "two", "three", "four"])
        #expect(records.allSatisfy { $0.enrolledAt == testStart })
        let set = try Validators.currentSet(in: state)
        #expect(set.count == 4 && set.quorum == 3 && set.index(of: testAddress("three")) == 2)
        #expect(
            try Epochs.current(in: state)
                == EpochRecord(number: .genesis, firstHeight: Height(1), lastHeight: Height(40)))
    }

    @Test("A parameter outside its bounds is refused, at the bounds it is not")
    func bounds() throws {
        func with(
            epoch: UInt64 = 40, delta: UInt64 = 500, heartbeat: UInt64 = 30_000, weight: UInt64 = 500_000,
            skew: UInt64 = 2_000
        ) throws -> String? {
            try refused(
                LedgerParameters(
                    epochLength: epoch, deltaMilliseconds: delta, heartbeatMilliseconds: heartbeat,
                    blockWeight: weight, clockSkewMilliseconds: skew))
        }
        func check(_ range: ClosedRange<UInt64>, _ attempt: (UInt64) throws -> String?) throws {
            #expect(try attempt(range.lowerBound) == nil && attempt(range.upperBound) == nil)
            #expect(try attempt(range.upperBound + 1) == "parameter_out_of_bounds")
            if range.lowerBound > 0 { #expect(try attempt(range.lowerBound - 1) == "parameter_out_of_bounds") }
        }
        try check(GovernanceLimits.epochLength) { try with(epoch: $0) }
        try check(GovernanceLimits.deltaMilliseconds) { try with(delta: $0) }
        try check(GovernanceLimits.heartbeatMilliseconds) { try with(heartbeat: $0) }
        try check(GovernanceLimits.blockWeight) { try with(weight: $0) }
        try check(GovernanceLimits.clockSkewMilliseconds) { try with(skew: $0) }
    }

    @Test("Validators are at least one, with keys, names and institutions of their own")
    func validators() throws {
        #expect(try refused(Self.parameters, []) == "validators_invalid")
        let one = Self.validator("one")
        #expect(try refused(Self.parameters, [one, Self.validator("two", key: "one")]) == "validators_invalid")
        #expect(try refused(Self.parameters, [one, Self.validator("two", institution: "one")]) == "validators_invalid")
        let sameTransport = GenesisValidator(
            name: "two", institution: .organization(testIdentifier("two")), key: testAddress("two"),
            transportKey: ByteString([3] + Self.transportKey("one").bytes.dropFirst()))
        #expect(try refused(Self.parameters, [one, sameTransport]) == "validators_invalid")
        #expect(try refused(Self.parameters, [Self.validator("")]) == "name_invalid")
        #expect(try refused(Self.parameters, [Self.validator("a\u{1b}[2Jb")]) == "name_invalid")
        #expect(try refused(Self.parameters, [Self.validator(String(repeating: "x", count: 65))]) == "name_invalid")
    }

    @Test("Only an enrolled institution has a validator")
    func enrollment() throws {
        #expect(try refused(Self.parameters, [Self.validator("stranger")]) == "not_enrolled")
        #expect(try refused(Self.parameters, [Self.validator("nobody")]) == "not_enrolled")
        let account = GenesisValidator(name: "x", institution: .account(testAddress("board")), key: testAddress("x"))
        #expect(try refused(Self.parameters, [account]) == "not_enrolled")
    }

    @Test("A pause holds from its beginning to its end, and ends by itself")
    func pauses() throws {
        let genesis = GovernanceGenesis(parameters: Self.parameters, validators: [Self.validator("one")])
        let state = try apply(genesis)
        #expect(try DomainControls.pausedUntil(.licenses, at: testStart, in: state) == nil)
        let until = testStart.adding(milliseconds: 1_000)
        state.set(
            RecordKey<DomainControl>(StateKey(.governance, 2, DomainNumber.licenses)),
            DomainControl(since: testStart, until: until))
        #expect(try DomainControls.pausedUntil(.licenses, at: testStart, in: state) == until)
        #expect(try DomainControls.pausedUntil(.infts, at: testStart, in: state) == nil)
        #expect(try DomainControls.pausedUntil(.licenses, at: Timestamp(until.milliseconds - 1), in: state) == until)
        #expect(try DomainControls.pausedUntil(.licenses, at: until, in: state) == nil)
        #expect(
            try DomainControls.pausedUntil(.licenses, at: Timestamp(testStart.milliseconds - 1), in: state) == nil)
        let query = try #require(GovernanceDomain.queries.first { $0.name == "governance_get" })
        let parameters = try JSONDecoder().decode(query.parametersType, from: Data("{}".utf8))
        let answer = try query.evaluate(
            parameters, PageRequest(after: nil, limit: 1), makeQueryContext(state, time: testStart))
        guard case .value(let value) = answer, let view = value as? GovernanceView else {
            Issue.record("no view")
            return
        }
        #expect(view.parameters == Self.parameters && view.validators.count == 1)
        #expect(view.pauses.map(\.domain) == ["licenses"])
    }

    @Test("Records come back from bytes and JSON; decoders throw on random and mutated bytes")
    func hostileEncodings() throws {
        let genesis = GovernanceGenesis(
            parameters: Self.parameters,
            validators: [
                Self.validator("one"),
                GenesisValidator(name: "two", institution: .account(testAddress("x")), key: testAddress("two")),
            ])
        let state = try apply(
            GovernanceGenesis(parameters: Self.parameters, validators: [Self.validator("one"), Self.validator("two")]))
        func check<Value: CBORCodable & Codable & Equatable>(_ value: Value) throws {
            #expect(try Value(decoding: value.encoded) == value)
            #expect(try JSONDecoder().decode(Value.self, from: JSONEncoder().encode(value)) == value)
            #expect(exerciseDecoder(Value.self, samples: [value], count: 3_000, seed: 11).mismatches == 0)
        }
        try check(genesis)
        try check(Self.parameters)
        try check(ValidatorsRecord(try Validators.records(in: state)))
        try check(DomainControl(since: testStart, until: testStart.adding(milliseconds: 5)))
    }

    @Test("A state without parameters or validators is damage, not a refusal")
    func damage() {
        func isDamage(_ body: () throws(Refusal) -> Void) -> Bool {
            do throws(Refusal) {
                try body()
            } catch .failed {
                return true
            } catch {}
            return false
        }
        #expect(isDamage { () throws(Refusal) in _ = try Parameters.current(in: MemoryState()) })
        #expect(isDamage { () throws(Refusal) in _ = try Validators.currentSet(in: MemoryState()) })
        #expect(isDamage { () throws(Refusal) in _ = try Epochs.current(in: MemoryState()) })
        #expect(
            isDamage { () throws(Refusal) in
                _ = try DomainControls.pausedUntil(.infts, at: testStart, in: FailingState())
            })
    }
}
