import ArgumentParser
import Identities
import Interface
import Primitives
import Transactions
import WalletKit

struct AccountCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "account", abstract: "Accounts on the ledger: state, history, what waits, sponsorship, lost keys.",
        discussion: example("account show author", "account inbox --from patient"),
        subcommands: [
            AccountShow.self, AccountHistory.self, AccountInbox.self, AccountRequest.self, AccountSponsor.self,
            AccountChangeSponsor.self, AccountRecover.self, AccountRotate.self,
        ])
}

struct AccountShow: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "An account: kind, sponsor, next sequence, balances.",
        discussion: example("account show author"))
    @OptionGroup var globals: Globals
    @Argument(help: "A name or an address; who acts if absent.") var account: String?

    func perform(_ session: Session) async throws {
        try await session.verifyNetwork()
        let address = try account.map { (text) throws(WalletFailure) in try session.address(text) } ?? session.sender()
        let client = session.client
        let party = try client.encode(Party.account(address))
        let value: JSONValue
        do {
            value = try await client.read("account_get", .object(["address": party]), as: JSONValue.self)
        } catch {
            guard error.kind == .refused else { throw error }
            throw WalletFailure(
                .refused, error.message,
                hint:
                    "An enrolled institution registers accounts: mednexus account sponsor \(session.text(.account(address))) --kind patient",
                answer: error.answer)
        }
        let balances = try await client.read("revenue_balance", .object(["party": party]), as: JSONValue.self)
        let names = try await session.names()
        var both = JSONObject()
        both.append("account", value)
        both.append("balances", balances["balances"] ?? .array([]))
        session.show(.object(both)) {
            Console.fields([
                ("Account", names.party(party)), ("Address", party.string),
                ("Key", value["key"].flatMap { $0 == party ? nil : $0.string }), ("Kind", value["kind"]?.string),
                ("Sponsor", value["sponsor"].flatMap { $0.isNull ? nil : names.party($0) }),
                ("Since", names.time(value["createdAt"])), ("Sequence", value["sequence"]?.unsigned.map { "\($0)" }),
            ])
            for balance in balances["balances"]?.array ?? [] {
                Console.fields([("Balance", names.amount(balance["amount"], of: balance["asset"]))])
            }
        }
    }
}

struct AccountHistory: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "history", abstract: "Final transactions that a party signed or is concerned by, newest first.",
        discussion: example("account history author --limit 20"))
    @OptionGroup var globals: Globals
    @Argument(help: "A name, address or organization; who acts if absent.") var party: String?
    @Option(help: "At most so many.") var limit = 20

    func perform(_ session: Session) async throws {
        try await session.verifyNetwork()
        let who = try session.party(orActor: party)
        let items = try await session.client.items(
            "account_transactions", parameters(["party": try session.client.encode(who)]), limit: limit)
        let names = try await session.names()
        session.list(items, ["TIME", "HEIGHT", "SENDER", "WHAT", "TRANSACTION"], empty: "Nothing yet.") { item in
            let body = item["transaction"]?["transaction"]
            let types = (body?["operations"]?.array ?? []).compactMap { $0["type"]?.string }
            return [
                names.time(item["time"]) ?? "", "\(item["height"]?.unsigned ?? 0)", names.party(body?["sender"]),
                types.joined(separator: " + "), item["hash"]?.string ?? "",
            ]
        }
    }
}

struct AccountInbox: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "inbox", abstract: "What waits for a party: offers to accept, consents to sign, money to claim.",
        discussion: example("account inbox --from patient", "account inbox --from registrar --acting-for stmary"))
    @OptionGroup var globals: Globals
    @Argument(help: "Whose; who acts if absent.") var party: String?

    func perform(_ session: Session) async throws {
        try await session.verifyNetwork()
        let who = try session.party(orActor: party)
        var items = try await credentials(session, who)
        items += try await consents(session, who)
        items += try await others(session, who)
        items += try await claims(session, who)
        items += try unsettled(session, who)
        session.list(items, ["WHAT", "DEADLINE", "TYPE"], empty: "Nothing waits.") { item in
            [item["what"]?.string ?? "", item["deadlineText"]?.string ?? "-", item["command"]?.string ?? ""]
        }
    }

    private func task(_ what: String, _ command: String, deadline: JSONValue? = nil) -> JSONValue {
        var object = JSONObject()
        object.append("what", .string(what))
        object.append("command", .string(command))
        if let milliseconds = deadline?.unsigned {
            object.append("deadline", .unsigned(milliseconds))
            object.append("deadlineText", .string(dateText(Timestamp(milliseconds))))
        }
        return .object(object)
    }

    private func credentials(_ session: Session, _ who: Party) async throws -> [JSONValue] {
        let names = session.plainNames
        let found = try await session.client.items(
            "identity_credentials", parameters(["subject": try session.client.encode(who)]))
        return found.filter { $0["status"]?.string == "offered" }.map { item in
            let record = item["credential"]
            let claim = record?["claim"]
            let type = claim?["credentialType"]?.string ?? ""
            return task(
                "\(names.party(record?["issuer"])) offers the credential \(type)",
                "credential accept \(names.id(record?["id"]))", deadline: claim?["validUntil"])
        }
    }

    private func consents(_ session: Session, _ who: Party) async throws -> [JSONValue] {
        let names = session.plainNames
        let found = try await session.client.items(
            "consent_list", parameters(["custodian": try session.client.encode(who)]))
        return found.filter { $0["status"]?.string == "proposed" }.map { item in
            let record = item["consent"]
            return task(
                "\(names.party(record?["subject"])) gives a consent to countersign",
                "consent countersign \(names.id(record?["id"]))", deadline: record?["expiresAt"])
        }
    }

    /// What the ledger says waits, beside credentials and consents.
    private func others(_ session: Session, _ who: Party) async throws -> [JSONValue] {
        let names = session.plainNames
        let found = try await session.client.items(
            "account_tasks", parameters(["party": try session.client.encode(who)]), limit: 1_000)
        return found.compactMap { item in
            let from = names.party(item["from"])
            let delivery = names.id(item["delivery"])
            let dispute = names.id(item["dispute"])
            let (what, command): (String, String)
            switch item["act"]?.string ?? "" {
            case "license.begin":
                (what, command) = ("\(from) waits for the delivery of a license", "license deliver \(delivery)")
            case "license.complete": (what, command) = ("a delivery to \(from) is begun", "license deliver \(delivery)")
            case "inft.beginTransfer": (what, command) = ("\(from) accepted an INFT", "inft deliver \(delivery)")
            case "inft.completeTransfer":
                (what, command) = ("an INFT is being handed to \(from)", "inft deliver \(delivery)")
            case "inft.acceptTransfer": (what, command) = ("\(from) offers an INFT", "inft accept \(delivery)")
            case "consent.review":
                (what, command) = ("broken glass to review", "consent review \(names.id(item["disclosure"]))")
            case "inft.erase":
                let consent = names.id(item["consent"])
                (what, command) = (
                    "\(from) asked for erasure", "inft erase \(names.id(item["inft"])) --consent \(consent)"
                )
            case "dispute.beginShow", "dispute.completeShow":
                (what, command) = ("the arbiter \(from) waits for the content key", "license deliver \(delivery)")
            case let act where act.hasPrefix("dispute."):
                (what, command) = ("a dispute with \(from)", "dispute show \(dispute)")
            default: return nil
            }
            return task(what, command, deadline: item["deadline"])
        }
    }

    private func claims(_ session: Session, _ who: Party) async throws -> [JSONValue] {
        let names = try await session.names()
        let party = try session.client.encode(who)
        var tasks: [JSONValue] = []
        for holding in try await session.client.items("revenue_holdings", parameters(["party": party]), limit: 100) {
            guard let inft = holding["inft"] else { continue }
            let vault = try await session.client.read(
                "revenue_vault", .object(["inft": inft, "holder": party]), as: JSONValue.self)
            for account in vault["accounts"]?.array ?? [] {
                guard let claimable = account["holder"]?["claimable"], claimable.string != "0" else { continue }
                tasks.append(
                    task(
                        "\(names.amount(claimable, of: account["asset"])) to claim from \(names.id(inft))",
                        "revenue claim \(names.id(inft)) --asset \(account["code"]?.string ?? "")"))
            }
        }
        return tasks
    }

    private func unsettled(_ session: Session, _ who: Party) throws -> [JSONValue] {
        let records = try Outbox(home: session.home, network: session.network).records()
        return records.filter { $0.state == .submitted && .account($0.sender) == who }.map { record in
            task(
                "transaction \(record.hash) was sent and is not settled", "tx wait \(record.hash)",
                deadline: record.validUntil.map { .unsigned($0.milliseconds) })
        }
    }
}

struct AccountRequest: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "request", abstract: "What to tell an institution so that it sponsors an account of this wallet.",
        discussion: """
            Nothing is sent: an account exists once an enrolled institution has sponsored it, and how to reach one is no \
            matter of the ledger.

            \(example("account request author --kind researcher"))
            """)
    @OptionGroup var globals: Globals
    @Argument(help: "An account of this wallet; the only one if absent.") var account: String?
    @Option(help: ArgumentHelp("What it is: \(PartyKind.names.joined(separator: ", ")).")) var kind: String

    func perform(_ session: Session) async throws {
        let kind = try Codes.one(kind, PartyKind.self, "kind")
        let address =
            try account.map { (text) throws(WalletFailure) in try session.account(text) } ?? session.sender()
        try await session.verifyNetwork()
        let text = session.text(.account(address))
        let known = try await session.keyView(of: address)
        let command = "mednexus account sponsor \(text) --kind \(kind.name) --from REGISTRAR --acting-for INSTITUTION"
        var value = JSONObject()
        value.append("account", .string(text))
        value.append("kind", .string(kind.name))
        value.append("isRegistered", .boolean(known != nil))
        value.append("command", .string(command))
        session.show(.object(value)) {
            guard known == nil else { return Console.out("\(text) is registered already: mednexus account show.") }
            Console.out("Ask an institution of \(session.network.name) to sponsor this account. Its registrar types:")
            Console.out(command)
        }
    }
}

struct AccountSponsor: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "sponsor", abstract: "Registers an account; the acting institution answers for it.",
        discussion: example("account sponsor tmnx1… --kind patient --from registrar --acting-for stmary"))
    @OptionGroup var globals: Globals
    @Argument(help: "The account's address, or a name.") var account: String
    @Option(help: ArgumentHelp("What it is: \(PartyKind.names.joined(separator: ", ")).")) var kind: String

    func perform(_ session: Session) async throws {
        let address = try session.address(account)
        let kind = try Codes.one(kind, PartyKind.self, "kind")
        try await session.act([.identities(.sponsor(SponsorAccount(account: address, kind: kind)))])
        try await session.nameParty(.account(address))
    }
}

struct AccountChangeSponsor: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "change-sponsor", abstract: "Moves the signing account to another sponsor, who signs too.",
        discussion: example("account change-sponsor stmary --from clara --co-sign registrar"))
    @OptionGroup var globals: Globals
    @Argument(help: "The new sponsor, an organization.") var sponsor: String
    @Option(help: ArgumentHelp("What the account is from now on, if that changes.")) var kind: String?

    func perform(_ session: Session) async throws {
        let kind = try kind.map { (text) throws(WalletFailure) in try Codes.one(text, PartyKind.self, "kind") }
        let change = ChangeSponsor(sponsor: try session.organization(sponsor), kind: kind)
        try await session.act([.identities(.changeSponsor(change))])
    }
}
