import ArgumentParser
import Cryptography
import INFTs
import Interface
import Primitives
import Transactions
import WalletKit

struct INFTTransfer: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "transfer",
        abstract: "Offers an INFT to a next owner, who accepts; then its content is delivered.",
        discussion: example(
            "inft transfer score --to clinic --until 7d --from author --as handover",
            "inft accept handover --from clinic", "inft deliver handover --from author"))
    @OptionGroup var globals: Globals
    @Argument(help: "Its id or name.") var inft: String
    @Option(help: "The next owner.") var to: String
    @Option(help: ArgumentHelp("How long the offer stands: 2027-01-31, or 7d.", valueName: "time")) var until = "7d"

    func perform(_ session: Session) async throws {
        try await session.verifyNetwork()
        guard let until = try Codes.time(until, now: try await session.ledgerTime()) else {
            throw WalletFailure(.usage, "an offer ends", hint: "Write --until 7d.")
        }
        let offer = TransferOffer(inft: try session.id(inft), to: try session.party(to), expiresAt: until)
        try await session.act([.infts(.transfer(offer))])
    }
}

struct INFTAccept: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "accept", abstract: "Accepts an INFT that is offered to you, after fetching its content.",
        discussion: example("inft accept handover --from clinic", "inft accept handover --file score.json"))
    @OptionGroup var globals: Globals
    @Argument(help: "The transfer: id or name (mednexus account inbox lists it).") var transfer: String
    @Option(help: ArgumentHelp("Of open content: the file that you fetched.", valueName: "path")) var file: String?

    func perform(_ session: Session) async throws {
        try await session.verifyNetwork()
        let id: DeliveryID = try session.id(transfer)
        let view = try await session.delivery(id)
        let record = try await session.inft(session.text(view.delivery.inft))
        let receiver = try session.actor()
        let notes = ["INFT \(session.plainNames.id(record.id)): \(record.metadata.title)"]
        switch record.latest {
        case .open(let content):
            guard let file else {
                throw WalletFailure(
                    .usage, "the content is open: show that you have it", hint: "Add --file with what you fetched.")
            }
            let hash = try ContentFile(path: file).hash
            guard hash == content.hash else {
                throw WalletFailure(.proofInvalid, "\(file) is not the content: its SHA-256 is \(hash)")
            }
            try await session.act(
                [.infts(.acceptTransfer(TransferAccept(transfer: id, fetchedHash: hash)))], notes: notes)
        case .sealed(let content):
            _ = try await session.ciphertext(of: content)
            let keyring = try session.keyring()
            try await session.act(notes: notes) { (place) throws(WalletFailure) in
                let request = try keyring.request(
                    .transfer, inft: record.id, version: record.versionCount, root: content.root, receiver: receiver,
                    at: place, operation: 0)
                return [.infts(.acceptTransfer(TransferAccept(transfer: id, delivery: request)))]
            }
        }
    }
}

struct INFTDeliver: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "deliver", abstract: "Hands an INFT over to who accepted it, with its content key.",
        discussion: example("inft deliver handover --from author"))
    @OptionGroup var globals: Globals
    @Argument(help: "The transfer: id or name.") var transfer: String
    @OptionGroup var answered: AnswerOptions

    func perform(_ session: Session) async throws {
        try await session.verifyNetwork()
        let view = try await session.delivery(try session.id(transfer))
        let answers = try answered.answers(for: view.delivery.id, session)
        try await session.together { try await session.deliver(view, answers) }
    }
}

struct INFTCancelTransfer: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel-transfer",
        abstract: "Takes back an offered INFT, or declines one, before it is handed over.",
        discussion: example("inft cancel-transfer handover --from author"))
    @OptionGroup var globals: Globals
    @Argument(help: "The transfer: id or name.") var transfer: String

    func perform(_ session: Session) async throws {
        try await session.act([.infts(.cancelTransfer(TransferCancel(transfer: try session.id(transfer))))])
    }
}

struct INFTOpen: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "open", abstract: "Fetches, verifies and decrypts the content of an INFT of yours.",
        discussion: example("inft open case --out case.json --from hospital"))
    @OptionGroup var globals: ReadGlobals
    @Argument(help: "Its id or name.") var inft: String
    @Option(help: "One of its versions; the newest if absent.") var version: UInt64?
    @Option(help: ArgumentHelp("Where the file goes.", valueName: "file")) var out: String

    func perform(_ session: Session) async throws {
        try await session.verifyNetwork()
        let record = try await session.inft(inft)
        let (content, custody) = try await session.sealedVersion(version ?? record.versionCount, of: record.id)
        let header = try await session.openContent(content, custody, to: out)
        session.showOpened(header, content, file: out)
    }
}

struct INFTReseal: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "reseal", abstract: "Seals the content key of a version to a fresh key of yours.",
        discussion: """
            After a transfer, a recovery, or when a secret may have been seen. The old secret stays in this wallet until \
            content forget destroys it.

            \(example("inft reseal case --from hospital"))
            """)
    @OptionGroup var globals: Globals
    @Argument(help: "Its id or name.") var inft: String
    @Option(help: "One of its versions; the newest if absent.") var version: UInt64?

    func perform(_ session: Session) async throws {
        try await session.verifyNetwork()
        let record = try await session.inft(inft)
        let version = version ?? record.versionCount
        let (_, custody) = try await session.sealedVersion(version, of: record.id)
        let keyring = try session.keyring()
        try await session.act { (place) throws(WalletFailure) in
            let seal = try keyring.resealing(
                custody, inft: record.id, version: version, owner: record.owner, at: place, operation: 0)
            return [.infts(.reseal(Reseal(inft: record.id, version: version, seal: seal)))]
        }
    }
}

struct INFTClone: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "clone", abstract: "A new token with the same content, which owes what the original owes.",
        discussion: example("inft clone score --as score-copy --from author"))
    @OptionGroup var globals: Globals
    @Argument(help: "Its id or name.") var inft: String

    func perform(_ session: Session) async throws {
        try await session.verifyNetwork()
        let record = try await session.inft(inft)
        guard record.latest.isSealed else {
            return try await session.act([.infts(.clone(Clone(inft: record.id, seal: nil)))])
        }
        let (_, custody) = try await session.sealedVersion(record.versionCount, of: record.id)
        let keyring = try session.keyring()
        try await session.act { (place) throws(WalletFailure) in
            let seal = try keyring.resealing(
                custody, inft: nil, version: 1, owner: record.owner, at: place, operation: 0)
            return [.infts(.clone(Clone(inft: record.id, seal: seal)))]
        }
    }
}
