import ArgumentParser
import FoundationEssentials
import Interface
import WalletKit

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The wallet.
@main
struct Mednexus: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mednexus",
        abstract: "The wallet of the MedNexus ledger.",
        discussion: """
            What is signed is shown in words first. Exit codes: 0 done, 1 refused by the ledger, 2 usage, 3 node \
            unreachable, 4 outcome unknown (tx wait HASH), 5 key or passphrase, 6 proof invalid.

            \(example("node status", "inft list --class algorithm", "license buy score --from clinic --purpose TREAT"))
            """,
        version: ProgramVersion.description,
        subcommands: [
            KeyCommand.self, NetworkCommand.self, AccountCommand.self, PartyCommand.self,
            OrganizationCommand.self, CredentialCommand.self, DelegationCommand.self, MandateCommand.self,
            ConsentCommand.self, CaseCommand.self, ContentCommand.self, INFTCommand.self, TermsCommand.self,
            OfferCommand.self, LicenseCommand.self, DisputeCommand.self, ArbiterCommand.self, GroupCommand.self,
            RevenueCommand.self,
            AssetCommand.self, AuditCommand.self, CustodianCommand.self, ErasureCommand.self, GovernanceCommand.self,
            TransactionCommand.self, ProofCommand.self, NodeCommand.self,
        ])

    static func main() async {
        do {
            var command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
            Glibc.exit(0)
        } catch let failure as WalletFailure {
            report(failure)
            Glibc.exit(failure.kind.exitCode)
        } catch {
            // The parser's own errors are errors of usage; help and completions come this way, too, with code 0.
            guard exitCode(for: error).rawValue == 0 else {
                Console.err(fullMessage(for: error))
                Glibc.exit(WalletFailure.Kind.usage.exitCode)
            }
            exit(withError: error)
        }
    }

    private static func report(_ failure: WalletFailure) {
        guard CommandLine.arguments.contains("--json") else {
            return Console.err("mednexus: \(failure)")
        }
        var object = JSONObject()
        object.append("error", .string("\(failure.kind)"))
        object.append("exitCode", .integer(failure.kind.exitCode))
        object.append("message", .string(failure.message))
        if !failure.hint.isEmpty { object.append("hint", .string(failure.hint)) }
        if let answer = failure.answer {
            object.append("code", .integer(answer.code))
            object.append("reason", .string(answer.reason))
            if let operation = answer.operation { object.append("operation", .integer(operation)) }
            object.append("field", .string(answer.field))
            object.append("retryable", .boolean(answer.retryable))
        }
        Console.err(JSONValue.object(object).text)
    }
}
