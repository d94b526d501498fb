internal import Identities
internal import Primitives
internal import StateModel

/// What data-use terms say to a request.
struct DataUseMatch {
    /// Why not; empty if the terms allow it, perhaps with needs.
    var denials: [DecisionReason] = []
    var needs: [Need] = []
    var needReasons: [DecisionReason] = []

    var isDenied: Bool { !denials.isEmpty }

    mutating func deny(_ reason: DecisionReason, if condition: Bool) {
        if condition { denials.append(reason) }
    }

    mutating func need(_ need: Need, _ reason: DecisionReason) {
        needs.append(need)
        needReasons.append(reason)
    }
}

extension DataUseTerms {
    /// Data on which research of whichever disease passes.
    var isOfAnyDisease: Bool {
        [.generalResearch, .noRestriction, .healthMedicalBiomedical].contains(where: permissions.contains)
    }
}

/// DUO's matching: the published rules of DUOS, version 4 (consent of the Broad Institute, DataUseMatchCasesV4), and
/// the modifiers that those leave out, which are decided by comparison alone.
///
/// Stricter than version 4 in two places, since the base decision here is to deny: a GRU purpose passes on GRU data
/// only (version 4 also lets it pass on DS and POA data), and terms without any permission permit no research.
/// A descent in the disease ontology that the request claims is a need, not a fact, until it can be proved against
/// the ontology's root.
struct DataUseRules {
    let terms: DataUseTerms
    let request: UseRequest
    let time: Timestamp
    let memo: DecisionMemo

    func match() throws(Refusal) -> DataUseMatch {
        var match = DataUseMatch()
        matchModifiers(&match)
        try matchNamedUsers(&match)
        guard let research = request.dataUse else {
            let isCare =
                terms.modifiers.contains(.clinicalCare) && !request.purposes.isEmpty
                && request.purposes.allSatisfy { PurposeOfUse.treatment.includes($0) }
            match.deny(.researchPurposeMissing, if: !isCare && !terms.permissions.contains(.noRestriction))
            return match
        }
        matchResearchModifiers(research, &match)
        if !match.isDenied { matchVersion4(research, &match) }
        return match
    }

    // MARK: Modifiers decided by comparison

    private func matchModifiers(_ match: inout DataUseMatch) {
        let bansCommerce =
            terms.modifiers.contains(.nonCommercialOnly) || terms.modifiers.contains(.nonprofitNonCommercial)
        match.deny(.nonCommercialOnly, if: bansCommerce && request.actions.contains(.commercialize))
        if let months = terms.months {
            let limit = CalendarMonths.adding(months, to: request.usePeriod?.from ?? time)
            let isWithin = request.usePeriod?.until.map { $0 <= limit } ?? false
            match.deny(.beyondTimeLimit, if: !isWithin)
        }
        if let date = terms.publicationNotBefore {
            match.deny(.beforeMoratoriumEnds, if: request.action == .publish && time < date)
        }
        if !terms.regions.isEmpty {
            let place = request.jurisdiction
            let isInside = terms.regions.elements.contains { region in
                place.map { Regions.contains(region, $0) } ?? false
            }
            match.deny(.outsideRegions, if: !isInside)
        }
    }

    private func matchNamedUsers(_ match: inout DataUseMatch) throws(Refusal) {
        match.deny(.userNotNamed, if: !terms.users.isEmpty && !terms.users.contains(request.actor))
        let project = request.dataUse?.project
        let isNamedProject = project.map { terms.projects.contains($0) } ?? false
        match.deny(.projectNotNamed, if: !terms.projects.isEmpty && !isNamedProject)
        if !terms.institutions.isEmpty {
            var isWithin = false
            for institution in terms.institutions.elements where !isWithin {
                isWithin = try belongs(to: institution)
            }
            match.deny(.institutionNotNamed, if: !isWithin)
        }
    }

    /// The institution itself, or whoever holds its affiliation in force.
    private func belongs(to institution: OrganizationID) throws(Refusal) -> Bool {
        let party = Party.organization(institution)
        if request.actor == party { return true }
        return try memo.isAffiliated(with: party)
    }

    private func matchResearchModifiers(_ research: ResearchUse, _ match: inout DataUseMatch) {
        let modifiers = terms.modifiers
        match.deny(
            .methodsResearchNotPermitted, if: modifiers.contains(.noMethodsResearch) && research.aims.contains(.methods)
        )
        match.deny(
            .populationOriginsNotPermitted,
            if: modifiers.contains(.noPopulationOrigins) && research.aims.contains(.populationOrigins))
        match.deny(.geneticStudiesOnly, if: modifiers.contains(.geneticStudiesOnly) && !research.isGeneticStudy)
        match.deny(
            .publicationNotUndertaken,
            if: modifiers.contains(.publicationRequired) && !research.undertakings.contains(.publish))
        match.deny(
            .collaborationNotUndertaken,
            if: modifiers.contains(.collaborationRequired) && !research.undertakings.contains(.collaborate))
        match.deny(
            .returnNotUndertaken, if: modifiers.contains(.returnRequired) && !research.undertakings.contains(.giveBack))
        if modifiers.contains(.ethicsApprovalRequired) { match.need(.ethicsApproval, .ethicsApprovalNeeded) }
        if modifiers.contains(.researchSpecific) { match.need(.review, .reviewNeeded) }
    }

    // MARK: DUOS version 4

    /// Approve if all rules approve; abstain if one abstains; else deny.
    private func matchVersion4(_ research: ResearchUse, _ match: inout DataUseMatch) {
        var rules = DataUseMatch()
        let diseaseMatch = matchDiseases(research)
        rules.denials += diseaseMatch.denials
        let isGeneral = terms.permissions.contains(.generalResearch) || terms.permissions.contains(.noRestriction)
        let isBiomedical = terms.permissions.contains(.healthMedicalBiomedical)
        let isOrigins = terms.permissions.contains(.populationOrigins)
        rules.deny(.generalResearchNotPermitted, if: research.aims.contains(.general) && !isGeneral)
        rules.deny(
            .biomedicalResearchNotPermitted,
            if: research.aims.contains(.healthMedicalBiomedical) && !isGeneral && !isBiomedical)
        rules.deny(
            .populationOriginsNotPermitted,
            if: research.aims.contains(.populationOrigins) && !isGeneral && !isOrigins)
        // On DS data a methods purpose stands or falls with the disease rule, counted above.
        rules.deny(
            .methodsResearchNotPermitted,
            if: research.aims.contains(.methods) && !isGeneral && !isBiomedical && !isOrigins && !isDiseaseSpecific)
        let isNonprofitData =
            terms.modifiers.contains(.nonprofitOnly) || terms.modifiers.contains(.nonprofitNonCommercial)
        rules.deny(.nonprofitOnly, if: isNonprofitData && !research.isNonprofit)
        if abstains(research) {
            if !match.needs.contains(.review) { match.need(.review, .reviewNeeded) }
            for need in diseaseMatch.needs { match.need(need, .ontologyPathUnproven) }
            // What no rule decides is the reviewer's, but data that may not be researched at all stays closed.
            match.deny(.notPermitted, if: terms.permissions.isEmpty)
            return
        }
        match.denials += rules.denials
        for need in diseaseMatch.needs { match.need(need, .ontologyPathUnproven) }
        match.deny(.notPermitted, if: terms.permissions.isEmpty && !match.isDenied)
    }

    private var isDiseaseSpecific: Bool { terms.permissions.contains(.diseaseSpecific) }

    /// True for sensitive aims, and where no aim is named that a rule knows (modifiers alone are none). So with a disease
    /// that is not said, on data whose diseases are: somebody has to compare them.
    private func abstains(_ research: ResearchUse) -> Bool {
        if research.aims.elements.contains(where: \.needsReview) { return true }
        if isOfUnnamedDisease(research), isDiseaseSpecific, !terms.diseases.isEmpty, !isOfAnyDisease { return true }
        return research.diseases.isEmpty && research.aims.isEmpty
    }

    private func isOfUnnamedDisease(_ research: ResearchUse) -> Bool {
        research.aims.contains(.disease) && research.diseases.isEmpty
    }

    private var isOfAnyDisease: Bool { terms.isOfAnyDisease }

    /// Each disease must be one of the data's, or descend from one. Diseases that the data's consent only commits to
    /// are compared by the custodian, as the provision's restriction asks.
    private func matchDiseases(_ research: ResearchUse) -> DataUseMatch {
        var match = DataUseMatch()
        if isOfAnyDisease { return match }
        if isOfUnnamedDisease(research) { match.deny(.diseaseNotPermitted, if: !isDiseaseSpecific) }
        guard !research.diseases.isEmpty else { return match }
        if isDiseaseSpecific, terms.diseases.isEmpty { return match }
        let index = memo.diseases(of: research)
        for (aim, step) in zip(index.aims, index.nearest(terms.diseases)) where step != 0 {
            if isDiseaseSpecific, let step {
                match.need(
                    .ontologyPath(disease: aim.disease, ancestor: aim.path[step - 1]), .ontologyPathUnproven)
            } else if !match.isDenied {
                match.deny(.diseaseNotPermitted, if: true)
            }
        }
        return match
    }
}
