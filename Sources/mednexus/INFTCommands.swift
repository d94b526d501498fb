import ArgumentParser
import Consents
import Cryptography
import INFTs
import Interface
import Licenses
import Primitives
import Transactions
import WalletKit

struct INFTCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inft", abstract: "INFTs: mint, show, change.",
        discussion: example(
            "inft mint --file score.json --class algorithm --title \"CHA2DS2-VASc\" --as score",
            "inft list --class algorithm", "inft show score"),
        subcommands: [
            INFTMint.self, INFTShow.self, INFTList.self, INFTHistory.self, INFTVersions.self, INFTLineage.self,
            INFTRevise.self, INFTMetadataCommand.self, INFTFreeze.self, INFTRetire.self, INFTOpen.self,
            INFTTransfer.self, INFTAccept.self, INFTDeliver.self, INFTCancelTransfer.self, INFTReseal.self,
            INFTClone.self, INFTKeyCustodians.self, INFTEraseCommand.self, INFTRecall.self, INFTLiftRecall.self,
            INFTAcknowledge.self, INFTRecalls.self, INFTRecallStatus.self, INFTRecallCheck.self,
            INFTOutcomes.self, INFTAuthorize.self, INFTDeauthorize.self,
        ])
}

extension Session {
    func inft(_ text: String) async throws(WalletFailure) -> INFTRecord {
        let id: INFTID = try id(text)
        return try await client.read("inft_get", .object(["inft": json(id)]))
    }

    /// What its owner calls it, in quotes, since anybody may have called anything so; nil of what has no title.
    func title(of inft: INFTID) async throws(WalletFailure) -> String? {
        let record: INFTRecord = try await client.read("inft_get", .object(["inft": json(inft)]))
        return record.metadata.title.isEmpty ? nil : "“\(SessionNames.clipped(record.metadata.title, 60))”"
    }
}

struct INFTShow: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "An INFT: owner, creators, content, metadata, status, offers.",
        discussion: example("inft show score", "inft show score --json"))
    @OptionGroup var globals: ReadGlobals
    @Argument(help: "Its id, or its name in this wallet.") var inft: String

    func perform(_ session: Session) async throws {
        try await session.verifyNetwork()
        let record = try await session.inft(inft)
        let offers = try await session.client.items("offer_list", ["inft": session.json(record.id)], limit: 100)
        let agents = try await session.authorizations(of: record.id)
        let standing: StandingView = try await session.client.read(
            "inft_standing", .object(["inft": session.json(record.id)]))
        let names = try await session.names()
        session.show(try session.client.encode(record)) {
            Console.fields(
                Self.fields(record, names) + Self.standing(standing, names) + [("May run it", agents.text(names))])
            guard !offers.isEmpty else { return }
            Console.out("Open offers:")
            let title = SessionNames.clipped(record.metadata.title, 40)
            Console.table(OfferTable.headers, offers.map { OfferTable.row($0, names, title: title) })
        }
    }

    /// What stands against it, also by way of what it derives from.
    private static func standing(_ view: StandingView, _ names: SessionNames) -> [(String, String?)] {
        let lines = view.tags.map { found in
            let way = found.inft == view.inft ? "" : ", by way of \(names.identifier(found.inft.description))"
            return "\(found.tag.kind.name) since \(names.time(found.tag.since))\(way)"
        }
        return [("Against it", lines.isEmpty ? nil : lines.joined(separator: "\n"))]
    }

    private static func fields(_ record: INFTRecord, _ names: SessionNames) -> [(String, String?)] {
        let metadata = record.metadata
        let creators = record.creators.map { creator in
            let roles = creator.roles.isEmpty ? "" : ": " + creator.roles.map(\.name).joined(separator: ", ")
            return "\(names.party(creator.party)) \(creator.contribution.percentText)\(roles)"
        }
        var content = "\(record.latest.size) bytes, \(record.latest.mediaType)"
        if case .open(let open) = record.latest {
            content += ", open\nSHA-256 \(open.hash)"
            if let location = open.location { content += "\n\(location)" }
        } else if case .sealed(let sealed) = record.latest {
            content += ", sealed\nroot \(sealed.root)"
        }
        var status = record.status.name
        if record.status != .active { status += " since \(names.time(record.statusSince))" }
        if let frozen = record.frozenAt { status += ", frozen since \(names.time(frozen))" }
        return [
            ("INFT", names.identifier(record.id.description)), ("Class", record.inftClass.name),
            ("Title", metadata.title.isEmpty ? nil : metadata.title),
            ("Abstract", metadata.abstract.isEmpty ? nil : metadata.abstract), ("Owner", names.party(record.owner)),
            ("Creators", creators.joined(separator: "\n")), ("Status", status),
            ("Version", "\(record.versionCount)"), ("Content", content), ("Field", metadata.field.name),
            ("Evidence", metadata.evidence == .notApplicable ? nil : metadata.evidence.name),
            ("Language", metadata.language),
            (
                "Codes",
                metadata.codes.isEmpty ? nil : metadata.codes.map { "\($0.system) \($0.code)" }.joined(separator: "\n")
            ),
            ("Places", metadata.jurisdictions.isEmpty ? nil : metadata.jurisdictions.joined(separator: ", ")),
            (
                "Derives from",
                record.parents.isEmpty
                    ? nil : record.parents.map { names.identifier($0.description) }.joined(separator: "\n")
            ),
            (
                "About people",
                record.hasHumanData
                    ? "yes, under " + (record.consentSet.map { names.identifier($0.description) } ?? "no set") : nil
            ),
            ("Minted", "\(names.time(record.createdAt)), height \(record.createdHeight)"),
        ]
    }
}

struct INFTList: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "INFTs, newest first.",
        discussion: example("inft list --class algorithm", "inft list --owner clara", "inft list --parent score"))
    @OptionGroup var globals: ReadGlobals
    @Option(help: "Of this party.") var owner: String?
    @Option(
        name: .customLong("class"),
        help: ArgumentHelp("One of \(INFTClass.names.joined(separator: ", ")).", valueName: "class"))
    var inftClass: String?
    @Option(help: "To which this party contributed.") var creator: String?
    @Option(help: "That derive directly from this INFT.") var parent: String?
    @Option(help: "At most so many.") var limit = 100

    func perform(_ session: Session) async throws {
        try await session.verifyNetwork()
        var params = JSONObject()
        if let owner { params.append("owner", session.json(try session.party(owner))) }
        if let inftClass {
            params.append("class", .string(try Codes.one(inftClass, INFTClass.self, "class").name))
        }
        if let creator { params.append("creator", session.json(try session.party(creator))) }
        if let parent {
            let id: INFTID = try session.id(parent)
            params.append("parent", session.json(id))
        }
        let items = try await session.client.items("inft_list", params, limit: limit)
        let names = session.plainNames
        session.list(items, ["INFT", "CLASS", "TITLE", "OWNER", "STATUS", "VERSION"], empty: "There is none.") { item in
            let status = item["isFrozen"]?.boolean == true ? ", frozen" : ""
            return [
                names.id(item["id"]), item["class"]?.string ?? "",
                SessionNames.clipped(item["title"]?.string ?? "", 40), names.party(item["owner"]),
                (item["status"]?.string ?? "") + status, "\(item["version"]?.unsigned ?? 0)",
            ]
        }
    }
}

struct INFTHistory: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "history", abstract: "What happened to an INFT, oldest first.",
        discussion: example("inft history score"))
    @OptionGroup var globals: ReadGlobals
    @Argument(help: "Its id or name.") var inft: String

    func perform(_ session: Session) async throws {
        try await session.verifyNetwork()
        let id: INFTID = try session.id(inft)
        let items = try await session.client.items("inft_history", ["inft": session.json(id)])
        let names = session.plainNames
        session.list(items, ["TIME", "WHAT", "BY", "VERSION", "STATUS", "TRANSACTION"], empty: "Nothing.") { item in
            [
                names.time(item["time"]) ?? "", item["kind"]?.string ?? "", names.party(item["actor"]),
                "\(item["version"]?.unsigned ?? 0)", item["status"]?.string ?? "", item["transaction"]?.string ?? "",
            ]
        }
    }
}

struct INFTVersions: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "versions", abstract: "The versions of its content; tells which one a file is.",
        discussion: example("inft versions score", "inft versions score --file score.json"))
    @OptionGroup var globals: ReadGlobals
    @Argument(help: "Its id or name.") var inft: String
    @Option(help: "Compare this file with each version.") var file: String?

    func perform(_ session: Session) async throws {
        let content = try file.map { (path) throws(WalletFailure) in try ContentFile(path: path) }
        try await session.verifyNetwork()
        let id: INFTID = try session.id(inft)
        let items = try await session.client.items("inft_versions", ["inft": session.json(id)])
        let names = session.plainNames
        session.list(items, ["VERSION", "TIME", "SIZE", "TYPE", "SHA-256", "WHERE"], empty: "There is none.") { item in
            let open = item["content"]?["open"]
            let sealed = item["content"]?["sealed"]
            return [
                "\(item["number"]?.unsigned ?? 0)", names.time(item["createdAt"]) ?? "",
                "\((open ?? sealed)?["size"]?.unsigned ?? 0)", (open ?? sealed)?["mediaType"]?.string ?? "",
                open?["hash"]?.string ?? "sealed", open?["location"]?.string ?? "",
            ]
        }
        guard let content else { return }
        let found = items.last { $0["content"]?["open"]?["hash"]?.string == content.hash.description }
        guard let number = found?["number"]?.unsigned else {
            throw WalletFailure(.proofInvalid, "the file is none of its versions: its SHA-256 is \(content.hash)")
        }
        if !globals.json { Console.out("The file is version \(number).") }
    }
}

struct INFTLineage: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "lineage", abstract: "What it derives from, and what derives from it.",
        discussion: example("inft lineage score"))
    @OptionGroup var globals: ReadGlobals
    @Argument(help: "Its id or name.") var inft: String

    func perform(_ session: Session) async throws {
        try await session.verifyNetwork()
        let id: INFTID = try session.id(inft)
        let value = try await session.client.read(
            "inft_lineage", .object(["inft": session.json(id)]), as: JSONValue.self)
        let names = session.plainNames
        func list(_ key: String) -> String {
            let ids = (value[key]?.array ?? []).map { names.id($0) }
            return ids.isEmpty ? "none" : ids.joined(separator: "\n")
        }
        session.show(value) {
            Console.fields([
                ("INFT", names.identifier(id.description)), ("Parents", list("parents")),
                ("Ancestors", list("ancestors")), ("Of these inactive", list("inactiveAncestors")),
                ("Children", list("children") + (value["hasMoreChildren"]?.boolean == true ? "\n…" : "")),
            ])
        }
    }
}

struct INFTRevise: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "revise", abstract: "Gives it a new version of its content.",
        discussion: example("inft revise score --file score-2.json --uri https://example.org/score-2.json"))
    @OptionGroup(title: "Content") var content: ContentOptions
    @OptionGroup(title: "Signing") var globals: Globals
    @Argument(help: "Its id or name.") var inft: String
    @Option(help: "The consent set from now on; the one it has if absent.") var consentSet: String?

    func perform(_ session: Session) async throws {
        let set = try consentSet.map { (text) throws(WalletFailure) -> ConsentSetID in try session.id(text) }
        guard content.seal else {
            let revise = Revise(inft: try session.id(inft), content: try content.content(), consentSet: set)
            return try await session.act([.infts(.revise(revise))])
        }
        try await session.verifyNetwork()
        let record = try await session.inft(inft)
        guard let kept = try await content.sealed(session) else { return }
        let keyring = try session.keyring()
        let notes = ["It has another content key: who bought an earlier version keeps that one."]
        try await session.publish(kept, notes: notes) { (place) throws(WalletFailure) in
            let content = try keyring.content(
                kept, inft: record.id, version: record.versionCount + 1, owner: record.owner, at: place, operation: 0)
            return (
                content, [.infts(.revise(Revise(inft: record.id, content: .sealed(content), consentSet: set)))]
            )
        }
    }
}

struct INFTMetadataCommand: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "metadata", abstract: "Changes what everyone may read about it; what is not given stays.",
        discussion: example("inft metadata score --abstract \"Stroke risk in atrial fibrillation.\" --evidence 3"))
    @OptionGroup(title: "Metadata") var metadata: MetadataOptions
    @OptionGroup(title: "Signing") var globals: Globals
    @Argument(help: "Its id or name.") var inft: String

    func perform(_ session: Session) async throws {
        guard !metadata.isEmpty else {
            throw WalletFailure(.usage, "nothing to change", hint: "Give --title, --abstract, --code or another.")
        }
        let record = try await session.inft(inft)
        let new = try metadata.metadata(over: record.metadata)
        let changed = SetMetadata(inft: record.id, metadata: new)
        try await session.act([.infts(.setMetadata(changed))], notes: Self.changes(from: record.metadata, to: new))
    }

    private static func changes(from old: INFTMetadata, to new: INFTMetadata) -> [String] {
        func texts(_ metadata: INFTMetadata) -> [(what: String, text: String)] {
            [
                ("Title", metadata.title), ("Abstract", metadata.abstract), ("Language", metadata.language ?? ""),
                ("Field", metadata.field.name), ("Evidence", metadata.evidence.name),
                ("Codes", metadata.codes.map { "\($0.system) \($0.code)" }.joined(separator: ", ")),
                ("Places", metadata.jurisdictions.joined(separator: ", ")),
            ]
        }
        return zip(texts(old), texts(new)).filter { $0.0.text != $0.1.text }.map { pair in
            "\(pair.1.what): “\(pair.0.text)” becomes “\(pair.1.text)”."
        }
    }
}

struct INFTFreeze: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "freeze", abstract: "Its content and metadata never change again.",
        discussion: example("inft freeze score"))
    @OptionGroup var globals: Globals
    @Argument(help: "Its id or name.") var inft: String

    func perform(_ session: Session) async throws {
        try await session.act([.infts(.freeze(Freeze(inft: try session.id(inft))))])
    }
}

struct INFTRetire: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "retire", abstract: "No new licenses or derivatives; what was sold stays.",
        discussion: example("inft retire score"))
    @OptionGroup var globals: Globals
    @Argument(help: "Its id or name.") var inft: String

    func perform(_ session: Session) async throws {
        try await session.act([.infts(.retire(Retire(inft: try session.id(inft))))])
    }
}
