import ArgumentParser
import Consents
import Interface
import Licenses
import Primitives
import Transactions
import WalletKit

extension Session {
    /// What a withdrawal would do, in sentences.
    fileprivate func impact(of id: ConsentID) async throws(WalletFailure) -> [String] {
        let view: ConsentImpactView = try await client.read(
            "consent_impact", .object(parameters(["consent": try client.encode(id)])))
        let names = plainNames
        var lines: [String] = []
        for set in view.sets where !set.isStale {
            let name = names.short(set.set.description)
            lines.append("The consent set \(name) becomes stale; \(names.party(set.custodian)) may make a successor.")
            for cited in set.infts where cited.licenses > 0 {
                let count = cited.licenses == 1 ? "1 license" : "\(cited.licenses) licenses"
                lines.append("\(count) on \(names.short(cited.inft.description)) will be suspended.")
            }
        }
        if view.licenses == 0, !view.hasMoreLicenses { lines.append("No license rests on it.") }
        if view.hasMoreLicenses { lines.append("There were more licenses than were counted.") }
        let most = view.hasMoreDeliveries ? "at least " : ""
        lines.append(
            view.deliveries == 0
                ? "Nothing was delivered under it so far."
                : "Copies that were delivered (\(most)\(view.deliveries) releases) stay with who received them.")
        return lines
    }
}

struct ConsentWithdrawCommand: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "withdraw", abstract: "Withdraws consents, for all that is to come.",
        discussion: """
            In force with its block: nothing new is delivered, and licenses that rest on it are suspended. What was \
            delivered already stays where it is. With --erase the custodian is asked to destroy the data's key too, \
            also of a consent that is over already.

            \(example("consent withdraw my-consent --from patient", "consent withdraw my-consent --erase --from patient"))
            """)
    @OptionGroup var globals: Globals
    @Argument(help: "The consents.") var consents: [String]
    @Flag(help: "Ask for erasure of the data too.") var erase = false

    func perform(_ session: Session) async throws {
        let ids: [ConsentID] = try consents.map { (text) throws(WalletFailure) in try session.id(text) }.sorted()
        var notes: [String] = []
        for id in ids {
            let view: ConsentView = try await session.client.read(
                "consent_get", .object(parameters(["consent": try session.client.encode(id)])))
            if let since = view.consent.withdrawnAt {
                notes.append(
                    "Withdrawn since \(session.plainNames.time(since)); what rests on it is suspended since then.")
            } else {
                notes += try await session.impact(of: id)
            }
        }
        try await session.act(
            [.consents(.withdraw(ConsentWithdraw(consents: ids, erasure: erase)))], notes: notes)
    }
}

struct ConsentImpactCommand: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "impact", abstract: "What the withdrawal of a consent would do; nothing is signed.",
        discussion: example("consent impact my-consent"))
    @OptionGroup var globals: ReadGlobals
    @Argument(help: "The consent.") var consent: String

    func perform(_ session: Session) async throws {
        try await session.verifyNetwork()
        let id: ConsentID = try session.id(consent)
        let params = JSONValue.object(parameters(["consent": try session.client.encode(id)]))
        let value = try await session.client.read("consent_impact", params, as: JSONValue.self)
        let lines = try await session.impact(of: id)
        session.show(value) { for line in lines { Console.out(line) } }
    }
}

struct ConsentNarrowCommand: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "narrow", abstract: "Takes a part of a consent back, alone and at once.",
        discussion: """
            Nobody has to agree. What is taken back is a purpose, a place, an action or a party that is denied from now \
            on, an earlier end, or whatever a policy of one's own (--policy) leaves out. More than before is a new \
            consent.

            \(example(
                "consent narrow my-consent --deny-purpose research --from patient",
                "consent narrow my-consent --deny-action train --deny-jurisdiction US --expires 1y --from patient"))
            """)
    @OptionGroup var globals: Globals
    @Argument(help: "The consent.") var consent: String
    @Option(help: ArgumentHelp("No longer for this purpose (repeatable).", valueName: "purpose")) var denyPurpose:
        [String] = []
    @Option(help: ArgumentHelp("No longer this action (repeatable).", valueName: "action")) var denyAction: [String] =
        []
    @Option(help: ArgumentHelp("No longer here (repeatable).", valueName: "code")) var denyJurisdiction: [String] = []
    @Option(help: ArgumentHelp("No longer by this party (repeatable).", valueName: "party")) var denyActor: [String] =
        []
    @Option(help: ArgumentHelp("What is left, a policy in JSON.", valueName: "file")) var policy: String?
    @Option(help: ArgumentHelp("An earlier end: 2030-01-31, or 1y.", valueName: "time")) var expires: String?

    func perform(_ session: Session) async throws {
        let id: ConsentID = try session.id(consent)
        let now = try await session.ledgerTime()
        let view: ConsentView = try await session.client.read(
            "consent_get", .object(parameters(["consent": try session.client.encode(id)])))
        let denials = try denials(session)
        guard policy == nil || denials.isEmpty else {
            throw WalletFailure(.usage, "either --policy, or what is denied from now on")
        }
        var left: ConsentPolicy?
        if let policy { left = try ConsentInputs.policy(policy, session) }
        if !denials.isEmpty { left = ConsentPolicy(provisions: view.consent.policy.provisions + denials) }
        if let left, !PolicyNarrowing.narrows(left, view.consent.policy) {
            throw WalletFailure(
                .usage, "this would not only take away",
                hint: "Remove permits, add denials, or narrow permits; for more, grant a new consent.")
        }
        let operation = ConsentNarrow(consent: id, policy: left, expiresAt: try Codes.time(expires, now: now))
        try await session.act([.consents(.narrow(operation))], notes: try await session.impact(of: id))
    }

    /// One denial for each: denials join, where the lists of one denial would meet.
    private func denials(_ session: Session) throws(WalletFailure) -> [Provision] {
        var denials = try Codes.many(denyPurpose, PurposeOfUse.self, "purpose of use").map {
            Provision(.deny, purposes: [$0])
        }
        denials += try Codes.many(denyAction, ConsentAction.self, "action").map { Provision(.deny, actions: [$0]) }
        let places = Codes.texts(denyJurisdiction)
        if !places.isEmpty { denials.append(Provision(.deny, jurisdictions: SortedList(places))) }
        let parties = try denyActor.map { (text) throws(WalletFailure) in ActorSelector.party(try session.party(text)) }
        if !parties.isEmpty { denials.append(Provision(.deny, actors: SortedList(parties))) }
        return denials
    }
}
