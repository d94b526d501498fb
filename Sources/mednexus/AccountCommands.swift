import ArgumentParser
import Cryptography
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
    @OptionGroup var globals: ReadGlobals
    @Argument(help: "A name or an address; who acts if absent.") var account: String?

    func perform(_ session: Session) async throws {
        try await session.verifyNetwork()
        if let account, case .organization = try session.party(account) {
            throw WalletFailure(
                .usage, "\(account) is an organization", hint: "Its members and policies: mednexus org show \(account)")
        }
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
                    "An enrolled institution registers accounts: mednexus account sponsor \(session.text(.account(address)))"
                    + " --kind KIND --from REGISTRAR --acting-for INSTITUTION",
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

struct AccountRequest: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "request", abstract: "What to tell an institution so that it sponsors an account of this wallet.",
        discussion: """
            Nothing is sent: an account exists once an enrolled institution has sponsored it, and how to reach one is no \
            matter of the ledger.

            \(example("account request author --kind researcher"))
            """)
    @OptionGroup var globals: ReadGlobals
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
        if let name = globals.named, !session.accounts.contains(where: { $0.address == address }) {
            try session.requireFree(name, for: .account(address))
        }
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
