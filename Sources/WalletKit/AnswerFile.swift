public import Consents
internal import Cryptography
public import INFTs
public import Primitives

/// Answers to what consents ask, in a file that goes from one who signs to the next, and to who brings them: with what
/// they are for, so that the answers for one release are never taken for those for another.
public struct AnswerFile: Codable, Hashable, Sendable {
    /// What is asked; as ``NeedStatement`` fixes it, without what each who answers says.
    public struct Question: Codable, Hashable, Sendable {
        public let basis: ConsentBasis
        /// Of the consent, or of the set's policies.
        public let revision: UInt64
        /// ``UseRequest/hash(of:)``.
        public let requests: Hash
        /// The delivery's id, or a disclosure's reference.
        public let subject: Hash
        public let recipient: Party
        /// Where the ledger asks: a delivery's question at any time is one alone.
        public let delivery: DeliveryID?

        public init(
            basis: ConsentBasis, revision: UInt64, requests: Hash, subject: Hash, recipient: Party,
            delivery: DeliveryID?
        ) {
            self.basis = basis
            self.revision = revision
            self.requests = requests
            self.subject = subject
            self.recipient = recipient
            self.delivery = delivery
        }
    }

    public let question: Question
    /// When somebody began to collect.
    public let since: Timestamp
    public var answers: [NeedAnswer]

    public init(_ question: Question, since: Timestamp, answers: [NeedAnswer] = []) {
        self.question = question
        self.since = since
        self.answers = answers
    }

    /// What becomes of a file that is there already.
    public enum Continuation: Hashable, Sendable {
        /// It answers the same question: more answers go into it.
        case goesOn
        /// It answers what this delivery asked before, or for a time of which the greater part is over: it is written anew.
        case isOver
        /// It answers for something else, which somebody may still need.
        case isForeign
    }

    public func continuation(by question: Question, at now: Timestamp) -> Continuation {
        if self.question == question { return isSpent(at: now) ? .isOver : .goesOn }
        guard let delivery = question.delivery, delivery == self.question.delivery,
            question.basis != self.question.basis || question.revision >= self.question.revision
        else { return .isForeign }
        return .isOver
    }

    /// Who renews answers before they run out asks the same question again, and not for the same time.
    private func isSpent(at now: Timestamp) -> Bool {
        let ends = answers.compactMap { answer -> Timestamp? in
            if case .signed(_, let end, _) = answer.evidence { end } else { nil }
        }
        guard let end = ends.min() else { return false }
        return end <= now || end.milliseconds - now.milliseconds < (now.milliseconds - min(since, now).milliseconds)
    }

    /// What others of `party` signed for an answer to `need`: who adds a signature signs for the same time. A file comes
    /// from others, so the time counts as theirs only if a signature is over it.
    public struct Others: Hashable, Sendable {
        public let end: Timestamp
        /// One of the signatures is.
        public let isVerified: Bool

        public init(end: Timestamp, isVerified: Bool) {
            self.end = end
            self.isVerified = isVerified
        }
    }

    /// - Parameter key: what signs for an account now.
    public func others(
        who answer: (Timestamp) -> NeedStatement, besides signer: Address, key: (Address) -> Address = { $0 }
    ) -> Others? {
        for found in answers {
            guard case .signed(let party, let end, let signatures) = found.evidence else { continue }
            let statement = answer(end)
            let others = signatures.filter { $0.signer != signer }
            guard found.need == statement.need, party == statement.by, !others.isEmpty else { continue }
            let isVerified = others.contains {
                Schnorr.verify($0.signature, message: statement.hash, by: key($0.signer))
            }
            return Others(end: end, isVerified: isVerified)
        }
        return nil
    }

    /// Leaves out what others signed for `party` who don't speak for it: one such signature makes an answer void.
    ///
    /// - Returns: whose they were.
    public mutating func keep(signersOf party: Party, _ admitted: Set<Address>) -> [Address] {
        var gone: Set<Address> = []
        answers = answers.compactMap { answer in
            guard case .signed(party, let end, let signatures) = answer.evidence else { return answer }
            let kept = signatures.filter { admitted.contains($0.signer) }
            gone.formUnion(signatures.map(\.signer).filter { !admitted.contains($0) })
            return kept.isEmpty
                ? nil
                : NeedAnswer(need: answer.need, evidence: .signed(by: party, validUntil: end, signatures: kept))
        }
        return gone.sorted()
    }

    /// How many signed the answer to a need; one where it is proved without signatures.
    public func signatures(of need: Need) -> Int {
        for answer in answers where answer.need == need {
            if case .signed(_, _, let signatures) = answer.evidence { return signatures.count }
            return 1
        }
        return 0
    }

    /// Takes the place of what answered the need, but keeps what others signed for the same.
    public mutating func add(_ signature: AnswerSignature, to statement: NeedStatement) {
        var signatures = [signature]
        if let old = answers.first(where: { $0.need == statement.need }),
            case .signed(statement.by, statement.validUntil, let others) = old.evidence
        {
            signatures = (others.filter { $0.signer != signature.signer } + signatures)
                .sorted { $0.signer < $1.signer }
        }
        add(
            NeedAnswer(
                need: statement.need,
                evidence: .signed(by: statement.by, validUntil: statement.validUntil, signatures: signatures)))
    }

    /// Takes the place of what answered the need.
    public mutating func add(_ answer: NeedAnswer) {
        answers.removeAll { $0.need == answer.need }
        answers.append(answer)
    }

    /// Uses without an end are answered for a year at a time.
    public static let yearMilliseconds: UInt64 = 365 * 86_400_000
    /// A release is made once, soon.
    public static let releaseMilliseconds: UInt64 = 7 * 86_400_000

    /// Until when an answer counts of which nobody says it: as long as what is answered for, since uses end with the
    /// answers; a week at least.
    public static func end(
        of requests: [UseRequest], for delivery: DeliveryRecord?, now: Timestamp
    ) -> Timestamp {
        let release = now.adding(milliseconds: releaseMilliseconds)
        guard let delivery, delivery.act != .transfer else { return release }
        var end = release
        for request in requests {
            end = max(end, request.usePeriod?.until ?? now.adding(milliseconds: yearMilliseconds))
        }
        return end
    }
}
