import Encoding
import FoundationEssentials
import INFTs
import Licenses
import Primitives
import Revenue
import StateModel
import TestSupport
import Testing

/// What people and programs see of disputes.
struct DisputeQueryTests {
    private func list(_ name: String, _ parameters: some Codable & Sendable, _ sandbox: Sandbox) throws -> [DisputeID] {
        let query = try #require(LicensesDomain.queries.first { $0.name == name })
        guard
            case .page(let items, nil) = try query.evaluate(
                parameters, PageRequest(after: nil, limit: 10), sandbox.queries)
        else { throw StateFailure("no page") }
        return items.compactMap { ($0 as? DisputeView)?.dispute.id }
    }

    private func value(_ name: String, _ parameters: some Codable & Sendable, _ sandbox: Sandbox) throws -> Any {
        let query = try #require(LicensesDomain.queries.first { $0.name == name })
        guard
            case .value(let value) = try query.evaluate(
                parameters, PageRequest(after: nil, limit: 10), sandbox.queries)
        else { throw StateFailure("no value") }
        return value
    }

    @Test("A dispute is found by its license, sides, arbiters and INFT; a license names the one that is open")
    func found() throws {
        let sandbox = try Sandbox()
        try sandbox.enroll(0..<5)
        let license = try sandbox.delivered()
        let id = try sandbox.drawn(license)
        let dispute = try sandbox.dispute(id)
        let arbiter = try #require(dispute.round.seats.first?.arbiter)
        func lists(_ json: String) throws -> [DisputeID] {
            try list("dispute_list", try decode(DisputeListParameters.self, json), sandbox)
        }
        func all(onlyOpen: Bool) throws -> [[DisputeID]] {
            let end = onlyOpen ? #","onlyOpen":true}"# : "}"
            return try [
                lists(#"{"license":"\#(license)""# + end), lists(#"{"party":"\#(sandbox.party("alice"))""# + end),
                lists(#"{"party":"\#(sandbox.party("bob"))""# + end), lists(#"{"arbiter":"\#(arbiter)""# + end),
                lists(#"{"inft":"\#(dispute.inft)""# + end),
            ]
        }
        #expect(try all(onlyOpen: true) == [[DisputeID]](repeating: [id], count: 5))
        #expect(try lists(#"{"party":"\#(sandbox.party("carol"))"}"#).isEmpty)
        #expect(try reason { _ = try lists("{}") } == "missing_parameter")
        func shown() throws -> LicenseView? {
            try value("license_get", try decode(LicenseParameters.self, #"{"license":"\#(license)"}"#), sandbox)
                as? LicenseView
        }
        #expect(try shown()?.dispute == id && shown()?.state == .suspended)
        let view = try value("dispute_get", try decode(DisputeParameters.self, #"{"dispute":"\#(id)"}"#), sandbox)
        #expect((view as? DisputeView)?.waitsFor.map(\.act) == [String](repeating: "dispute.accept", count: 3))
        for _ in 0..<3 { try sandbox.expire(id) }
        #expect(try sandbox.dispute(id).ending != nil)
        #expect(try all(onlyOpen: true).allSatisfy(\.isEmpty))
        #expect(try all(onlyOpen: false) == [[DisputeID]](repeating: [id], count: 5))
        #expect(try shown()?.dispute == nil)
        #expect(
            try reason {
                _ = try value(
                    "dispute_get",
                    try decode(DisputeParameters.self, #"{"dispute":"\#(DisputeID(license.bytes))"}"#), sandbox)
            } == "unknown_dispute")
    }

    @Test("Records and events of a dispute are read back from their bytes and their JSON, and nothing else is")
    func codec() throws {
        let sandbox = try Sandbox()
        try sandbox.enroll(0..<10)
        let id = try sandbox.drawn(sandbox.delivered())
        try sandbox.execute(DeclineDispute(dispute: id), as: try sandbox.seats(.drawn, id)[0])
        try sandbox.show(id)
        try sandbox.vote(id, upholding: 3)
        try sandbox.appeal(id, as: "alice")
        let record = try sandbox.dispute(id)
        #expect(try DisputeRecord(decoding: record.encoded) == record)
        #expect(try JSONDecoder().decode(DisputeRecord.self, from: try JSONEncoder().encode(record)) == record)
        var names: Set<String> = []
        for event in sandbox.told {
            names.insert(event.name)
            #expect(try LicenseEvent(decoding: event.encoded) == event)
            #expect(try JSONDecoder().decode(LicenseEvent.self, from: try JSONEncoder().encode(event)) == event)
            #expect(!event.topics.isEmpty)
        }
        #expect(names.count { $0.hasPrefix("dispute.") } == 13)
        let result = exerciseDecoder(DisputeRecord.self, samples: [record], count: 2_000, seed: 40)
        #expect(result.mismatches == 0 && result.decoded > 0)
        let slots = exerciseDecoder(
            ArbiterSlot.self, samples: [.taken(arbiter: testAddress("a"), since: testStart), .free(next: 3)],
            count: 2_000, seed: 41)
        #expect(slots.mismatches == 0 && slots.decoded > 0)
    }

    @Test("The pool is listed, and each arbiter's record told")
    func arbiters() throws {
        let sandbox = try Sandbox()
        try sandbox.enroll(0..<3)
        try sandbox.execute(
            LeaveArbiter(arbiter: testAddress(Sandbox.arbiter(1))), as: Sandbox.arbiter(1))
        let query = try #require(LicensesDomain.queries.first { $0.name == "arbiter_list" })
        guard
            case .page(let items, nil) = try query.evaluate(
                decode(NoLicenseParameters.self, "{}"), PageRequest(after: nil, limit: 10), sandbox.queries)
        else { throw StateFailure("no page") }
        let views = items.compactMap { $0 as? ArbiterView }
        #expect(views.map(\.arbiter.arbiter) == [2, 0].map { testAddress(Sandbox.arbiter($0)) })
        #expect(views.allSatisfy { $0.isEnrolled && $0.isCredentialed })
        let one = try value(
            "arbiter_get",
            try decode(ArbiterParameters.self, #"{"arbiter":"\#(testAddress(Sandbox.arbiter(1)))"}"#), sandbox)
        #expect((one as? ArbiterView)?.isEnrolled == false)
    }
}
