import ArgumentParser
import Consents
import INFTs
import Interface
import Primitives
import Transactions
import WalletKit

struct INFTAuthorize: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "authorize", abstract: "Lets an agent run it, for some purposes and until then; it never owns it.",
        discussion: """
            The agent uses a license once its licensee names it too (mednexus license agent). A change of owner ends it.

            \(example("inft authorize score triage-bot --purpose TREAT --until 1y"))
            """)
    @OptionGroup var globals: Globals
    @Argument(help: "Its id or name.") var inft: String
    @Argument(help: "The agent: name or address of an account or organization.") var agent: String
    @Option(help: ArgumentHelp("What for, HL7 purpose of use (repeatable): TREAT, HRESCH.", valueName: "code"))
    var purpose: [String]
    @Option(help: ArgumentHelp("Until when: 2027-12-31, or 90d from now; two years at most.", valueName: "time"))
    var until: String

    func perform(_ session: Session) async throws {
        let until = try Codes.requiredTime(until, now: try await session.ledgerTime())
        let authorize = AuthorizeUse(
            inft: try session.id(inft), agent: try session.party(agent),
            purposes: try Codes.many(purpose, PurposeOfUse.self, "purpose of use"), until: until)
        try await session.act([.infts(.authorizeUse(authorize))])
    }
}

struct INFTDeauthorize: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "deauthorize", abstract: "Takes an agent's authorization back, at once.",
        discussion: example("inft deauthorize score triage-bot"))
    @OptionGroup var globals: Globals
    @Argument(help: "Its id or name.") var inft: String
    @Argument(help: "The agent.") var agent: String

    func perform(_ session: Session) async throws {
        let deauthorize = DeauthorizeUse(inft: try session.id(inft), agent: try session.party(agent))
        try await session.act([.infts(.deauthorizeUse(deauthorize))])
    }
}

extension Session {
    func authorizations(of inft: INFTID) async throws(WalletFailure) -> AuthorizationsView {
        try await client.read("inft_authorizations", .object(["inft": json(inft)]))
    }
}

extension AuthorizationsView {
    /// A line for each agent; nil if there is none.
    func text(_ names: SessionNames) -> String? {
        guard !agents.isEmpty else { return nil }
        return agents.map { one in
            let purposes = one.purposes.map(\.name).joined(separator: ", ")
            return "\(names.party(one.agent)) for \(purposes) until \(names.time(one.until))"
        }.joined(separator: "\n")
    }
}
