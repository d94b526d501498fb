import ArgumentParser
import INFTs
import Interface
import Licenses
import Primitives
import Transactions
import WalletKit

struct GroupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "group", abstract: "INFTs sold as one, with a fixed split of what they earn.",
        discussion: """
            Who proposes a group names its members, their shares and the terms; nothing is sold before the owner of each \
            member has joined, and none of it can be changed afterwards. A group is an INFT: offer, quote, buy and derive \
            from it as from any other.

            """
                + example(
                    "group create \"Stroke scores\" --member score=50 --member sheet=45 --terms stroke-terms --as stroke",
                    "group join stroke --from author", "group show stroke",
                    "offer create stroke --terms stroke-terms --price 40.00"),
        subcommands: [GroupCreateCommand.self, GroupJoinCommand.self, GroupShowCommand.self])
}

struct GroupCreateCommand: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Proposes a group: members, split and terms, for good.",
        discussion: example(
            "group create \"Stroke scores\" --member score=50 --member sheet=45 --terms stroke-terms --as stroke"))
    @Argument(help: "The group's title.") var title: String
    @Option(
        help: ArgumentHelp(
            "A member, and its share of what the group earns in percent (repeatable). What they leave is yours.",
            valueName: "inft=percent"))
    var member: [String]
    @Option(help: "The registered terms under which the group is sold, and no others.") var terms: String
    @Option(help: ArgumentHelp("How long owners may take to join.", valueName: "duration")) var joinWithin = "30d"
    @Option(help: "What it is, in a few sentences.") var abstract: String?
    @Option(help: ArgumentHelp("The language of title and abstract: en, de-CH.", valueName: "tag")) var language = "en"
    @OptionGroup(title: "Signing") var globals: Globals

    func perform(_ session: Session) async throws {
        let now = try await session.ledgerTime()
        guard let time = Inputs.duration(joinWithin) else {
            throw WalletFailure(.usage, "\(joinWithin) is no duration", hint: "Write 12h or 30d.")
        }
        var members: [GroupMember] = []
        for text in member {
            guard let equals = text.lastIndex(of: "=") else {
                throw WalletFailure(.usage, "\(text) is no member", hint: "Write --member NAME=PERCENT.")
            }
            members.append(
                GroupMember(
                    inft: try session.id(String(text[..<equals])),
                    share: try Codes.percent(String(text[text.index(after: equals)...]))))
        }
        let create = CreateGroup(
            metadata: INFTMetadata(title: title, abstract: abstract ?? "", language: language),
            members: members.sorted { $0.inft < $1.inft }, terms: try session.id(terms),
            joinBy: now.adding(milliseconds: time))
        try await session.act([.licenses(.createGroup(create))])
    }
}

struct GroupJoinCommand: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "join", abstract: "Agrees to a group with the members that are yours, for good.",
        discussion: example("group join stroke --from author", "group join stroke --member score --from author"))
    @Argument(help: "The group's id or name.") var group: String
    @Option(
        help: ArgumentHelp(
            "Which member (repeatable); all that you own and that have not joined if absent.", valueName: "inft"))
    var member: [String] = []
    @OptionGroup(title: "Signing") var globals: Globals

    func perform(_ session: Session) async throws {
        try await session.verifyNetwork()
        let id: INFTID = try session.id(group)
        let actor = try session.actor()
        let view: GroupView = try await session.client.read("group_get", .object(["group": session.json(id)]))
        let names = try await session.names()
        var members = try member.map { (text) throws(WalletFailure) -> INFTID in try session.id(text) }
        if members.isEmpty {
            members = view.members.filter { $0.owner == actor && !$0.hasJoined }.map(\.inft)
            guard !members.isEmpty else {
                throw WalletFailure(
                    .usage, "no member of the group waits for \(names.party(actor))",
                    hint: "mednexus group show \(group)")
            }
        }
        members.sort()
        // What one agrees to is said in full: the split, and the terms.
        let notes = view.members.filter { members.contains($0.inft) }.map {
            "\($0.share.percentText) of what the group earns go to \(names.id($0.inft))."
        }
        let size = LicenseLimits.joinsPerOperation
        let operations = stride(from: 0, to: members.count, by: size).map { start in
            LedgerOperation.licenses(
                .joinGroup(JoinGroup(group: id, members: Array(members[start..<min(start + size, members.count)]))))
        }
        try await session.act(
            operations, notes: notes + ["It is sold under the terms \(names.id(view.group.terms)), by its organizer."])
    }
}

struct GroupShowCommand: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "A group: members, shares, who has joined, and whether it can be sold.",
        discussion: example("group show stroke"))
    @Argument(help: "The group's id or name.") var group: String
    @OptionGroup var globals: ReadGlobals

    func perform(_ session: Session) async throws {
        try await session.verifyNetwork()
        let id: INFTID = try session.id(group)
        let value = try await session.client.read(
            "group_get", .object(["group": session.json(id)]), as: JSONValue.self)
        let view = try session.decode(value, as: GroupView.self)
        let names = try await session.names()
        session.show(value) {
            Console.fields([
                ("Group", names.id(id)), ("Organizer", names.party(view.organizer)),
                ("Terms", names.id(view.group.terms)),
                ("Joined", "\(view.group.joined) of \(view.group.memberCount)"),
                (
                    "Formed",
                    view.group.formedAt.map { names.time($0) }
                        ?? "no; owners can join until \(names.time(view.group.joinBy))"
                ),
                ("Can be sold", view.obstacle == nil ? "yes" : "no: \(view.obstacle ?? "")"),
            ])
            Console.table(
                ["MEMBER", "OWNER", "SHARE", "JOINED", "LICENSABLE"],
                view.members.map {
                    [
                        names.id($0.inft), names.party($0.owner), $0.share.percentText, $0.hasJoined ? "yes" : "no",
                        $0.isAvailable ? "yes" : "no",
                    ]
                })
        }
    }
}
