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

@Suite struct MerkleRangeTests {
    @Test("leaf by leaf the builder has the root of the whole list, and goes on from what it kept")
    func builder() throws {
        var builder = MerkleLogBuilder()
        #expect(builder.root == MerkleLog.emptyRoot)
        for count in 1...70 {
            builder.append(leaves(count)[count - 1])
            #expect(builder.root == MerkleLog.root(ofLeafHashes: leaves(count)))
            #expect(builder.count == UInt64(count))
            #expect(try #require(MerkleLogBuilder(count: builder.count, subtrees: builder.subtrees)) == builder)
        }
        #expect(MerkleLogBuilder(count: 3, subtrees: [.zero]) == nil)
    }

    @Test("every range of every size is proved and no other; its siblings are at most two for each level")
    func ranges() throws {
        for count in 1...33 {
            let all = leaves(count)
            let root = MerkleLog.root(ofLeafHashes: all)
            for first in 0..<count {
                for end in first + 1...count {
                    let range = UInt64(first)..<UInt64(end)
                    let part = Array(all[first..<end])
                    let proof = try #require(MerkleLog.rangeProof(of: range, in: all))
                    let siblings = try #require(MerkleLog.siblings(of: range, count: UInt64(count)))
                    #expect(proof.count == siblings.count && proof.count <= 12)
                    #expect(siblings.allSatisfy { !$0.overlaps(range) })
                    #expect(siblings.reduce(0) { $0 + $1.count } + part.count == count)
                    func holds(_ leaves: [Hash], _ first: Int, _ siblings: [Hash], _ root: Hash) -> Bool {
                        MerkleLog.verifyRange(
                            leaves, from: UInt64(first), count: UInt64(count), siblings: siblings, root: root)
                    }
                    #expect(holds(part, first, proof, root))
                    #expect(!holds(part, first + 1, proof, root))
                    #expect(!holds(part, first, proof, .zero))
                    #expect(!holds(part, first, proof + [.zero], root))
                    #expect(!holds(part, first, Array(proof.dropLast()), root) || proof.isEmpty)
                    #expect(!holds(part.dropLast() + [.zero], first, proof, root))
                }
            }
            #expect(MerkleLog.siblings(of: 0..<UInt64(count) + 1, count: UInt64(count)) == nil)
            #expect(!MerkleLog.verifyRange([], from: 0, count: UInt64(count), siblings: [root], root: root))
            #expect(
                !MerkleLog.verifyRange([.zero], from: UInt64.max, count: UInt64(count), siblings: [], root: root))
        }
    }

    @Test("a single leaf's range proof holds the hashes of its inclusion proof")
    func singleLeaf() throws {
        let all = leaves(21)
        for index in 0..<21 {
            let range = try #require(MerkleLog.rangeProof(of: UInt64(index)..<UInt64(index) + 1, in: all))
            #expect(Set(range) == Set(try #require(MerkleLog.inclusionProof(of: index, in: all))))
        }
    }
}
