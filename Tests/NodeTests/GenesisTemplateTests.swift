import Foundation
import Node
import Primitives
import Testing

@Suite struct GenesisTemplateTests {
    private let template = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "genesis/devnet.json").path

    private func keys(_ count: Int) throws -> [GenesisTemplate.ValidatorKeys] {
        try (0..<count).map { index in
            let secret = Bytes32(0, 0, 1, UInt64(index + 1))
            return .init(
                key: try NodeHome.address(of: secret), transportKey: try NodeHome.transportKey(of: secret))
        }
    }

    private func fill(
        _ keys: [GenesisTemplate.ValidatorKeys], _ source: GenesisTemplate.Source = .standard
    ) throws -> String {
        var known: [String: Address] = [:]
        return try GenesisTemplate.fill(
            source, name: "test",
            accounts: { name in
                if let address = known[name] { return address }
                let made = try NodeHome.address(of: Bytes32(0, 0, 2, UInt64(known.count + 1)))
                known[name] = made
                return made
            }, validators: keys, time: Timestamp(1_767_225_600_000))
    }

    @Test("What a program alone starts a local network from is genesis/devnet.json, to the byte of what is filled in")
    func standard() throws {
        let file = try GenesisTemplate.Source(file: template)
        for count in [1, 4] { #expect(try fill(try keys(count)) == fill(try keys(count), file)) }
        #expect(try GenesisTemplate.accountNames(.standard) == GenesisTemplate.accountNames(file))
        #expect(throws: NodeFailure.self) { try GenesisTemplate.Source(file: template + ".none") }
    }

    @Test("a template stretches: an institution and an administrator of its own for each validator, keys in order")
    func stretch() throws {
        for count in [1, 4, 30] {
            let keys = try keys(count)
            let text = try fill(keys)
            // Executes the genesis, so every rule of the domains holds.
            let file = NSTemporaryDirectory() + "mednexus-genesis-\(UUID().uuidString).json"
            defer { try? FileManager.default.removeItem(atPath: file) }
            try text.write(toFile: file, atomically: true, encoding: .utf8)
            #expect(try GenesisTemplate.describe(file).count { $0.hasPrefix("validator ") } == count)
            let founding = try GenesisFile.validators(file)
            #expect(founding.map(\.name) == (0..<count).map { GenesisTemplate.nodeName($0) })
            #expect(founding.map(\.key) == keys.map(\.key))
            #expect(founding.map(\.transportKey) == keys.map(\.transportKey))
            #expect(Set(founding.map(\.institution)).count == count)
        }
        let added = Set(try GenesisTemplate.accountNames(.standard, validators: 4))
            .subtracting(try GenesisTemplate.accountNames(.standard))
        #expect(added == ["hospital-2", "hospital-3", "hospital-4"])
    }

    @Test("names go on after z")
    func names() {
        #expect(GenesisTemplate.nodeName(0) == "node-a")
        #expect(GenesisTemplate.nodeName(25) == "node-z")
        #expect(GenesisTemplate.nodeName(26) == "node-aa")
        #expect(Set((0..<100).map { GenesisTemplate.nodeName($0) }).count == 100)
    }

    @Test("[NAME=]KEY[+TRANSPORT] and nothing else names a validator")
    func arguments() throws {
        let key = String(repeating: "a1", count: 32)
        let transport = "02" + String(repeating: "b2", count: 32)
        let full = try GenesisTemplate.ValidatorKeys("ward=\(key)+\(transport)")
        #expect(full.name == "ward" && full.transportKey?.description == transport)
        #expect(try GenesisTemplate.ValidatorKeys(key).transportKey == nil)
        for wrong in ["", "ward=", "\(key)+", "\(key)+04", "\(transport)", "=\(key)x"] {
            #expect(throws: NodeFailure.self, "\(wrong)") { try GenesisTemplate.ValidatorKeys(wrong) }
        }
    }

    @Test("none and more than a certificate holds are refused")
    func bounds() throws {
        #expect(throws: NodeFailure.self) { try fill([]) }
        let keys = try keys(1)
        #expect(throws: NodeFailure.self) { try fill(Array(repeating: keys[0], count: 101)) }
    }
}
