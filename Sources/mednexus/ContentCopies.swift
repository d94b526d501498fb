import ArgumentParser
import Interface
import Primitives
import WalletKit

struct ContentCopies: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "copies", abstract: "The ciphertexts that this wallet keeps of what it bought or received.",
        discussion: """
            A purchase fetches the ciphertext before it pays, so that what one pays for is at hand; it stays until it is \
            removed here. Removed, it is fetched again when it is needed, as long as a node has it.

            \(example("content copies", "content copies --remove 9a0b…", "content copies --remove-all"))
            """)
    @OptionGroup var globals: ReadGlobals
    @Option(help: ArgumentHelp("Removes one, by its root.", valueName: "root")) var remove: String?
    @Flag(help: "Removes all, and what is left of transfers that broke off.") var removeAll = false

    func perform(_ session: Session) async throws {
        guard remove == nil || !removeAll else {
            throw WalletFailure(.usage, "--remove and --remove-all together", hint: "Give one of them.")
        }
        var copies = try session.home.contentCopies()
        if let remove {
            let root = "\(try Codes.hash(remove))"
            guard copies.contains(where: { $0.name == root }) else {
                throw WalletFailure(
                    .usage, "there is no copy of \(root)", hint: "mednexus content copies lists what there is.")
            }
            copies = copies.filter { $0.name == root }
        }
        if remove != nil || removeAll {
            for copy in copies { try session.home.removeContentCopy(copy.name) }
        }
        let listed = JSONValue.array(
            copies.map { .object(["name": .string($0.name), "size": .unsigned($0.size)]) })
        session.show(listed) {
            if remove != nil || removeAll {
                return Console.out(copies.count == 1 ? "1 copy removed" : "\(copies.count) copies removed")
            }
            guard !copies.isEmpty else { return Console.out("There are none.") }
            Console.table(["ROOT", "BYTES"], copies.map { [$0.name, "\($0.size)"] })
        }
    }
}
