internal import Primitives
internal import StateModel

/// Refusals of governance, 1600 to 1699.
public enum GovernanceRejection: Int, CaseIterable, Sendable {
    case parameterOutOfBounds = 1600
    case validatorsInvalid = 1601
    case nameInvalid = 1602
    case noValidator = 1603
    case unknownProposal = 1604
    case proposalDecided = 1605
    case votingOver = 1606
    case deadlineInvalid = 1607
    case alreadyVoted = 1608
    case tooManyProposals = 1609
    case foreignRequest = 1610
    case proofInvalid = 1611
    case keysEqual = 1612
    case keyUsed = 1613
    case nameTaken = 1614
    case institutionTaken = 1615
    case transportKeyTaken = 1616
    case setFull = 1617
    case lastValidator = 1618
    case validatorUnknown = 1619
    case nothingChanged = 1620
    case institutionNotEnrolled = 1621
    case partyUnknown = 1622
    case accreditationInvalid = 1623
    case validatorsDisenrolled = 1624
    case upgradeTooSoon = 1625
    case upgradePending = 1626
    case noUpgrade = 1627
    case releaseNotNewer = 1628
    case pauseOutOfBounds = 1629
    case recallImpossible = 1630
    case verdictUnknown = 1631

    /// The code in words, snake case, from the case's name.
    public var reason: String {
        var text = ""
        for character in String(describing: self) {
            if character.isUppercase { text += "_" }
            text += character.lowercased()
        }
        return text
    }

    var summary: String {
        switch self {
        case .parameterOutOfBounds: "A parameter lies outside its declared bounds."
        case .validatorsInvalid:
            "The validators are none, too many, or share a key, a transport key, a name or an institution."
        case .nameInvalid: "A validator's name is empty, too long, or holds control characters."
        case .noValidator: "Only an institution that runs a validator of the current set proposes and votes."
        case .unknownProposal: "No proposal has this id."
        case .proposalDecided: "The proposal is decided already."
        case .votingOver: "The proposal's deadline is past."
        case .deadlineInvalid: "A deadline lies a minute to thirty days ahead."
        case .alreadyVoted: "The institution has cast this very vote already."
        case .tooManyProposals: "As many proposals are pending as the ledger keeps, of this institution or of all."
        case .foreignRequest: "The enrollment request was made for another network."
        case .proofInvalid: "The request's signatures do not prove that its maker holds both keys."
        case .keysEqual: "A validator's key votes and does nothing else; its transport key is another."
        case .keyUsed: "The key is, or once was, a validator's, and never becomes one's again."
        case .nameTaken: "A validator of the set has this name."
        case .institutionTaken: "The institution runs a validator already."
        case .transportKeyTaken: "A validator of the set has this transport key."
        case .setFull: "The set has as many validators as the ledger allows."
        case .lastValidator: "A network's last validator can't be removed."
        case .validatorUnknown: "The institution runs no validator, or none of this name."
        case .nothingChanged: "All is already as the change would make it."
        case .institutionNotEnrolled: "A validator is run by an institution that is enrolled in identities."
        case .partyUnknown: "The party is not registered."
        case .accreditationInvalid:
            "An accreditor is a registered party that is no patient and was never revoked; it has types, ascending, and "
                + "jurisdictions of ISO 3166, ascending."
        case .validatorsDisenrolled:
            "An institution that runs a validator would lose its accreditation; another accreditor must accredit it first."
        case .upgradeTooSoon: "An upgrade lies at least ten heights ahead of its decision."
        case .upgradePending: "Another upgrade lies ahead; cancel it first."
        case .noUpgrade: "No upgrade lies ahead."
        case .releaseNotNewer: "The release is not newer than that of the last upgrade."
        case .pauseOutOfBounds: "A pause lasts a minute to seven days."
        case .verdictUnknown: "No verdict of the dispute stands against an INFT."
        case .recallImpossible:
            "The INFT is unknown, a clone, or recalled by the validators already; or the recall is unknown or lifted."
        }
    }

    func at(_ field: String, _ message: String, hint: String = "", retryable: Bool = false) -> Refusal {
        .rejected(
            Rejection(
                code: rawValue, reason: reason, domain: DomainNumber.governance.name, field: field, message: message,
                hint: hint, retryable: retryable))
    }
}

extension ChangeConflict {
    /// The refusal of a proposal whose change does not fit.
    var rejection: GovernanceRejection {
        switch self {
        case .notEnrolled: .institutionNotEnrolled
        case .keyUsed: .keyUsed
        case .nameTaken: .nameTaken
        case .institutionTaken: .institutionTaken
        case .transportKeyTaken: .transportKeyTaken
        case .setFull: .setFull
        case .lastValidator: .lastValidator
        case .validatorUnknown: .validatorUnknown
        case .nothingChanged: .nothingChanged
        case .parameterOutOfBounds: .parameterOutOfBounds
        case .partyUnknown: .partyUnknown
        case .accreditationInvalid: .accreditationInvalid
        case .validatorsDisenrolled: .validatorsDisenrolled
        case .upgradeTooSoon: .upgradeTooSoon
        case .upgradePending: .upgradePending
        case .noUpgrade: .noUpgrade
        case .releaseNotNewer: .releaseNotNewer
        case .pauseOutOfBounds: .pauseOutOfBounds
        case .recallImpossible: .recallImpossible
        case .verdictUnknown: .verdictUnknown
        }
    }
}
