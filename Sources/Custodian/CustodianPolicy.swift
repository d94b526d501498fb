public import Consents
public import Cryptography
public import Primitives

/// What a custodian does by itself, and what it leaves to people: data, read from a file, checked once.
///
/// Whatever it allows, the ledger decides: a policy can only make a custodian do less.
public struct CustodianPolicy: Codable, Hashable, Sendable {
    /// Requests that keep within the committed restrictions of a consent set. An empty list allows everything; of one
    /// that is not empty a request has to name at least one, and no other.
    public struct RestrictionRule: Codable, Hashable, Sendable {
        public let consentSet: ConsentSetID
        public let purposes: [PurposeOfUse]
        public let aims: [ResearchAim]
        public let diseases: [CodedTerm]

        public init(
            consentSet: ConsentSetID, purposes: [PurposeOfUse] = [], aims: [ResearchAim] = [],
            diseases: [CodedTerm] = []
        ) {
            self.consentSet = consentSet
            self.purposes = purposes
            self.aims = aims
            self.diseases = diseases
        }

        private enum CodingKeys: String, CodingKey { case consentSet, purposes, aims, diseases }

        public init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            self.init(
                consentSet: try container.decode(ConsentSetID.self, forKey: .consentSet),
                purposes: try container.decodeIfPresent([PurposeOfUse].self, forKey: .purposes) ?? [],
                aims: try container.decodeIfPresent([ResearchAim].self, forKey: .aims) ?? [],
                diseases: try container.decodeIfPresent([CodedTerm].self, forKey: .diseases) ?? [])
        }

        func covers(_ facts: DeliveryFacts) -> Bool {
            facts.consentSet == consentSet
                && facts.requests.allSatisfy { request in
                    Self.isWithin(request.purposes, purposes)
                        && Self.isWithin(request.dataUse?.aims.elements ?? [], aims)
                        && Self.isWithin(request.dataUse?.diseases.map(\.disease) ?? [], diseases)
                }
        }

        /// What names nothing may be about anything.
        private static func isWithin<Code: Equatable>(_ named: [Code], _ allowed: [Code]) -> Bool {
            allowed.isEmpty || !named.isEmpty && named.allSatisfy { allowed.contains($0) }
        }
    }

    /// Hours of the day, as minutes of UTC; past midnight if the end comes first.
    public struct Hours: Codable, Hashable, Sendable {
        /// 0...1439
        public let from: Int
        /// 0...1439; what begins then is outside.
        public let until: Int

        public init(from: Int, until: Int) {
            self.from = from
            self.until = until
        }
    }

    /// Whose INFTs are served, each by a mandate; at least one.
    public var owners: [Party]
    /// Only these; empty: all of the owners.
    public var infts: [INFTID]
    public var excludedINFTs: [INFTID]
    public var acts: [SealingAct]
    /// Which requests the account signs as keeping within the restrictions that subjects committed to: written by those
    /// who have opened the commitments, since nobody else can read them.
    public var restrictions: [RestrictionRule]
    /// For whose consents requests for erasure are told, and kept open until they are done.
    public var consentCustodians: [Party]
    /// Deliveries for one of these purposes wait for a person's approval.
    public var approvalPurposes: [PurposeOfUse]
    /// Every delivery waits for it.
    public var approvesEverything: Bool
    /// Nil: around the clock.
    public var hours: Hours?
    /// How many deliveries may be begun within an hour; nil: any number.
    public var beginsPerHour: Int?
    /// What the account signs as keeping within restrictions counts so long beyond the time for `begin`: for the license's
    /// uses, until it is answered anew.
    public var answersMilliseconds: UInt64
    /// The key is not released for the first time within so many milliseconds before the ledger stops taking it: a key
    /// that arrives too late is given away for nothing.
    public var releaseMarginMilliseconds: UInt64

    public init(
        owners: [Party], infts: [INFTID] = [], excludedINFTs: [INFTID] = [],
        acts: [SealingAct] = CustodianPolicy.servedActs, restrictions: [RestrictionRule] = [],
        consentCustodians: [Party] = [],
        approvalPurposes: [PurposeOfUse] = [], approvesEverything: Bool = false, hours: Hours? = nil,
        beginsPerHour: Int? = nil, answersMilliseconds: UInt64 = CustodianPolicy.standardAnswers,
        releaseMarginMilliseconds: UInt64 = CustodianPolicy.standardReleaseMargin
    ) {
        self.owners = owners
        self.infts = infts
        self.excludedINFTs = excludedINFTs
        self.acts = acts
        self.restrictions = restrictions
        self.consentCustodians = consentCustodians
        self.approvalPurposes = approvalPurposes
        self.approvesEverything = approvesEverything
        self.hours = hours
        self.beginsPerHour = beginsPerHour
        self.answersMilliseconds = answersMilliseconds
        self.releaseMarginMilliseconds = releaseMarginMilliseconds
    }

    /// What is delivered between two parties.
    public static let servedActs: [SealingAct] = [.license, .licenseTransfer, .licenseRevision, .transfer]
    public static let standardReleaseMargin: UInt64 = 120_000
    /// 90 days
    public static let standardAnswers: UInt64 = 90 * 86_400_000
    static let listLimit = 10_000

    private enum CodingKeys: String, CodingKey, CaseIterable {
        case owners, infts, excludedINFTs, acts, restrictions, consentCustodians, approvalPurposes, approvesEverything,
            hours
        case beginsPerHour, answersMilliseconds, releaseMarginMilliseconds
    }

    private struct AnyKey: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    /// What is left out is as ``init(owners:infts:excludedINFTs:acts:restrictions:consentCustodians:approvalPurposes:approvesEverything:hours:beginsPerHour:answersMilliseconds:releaseMarginMilliseconds:)``
    /// has it. A member that no policy has is refused: a mistyped restriction must not count for nothing.
    public init(from decoder: any Decoder) throws {
        let all = try decoder.container(keyedBy: AnyKey.self)
        for key in all.allKeys where CodingKeys(rawValue: key.stringValue) == nil {
            let known = CodingKeys.allCases.map(\.rawValue).joined(separator: ", ")
            throw DecodingError.dataCorruptedError(
                forKey: key, in: all, debugDescription: "no policy has this; known are \(known)")
        }
        let container = try decoder.container(keyedBy: CodingKeys.self)
        self.init(owners: try container.decodeIfPresent([Party].self, forKey: .owners) ?? [])
        infts = try container.decodeIfPresent([INFTID].self, forKey: .infts) ?? infts
        excludedINFTs = try container.decodeIfPresent([INFTID].self, forKey: .excludedINFTs) ?? excludedINFTs
        acts = try container.decodeIfPresent([SealingAct].self, forKey: .acts) ?? acts
        consentCustodians =
            try container.decodeIfPresent([Party].self, forKey: .consentCustodians) ?? consentCustodians
        restrictions = try container.decodeIfPresent([RestrictionRule].self, forKey: .restrictions) ?? restrictions
        approvalPurposes =
            try container.decodeIfPresent([PurposeOfUse].self, forKey: .approvalPurposes) ?? approvalPurposes
        approvesEverything = try container.decodeIfPresent(Bool.self, forKey: .approvesEverything) ?? false
        hours = try container.decodeIfPresent(Hours.self, forKey: .hours)
        beginsPerHour = try container.decodeIfPresent(Int.self, forKey: .beginsPerHour)
        answersMilliseconds =
            try container.decodeIfPresent(UInt64.self, forKey: .answersMilliseconds) ?? answersMilliseconds
        releaseMarginMilliseconds =
            try container.decodeIfPresent(UInt64.self, forKey: .releaseMarginMilliseconds)
            ?? releaseMarginMilliseconds
    }

    /// The field at fault and what is allowed; nil if the policy can be used.
    public var defect: (field: String, message: String)? {
        for (field, count) in [
            ("owners", owners.count), ("infts", infts.count), ("excludedINFTs", excludedINFTs.count),
            ("restrictions", restrictions.count), ("consentCustodians", consentCustodians.count),
        ] where count > Self.listLimit {
            return (field, "\(count) entries, at most \(Self.listLimit) are allowed")
        }
        if owners.isEmpty { return ("owners", "name at least one party whose INFTs are served") }
        if acts.isEmpty { return ("acts", "a custodian delivers something: name at least one of \(Self.actNames)") }
        if let act = acts.first(where: { !Self.servedActs.contains($0) }) {
            return ("acts", "\(act.name) is nothing that a custodian delivers; known are \(Self.actNames)")
        }
        if let hours {
            guard (0..<1_440).contains(hours.from), (0..<1_440).contains(hours.until), hours.from != hours.until else {
                return ("hours", "from and until are different minutes of a day, 0 to 1439")
            }
        }
        if let beginsPerHour, !(1...100_000).contains(beginsPerHour) {
            return ("beginsPerHour", "1 to 100000, or leave it out")
        }
        guard answersMilliseconds <= 100 * 366 * Self.day * Self.minute else {
            return ("answersMilliseconds", "at most a century")
        }
        guard releaseMarginMilliseconds <= 1_800_000 else {
            return ("releaseMarginMilliseconds", "at most 1800000, half of the shortest time for complete")
        }
        return nil
    }

    private static var actNames: String { servedActs.map(\.name).joined(separator: ", ") }
}

// What a policy says of one delivery.
extension CustodianPolicy {
    /// Nil if the policy has nothing against beginning it at `now`.
    func objection(
        to facts: DeliveryFacts, decision: HumanDecision?, begun: [Timestamp], now: Timestamp
    ) -> WaitReason? {
        if !serves(facts) { return WaitReason(.notServed) }
        if decision == .decline { return WaitReason(.declined) }
        if decision == nil, let reason = approvalReason(facts) { return WaitReason(.approval, reason) }
        if let opening = nextOpening(after: now) { return WaitReason(.outsideHours, until: opening) }
        if let beginsPerHour {
            let recent = begun.filter { $0.adding(milliseconds: Self.hour) > now }
            if recent.count >= beginsPerHour, let first = recent.min() {
                return WaitReason(.rateLimit, until: first.adding(milliseconds: Self.hour))
            }
        }
        return nil
    }

    static let hour: UInt64 = 3_600_000
    private static let minute: UInt64 = 60_000
    private static let day: UInt64 = 1_440

    private func serves(_ facts: DeliveryFacts) -> Bool {
        acts.contains(facts.act) && owners.contains(facts.owner)
            && (infts.isEmpty || infts.contains(facts.inft)) && !excludedINFTs.contains(facts.inft)
    }

    private func approvalReason(_ facts: DeliveryFacts) -> String? {
        if approvesEverything { return "the policy asks a person before every delivery" }
        guard let purpose = facts.purposes.first(where: { approvalPurposes.contains($0) }) else { return nil }
        return "the policy asks a person before a delivery for \(purpose.name)"
    }

    /// When the hours begin again; nil inside them.
    private func nextOpening(after now: Timestamp) -> Timestamp? {
        guard let hours else { return nil }
        let minutes = now.milliseconds / Self.minute
        let minute = minutes % Self.day
        let (from, until) = (UInt64(hours.from), UInt64(hours.until))
        let isInside = from < until ? (from..<until).contains(minute) : minute >= from || minute < until
        if isInside { return nil }
        let wait = (from + Self.day - minute) % Self.day
        return Timestamp((minutes + wait) * Self.minute)
    }

    /// The needs that people have to meet.
    func unanswered(_ needs: [Need], of facts: DeliveryFacts) -> [Need] {
        let isWithin = restrictions.contains { $0.covers(facts) }
        return needs.filter { need in
            switch need {
            case .restriction, .memberRestrictions: !isWithin
            case .review, .ethicsApproval, .ontologyPath: true
            }
        }
    }
}
