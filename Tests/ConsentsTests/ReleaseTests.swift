import Consents
import Cryptography
import Identities
import Primitives
import StateModel
import TestSupport
import Testing

private let restricted = ConsentPolicy(provisions: [Provision(.permit, restrictions: [0])])
private let committed = CommittedRestriction(kind: .recordClass, commitment: testHash("salted"))
private let license: Bytes32 = testHash("license").bytes
private let researcher = Party.account(World.researcher)

/// A world with a custodian that can sign, and a set of one consent whose restriction is only committed to.
private struct SetRelease {
    let world: World
    let custodian: Address
    let set: ConsentSetID
    var requests = [request()]

    init() throws {
        world = try World()
        custodian = world.keyed("custodian")
        let consent = try world.consent(restricted, custodian: custodian, commitments: [committed])
        let made = try world.execute(
            [custodian], ConsentSetCreate(custodian: .account(custodian), members: [.id(consent)]))
        set = makeIdentifier(transactionHash: made.transactionHash, operationIndex: 0)
    }

    func statement(
        network: String = "network", basis: ConsentBasis? = nil, revision: UInt64? = nil,
        requests other: [UseRequest]? = nil,
        subject: Bytes32 = license, recipient: Party = researcher, need: Need = .memberRestrictions, by: Party? = nil,
        validFor days: UInt64 = 1
    ) throws -> NeedStatement {
        let record = try ConsentSets.require(set, field: "", in: world.state)
        return NeedStatement(
            network: testHash(network), basis: basis ?? .set(set), revision: revision ?? record.revision,
            requests: UseRequest.hash(of: other ?? requests), subject: subject, recipient: recipient, need: need,
            by: by ?? .account(custodian), validUntil: testStart.adding(milliseconds: days * millisecondsPerDay))
    }

    @discardableResult
    func check(
        _ answers: [NeedAnswer], subject: Bytes32 = license, recipient: Party = researcher
    ) throws -> ReleasePlan {
        try Release.check(
            set: set, requests: requests, answers: answers, subject: subject, recipient: recipient, at: world.block,
            in: world.state)
    }

    func refusal(
        _ answers: [NeedAnswer], subject: Bytes32 = license, recipient: Party = researcher
    ) throws -> String? {
        try reason { try check(answers, subject: subject, recipient: recipient) }
    }
}

@Suite struct NeedAnswerTests {
    /// The custodian's signature meets the need; without it the decision is a denial.
    @Test func theCustodianMeetsRestrictions() throws {
        let release = try SetRelease()
        #expect(try release.refusal([]) == "need_unmet")
        let plan = try release.check([signed(try release.statement(), by: "custodian")])
        #expect(plan.met.map(\.by) == [.account(release.custodian)])
        #expect(plan.met.map(\.signers) == [[release.custodian]])
    }

    /// An answer is for one release: nothing that it covers can be another.
    @Test func answersAreBoundToTheirRelease() throws {
        let release = try SetRelease()
        func refusal(_ statement: NeedStatement) throws -> String? {
            try release.refusal([signed(statement, by: "custodian")])
        }
        #expect(try refusal(release.statement()) == nil)
        #expect(try refusal(release.statement(network: "other")) == "answer_invalid")
        #expect(try refusal(release.statement(basis: .set(testIdentifier("other")))) == "answer_invalid")
        #expect(try refusal(release.statement(revision: 7)) == "answer_invalid")
        #expect(try refusal(release.statement(requests: [request(World.researcher, .train)])) == "answer_invalid")
        #expect(try refusal(release.statement(subject: testHash("other license").bytes)) == "answer_invalid")
        #expect(try refusal(release.statement(recipient: .account(World.clinician))) == "answer_invalid")
        #expect(
            try release.refusal([signed(release.statement(), by: "custodian")], subject: testHash("other").bytes)
                == "answer_invalid")
        let clinician = Party.account(World.clinician)
        var other = release
        other.requests = [request(World.clinician)]
        #expect(
            try other.refusal([signed(release.statement(), by: "custodian")], recipient: clinician) == "answer_invalid")
        #expect(try release.refusal([], recipient: clinician) == "recipient_differs")
    }

    /// A further member changes the set's revision, and with it what was answered.
    @Test func answersDieWithTheirRevision() throws {
        let release = try SetRelease()
        let answer = signed(try release.statement(), by: "custodian")
        try release.check([answer])
        let other = try release.world.consent(
            restricted, of: World.otherPatient, custodian: release.custodian, commitments: [committed])
        try release.world.execute([release.custodian], ConsentSetAdd(set: .id(release.set), members: [.id(other)]))
        #expect(try release.refusal([answer]) == "answer_invalid")
    }

    @Test func answersExpire() throws {
        let release = try SetRelease()
        let answer = signed(try release.statement(validFor: 3), by: "custodian")
        _ = try release.world.advance(days: 2)
        try release.check([answer])
        _ = try release.world.advance(days: 1)
        #expect(try release.refusal([answer]) == "answer_expired")
    }

    /// Nobody else answers for the custodian, nobody's name stands on another's signature, and a changed need has no
    /// answer.
    @Test func onlyTheCustodianAnswersRestrictions() throws {
        let release = try SetRelease()
        let stranger = release.world.keyed("stranger")
        let own = try release.statement(by: .account(stranger))
        #expect(try release.refusal([signed(own, by: "stranger")]) == "answerer_not_entitled")
        #expect(try release.refusal([signed(release.statement(), by: "stranger")]) == "answerer_not_entitled")
        let answer = signed(try release.statement(), by: "custodian")
        #expect(try release.refusal([answer, answer]) == "answer_unneeded")
        #expect(
            try release.refusal([answer, signed(release.statement(need: .review), by: "custodian")])
                == "answer_unneeded")
        #expect(
            try release.refusal([NeedAnswer(need: .memberRestrictions, evidence: .ontology([]))]) == "answer_invalid")
    }

    /// An organization answers by as many members as its policy asks for, and by members alone.
    @Test func organizationsAnswerByTheirThreshold() throws {
        let world = try World()
        let hospital = Party.organization(
            world.organization("hospital", members: ["anna", "ben", "cleo"], threshold: 2))
        let grant = try world.execute(
            [World.patient, secret("anna").address, secret("ben").address],
            ConsentGrant(
                scope: .individual, subject: .account(World.patient), custodian: hospital, policy: restricted,
                commitments: [committed]), ConsentCountersign(consent: .operation(0)))
        let consent: ConsentID = makeIdentifier(transactionHash: grant.transactionHash, operationIndex: 0)
        let requests = [request()]
        let statement = NeedStatement(
            network: testHash("network"), basis: .consent(consent), revision: 1,
            requests: UseRequest.hash(of: requests),
            subject: license, recipient: researcher, need: .restriction(index: 0, commitment: committed.commitment),
            by: hospital, validUntil: testStart.adding(milliseconds: 1))
        func refusal(_ signers: [String]) throws -> String? {
            let signatures = signers.map { name -> AnswerSignature in
                guard case .signed(_, _, let signatures) = signed(statement, by: name).evidence else { fatalError() }
                return signatures[0]
            }.sorted { $0.signer < $1.signer }
            let answer = NeedAnswer(
                need: statement.need,
                evidence: .signed(by: hospital, validUntil: statement.validUntil, signatures: signatures))
            return try reason {
                _ = try Release.check(
                    .consent(consent), requests: requests, answers: [answer], subject: license,
                    recipient: researcher, at: world.block, in: world.state)
            }
        }
        #expect(try refusal(["anna", "cleo"]) == nil)
        #expect(try refusal(["anna"]) == "answerer_not_entitled")
        #expect(try refusal(["anna", "stranger"]) == "answerer_not_entitled")
        #expect(try refusal(["anna", "anna"]) == "answer_invalid")
    }

    /// Review and ethics approval: a reviewer that the custodian named, or an ethics board; never who would receive.
    @Test func reviewersAndEthicsBoardsMeetReviews() throws {
        let world = try World()
        let reviewer = world.keyed("reviewer", .professional)
        let board = world.keyed("board", .professional)
        world.attest(board, .ethicsBoard)
        let terms = DataUseTerms(permissions: [.generalResearch], modifiers: [.ethicsApprovalRequired])
        let consent = try world.consent(ConsentPolicy(provisions: [Provision(.permit, dataUse: terms)]))
        let recipient = world.keyed("recipient", .researcher)
        func refusal(_ name: String, of need: Need = .ethicsApproval, to recipient: Address) throws -> String? {
            let requests = [request(recipient, aims: need == .review ? [.pediatric] : [.general])]
            let statement = NeedStatement(
                network: testHash("network"), basis: .consent(consent), revision: 1,
                requests: UseRequest.hash(of: requests), subject: license, recipient: .account(recipient),
                need: need, by: .account(secret(name).address), validUntil: testStart.adding(milliseconds: 1))
            var answers = [signed(statement, by: name)]
            if need == .review {
                let ethics = NeedStatement(
                    network: statement.network, basis: statement.basis, revision: 1, requests: statement.requests,
                    subject: license, recipient: statement.recipient, need: .ethicsApproval,
                    by: .account(board), validUntil: statement.validUntil)
                answers.append(signed(ethics, by: "board"))
            }
            return try reason {
                _ = try Release.check(
                    .consent(consent), requests: requests, answers: answers, subject: license,
                    recipient: .account(recipient), at: world.block, in: world.state)
            }
        }
        #expect(try refusal("board", to: recipient) == nil)
        #expect(try refusal("board", of: .review, to: recipient) == nil)
        #expect(try refusal("reviewer", to: recipient) == "answerer_not_entitled")
        #expect(try refusal("board", to: board) == "answerer_not_entitled")
        let naming = try world.execute(
            [World.hospital],
            ConsentNameReviewers(custodian: .account(World.hospital), reviewers: [.account(reviewer)]))
        #expect(naming.events.map(\.name) == ["consent.reviewersNamed"])
        #expect(try refusal("reviewer", to: recipient) == nil)
        #expect(try refusal("reviewer", of: .review, to: recipient) == nil)
        #expect(
            try reason {
                try world.execute(
                    [World.clinic],
                    ConsentNameReviewers(custodian: .account(World.hospital), reviewers: [.account(reviewer)]))
            } == "not_authorized")
    }

    /// A denial stays a denial, whoever signs; an unknown purpose too.
    @Test func noAnswerOverridesADenial() throws {
        let release = try SetRelease()
        let answer = signed(try release.statement(), by: "custodian")
        try release.world.execute([World.patient], ConsentWithdraw(consents: try members(of: release)))
        #expect(try release.refusal([answer]) == "release_denied")
        #expect(try reason { try release.check([]) } == "release_denied")
    }

    private func members(of release: SetRelease) throws -> [ConsentID] {
        try release.world.query("consent_members", #"{"set": "\#(release.set)"}"#, of: ConsentView.self).items
            .map(\.consent.id)
    }
}

@Suite struct OntologyTests {
    private static let root = CodedTerm(system: .mondo, code: "0000001")
    private static let middle = CodedTerm(system: .mondo, code: "0005015")
    private static let leaf = CodedTerm(system: .mondo, code: "0005148")
    private static let edges = [
        OntologyTree.Edge(child: leaf, parent: middle.code), OntologyTree.Edge(child: middle, parent: root.code),
        OntologyTree.Edge(child: CodedTerm(system: .mondo, code: "0007000"), parent: root.code),
    ]

    private func refusal(_ edges: [OntologyEdge], governed: Bool = true) throws -> String? {
        let world = try World()
        if governed { Ontology.set(OntologyTree(Self.edges).root(since: testStart), in: world.state) }
        let terms = DataUseTerms(permissions: [.diseaseSpecific], diseases: [Self.root])
        let made = try world.execute(
            [World.hospital],
            ConsentGrant(
                scope: .aggregate, subject: .account(World.hospital), custodian: .account(World.hospital),
                policy: ConsentPolicy(provisions: [Provision(.permit, dataUse: terms)])))
        let consent: ConsentID = makeIdentifier(transactionHash: made.transactionHash, operationIndex: 0)
        let use = ResearchUse(aims: [], diseases: [DiseaseAim(disease: Self.leaf, path: [Self.middle, Self.root])])
        let requests = [
            UseRequest(actor: researcher, action: .analyze, purposes: [.research], dataUse: use)
        ]
        let answer = NeedAnswer(
            need: .ontologyPath(disease: Self.leaf, ancestor: Self.root), evidence: .ontology(edges))
        return try reason {
            _ = try Release.check(
                .consent(consent), requests: requests, answers: [answer], subject: license, recipient: researcher,
                at: world.block, in: world.state)
        }
    }

    /// Proved edge by edge against the root that governance set; any gap, and the absence of a root, denies.
    @Test func descentIsProvedEdgeByEdge() throws {
        let tree = OntologyTree(Self.edges)
        let proof = try #require(tree.proof(from: Self.leaf, to: Self.root))
        #expect(proof.map(\.parent) == [Self.middle.code, Self.root.code])
        #expect(try refusal(proof) == nil)
        #expect(try refusal(proof, governed: false) == "ontology_invalid")
        #expect(try refusal([]) == "ontology_invalid")
        #expect(try refusal([proof[0]]) == "ontology_invalid")
        #expect(try refusal([proof[1]]) == "ontology_invalid")
        #expect(try refusal(proof.reversed()) == "ontology_invalid")
        let moved = OntologyEdge(parent: proof[0].parent, index: proof[0].index + 1, path: proof[0].path)
        #expect(try refusal([moved, proof[1]]) == "ontology_invalid")
        let renamed = OntologyEdge(parent: Self.root.code, index: proof[0].index, path: proof[0].path)
        #expect(try refusal([renamed]) == "ontology_invalid")
        #expect(tree.proof(from: Self.root, to: Self.leaf) == nil)
    }

    /// Equal edges give an equal root, in whatever order they come.
    @Test func theRootIsThatOfTheSortedEdges() {
        let tree = OntologyTree(Self.edges)
        #expect(OntologyTree(Self.edges.reversed() + Self.edges).root(since: testStart) == tree.root(since: testStart))
        #expect(tree.root(since: testStart).count == 3)
    }
}
