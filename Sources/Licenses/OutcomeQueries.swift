import INFTs
public import Primitives
import StateModel

/// How a version did under a measure, by all institutions or one.
public struct OutcomesView: Codable, Hashable, Sendable {
    public let totals: OutcomeTotals
    /// Of the reports, in millionths.
    public let agreement: PartsPerMillion?
    /// See ``OutcomeTotals/calibrationError``.
    public let calibrationError: PartsPerMillion?
    /// All recorded uses of the version, reported on or not: who reports the good ones alone is seen by that.
    public let uses: UInt64
}

public struct OutcomesParameters: Codable, Sendable {
    public let inft: INFTID
    public let version: UInt64?
}

public struct ReceiptParameters: Codable, Sendable {
    public let license: LicenseID
    public let receipt: UInt64
}

/// The outcomes of one receipt.
public struct ReceiptOutcomes: Codable, Hashable, Sendable {
    public let receipt: UseReceipt
    /// By entry.
    public let outcomes: [OutcomeRecord]
}

enum OutcomeQueries {
    static let all: [Query] = [outcomes, receiptOutcomes]

    static let outcomes = Query(
        list: "inft_outcomes",
        "How an INFT did, as institutions reported: for each version and measure all together, then each institution.",
        [
            QueryParameter("inft", "The INFT."),
            QueryParameter("version", "This version alone.", required: false),
        ],
        from: OutcomesParameters.self, of: OutcomesView.self
    ) { (parameters, request, context) throws(Refusal) in
        _ = try INFTRegistry.requireKnown(parameters.inft, field: "inft", in: context.state)
        var prefix = LicenseIndexes.outcomes(of: parameters.inft)
        if let version = parameters.version { prefix = prefix.appending(version) }
        return try context.page(prefix, request) { (entry) throws(Refusal) in
            guard let found = LicenseIndexes.outcomes(entry.key) else { return nil }
            let key =
                found.institution.map {
                    LicenseKeys.outcomeTotals(parameters.inft, found.version, found.measure, by: $0)
                } ?? LicenseKeys.outcomeTotals(parameters.inft, found.version, found.measure)
            guard let totals = try context.state.record(key) else { return nil }
            let uses = try context.state.record(LicenseKeys.versionUses(parameters.inft, found.version))?.uses ?? 0
            return OutcomesView(
                totals: totals, agreement: totals.agreement, calibrationError: totals.calibrationError, uses: uses)
        }
    }

    static let receiptOutcomes = Query(
        "license_outcomes", "The outcomes that were reported of one batch of uses.",
        [QueryParameter("license", "The license."), QueryParameter("receipt", "The receipt's number.")],
        from: ReceiptParameters.self, to: ReceiptOutcomes.self
    ) { (parameters, context) throws(Refusal) in
        guard let receipt = try context.state.record(LicenseKeys.receipt(parameters.license, parameters.receipt))
        else {
            throw LicenseRejection.outcomeInvalid.at("receipt", "the license has no receipt \(parameters.receipt)")
        }
        var outcomes: [OutcomeRecord] = []
        for entry in 0..<receipt.entries where receipt.reported & (1 << entry) != 0 {
            guard
                let outcome = try context.state.record(
                    LicenseKeys.outcome(parameters.license, parameters.receipt, entry))
            else { throw .failed(StateFailure("the outcome of an entry of \(parameters.license) is missing")) }
            outcomes.append(outcome)
        }
        return ReceiptOutcomes(receipt: receipt, outcomes: outcomes)
    }
}
