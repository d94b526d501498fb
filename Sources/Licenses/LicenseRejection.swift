public import Primitives
import StateModel

/// Why this domain refuses. Codes are stable; a new one is added at the end.
public enum LicenseRejection: Int, CaseIterable, Sendable {
    // Terms
    case inconsistentTerms = 1500
    case termsExist = 1502
    case unknownTerms = 1503
    // Trials and sublicenses
    case trialRunning = 1700
    case notSublicensable = 1701
    case widerThanLicense = 1702
    case sublicensesLive = 1703
    case nothingReleased = 1704
    // Offers
    case unknownOffer = 1510
    case notOwner = 1511
    case offerClosed = 1512
    case soldOut = 1513
    case priceBelowFee = 1514
    case priceWithoutAsset = 1515
    case widerThanConsent = 1516
    case widerThanParents = 1517
    case invalidExpiry = 1518
    case invalidSupply = 1519
    case invalidBuyer = 1520
    case nothingChanged = 1521
    case invalidDelivery = 1522
    case derivativeExpired = 1523
    // Groups
    case unknownGroup = 1504
    case groupMembersInvalid = 1505
    case groupNotFormed = 1506
    case notGroupable = 1507
    case groupTermsDiffer = 1508
    case memberOfGroup = 1509
    // Purchases
    case notTheBuyer = 1530
    case priceAboveMaximum = 1531
    case shareAboveMaximum = 1532
    case ownLicense = 1533
    case purposeNotAllowed = 1534
    case territoryNotAllowed = 1535
    case missingCredential = 1536
    case consentDoesNotPermit = 1537
    case exclusivelyLicensed = 1538
    case otherLicensesLive = 1539
    case trainingNotAllowed = 1540
    case commercialUseNotAllowed = 1541
    case deliveryNeeded = 1542
    case deliveryUnneeded = 1543
    // Licenses
    case unknownLicense = 1550
    case notLicensee = 1551
    case notLicensor = 1552
    case licenseNotInForce = 1553
    case notRevocable = 1554
    case notRenewable = 1555
    case notTransferable = 1556
    case termsDiffer = 1557
    case historyFull = 1558
    case seatsTaken = 1559
    case seatUnknown = 1560
    case withoutSeats = 1561
    // Deliveries
    case noLicenseDelivery = 1562
    case deliveryUnderWay = 1563
    case refundNotDue = 1564
    case versionNotCovered = 1565
    case versionHeld = 1566
    case answersUnneeded = 1567
    // Uses
    case useNotCovered = 1544
    case useInvalid = 1545
    case quotaSpent = 1546
    case feeAboveMaximum = 1547
    case notMetered = 1548
    case quotaInUse = 1549
    case agentInvalid = 1568
    case agentNotNamed = 1569
    // Outcomes
    case outcomeInvalid = 1524
    case outcomeReported = 1525
    case outcomeInterested = 1526
    case notEnrolled = 1527
    // Derivatives
    case notMintedHere = 1570
    case parentsDiffer = 1571
    case derivativesNotAllowed = 1572
    case incompatibleTerms = 1573
    case royaltiesExceedWhole = 1574
    case tooManyRoyalties = 1575
    case duplicateLicense = 1576
    // Disputes
    case poolFull = 1577
    case recallUnrelated = 1578
    case bondTooSmall = 1579
    case unknownDispute = 1580
    case disputeStage = 1581
    case disputeLate = 1582
    case notSide = 1583
    case evidenceUsed = 1584
    case groundNotAdmitted = 1585
    case notDisputable = 1586
    case disputedAlready = 1587
    case disputeWindowOver = 1588
    case revealedAlready = 1589
    // Of all
    case invalidGenesis = 1590
    case missingParameter = 1591
    // More of disputes
    case revealDiffers = 1592
    case notOnPanel = 1593
    case noShow = 1594
    case noPanelPossible = 1595
    case notArbiter = 1596
    case arbiterEnrolled = 1597
    case arbiterExcluded = 1598
    case notInPool = 1599

    /// The case's name in snake case.
    public var reason: String {
        String(describing: self).reduce(into: "") { text, character in
            if character.isUppercase { text += "_" + character.lowercased() } else { text.append(character) }
        }
    }

    public func at(_ field: String, _ message: String, hint: String = "", retryable: Bool = false) -> Refusal {
        .rejected(rejection(field, message, hint: hint, retryable: retryable))
    }

    func rejection(_ field: String, _ message: String, hint: String = "", retryable: Bool = false) -> Rejection {
        Rejection(
            code: rawValue, reason: reason, domain: DomainNumber.licenses.name, field: field, message: message,
            hint: hint, retryable: retryable)
    }

    static var descriptions: [RejectionDescription] {
        allCases.map { RejectionDescription(code: $0.rawValue, reason: $0.reason, summary: $0.summary) }
    }
}

extension LicenseRejection {
    var summary: String {
        switch self {
        case .inconsistentTerms: "The terms contradict themselves; the field that does is named."
        case .termsExist: "These terms are registered already; their id is their content."
        case .unknownTerms: "No terms with this id are registered."
        case .unknownOffer: "There is no such offer."
        case .notOwner: "Only the owner of the INFT may offer it."
        case .offerClosed: "The offer is canceled, expired, or its seller no longer owns the INFT."
        case .soldOut: "The offer's supply is used up."
        case .priceBelowFee: "The price is below the fee that the terms set."
        case .priceWithoutAsset: "A price needs terms that name an asset."
        case .widerThanConsent: "The terms allow what the consent set behind the INFT does not."
        case .widerThanParents: "The terms allow what the terms of a parent do not."
        case .invalidExpiry: "The expiry is not after the block's time."
        case .invalidSupply: "The supply is zero, above the limit, or below what is sold."
        case .invalidBuyer: "The offer is directed at a party that can't buy it."
        case .nothingChanged: "The update changes nothing."
        case .invalidDelivery: "The delivery times of the offer are out of bounds, or its content is open."
        case .derivativeExpired: "The licenses that this derivative rests on have expired."
        case .notTheBuyer: "The offer is directed at another party."
        case .priceAboveMaximum: "The price is above the most that the buyer accepts."
        case .shareAboveMaximum: "The revenue share is above the most that the buyer accepts."
        case .ownLicense: "The owner of an INFT needs no license on it."
        case .purposeNotAllowed: "The terms do not allow the stated purpose."
        case .territoryNotAllowed: "The terms do not allow the stated territory."
        case .missingCredential: "The licensee lacks a credential that the terms require."
        case .consentDoesNotPermit: "The consent behind the INFT does not permit the stated use."
        case .exclusivelyLicensed: "The INFT is licensed exclusively to another."
        case .otherLicensesLive: "An exclusive license needs that no other license is live."
        case .trainingNotAllowed: "The terms do not allow training on the content."
        case .commercialUseNotAllowed: "The terms do not allow commercial use."
        case .deliveryNeeded: "A purchase of sealed content carries sealing key, possession and fetched root."
        case .deliveryUnneeded: "Open content is not delivered: anyone can read it."
        case .trialRunning: "The license can still be given back for its price."
        case .notSublicensable: "The terms do not allow a sublicense, or not one of this depth."
        case .widerThanLicense: "The sublicense would allow more than the license above it."
        case .sublicensesLive: "Sublicenses of the license are in force."
        case .unknownLicense: "There is no such license."
        case .notLicensee: "Only the licensee may do this."
        case .notLicensor: "Only the licensor may do this."
        case .licenseNotInForce: "The license is not in force."
        case .notRevocable: "The terms do not let the licensor revoke for this cause."
        case .notRenewable: "The terms do not allow renewal, or the license has no end."
        case .notTransferable: "The terms do not allow a transfer."
        case .termsDiffer: "The offer is on other terms, or on another INFT, than the license."
        case .historyFull: "The record keeps no more changes of this kind."
        case .seatsTaken: "Every seat of the license is taken."
        case .seatUnknown: "The account has no seat of the license."
        case .withoutSeats: "The terms of the license count no seats."
        case .noLicenseDelivery: "The delivery is not one of a license."
        case .deliveryUnderWay: "A delivery of this license is under way; wait until it has ended."
        case .refundNotDue: "The delivery can still be begun or completed."
        case .versionNotCovered: "The terms do not cover revisions."
        case .answersUnneeded: "No consent asks for these answers, or what was answered lasts as long."
        case .nothingReleased: "Nothing was released under consent by the license, so nothing can be answered for it."
        case .versionHeld: "The licensee holds the newest version."
        case .notMintedHere: "Parents are linked in the transaction that mints the derivative."
        case .parentsDiffer: "The licenses are not on the parents that the mint names, one on each."
        case .derivativesNotAllowed: "The terms of a parent's license do not allow derivatives."
        case .incompatibleTerms: "The terms of the parents can't be kept together."
        case .royaltiesExceedWhole: "The royalties would take more than the whole revenue."
        case .tooManyRoyalties: "The royalty vector would be longer than 256 entries."
        case .duplicateLicense: "A license is named twice."
        case .unknownGroup: "There is no such group."
        case .groupMembersInvalid: "The members are not as many as a group has, not sorted, or none of the group's."
        case .groupNotFormed: "Not every owner has joined the group, or a member can't be licensed now."
        case .notGroupable:
            "The INFT brings what a group can't keep: sealed content, people, parents, or another group."
        case .groupTermsDiffer:
            "A group is offered under the terms to which its members' owners agreed, which are never exclusive."
        case .memberOfGroup: "The INFT is sold with a group, so no license on it is exclusive."
        case .recallUnrelated: "The recall does not reach the INFT, or the license was never delivered."
        case .bondTooSmall: "The bond of a claim is too small, or of an asset that nobody answers for."
        case .poolFull: "The pool of arbiters has no free place."
        case .unknownDispute: "There is no such dispute."
        case .disputeStage: "The dispute is in another stage."
        case .disputeLate: "The time of the stage of the dispute has passed."
        case .notSide: "Only the other side, or a side, of the dispute may do this."
        case .evidenceUsed: "The commitment to the evidence stands in a dispute already."
        case .groundNotAdmitted: "A license is disputed for its content alone; other grounds are claimed of the INFT."
        case .notDisputable: "No payment is held for what would be disputed."
        case .disputedAlready: "The delivery was disputed already."
        case .disputeWindowOver: "The payment is no longer held."
        case .revealedAlready: "It was revealed already."
        case .missingParameter: "The query names nothing to look for."
        case .invalidGenesis: "The genesis section of the domain contradicts itself."
        case .revealDiffers: "What is revealed is not what was committed to."
        case .notOnPanel: "The account is not on the panel."
        case .noShow: "The delivery is not one to an arbiter."
        case .noPanelPossible: "Too few arbiters who are part of it in no way can be drawn."
        case .notArbiter: "The account holds no credential of an arbiter in force."
        case .arbiterEnrolled: "The arbiter is in the pool already."
        case .arbiterExcluded: "The arbiter was absent too often, and is out of the pool for a time."
        case .notInPool: "The arbiter is not in the pool."
        case .useNotCovered: "The license does not cover the use; the message says each reason."
        case .useInvalid: "The number of uses, entries or commitments is out of bounds."
        case .quotaSpent: "Fewer prepaid uses are left, or allowed to the agent, than are recorded."
        case .feeAboveMaximum: "The fee beyond the quota is above the most that the licensee accepts."
        case .notMetered: "The terms ask nothing for a use, or nothing is prepaid."
        case .quotaInUse: "The license is in force, or over: its quota is used, or came back."
        case .agentInvalid: "Such an agent can't be named for this license."
        case .outcomeInvalid: "The outcome is of no recorded single use, or does not open what was committed to."
        case .outcomeReported: "An outcome of this use, or of this case, was reported already."
        case .outcomeInterested: "Who owns, made, sold or shares in an INFT reports nothing about it."
        case .notEnrolled: "Only an enrolled institution reports outcomes."
        case .agentNotNamed: "The licensee has not named this agent."
        }
    }
}
