import Cryptography
import Node
import Primitives
import Testing

@Suite struct BackupTests {
    private static let manifest = BackupManifest(
        program: "0.1.0", schema: 1, network: SHA256.hash([1]), height: Height(70), lowestBlock: Height(3),
        checkpoint: Height(60),
        files: [
            .init(path: "ledger/log/data.mdb", bytes: 123, hash: SHA256.hash([2])),
            .init(path: "genesis.json", bytes: 0, hash: SHA256.hash([])),
        ])

    @Test("a manifest reads as what was written; also before the first checkpoint")
    func reads() throws {
        #expect(try BackupManifest.parse(Self.manifest.text, name: "M") == Self.manifest)
        let young = BackupManifest(
            program: "0.1.0", schema: 1, network: SHA256.hash([1]), height: .genesis, lowestBlock: .genesis,
            checkpoint: nil, files: Self.manifest.files)
        #expect(try BackupManifest.parse(young.text, name: "M") == young)
    }

    @Test("a manifest of which any character is another, or that ends early, is refused")
    func refuses() {
        let text = Self.manifest.text
        for index in text.indices {
            var changed = text
            changed.replaceSubrange(index...index, with: text[index] == "7" ? "8" : "7")
            #expect(throws: NodeFailure.self) { try BackupManifest.parse(changed, name: "M") }
            #expect(throws: NodeFailure.self) { try BackupManifest.parse(String(text[..<index]), name: "M") }
        }
    }

    @Test("pruning never takes what a start needs: above the checkpoint, and of the running epoch")
    func kept() {
        func lowest(_ head: UInt64, checkpoint: UInt64, epoch: UInt64) -> UInt64 {
            KeptBlocks.lowest(
                head: Height(head), checkpoint: Height(checkpoint), epochBegan: Height(epoch), keep: 1_000
            ).value
        }
        #expect(lowest(500, checkpoint: 500, epoch: 400) == 0)
        #expect(lowest(5_000, checkpoint: 4_990, epoch: 4_900) == 4_001)
        #expect(lowest(5_000, checkpoint: 3_000, epoch: 4_900) == 3_001)
        #expect(lowest(5_000, checkpoint: 4_990, epoch: 2_001) == 2_001)
    }
}
