public import Primitives
internal import StateModel

public struct DisputeView: Codable, Hashable, Sendable {
    public let dispute: DisputeRecord
    public let isOpen: Bool
    /// For whom it waits, and until when.
    public let waitsFor: [DisputeDuty]

    public init(_ dispute: DisputeRecord) {
        self.dispute = dispute
        isOpen = dispute.ending == nil
        waitsFor = dispute.duties
    }
}

public struct ArbiterView: Codable, Hashable, Sendable {
    public let arbiter: ArbiterRecord
    public let isEnrolled: Bool
    /// That it holds a credential of an arbiter in force; only then it is drawn.
    public let isCredentialed: Bool
}

public struct DisputeParameters: Codable, Sendable {
    public let dispute: DisputeID
}

public struct DisputeListParameters: Codable, Sendable {
    public let license: LicenseID?
    public let party: Party?
    public let arbiter: Address?
    public let inft: INFTID?
    public let onlyOpen: Bool?
}

public struct ArbiterParameters: Codable, Sendable {
    public let arbiter: Address
}

enum DisputeQueries {
    static let all: [Query] = [dispute, disputes, arbiter, arbiters]

    static let dispute = Query(
        "dispute_get",
        "A dispute: its sides, stage and deadline, panels, votes as far as revealed, and whom it waits for.",
        [QueryParameter("dispute", "The dispute.")], from: DisputeParameters.self, to: DisputeView.self
    ) { (parameters, context) throws(Refusal) in
        DisputeView(try Disputes.require(parameters.dispute, in: context.state))
    }

    static let disputes = Query(
        list: "dispute_list", "Disputes, newest first: over a license, of a party, of an arbiter, or on an INFT.",
        [
            QueryParameter("license", "Over this license.", required: false),
            QueryParameter("party", "Where this party is the claimant or the respondent.", required: false),
            QueryParameter("arbiter", "For which this account was drawn.", required: false),
            QueryParameter("inft", "On this INFT.", required: false),
            QueryParameter("onlyOpen", "True: without those that have ended (default false).", required: false),
        ],
        from: DisputeListParameters.self, of: DisputeView.self
    ) { (parameters, request, context) throws(Refusal) in
        let found =
            parameters.license.map { LicenseIndexes.disputes(over: $0) }
            ?? parameters.arbiter.map { LicenseIndexes.disputes(judgedBy: $0) }
            ?? parameters.party.map { LicenseIndexes.disputes(of: $0) }
            ?? parameters.inft.map { LicenseIndexes.disputes(on: $0) }
        guard let prefix = found else {
            throw LicenseRejection.missingParameter.at("", "name a license, a party, an arbiter or an INFT")
        }
        return try context.page(prefix, request, descending: true) { (entry) throws(Refusal) in
            guard let id = LicenseIndexes.id(entry.key),
                let record = try Disputes.record(DisputeID(id), in: context.state),
                parameters.party.map({ record.side(of: $0) != nil }) != false,
                parameters.inft.map({ record.inft == $0 }) != false,
                parameters.onlyOpen != true || record.ending == nil
            else { return nil }
            return DisputeView(record)
        }
    }

    static let arbiter = Query(
        "arbiter_get", "An arbiter: whether it can be drawn, how often it was, voted, and was absent.",
        [QueryParameter("arbiter", "Its account.")], from: ArbiterParameters.self, to: ArbiterView.self
    ) { (parameters, context) throws(Refusal) in
        guard let record = try Arbiters.record(parameters.arbiter, in: context.state) else {
            throw LicenseRejection.notInPool.at("arbiter", "\(parameters.arbiter) never enrolled")
        }
        return try view(record, context)
    }

    static let arbiters = Query(
        list: "arbiter_list", "The pool of arbiters, newest first.", [], from: NoLicenseParameters.self,
        of: ArbiterView.self
    ) { (_, request, context) throws(Refusal) in
        try context.page(LicenseIndexes.arbiters, request, descending: true) { (entry) throws(Refusal) in
            guard let id = LicenseIndexes.id(entry.key),
                let record = try Arbiters.record(Address(id), in: context.state)
            else { return nil }
            return try view(record, context)
        }
    }

    private static func view(_ record: ArbiterRecord, _ context: QueryContext) throws(Refusal) -> ArbiterView {
        ArbiterView(
            arbiter: record, isEnrolled: record.slot != nil,
            isCredentialed: try Arbiters.isCredentialed(
                record.arbiter, at: context.block.time, in: context.state))
    }
}
