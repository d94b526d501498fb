import ArgumentParser
import Interface
import Licenses
import Primitives
import Transactions
import WalletKit

struct ArbiterCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "arbiter", abstract: "The pool of arbiters from which panels are drawn.",
        discussion: example("arbiter enroll --from rita", "arbiter show rita", "arbiter list"),
        subcommands: [ArbiterEnroll.self, ArbiterLeave.self, ArbiterShow.self, ArbiterList.self])
}

struct ArbiterEnroll: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "enroll", abstract: "Lets you be drawn; it takes a credential of an arbiter.",
        discussion: example("arbiter enroll --from rita"))
    @OptionGroup var globals: Globals

    func perform(_ session: Session) async throws {
        try await session.act([.licenses(.enrollArbiter(EnrollArbiter()))])
    }
}

struct ArbiterLeave: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "leave", abstract: "Out of the pool: you, or an arbiter whose credential is no longer in force.",
        discussion: example("arbiter leave --from rita", "arbiter leave tmnx1…"))
    @OptionGroup var globals: Globals
    @Argument(help: "An account: name or address; who signs if absent.") var arbiter: String?

    func perform(_ session: Session) async throws {
        let address = try arbiter.map { (text) throws(WalletFailure) in try session.address(text) } ?? session.sender()
        try await session.act([.licenses(.leaveArbiter(LeaveArbiter(arbiter: address)))])
    }
}

struct ArbiterShow: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "An arbiter: in the pool or not, how often drawn, voted, absent.",
        discussion: example("arbiter show rita"))
    @OptionGroup var globals: ReadGlobals
    @Argument(help: "An account: name or address; who signs if absent.") var arbiter: String?

    func perform(_ session: Session) async throws {
        try await session.verifyNetwork()
        let address = try arbiter.map { (text) throws(WalletFailure) in try session.address(text) } ?? session.sender()
        let view: ArbiterView = try await session.client.read(
            "arbiter_get", .object(["arbiter": session.json(Party.account(address))]))
        let names = try await session.names()
        let record = view.arbiter
        session.show(try session.client.encode(view)) {
            Console.fields([
                ("Arbiter", names.party(.account(record.arbiter))),
                ("In the pool", view.isEnrolled ? "since \(names.time(record.since))" : "no"),
                ("Credential", view.isCredentialed ? "in force" : "not in force"), ("Drawn", "\(record.drawn)"),
                ("Voted", "\(record.served)"), ("Absent", "\(record.absences)"),
                ("Out until", record.excludedUntil.map { names.time($0) }),
            ])
        }
    }
}

struct ArbiterList: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Who can be drawn, newest first.", discussion: example("arbiter list"))
    @OptionGroup var globals: ReadGlobals
    @Option(help: "At most so many.") var limit = 100

    func perform(_ session: Session) async throws {
        try await session.verifyNetwork()
        let items = try await session.client.items("arbiter_list", JSONObject(), limit: limit)
        let names = try await session.names()
        session.list(items, ["ARBITER", "SINCE", "CREDENTIAL", "DRAWN", "VOTED", "ABSENT"], empty: "There is none.") {
            item in
            let record = item["arbiter"]
            return [
                names.party(record?["arbiter"]), names.time(record?["since"]) ?? "",
                item["isCredentialed"]?.boolean == true ? "in force" : "not in force", record?["drawn"]?.text ?? "",
                record?["served"]?.text ?? "", record?["absences"]?.text ?? "",
            ]
        }
    }
}
