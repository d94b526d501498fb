public import Primitives
import Revenue
import StateModel

/// What was used under a license, and what is prepaid still.
public struct MeterView: Codable, Hashable, Sendable {
    /// Prepaid uses that are left.
    public let quota: UInt64
    /// What is set aside for them.
    public let quotaAmount: Amount
    public let perUseFee: Amount
    public let uses: UInt64
    public let receipts: UInt64
    /// What all of them cost.
    public let fees: Amount
}

/// An agent that a licensee named, as lists show it.
public struct LicenseAgentView: Codable, Hashable, Sendable {
    public let agent: LicenseAgent
    /// By the time of the state that answers: named by today's licensee.
    public let isNamed: Bool
}

public struct AgentListParameters: Codable, Sendable {
    public let license: LicenseID?
    public let agent: Party?
}

enum UseQueries {
    static let all: [Query] = [uses, agents]

    static func meter(of license: LicenseRecord, in state: any StateReader) throws(Refusal) -> MeterView? {
        let fee = try LicenseLedger.storedTerms(license.terms, in: state).payment.perUseFee
        let found = try state.record(LicenseKeys.meter(license.id))
        guard fee > .zero || found != nil else { return nil }
        let meter = found ?? LicenseMeter(license: license.id)
        return MeterView(
            quota: meter.quota,
            quotaAmount: try Reserves.record(.prepaid, license.id.bytes, in: state)?.amount ?? .zero, perUseFee: fee,
            uses: meter.uses, receipts: meter.receipts, fees: meter.fees)
    }

    static let uses = Query(
        list: "license_uses", "Batches of uses that were recorded under a license, newest first.",
        [QueryParameter("license", "The license.")], from: LicenseParameters.self, of: UseReceipt.self
    ) { (parameters, request, context) throws(Refusal) in
        let license = parameters.license
        _ = try LicenseLedger.requireLicense(license, field: "license", in: context.state)
        var number = try Metering.meter(of: license, in: context.state).receipts
        if let after = request.after {
            let tail = after.bytes.suffix(8)
            guard after.bytes.starts(with: LicenseIndexes.receipts.bytes), after.bytes.count == 10 else {
                throw .rejected(PageRequest.foreignCursor)
            }
            number = min(number, tail.reduce(0) { $0 << 8 | UInt64($1) })
        }
        var items: [UseReceipt] = []
        while number > 0, items.count < request.limit {
            number -= 1
            guard let receipt = try context.state.record(LicenseKeys.receipt(license, number)) else {
                throw .failed(StateFailure("the receipt \(number) of \(license) is missing"))
            }
            items.append(receipt)
        }
        let hasMore = number > 0 && !items.isEmpty
        return Page(items: items, next: hasMore ? LicenseIndexes.receipts.appending(number) : nil)
    }

    static let agents = Query(
        list: "license_agents", "Agents that the licensees of a license named, or what an agent was named for.",
        [
            QueryParameter("license", "Of this license.", required: false),
            QueryParameter("agent", "This agent; newest first.", required: false),
        ],
        from: AgentListParameters.self, of: LicenseAgentView.self
    ) { (parameters, request, context) throws(Refusal) in
        if let license = parameters.license {
            return try context.page(LicenseIndexes.agents(of: license), request) { (entry) throws(Refusal) in
                try LicenseIndexes.agent(entry.key).flatMap { (agent) throws(Refusal) in
                    try view(agent, license, context)
                }
            }
        }
        guard let agent = parameters.agent else {
            throw LicenseRejection.missingParameter.at("", "name a license or an agent")
        }
        return try context.page(
            LicenseIndexes.licenses(usedBy: agent), request, descending: true
        ) { (entry) throws(Refusal) in
            try LicenseIndexes.id(entry.key).flatMap { (id) throws(Refusal) in
                try view(agent, LicenseID(id), context)
            }
        }
    }

    private static func view(
        _ agent: Party, _ license: LicenseID, _ context: QueryContext
    ) throws(Refusal) -> LicenseAgentView? {
        guard let record = try LicenseAgents.record(agent, of: license, in: context.state),
            let held = try LicenseLedger.license(license, in: context.state)
        else { return nil }
        return LicenseAgentView(
            agent: record,
            isNamed: try LicenseAgents.isNamed(agent, of: held, at: context.block.time, in: context.state))
    }
}
