import FoundationEssentials
import Interface
import Primitives
import StateModel
import Testing

struct StandardTableTests {
    private static let table = MethodTable.standard(networkKind: .test, version: "1.0.0")

    @Test("Every method that the design names is there")
    func names() {
        let wanted = """
            node_status node_health node_peers node_validators chain_head chain_block chain_header chain_certificate
            chain_blocks chain_events chain_evidence tx_build tx_decode tx_simulate tx_submit tx_submitMany tx_get
            tx_status tx_pending account_get account_sequence account_transactions account_tasks identity_get identity_credentials
            inft_get inft_list inft_history inft_lineage inft_versions terms_get offer_get offer_list license_get
            license_list license_quote license_check consent_get consent_list consent_set consent_check
            revenue_balance revenue_vault revenue_statement asset_get governance_get chain_subscribe
            chain_unsubscribe content_info
            """
        let missing = wanted.split { $0 == " " || $0 == "\n" }.filter { Self.table[String($0)] == nil }
        #expect(missing.isEmpty, "\(missing)")
    }

    @Test("Every parameter and result has its whole schema")
    func schemas() {
        #expect(Self.table.incompleteSchemas.isEmpty, "\(Self.table.incompleteSchemas)")
    }

    @Test("Every parameter that is declared is one that the method reads")
    func parameters() throws {
        for method in Self.table.document["methods"]?.array ?? [] {
            for parameter in method["params"]?.array ?? [] {
                #expect(
                    parameter["schema"] != true,
                    "\(method["name"]?.string ?? "") \(parameter["name"]?.string ?? "") has no schema")
            }
        }
    }

    @Test("No two refusals share a code, and Specs/rpc.md lists each with its reason, and each method")
    func errorTable() throws {
        let codes = Self.table.rejections.map(\.code)
        #expect(Set(codes).count == codes.count)
        let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Specs/rpc.md")
        let text = String(decoding: try Data(contentsOf: file), as: UTF8.self)
        for rejection in Self.table.rejections {
            #expect(text.contains("| \(rejection.code) | `\(rejection.reason)` |"), "\(rejection)")
        }
        for method in Self.table.methods { #expect(text.contains("| `\(method.name)` |"), "\(method.name)") }
        for state in ServerState.all { #expect(text.contains("| \(state.code) | `\(state.reason)` |")) }
    }

    @Test("The document is written where MEDNEXUS_OPENRPC names a file, for check_openrpc.py")
    func written() throws {
        let bytes = Self.table.document.serialized
        #expect(bytes.count > 10_000)
        guard let path = ProcessInfo.processInfo.environment["MEDNEXUS_OPENRPC"] else { return }
        try Data(bytes).write(to: URL(filePath: path))
    }
}
