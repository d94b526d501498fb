import ArgumentParser
import Cryptography
import INFTs
import Interface
import Licenses
import Primitives
import Transactions
import WalletKit

struct DisputeAccept: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "accept",
        abstract: "Takes the seat of a panel for which you were drawn, after fetching the content.",
        discussion: """
            Makes a sealing key to which the claimant shows the content key. See the content for this alone, and destroy the key \
            afterwards (content forget).

            \(example("dispute accept tmnxdispute1… --from rita"))
            """)
    @OptionGroup var globals: Globals
    @Argument(help: "Its id or name.") var dispute: String

    func perform(_ session: Session) async throws {
        try await session.verifyNetwork()
        let record = try await session.dispute(dispute).dispute
        guard record.delivery != nil else {
            return try await session.act([.licenses(.acceptDispute(AcceptDispute(dispute: record.id)))])
        }
        let (content, _) = try await session.sealedVersion(record.version, of: record.inft)
        _ = try await session.ciphertext(of: content)
        let arbiter = try session.actor()
        let keyring = try session.keyring()
        try await session.act { (place) throws(WalletFailure) in
            let request = try keyring.request(
                .dispute, inft: record.inft, version: record.version, root: content.root, receiver: arbiter, at: place,
                operation: 0)
            return [.licenses(.acceptDispute(AcceptDispute(dispute: record.id, delivery: request)))]
        }
    }
}

struct DisputeShowKey: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "show-key", abstract: "Shows the content key to each arbiter who accepted, and to nobody else.",
        discussion: """
            Two transactions for each: the key is sealed to the arbiter, proven to be the one that was delivered to you. Who does \
            not show it in time loses.

            \(example("dispute show-key scan-dispute --from clinic"))
            """)
    @OptionGroup var globals: Globals
    @Argument(help: "Its id or name.") var dispute: String

    func perform(_ session: Session) async throws {
        try await session.verifyNetwork()
        let record = try await session.dispute(dispute).dispute
        let waiting = record.round.seats.filter { $0.state == .accepted }.compactMap(\.show)
        guard !waiting.isEmpty else {
            throw WalletFailure(
                .usage, "no arbiter waits for the key", hint: "mednexus dispute show tells what it waits for.")
        }
        try await session.together {
            for show in waiting { try await session.deliver(try await session.delivery(show)) }
        }
    }
}

struct DisputeOpen: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "open", abstract: "Decrypts the disputed content, as an arbiter to whom its key was shown.",
        discussion: example("dispute open tmnxdispute1… --out scan.dcm --from rita"))
    @OptionGroup var globals: ReadGlobals
    @Argument(help: "Its id or name.") var dispute: String
    @Option(help: ArgumentHelp("Where the file goes.", valueName: "file")) var out: String

    func perform(_ session: Session) async throws {
        try await session.verifyNetwork()
        let record = try await session.dispute(dispute).dispute
        let arbiter = try session.sender()
        guard let show = record.round.seats.first(where: { $0.arbiter == arbiter })?.show,
            let custody = try await session.delivery(show).delivery.custody
        else {
            throw WalletFailure(.usage, "the key of the content was not shown to you")
        }
        let (content, _) = try await session.sealedVersion(record.version, of: record.inft)
        let header = try await session.openContent(content, custody, to: out)
        session.showOpened(header, content, file: out)
    }
}
