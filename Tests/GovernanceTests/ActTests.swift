import Encoding
import Governance
import INFTs
import Identities
import Primitives
import Revenue
import StateModel
import TestSupport
import Testing

extension World {
    /// Proposed by the first, and decided by all of `voters`.
    @discardableResult
    func decide(_ change: GovernanceChange, by voters: [String]) throws -> (ProposalRecord, [GovernanceEvent]) {
        let id = try propose(change, by: voters[0])
        var events: [GovernanceEvent] = []
        for voter in voters where try record(id).state == .open { events += try vote(on: id, by: voter) }
        return (try record(id), events)
    }

    static func party(_ name: String) -> Party { .account(testAddress(name)) }

    /// An accepted accreditation of an institution, by an accreditor itself.
    func attest(_ name: String, by accreditor: Party) {
        let id: CredentialID = testIdentifier("accreditation of \(name) by \(accreditor)")
        let key = IdentityKeys.accepted(Self.institution(name), .accreditation)
        state.set(
            IdentityKeys.credential(id),
            CredentialRecord(
                id: id, issuer: accreditor, delegation: nil,
                claim: CredentialClaim(
                    subject: Self.institution(name), credentialType: .accreditation, validFrom: testStart,
                    validUntil: nil, concerning: nil), offeredAt: testStart, acceptedAt: testStart))
        let before = (try? state.record(key))?.ids ?? []
        state.set(key, AcceptedCredentials(ids: before + [id]))
    }

    /// Unless the random acts did so before.
    func accredit(_ party: Party) {
        guard (try? state.record(IdentityKeys.accreditor(party))) == .some(nil) else { return }
        state.set(
            IdentityKeys.accreditor(party),
            AccreditorRecord(party: party, types: [.accreditation], jurisdictions: [], accreditedAt: testStart))
    }

    func isEnrolled(_ name: String, at time: Timestamp? = nil) throws -> Bool {
        try Organizations.isEnrolled(testIdentifier(name), at: time ?? self.time, in: state)
    }

    func addINFT(_ name: String, cloneOf original: INFTID? = nil) -> INFTID {
        let id: INFTID = testIdentifier(name)
        state.set(
            INFTKeys.inft(id),
            INFTRecord(
                id: id, inftClass: .protocol_, owner: Self.party("one"), creators: [], versionCount: 1,
                latest: .open(OpenContent(hash: testHash(name), size: 1, mediaType: "text/plain", location: nil)),
                metadata: INFTMetadata(title: name), frozenAt: nil, parents: [], status: .active,
                statusSince: testStart, hasHumanData: false, consentSet: nil, createdAt: testStart,
                createdHeight: .genesis, historyCount: 0, ownerSince: testStart, cloneOf: original))
        return id
    }
}

@Suite struct ActTests {
    private static let three = ["one", "two", "three"]

    @Test("An accreditor is admitted by votes at once, and its removal ends all that hangs from it at once")
    func accreditors() throws {
        let world = try World(Self.three)
        let board = World.party("board")
        let second = World.party("stranger")
        // Taking the only accreditor away would take every validator's institution with it, and nobody could vote.
        #expect(
            try reason { try world.propose(.revokeAccreditor(board), by: "one") } == "validators_disenrolled")
        let (record, events) = try world.decide(
            .accredit(Accreditation(party: second, types: [.accreditation], jurisdictions: ["DE"])), by: Self.three)
        #expect(record.state == .applied && record.ballots.count == 3)
        #expect(events.map(\.name).suffix(2) == ["governance.accepted", "governance.applied"])
        #expect(try Accreditors.isInForce(second, at: world.time, in: world.state))
        #expect(
            try reason { try world.propose(record.change, by: "one") } == "nothing_changed")

        for name in Self.three { world.attest(name, by: second) }
        try world.endBlock()
        let before = world.time
        #expect(try world.isEnrolled("four"))
        try world.endBlock()
        #expect(try world.decide(.revokeAccreditor(board), by: Self.three).0.state == .applied)
        #expect(try !world.isEnrolled("four"))
        #expect(try world.isEnrolled("one"))
        // The past stays what it was.
        #expect(try world.isEnrolled("four", at: before))
        // For good: otherwise all that it ever attested would hold once more.
        #expect(
            try reason {
                try world.propose(.accredit(Accreditation(party: board, types: [.accreditation])), by: "one")
            } == "accreditation_invalid")
    }

    @Test("An accreditation must be of a registered party, of types and of jurisdictions")
    func accreditationForm() throws {
        let world = try World(["one"])
        for accreditation in [
            Accreditation(party: World.party("nobody"), types: [.accreditation]),
            Accreditation(party: World.party("two"), types: []),
            Accreditation(party: World.party("two"), types: [.arbiter], jurisdictions: ["Germany"]),
            Accreditation(party: World.party("two"), types: [.arbiter], jurisdictions: ["FR", "DE"]),
        ] {
            #expect(
                try reason { try world.propose(.accredit(accreditation), by: "one") } == "accreditation_invalid")
        }
    }

    @Test("An issuer is admitted and dismissed by votes")
    func issuers() throws {
        let world = try World(Self.three)
        let bank = World.party("board")
        #expect(try reason { try world.propose(.dismissIssuer(bank), by: "one") } == "nothing_changed")
        #expect(
            try reason { try world.propose(.admitIssuer(World.party("nobody")), by: "one") } == "party_unknown")
        try world.decide(.admitIssuer(bank), by: Self.three)
        #expect(try Assets.mayIssue(bank, at: world.time, in: world.state))
        try world.decide(.dismissIssuer(bank), by: Self.three)
        #expect(try !Assets.mayIssue(bank, at: world.time, in: world.state))
    }

    @Test("A pause takes effect at once, ends by itself, and can be lifted before")
    func pauses() throws {
        let world = try World(Self.three)
        func until() throws -> Timestamp? {
            try DomainControls.pausedUntil(.licenses, at: world.time, in: world.state)
        }
        for milliseconds in [59_999, 604_800_001] as [UInt64] {
            #expect(
                try reason {
                    try world.propose(.pause(PauseOrder(domain: .licenses, milliseconds: milliseconds)), by: "one")
                } == "pause_out_of_bounds")
        }
        #expect(try reason { try world.propose(.liftPause(.licenses), by: "one") } == "nothing_changed")
        // Nothing that could keep the validators from voting is among what can be paused.
        #expect(!PausableDomain.allCases.map(\.domain).contains { $0 == .governance || $0 == .ledger })

        try world.decide(.pause(PauseOrder(domain: .licenses, milliseconds: 60_000)), by: Self.three)
        #expect(try until() == world.time.adding(milliseconds: 60_000))
        #expect(
            try reason {
                try world.propose(.pause(PauseOrder(domain: .licenses, milliseconds: 60_000)), by: "one")
            } == "nothing_changed")
        try world.decide(.pause(PauseOrder(domain: .licenses, milliseconds: 120_000)), by: Self.three)
        try world.endBlock(after: 119_999)
        #expect(try until() != nil)
        try world.endBlock(after: 1)
        #expect(try until() == nil)

        try world.decide(.pause(PauseOrder(domain: .licenses, milliseconds: 120_000)), by: Self.three)
        try world.decide(.liftPause(.licenses), by: Self.three)
        #expect(try until() == nil && world.overview().pauses.isEmpty)
    }

    @Test("What became of a pause is told beside what was decided")
    func pauseOutcomes() throws {
        let world = try World(Self.three)
        func pause(_ milliseconds: UInt64) throws -> ProposalID {
            try world.decide(
                .pause(PauseOrder(domain: .licenses, milliseconds: milliseconds)), by: Self.three
            ).0.id
        }
        func standing(_ id: ProposalID) throws -> String { try world.view(id).standing }
        let short = try pause(60_000)
        #expect(try standing(short) == "applied")
        try world.endBlock(after: 30_000)
        let long = try pause(120_000)
        #expect(try standing(short) == "superseded" && standing(long) == "applied")
        try world.endBlock(after: 60_000)
        #expect(try standing(short) == "ended")
        try world.decide(.liftPause(.licenses), by: Self.three)
        #expect(try standing(long) == "lifted")
        try world.endBlock(after: 120_000)
        #expect(try standing(long) == "lifted")
        let last = try pause(60_000)
        try world.endBlock(after: 59_999)
        #expect(try standing(last) == "applied")
        try world.endBlock(after: 1)
        #expect(try standing(last) == "ended" && world.record(last).state == .applied)
        #expect(try world.list(.applied).items.contains { $0.proposal.id == last && $0.outcome == .ended })
    }

    @Test("A pause's words promise no more than the rule keeps")
    func pauseWords() {
        let change = GovernanceChange.pause(PauseOrder(domain: .licenses, milliseconds: 120_000))
        #expect(
            change.words(PlainNames()) == [
                "Pause licenses for 2 minutes: nothing new of it",
                "Reserved acts go on, and acts that meet a deadline of what runs already", "The pause ends by itself",
            ])
    }

    @Test("An upgrade names a height ahead and a newer release; a program of an older one makes no block from there on")
    func upgrades() throws {
        let world = try World(Self.three)
        func plan(_ height: UInt64, _ release: Release = Release(1, 2, 0)) -> GovernanceChange {
            .upgrade(UpgradePlan(height: Height(height), release: release))
        }
        #expect(try reason { try world.propose(plan(world.height.value + 9), by: "one") } == "upgrade_too_soon")
        #expect(try reason { try world.propose(.cancelUpgrade, by: "one") } == "no_upgrade")
        let height = world.height.value + 10
        let first = try world.decide(plan(height), by: Self.three).0
        #expect(try first.state == .applied && world.view(first.id).outcome == nil)
        #expect(try world.overview().upgrade?.plan.height == Height(height))
        #expect(try reason { try world.propose(plan(height + 100), by: "one") } == "upgrade_pending")
        func missing(_ release: Release, at height: UInt64) throws -> UpgradePlan? {
            try Upgrades.missing(for: release, at: Height(height), in: world.state)
        }
        #expect(try missing(Release(1, 1, 9), at: height - 1) == nil)
        #expect(try missing(Release(1, 1, 9), at: height)?.release == Release(1, 2, 0))
        #expect(try missing(Release(1, 1, 9), at: height + 1_000) != nil)
        #expect(try missing(Release(1, 2, 0), at: height) == nil && missing(Release(2, 0, 0), at: height) == nil)

        while world.height.value < height { try world.endBlock() }
        #expect(try reason { try world.propose(plan(height + 50), by: "one") } == "release_not_newer")
        #expect(try reason { try world.propose(.cancelUpgrade, by: "one") } == "no_upgrade")
        let second = try world.decide(plan(height + 50, Release(1, 3, 0)), by: Self.three).0.id
        #expect(try world.view(first.id).outcome == nil && world.view(second).outcome == nil)
        // Another that is scheduled, and one that is canceled, leaves what the first asks for.
        func checkFirst() throws {
            #expect(try missing(Release(1, 1, 9), at: height + 20)?.release == Release(1, 2, 0))
            #expect(try missing(Release(1, 2, 0), at: height + 20) == nil)
        }
        try checkFirst()
        #expect(try missing(Release(1, 2, 0), at: height + 50)?.release == Release(1, 3, 0))
        try world.decide(.cancelUpgrade, by: Self.three)
        #expect(try world.view(second).outcome == .cancelled && world.view(second).standing == "cancelled")
        #expect(try world.record(second).state == .applied && world.view(first.id).outcome == nil)
        try checkFirst()
        #expect(try missing(Release(1, 2, 0), at: height + 50) == nil)
        #expect(try world.overview().upgrade?.plan.release == Release(1, 2, 0))
        #expect(try reason { try world.propose(plan(height + 50), by: "one") } == "release_not_newer")

        while world.height.value < height + 50 { try world.endBlock() }
        #expect(try world.view(second).outcome == .cancelled)
        try world.decide(plan(height + 70, Release(1, 4, 0)), by: Self.three)
        #expect(try world.view(second).outcome == .superseded && world.view(first.id).outcome == nil)
        while world.height.value < height + 70 { try world.endBlock() }
        #expect(try world.view(first.id).outcome == .superseded)
    }

    @Test("What no longer fits when it is accepted is marked with its reason, and changes nothing")
    func superseded() throws {
        let world = try World(Self.three)
        let change = GovernanceChange.upgrade(
            UpgradePlan(height: Height(world.height.value + 12), release: Release(1, 2, 0)))
        let id = try world.propose(change, by: "one")
        for _ in 0..<5 { try world.endBlock() }
        var events: [GovernanceEvent] = []
        for voter in Self.three { events += try world.vote(on: id, by: voter) }
        let record = try world.record(id)
        #expect(record.state == .superseded && record.conflict == .upgradeTooSoon)
        #expect(events.last?.name == "governance.superseded")
        #expect(try world.overview().upgrade == nil)
        // Decided is decided.
        #expect(try reason { try world.vote(on: id, by: "one") } == "proposal_decided")
    }

    @Test("The validators recall a work with all its clones, and lift any recall")
    func recalls() throws {
        let world = try World(Self.three)
        let inft = world.addINFT("protocol")
        let clone = world.addINFT("clone", cloneOf: inft)
        func plan(_ inft: INFTID) -> GovernanceChange {
            .recall(
                RecallPlan(inft: inft, reason: .harm, notice: testHash("notice"), answerMilliseconds: 3_600_000))
        }
        #expect(try reason { try world.propose(plan(clone), by: "one") } == "recall_impossible")
        let (record, _) = try world.decide(plan(inft), by: Self.three)
        let recall = RecallID(record.id.bytes)
        #expect(try Recalls.require(recall, field: "", in: world.state).by == nil)
        #expect(try Tags.recall(on: clone, in: world.state)?.tag.kind == .recalledByValidators)
        try world.decide(.liftRecall(RecallLift(recall: recall, reason: .unfounded)), by: Self.three)
        #expect(try Tags.recall(on: inft, in: world.state) == nil)
        #expect(
            try reason {
                try world.propose(.liftRecall(RecallLift(recall: recall, reason: .unfounded)), by: "one")
            } == "recall_impossible")
    }

    @Test("Parameters that a domain owns change at the epoch's end as the ledger's do")
    func domainParameters() throws {
        let world = try World(["one"])
        #expect(
            try reason {
                try world.propose(.parameters([ParameterChange(.stateBytesPerSponsor, 1)]), by: "one")
            } == "parameter_out_of_bounds")
        try world.decide(.parameters([ParameterChange(.accountsPerSponsor, 7)]), by: ["one"])
        #expect(try Sponsorship.parameters(in: world.state).accountsPerSponsor == 100)
        let events = try world.endEpoch()
        #expect(events.map(\.name).contains("governance.parametersChanged"))
        #expect(try Sponsorship.parameters(in: world.state).accountsPerSponsor == 7)
        #expect(try world.overview().value(of: .accountsPerSponsor) == 7)
    }

    /// Whatever is proposed and voted, in whatever order: every institution that runs a validator keeps its accreditation, a
    /// pause is never longer than a week, an upgrade that lies ahead is one, and what was applied had its votes.
    @Test(arguments: 0..<24) func randomActsKeepTheNetworkAble(seed: Int) throws {
        var random = SeededRandom(seed: UInt64(seed))
        let world = try World(Self.three)
        let infts = (0..<3).map { world.addINFT("inft \($0)") }
        let parties = (World.names + ["board", "nobody"]).map { World.party($0) }
        func change() -> GovernanceChange {
            let party = parties.randomElement(using: &random) ?? parties[0]
            switch Int.random(in: 0..<10, using: &random) {
            case 0: return .accredit(Accreditation(party: party, types: [.accreditation, .arbiter]))
            case 1: return .revokeAccreditor(party)
            case 2: return .admitIssuer(party)
            case 3: return .dismissIssuer(party)
            case 4:
                return .upgrade(
                    UpgradePlan(
                        height: Height(world.height.value + UInt64.random(in: 5..<30, using: &random)),
                        release: Release(1, UInt16.random(in: 0..<9, using: &random), 0)))
            case 5: return .cancelUpgrade
            case 6:
                return .pause(
                    PauseOrder(
                        domain: PausableDomain.allCases.randomElement(using: &random) ?? .infts,
                        milliseconds: UInt64.random(in: 0..<8 * 86_400_000, using: &random)))
            case 7: return .liftPause(PausableDomain.allCases.randomElement(using: &random) ?? .infts)
            case 8:
                return .recall(
                    RecallPlan(
                        inft: infts.randomElement(using: &random) ?? infts[0], reason: .harm, notice: .zero,
                        answerMilliseconds: 60_000))
            default: return .remove(World.institution(World.names.randomElement(using: &random) ?? "one"))
            }
        }
        var applied = 0
        for step in 0..<60 {
            // Whoever attests was accredited once, if only until now.
            if step == 20 { world.accredit(World.party("two")) }
            if step == 20 { for name in World.names { world.attest(name, by: World.party("two")) } }
            let voters = try world.validators
            let proposer = voters.randomElement(using: &random) ?? "one"
            var id: ProposalID?
            let proposed = change()
            _ = try rejection { id = try world.propose(proposed, by: proposer) }
            if let id {
                for voter in voters where Int.random(in: 0..<8, using: &random) > 0 {
                    _ = try rejection { try world.vote(on: id, by: voter) }
                }
                let record = try world.record(id)
                if record.state == .applied {
                    applied += 1
                    let yes = record.ballots.count { $0.approves }
                    #expect(yes >= voters.count - (voters.count - 1) / 3 && record.epoch != nil)
                }
            }
            for name in try world.validators { #expect(try world.isEnrolled(name)) }
            for pause in try world.overview().pauses {
                #expect(pause.until <= world.time.adding(milliseconds: 7 * 86_400_000))
            }
            try world.endBlock(after: UInt64.random(in: 1..<60_000, using: &random))
        }
        #expect(applied > 5)
    }
}
