import Identities
import Primitives
import StateModel
import TestSupport
import Testing

/// Dora keeps content for the clinic and for the board, and does what they let her do.
struct MandateTests {
    private static let clinic = Party.organization(World.clinic)
    private static let board = Party.account(World.board)

    @discardableResult
    private func grant(
        _ world: World, from grantor: Address = World.board, with cosigners: [Address] = [],
        acting: OrganizationID? = nil, to delegate: Address = World.dora,
        _ operations: [MandatedAct] = [.beginLicense], uses: UInt64? = nil, until: UInt64 = 30, day: UInt64 = 0,
        limit: MandateLimit? = nil, named transaction: String = "mandate"
    ) throws -> MandateID {
        let context = world.context(grantor, cosigners, for: acting, day: day, transaction)
        try GrantMandate(
            grant: MandateGrant(
                delegate: delegate, operations: operations, uses: uses, validUntil: World.day(until), limit: limit)
        ).execute(in: context)
        #expect(context.unneededSigner == nil && context.isActingForProven)
        return context.madeIdentifier()
    }

    /// What an operation that takes a mandate does in check and apply; the mandate that it used.
    @discardableResult
    private func act(
        _ context: OperationContext, for party: Party, _ act: MandatedAct = .beginLicense,
        _ operationClass: OperationClass = .licensing, spending: MandateLimit? = nil
    ) throws -> MandateID? {
        let use = try Authority.require(
            party, for: operationClass, orMandate: act, spending: spending, in: context, field: "license")
        try Mandates.use(use, in: context)
        return use?.mandate
    }

    private func record(_ world: World, _ id: MandateID) throws -> MandateRecord {
        try #require(try Mandates.record(id, in: world.state))
    }

    @Test("A delegate acts by its own signature, is counted, and the event says what it did")
    func use() throws {
        let world = try World()
        let id = try grant(world, [.beginLicense, .eraseContent], uses: 2)
        let context = world.context(World.dora, day: 1)
        #expect(try act(context, for: Self.board) == id)
        #expect(try record(world, id).usesLeft == 1 && record(world, id).lastUsedAt == World.day(1))
        guard case .mandateUsed(let step) = context.events.last as? IdentityEvent else {
            Issue.record("no event")
            return
        }
        #expect(step.mandate == id && step.grantor == Self.board && step.delegate == World.dora)
        #expect(step.operation == .beginLicense)
        #expect(
            IdentityEvent.mandateUsed(step).topics == [.party(.account(World.dora)), .party(Self.board)])
        #expect(try act(world.context(World.dora, day: 2), for: Self.board, .eraseContent, .content) == id)
        #expect(try record(world, id).isSpent)
        #expect(try reason { try act(world.context(World.dora, day: 2), for: Self.board) } == "not_authorized")
    }

    @Test("Uses are counted inside one transaction, too")
    func usesInOneTransaction() throws {
        let world = try World()
        let id = try grant(world, uses: 1)
        let context = world.context(World.dora)
        #expect(try act(context, for: Self.board) == id)
        context.operationIndex = 1
        #expect(try reason { try act(context, for: Self.board) } == "not_authorized")
    }

    @Test("Without a limit any number of acts is done, and still counted")
    func unlimited() throws {
        let world = try World()
        let id = try grant(world)
        for _ in 0..<20 { try act(world.context(World.dora), for: Self.board) }
        #expect(try record(world, id).used == 20 && record(world, id).usesLeft == nil)
    }

    @Test("A check changes nothing: what it chose is counted by apply alone")
    func checkReads() throws {
        let world = try World()
        let id = try grant(world, uses: 1)
        let before = try record(world, id)
        for _ in 0..<3 {
            let use = try Authority.require(
                Self.board, for: .licensing, orMandate: .beginLicense, in: world.context(World.dora), field: "")
            #expect(use?.mandate == id && use?.delegate == World.dora && use?.operation == .beginLicense)
        }
        #expect(try record(world, id) == before)
    }

    @Test("A mandate ends at its moment, and the past stays as it was")
    func expiry() throws {
        let world = try World()
        let id = try grant(world, until: 10, day: 1)
        try act(world.context(World.dora, day: 9), for: Self.board)
        #expect(try reason { try act(world.context(World.dora, day: 10), for: Self.board) } == "not_authorized")
        #expect(
            try reason { try RevokeMandate(mandate: id).execute(in: world.context(World.board, day: 10)) }
                == "mandate_ended")
        let record = try record(world, id)
        #expect([0, 1, 9, 10].map { record.isInForce(at: World.day($0)) } == [false, true, true, false])
    }

    @Test("Revocation counts from the next operation on, by the grantor or by the delegate, and once")
    func revocation() throws {
        let world = try World()
        for (index, actor) in [World.board, World.dora].enumerated() {
            let id = try grant(world, uses: 5, named: "grant \(index)")
            #expect(
                try reason { try RevokeMandate(mandate: id).execute(in: world.context(World.anna)) }
                    == "not_authorized")
            let context = world.context(World.dora, [World.board], day: 3)
            #expect(try act(world.context(World.dora, day: 3), for: Self.board) == id)
            try RevokeMandate(mandate: id).execute(in: world.context(actor, day: 3))
            #expect(try reason { try act(world.context(World.dora, day: 3), for: Self.board) } == "not_authorized")
            #expect(
                try reason { try RevokeMandate(mandate: id).execute(in: world.context(actor, day: 3)) }
                    == "mandate_ended")
            let record = try record(world, id)
            #expect(record.revocation?.reason == (actor == World.dora ? .surrendered : .ended))
            #expect(record.revocation?.by == .account(actor))
            #expect(record.isInForce(at: World.day(2)) && !record.isInForce(at: World.day(3)))
            // The party itself may act all the same.
            #expect(try act(context, for: Self.board) == nil)
        }
        #expect(
            try reason {
                try RevokeMandate(mandate: testIdentifier("none")).execute(in: world.context(World.board))
            } == "unknown_mandate")
        let spent = try grant(world, uses: 1, named: "spent")
        try act(world.context(World.dora, day: 4), for: Self.board)
        #expect(
            try reason { try RevokeMandate(mandate: spent).execute(in: world.context(World.board, day: 5)) }
                == "mandate_ended")
        #expect(try record(world, spent).isInForce(at: World.day(3)))
        #expect(try !record(world, spent).isInForce(at: World.day(4)))
    }

    @Test("Nothing beyond the list, nothing for another party, nothing by another account")
    func beyond() throws {
        let world = try World()
        try grant(world, [.beginTransfer, .discloseConsented])
        for other in [MandatedAct.beginLicense, .eraseContent] {
            #expect(try reason { try act(world.context(World.dora), for: Self.board, other) } == "not_authorized")
        }
        #expect(
            try reason { try act(world.context(World.dora), for: Self.clinic, .beginTransfer) } == "threshold_not_met")
        #expect(
            try reason { try act(world.context(World.anna), for: Self.board, .beginTransfer) } == "not_authorized")
        #expect(
            try reason { try act(world.context(World.dora), for: .account(World.stranger), .beginTransfer) }
                == "not_authorized")
        #expect(
            try reason {
                try act(world.context(World.dora), for: .organization(testIdentifier("none")), .beginTransfer)
            } == "unknown_organization")
    }

    @Test("An organization grants by its threshold of administration; then one signature of the delegate does")
    func organization() throws {
        let world = try World()
        #expect(
            try reason { try grant(world, from: World.anna, acting: World.clinic) } == "threshold_not_met")
        #expect(
            try reason { try grant(world, from: World.dora, with: [World.anna], acting: World.clinic) }
                == "threshold_not_met")
        let id = try grant(world, from: World.anna, with: [World.bert], acting: World.clinic, uses: 2)
        let context = world.context(World.dora)
        #expect(try act(context, for: Self.clinic) == id && context.unneededSigner == nil)
        #expect(
            try reason { try RevokeMandate(mandate: id).execute(in: world.context(World.anna)) } == "not_authorized")
        #expect(
            try reason {
                try RevokeMandate(mandate: id).execute(in: world.context(World.anna, for: World.clinic))
            } == "threshold_not_met")
        try RevokeMandate(mandate: id).execute(in: world.context(World.anna, [World.bert], for: World.clinic))
        #expect(try reason { try act(world.context(World.dora), for: Self.clinic) } == "threshold_not_met")
    }

    @Test("A mandate counts in no transaction that acts for an organization, and lets nobody grant mandates")
    func narrowness() throws {
        let world = try World()
        try grant(
            world, from: World.anna, with: [World.bert], acting: World.clinic, MandatedAct.allCases,
            limit: Self.euros(9))
        #expect(
            try reason { try act(world.context(World.dora, for: World.clinic), for: Self.clinic) }
                == "threshold_not_met")
        #expect(
            try reason { try act(world.context(World.dora, for: World.institute), for: Self.clinic) }
                == "threshold_not_met")
        #expect(
            try reason { try grant(world, from: World.dora, acting: World.clinic, to: World.cleo) }
                == "threshold_not_met")
    }

    @Test("Where the party itself signed no use is spent, and the delegate's signature is not needed")
    func partyFirst() throws {
        let world = try World()
        let own = try grant(world, uses: 1)
        let context = world.context(World.board, [World.dora])
        #expect(try act(context, for: Self.board) == nil)
        #expect(try record(world, own).used == 0 && context.unneededSigner == World.dora)
        // A member who alone meets no threshold is not needed beside the delegate.
        try grant(world, from: World.anna, with: [World.bert], acting: World.clinic, named: "clinic")
        let joint = world.context(World.dora, [World.anna])
        #expect(try act(joint, for: Self.clinic) != nil && joint.unneededSigner == World.anna)
    }

    @Test("Of several mandates the one that ends first is used, whoever of the signers holds it")
    func choice() throws {
        let world = try World()
        let late = try grant(world, until: 30, named: "late")
        let soon = try grant(world, [.beginLicense, .eraseContent], uses: 1, until: 20, named: "soon")
        let others = try grant(world, to: World.cleo, uses: 1, until: 10, named: "others")
        try grant(world, [.eraseContent], until: 5, named: "erase")
        let joint = world.context(World.dora, [World.cleo])
        #expect(try act(joint, for: Self.board) == others && joint.unneededSigner == nil)
        let after = world.context(World.dora, [World.cleo])
        #expect(try act(after, for: Self.board) == soon && after.unneededSigner == World.cleo)
        #expect(try act(world.context(World.dora), for: Self.board) == late)
        let twins = [try grant(world, until: 9, named: "first twin"), try grant(world, until: 9, named: "second twin")]
        #expect(try act(world.context(World.dora), for: Self.board) == twins.min())
    }

    @Test("Every refusal of a grant")
    func grants() throws {
        let world = try World()
        func attempt(
            _ operations: [MandatedAct] = [.beginLicense], to delegate: Address = World.dora, uses: UInt64? = nil,
            until: UInt64 = 30, by actor: Address = World.board
        ) throws -> String? {
            try reason { try grant(world, from: actor, to: delegate, operations, uses: uses, until: until, day: 1) }
        }
        #expect(try attempt([]) == "invalid_mandate")
        #expect(try attempt([.eraseContent, .beginLicense]) == "list_not_ascending")
        #expect(try attempt([.eraseContent, .eraseContent]) == "list_not_ascending")
        #expect(try attempt(to: World.board) == "self_issued")
        #expect(try attempt(to: World.stranger) == "unknown_party")
        #expect(try attempt(to: World.patient) == "kind_not_allowed")
        #expect(try attempt(uses: 0) == "invalid_mandate")
        #expect(try attempt(uses: IdentityLimits.mandateUses + 1) == "invalid_mandate")
        #expect(try attempt(until: 1) == "invalid_validity")
        #expect(try attempt(until: 733) == "mandate_too_long")
        #expect(try attempt(uses: IdentityLimits.mandateUses, until: 732) == nil)
    }

    @Test("At most eight are open; those that are over give way")
    func open() throws {
        let world = try World()
        var ids: [MandateID] = []
        for index in 0..<IdentityLimits.openMandates {
            ids.append(try grant(world, uses: 1, until: 10 + UInt64(index), named: "\(index)"))
        }
        #expect(try reason { try grant(world, named: "more") } == "too_many_mandates")
        // Another delegate has its own eight.
        try grant(world, to: World.anna, named: "other")
        try RevokeMandate(mandate: ids[7]).execute(in: world.context(World.board))
        try grant(world, until: 40, named: "after a revocation")
        #expect(try reason { try grant(world, named: "more") } == "too_many_mandates")
        #expect(try act(world.context(World.dora), for: Self.board) == ids[0])
        try grant(world, until: 41, named: "after the last use")
        #expect(try reason { try grant(world, day: 10, named: "more") } == "too_many_mandates")
        try grant(world, until: 42, day: 11, named: "after an end")
        #expect(try act(world.context(World.dora, day: 11), for: Self.board) == ids[2])
    }

    private static func euros(_ amount: UInt64, _ asset: String = "euro") -> MandateLimit {
        MandateLimit(asset: testIdentifier(asset), amount: Amount(amount))
    }

    @Test("What moves money is granted with a limit, and nothing else is; the limit counts down to nothing")
    func limits() throws {
        let world = try World()
        #expect(try reason { try grant(world, [.transferMoney]) } == "invalid_mandate")
        #expect(try reason { try grant(world, [.beginLicense], limit: Self.euros(5)) } == "invalid_mandate")
        #expect(try reason { try grant(world, [.payVault], limit: Self.euros(0)) } == "invalid_mandate")
        let id = try grant(world, [.transferMoney, .payVault], limit: Self.euros(100))
        func spend(_ amount: UInt64, _ asset: String = "euro", _ act: MandatedAct = .transferMoney) throws -> MandateID?
        {
            try self.act(
                world.context(World.dora, day: 1), for: Self.board, act, .treasury, spending: Self.euros(amount, asset))
        }
        #expect(try spend(40) == id)
        #expect(try record(world, id).limitLeft == Self.euros(60))
        #expect(try reason { _ = try spend(61) } == "not_authorized")
        #expect(try reason { _ = try spend(1, "dollar") } == "not_authorized")
        #expect(try reason { _ = try spend(1, "euro", .purchaseLicense) } == "not_authorized")
        // What costs nothing needs nothing left, and is counted as a use.
        #expect(try act(world.context(World.dora), for: Self.board, .payVault, .treasury) == id)
        #expect(try spend(60, "euro", .payVault) == id)
        let spent = try record(world, id)
        #expect(spent.isSpent && spent.used == 3 && spent.spent == Amount(100) && spent.limitLeft == Self.euros(0))
        #expect(try reason { _ = try spend(0) } == "not_authorized")
        // With something else to do it stays open for that.
        let mixed = try grant(world, [.beginLicense, .transferMoney], limit: Self.euros(5), named: "mixed")
        #expect(try spend(5) == mixed)
        #expect(try reason { _ = try spend(1) } == "not_authorized")
        #expect(try act(world.context(World.dora), for: Self.board) == mixed)
    }

    @Test("The words say who may do what, how often and how long")
    func words() {
        func words(_ uses: UInt64?) -> [String] {
            GrantMandate(
                grant: MandateGrant(
                    delegate: World.dora, operations: MandatedAct.allCases, uses: uses, validUntil: World.day(9),
                    limit: Self.euros(9))
            ).words(PlainNames())
        }
        #expect(
            words(nil)[0].contains("license.begin, inft.beginTransfer, consent.disclose, inft.erase")
                && words(nil)[0].contains("\(World.dora)") && words(nil)[2].contains("at most 9"))
        #expect(
            [nil, 1, 7].map { words($0)[1].split(separator: ",")[0] } == [
                "Any number of times", "Once", "At most 7 times",
            ])
    }
}
