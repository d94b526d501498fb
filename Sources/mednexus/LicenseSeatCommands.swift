import ArgumentParser
import Consents
import Cryptography
import INFTs
import Interface
import Licenses
import Primitives
import Transactions
import WalletKit

struct LicenseSeat: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "seat", abstract: "Who may use a license with seats.",
        discussion: example("license seat assign course student", "license seat release course student"),
        subcommands: [LicenseSeatAssign.self, LicenseSeatRelease.self, LicenseSeatList.self])
}

struct LicenseSeatAssign: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "assign", abstract: "Lets an account use the license.",
        discussion: example("license seat assign course student"))
    @OptionGroup var globals: Globals
    @Argument(help: "The license's id or name.") var license: String
    @Argument(help: "An account: name or address.") var account: String

    func perform(_ session: Session) async throws {
        let assign = AssignSeat(license: try session.id(license), account: try session.address(account))
        try await session.act([.licenses(.assignSeat(assign))])
    }
}

struct LicenseSeatList: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Who has a seat of the license.",
        discussion: example("license seat list course", "license seat list course --all"))
    @OptionGroup var globals: ReadGlobals
    @Argument(help: "The license's id or name.") var license: String
    @Flag(help: "Those who had one, too.") var all = false
    @Option(help: "At most so many.") var limit = 100

    func perform(_ session: Session) async throws {
        try await session.verifyNetwork()
        let id: LicenseID = try session.id(license)
        var params = parameters(["license": session.json(id)])
        if all { params.append("onlyTaken", false) }
        let items = try await session.client.items("license_seats", params, limit: limit)
        let names = try await session.names()
        session.list(items, ["ACCOUNT", "SINCE", "UNTIL"], empty: "No seat is taken.") { item in
            let last = item["periods"]?.array?.last
            return [
                names.party(item["account"]),
                names.time(last?["from"]) ?? "",
                names.time(last?["until"]) ?? "",
            ]
        }
    }
}

struct LicenseSeatRelease: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "release", abstract: "Takes a seat back.",
        discussion: example("license seat release course student"))
    @OptionGroup var globals: Globals
    @Argument(help: "The license's id or name.") var license: String
    @Argument(help: "An account: name or address.") var account: String

    func perform(_ session: Session) async throws {
        let release = ReleaseSeat(license: try session.id(license), account: try session.address(account))
        try await session.act([.licenses(.releaseSeat(release))])
    }
}
