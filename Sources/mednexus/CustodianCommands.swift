import ArgumentParser
import Cryptography
import Custodian
import Identities
import Interface
import Primitives
import UnixSignals
import WalletKit

struct CustodianCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "custodian", abstract: "Delivers and discloses by itself what the ledger and a policy allow.",
        discussion: example("custodian run --from service", "custodian status", "custodian approve delivery1…"),
        subcommands: [
            CustodianRun.self, CustodianStatusCommand.self, CustodianApprove.self, CustodianDecline.self,
            CustodianDisclose.self, CustodianErased.self, CustodianShowPolicy.self,
        ])
}

struct CustodianRun: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Runs until it is told to stop (SIGTERM), beside a node.",
        discussion: """
            It follows final events, begins the deliveries that nothing stands against, and completes each once its \
            begin is final. After a crash it goes on where it was; its journal in the wallet's home must not be lost \
            while deliveries are open.

            The account needs a mandate of each owner (mandate grant) and holds no money: give it a home of its own.

            \(example("custodian run --from service", "custodian run --from service --home /var/lib/custodian"))
            """)
    @OptionGroup var globals: Globals
    @Flag(help: "Run although the account holds money.") var allowMoney = false

    func perform(_ session: Session) async throws {
        guard session.isPinned else {
            throw WalletFailure(.usage, "nothing is signed for a network that is not pinned")
        }
        try await session.verifyNetwork()
        let sender = try session.sender()
        try await check(sender, session)
        let key = try session.signingKey(of: sender)
        let secrets = SecretFiles(home: session.home, keystore: try session.unlock())
        let service = try CustodianService(
            home: session.home, network: session.network, client: session.client, account: sender, key: key,
            trusted: try session.pinnedCheckpoint(),
            secret: { (key) throws(WalletFailure) in try secrets.sealing(key)?.secret },
            log: { Console.err("\(dateText(WalletClock.now)) \($0)") })
        try await run(service)
    }

    /// Until the service ends by itself, or a signal asks for it; what was begun then is done when it starts again.
    private func run(_ service: sending CustodianService) async throws {
        let running = Task { try await service.run() }
        let listening = Task {
            for await _ in await UnixSignalsSequence(trapping: .sigterm, .sigint) {
                Console.err("\(dateText(WalletClock.now)) told to stop")
                running.cancel()
                break
            }
        }
        defer { listening.cancel() }
        try await running.value
    }

    /// A custodian needs no money, and who breaks into it should find none.
    private func check(_ sender: Address, _ session: Session) async throws {
        let party = try session.client.encode(Party.account(sender))
        let balances = try await session.client.read(
            "revenue_balance", .object(["party": party]), as: JSONValue.self)
        let funded = balances["balances"]?.array?.contains { balance in
            (balance["amount"]?.string ?? "0") != "0"
        }
        guard funded != true || allowMoney else {
            throw WalletFailure(
                .usage, "the account \(session.text(.account(sender))) holds money",
                hint: "Use an account of kind service that holds none, or say --allow-money.")
        }
        let account = try await session.client.read(
            "account_get", .object(["address": try session.client.encode(sender)]), as: JSONValue.self)
        let kind = account["kind"]?.string ?? account["account"]?["kind"]?.string
        if kind != PartyKind.service.name {
            Console.err("The account is of kind \(kind ?? "unknown"); a custodian's is usually service.")
        }
    }
}

struct CustodianStatusCommand: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "What is open, and why it waits; also while the custodian runs.",
        discussion: example("custodian status", "custodian status --json"))
    @OptionGroup var globals: ReadGlobals

    func perform(_ session: Session) async throws {
        let folder = CustodianFolder(home: session.home, network: session.network)
        let status = try folder.status(account: try session.sender())
        let names = session.plainNames
        session.show(try session.client.encode(status)) {
            Console.fields([("Read up to block", "\(status.height)"), ("Open", "\(status.tasks.count)")])
            guard !status.tasks.isEmpty else { return }
            Console.table(
                ["TASK", "SINCE", "STEP", "WAITS FOR"],
                status.tasks.map { task in
                    let subject =
                        task.delivery.map { session.text($0) } ?? task.consent.map { session.text($0) }
                        ?? task.request.map { "\($0)" } ?? ""
                    let until = task.until.map { " until \(names.time($0))" } ?? ""
                    return [
                        "\(task.kind) \(subject)", task.since.map { "\($0)" } ?? "", task.step,
                        task.waiting.map { "\($0.words) \(task.detail ?? "")\(until)" } ?? "",
                    ]
                })
        }
    }
}

struct CustodianApprove: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "approve", abstract: "Lets a delivery go on that the policy leaves to people.",
        discussion: example("custodian approve delivery1…"))
    @OptionGroup var globals: ReadGlobals
    @Argument(help: "The delivery.") var delivery: String

    func perform(_ session: Session) async throws { try decide(delivery, .approve, session) }
}

struct CustodianDecline: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "decline", abstract: "Keeps a delivery from being begun; what was paid goes back in time.",
        discussion: example("custodian decline delivery1…"))
    @OptionGroup var globals: ReadGlobals
    @Argument(help: "The delivery.") var delivery: String

    func perform(_ session: Session) async throws { try decide(delivery, .decline, session) }
}

private func decide(_ text: String, _ decision: HumanDecision, _ session: Session) throws {
    let delivery: DeliveryID = try session.id(text)
    try CustodianFolder(home: session.home, network: session.network).decide(delivery, decision)
    session.show(.object(["delivery": .string(session.text(delivery)), "decision": .string(decision.name)])) {
        Console.out("Noted for the custodian: \(decision.name) \(session.text(delivery)).")
    }
}

struct CustodianDisclose: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "disclose", abstract: "Has the custodian record a direct release, once.",
        discussion: """
            The file holds the operation consent.disclose in JSON, as the RPC takes it. The same file counts once, \
            however often it is given.

            \(example("custodian disclose release.json"))
            """)
    @OptionGroup var globals: ReadGlobals
    @Argument(help: "The file.") var file: String

    func perform(_ session: Session) async throws {
        let hash = try CustodianFolder(home: session.home, network: session.network).request(
            disclosure: try ContentFile.text(file))
        session.show(.object(["request": .string("\(hash)")])) { Console.out("Noted for the custodian: \(hash).") }
    }
}

struct CustodianErased: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "erased", abstract: "Notes that what rested on a consent is destroyed, as its subject asked.",
        discussion: """
            For what the ledger does not know of. A version that was published under the consent is erased by \
            mednexus inft erase; the custodian sees its receipt.

            \(example("custodian erased consent1…"))
            """)
    @OptionGroup var globals: ReadGlobals
    @Argument(help: "The consent.") var consent: String

    func perform(_ session: Session) async throws {
        let id: ConsentID = try session.id(consent)
        try CustodianFolder(home: session.home, network: session.network).erased(id)
        session.show(.object(["consent": .string(session.text(id))])) {
            Console.out("Noted for the custodian: what rested on \(session.text(id)) is destroyed.")
        }
    }
}

struct CustodianShowPolicy: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "policy", abstract: "The policy in force at the next start, whole, and where it is.",
        discussion: example("custodian policy", "custodian policy --json"))
    @OptionGroup var globals: ReadGlobals

    func perform(_ session: Session) async throws {
        let folder = CustodianFolder(home: session.home, network: session.network)
        let policy = try session.client.encode(try folder.policy())
        session.show(policy) {
            Console.out("\(folder.policyPath):")
            Console.out(policy.text)
        }
    }
}
