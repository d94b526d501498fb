import Cryptography
import Fixtures
import FoundationEssentials
import Primitives
import Testing

private struct Reference: Decodable { let leaves: [String], roots: [String], nodes: [String] }

private struct Probes: Decodable {
    struct Case: Decodable {
        let name: String
        let leafIdx: UInt64
        let treeSize: UInt64
        let root: String
        let leafHash: String
        let proof: [String]?
        let wantErr: Bool
    }
    let cases: [Case]
}

private func leaves(_ count: Int) -> [Hash] {
    (0..<count).map { MerkleLog.leafHash([UInt8($0 & 255), UInt8($0 >> 8)]) }
}

@Suite struct MerkleLogTests {
    @Test func rootsAndNodesOfTheReferenceTree() throws {
        let reference = try Fixture.load("rfc6962", as: Reference.self)
        let leaves = reference.leaves.map(\.hexadecimalBytes)
        for count in 0...leaves.count {
            #expect(MerkleLog.root(of: Array(leaves.prefix(count))).description == reference.roots[count])
        }
        // Level by level, from the leaves to the root.
        var level = leaves.map(MerkleLog.leafHash)
        var nodes = level
        while level.count > 1 {
            level = stride(from: 0, to: level.count, by: 2).map { MerkleLog.nodeHash(level[$0], level[$0 + 1]) }
            nodes += level
        }
        #expect(nodes.map(\.description) == reference.nodes)
    }

    @Test func everyLeafOfEverySizeIsProvedAndNoOtherIs() throws {
        for count in 1...33 {
            let all = leaves(count)
            let root = MerkleLog.root(ofLeafHashes: all)
            for index in 0..<count {
                let path = try #require(MerkleLog.inclusionProof(of: index, in: all))
                func holds(_ leaf: Hash, _ index: Int, _ path: [Hash], _ root: Hash) -> Bool {
                    MerkleLog.verifyInclusion(
                        of: leaf, at: UInt64(index), count: UInt64(count), path: path, root: root)
                }
                #expect(holds(all[index], index, path, root))
                #expect(!holds(all[index], (index + 1) % count, path, root) || count == 1)
                #expect(!holds(.zero, index, path, root))
                #expect(!holds(all[index], index, path + [.zero], root))
                #expect(!holds(all[index], index, Array(path.dropLast()), root) || path.isEmpty)
                #expect(!holds(all[index], index, path, .zero))
                #expect(!holds(all[index], count, path, root))
            }
            #expect(MerkleLog.inclusionProof(of: count, in: all) == nil)
        }
    }

    @Test func everyBeginningOfEverySizeIsConsistentAndNoOtherIs() throws {
        for count in 1...33 {
            let all = leaves(count)
            let root = MerkleLog.root(ofLeafHashes: all)
            for old in 1...count {
                let oldRoot = MerkleLog.root(ofLeafHashes: Array(all.prefix(old)))
                let path = try #require(MerkleLog.consistencyProof(from: old, in: all))
                func holds(_ old: Int, _ oldRoot: Hash, _ path: [Hash], _ root: Hash) -> Bool {
                    MerkleLog.verifyConsistency(
                        oldCount: UInt64(old), oldRoot: oldRoot, count: UInt64(count), root: root, path: path)
                }
                #expect(holds(old, oldRoot, path, root))
                #expect(!holds(old, .zero, path, root))
                #expect(!holds(old, oldRoot, path, .zero))
                #expect(!holds(old, oldRoot, path + [.zero], root))
                #expect(!holds(old, oldRoot, Array(path.dropLast()), root) || path.isEmpty)
                #expect(!holds(0, oldRoot, path, root))
                #expect(!holds(count + 1, oldRoot, path, root))
            }
        }
    }

    /// Runs if MEDNEXUS_CONFORMANCE names the folder of published vectors.
    @Test(.enabled(if: Fixture.conformanceFolder != nil, "set MEDNEXUS_CONFORMANCE to the folder of published vectors"))
    func publishedInclusionProbes() throws {
        let cases = try Fixture.loadConformance("merkle/inclusion.json", as: Probes.self).cases
        #expect(!cases.isEmpty)
        for one in cases {
            func hash(_ text: String) -> Hash? {
                Data(base64Encoded: text).flatMap { Bytes32([UInt8]($0)) }.map { Hash($0) }
            }
            let path = (one.proof ?? []).map(hash)
            var isValid = false
            if let root = hash(one.root), let leaf = hash(one.leafHash), path.allSatisfy({ $0 != nil }) {
                isValid = MerkleLog.verifyInclusion(
                    of: leaf, at: one.leafIdx, count: one.treeSize, path: path.compactMap { $0 }, root: root)
            }
            #expect(isValid == !one.wantErr, "\(one.name)")
        }
    }
}
