import Consents
public import Primitives
import Revenue
public import StateModel

extension PartsPerMillion {
    /// `12.5 %`, exact.
    public var percentText: String {
        let whole = parts / 10_000
        var fraction = String(parts % 10_000 + 10_000).dropFirst()
        while fraction.last == "0" { fraction.removeLast() }
        return fraction.isEmpty ? "\(whole) %" : "\(whole).\(fraction) %"
    }
}

extension Terms {
    /// What these terms allow and ask, one plain sentence per fact.
    public func sentences(_ names: any NameResolver) -> [String] {
        moneySentences(names) + useSentences + derivativeSentences(names) + grantSentences + legalSentences
    }

    private func moneySentences(_ names: any NameResolver) -> [String] {
        guard let asset = payment.asset else { return ["It costs nothing."] }
        var lines = [
            payment.fee == .zero
                ? "No fee is required." : "The fee is at least \(names.amount(payment.fee, of: asset))."
        ]
        if payment.perUseFee > .zero {
            lines.append("Each use costs \(names.amount(payment.perUseFee, of: asset)).")
            if payment.prepaidUses > 0 {
                lines.append(
                    "\(payment.prepaidUses) uses are prepaid in the fee; what is not used comes back at the end.")
            }
        }
        if let outcome = payment.outcome {
            lines.append(
                "A further \(names.amount(outcome.amount, of: asset)) is set aside. It is paid after "
                    + "\(DurationText.exact(milliseconds: outcome.withinMilliseconds)) if by then at least \(outcome.threshold.percentText) of "
                    + "the outcomes agree, as the document \(outcome.measure) measures, among those reported "
                    + (outcome.basis == .own ? "under this license" : "under all other licenses")
                    + "; else it comes back. With fewer than \(outcome.minimumReports) reports it "
                    + (outcome.isDueWithoutReports ? "is paid." : "comes back."))
        }
        return lines
    }

    private var useSentences: [String] {
        func list(_ what: String, _ items: [String]) -> String? {
            items.isEmpty ? nil : "\(what): \(items.joined(separator: ", "))."
        }
        var lines = [commercial.isAllowed ? "Commercial use is allowed." : "Commercial use is not allowed."]
        if commercial.requiresAttribution { lines.append("Commercial use must name the work.") }
        lines.append(scope.allowsTraining ? "It may train models." : "It may not train models.")
        lines += [
            list("Only for the purposes", scope.purposes.codes.map(\.name)),
            list("Only for research with the aims", scope.researchAims.codes.map(\.name)),
            list("Research only of the diseases", scope.diseases.elements.map(\.text)),
            list("Only in the fields", scope.fieldsOfUse.codes.map(\.name)),
            list("Only in the languages", scope.languages.texts),
            list(
                "The licensee must hold the credentials",
                scope.requiredCredentials.map { $0.type.name + ($0.jurisdiction.map { " for \($0)" } ?? "") }),
        ].compactMap { $0 }
        lines.append(list("Only in the territories", scope.territories.texts) ?? "Anywhere in the world.")
        return lines
    }

    private func derivativeSentences(_ names: any NameResolver) -> [String] {
        guard derivatives.isAllowed else { return ["Derivatives are not allowed."] }
        var lines = ["One derivative may be made of each license."]
        if derivatives.requiresAttribution { lines.append("A derivative must name its parent.") }
        if derivatives.requiresApproval { lines.append("The owner signs each derivative.") }
        if derivatives.isReciprocal { lines.append("A derivative is offered under these same terms and no others.") }
        if commercial.revenueShare > .zero {
            lines.append(
                "A derivative shares \(commercial.revenueShare.percentText) of its revenue.")
            lines.append(
                derivatives.royaltyPolicy == .absolute
                    ? "Absolute: what derives from that derivative, and so on, shares as much, undiluted."
                    : "Relative: in what derives from that derivative, and so on, this share is diluted. It is multiplied "
                        + "by the share that each further license asks, and nothing where one asks nothing.")
        }
        if let asset = payment.asset {
            if let ceiling = commercial.revenueCeiling {
                lines.append("The share ends once it has brought \(names.amount(ceiling, of: asset)).")
            }
            if let ceiling = derivatives.revenueCeiling {
                lines.append("No share is due on revenue beyond \(names.amount(ceiling, of: asset)).")
            }
        }
        return lines
    }

    private var grantSentences: [String] {
        var lines = [
            grant.durationMilliseconds.map {
                "It lasts \(DurationText.exact(milliseconds: $0))" + (grant.isRenewable ? " and can be renewed." : ".")
            } ?? "It lasts without end."
        ]
        if let trial = grant.trialMilliseconds {
            lines.append(
                "Once, it can be given back within \(DurationText.exact(milliseconds: trial)) for its price, which is held until then."
            )
        }
        if let seats = grant.seats { lines.append("At most \(seats) named accounts use it.") }
        if grant.isExclusive { lines.append("The licensee is the only one.") }
        if !grant.coversRevisions { lines.append("Only the version that is bought is licensed.") }
        lines.append(grant.isTransferable ? "It can be handed on." : "It can't be handed on.")
        if grant.isSublicensable {
            lines.append(
                grant.seats == nil
                    ? "Sublicenses may be given; each pays the vault what the license cost."
                    : "Sublicenses may be given to some of its seats.")
            if commercial.revenueShare > .zero {
                lines.append("Of what is earned by sublicenses \(commercial.revenueShare.percentText) are shared.")
            }
        }
        let causes = grant.revocableFor.codes.map(\.name)
        lines.append(
            causes.isEmpty
                ? "It can't be revoked." : "The licensor may revoke it for: \(causes.joined(separator: ", ")).")
        return lines
    }

    private var legalSentences: [String] {
        legalText.map { ["The legal text is \($0.uri), with the hash \($0.hash)."] } ?? []
    }
}

extension StatedUse {
    var sentences: [String] {
        var lines: [String] = []
        if !purposes.isEmpty { lines.append("For the purposes: \(purposes.codes.map(\.name).joined(separator: ", "))") }
        if let research {
            lines += research.sentences
        }
        if !territories.isEmpty { lines.append("In: \(territories.texts.joined(separator: ", "))") }
        if isCommercial { lines.append("For commercial use") }
        if trainsModels { lines.append("To train models") }
        return lines
    }
}
