import Foundation
import Node
import Primitives
import Testing

@Suite struct PeerSettingsTests {
    private let key = String(repeating: "0", count: 1) + "2" + String(repeating: "ab", count: 32)

    @Test("KEY@HOST:PORT is read and written alike; anything else is refused")
    func contacts() {
        for address in ["127.0.0.1:7410", "node.example.org:1", "[2001:db8::1]:65535", "node-b:7410"] {
            #expect(PeerContact("\(key)@\(address)")?.description == "\(key)@\(address)")
        }
        let wrong = [
            "127.0.0.1:7410", "\(key)@", "\(key)@:7410", "\(key)@host", "\(key)@host:0", "\(key)@host:65536",
            "\(key)@ho st:1", "\(key)@2001:db8::1:7410", "04\(key.dropFirst(2))@host:1", "\(key)@host/x:1",
            "\(key)@\(String(repeating: "a", count: 254)):1",
        ]
        for text in wrong { #expect(PeerContact(text) == nil, "\(text)") }
    }

    @Test("peer-to-peer settings: an empty listener is none, a wrong peer is refused with what is allowed")
    func settings() throws {
        let file = "[p2p]\nlisten = \"\"\nadvertise = \"node.example:7410\"\npeers = [\"\(key)@host:1\"]\n"
        let read = try Configuration(file: ("config.toml", file), environment: [:])
        #expect(read.optionalAddress("p2p.listen") == nil)
        #expect(read.peers.map(\.host) == ["host"])
        #expect(try Configuration(file: nil, environment: [:]).optionalAddress("p2p.listen")?.port == 7410)
        for (wrong, allowed) in [
            ("listen = \"host:1\"", "ADDRESS:PORT"), ("advertise = \"host\"", "HOST:PORT"),
            ("peers = [\"host:1\"]", "KEY@HOST:PORT"), ("observers = [\"04\"]", "66 hexadecimal digits"),
            ("max-inbound = 5000", "from 0 to 4096"),
        ] {
            do {
                _ = try Configuration(file: ("config.toml", "[p2p]\n\(wrong)\n"), environment: [:])
                Issue.record("\(wrong) was taken")
            } catch {
                #expect("\(error)".contains(allowed), "\(error)")
            }
        }
    }

    @Test("one setting is changed in place: commented, given, or not mentioned; all else stays")
    func change() throws {
        let template = Configuration.template
        let once = Configuration.setting("p2p.listen", to: .text("127.0.0.1:9"), in: template)
        let twice = Configuration.setting("p2p.listen", to: .text("127.0.0.1:10"), in: once)
        #expect(try Configuration(file: ("c", twice), environment: [:]).text("p2p.listen") == "127.0.0.1:10")
        // The same key of another section is left alone.
        #expect(try Configuration(file: ("c", twice), environment: [:]).text("rpc.listen") == "127.0.0.1:7411")
        #expect(twice.split(separator: "\n").count == template.split(separator: "\n").count)
        let short = Configuration.setting("p2p.peers", to: .list(["\(key)@host:1"]), in: "[p2p]\nlisten = \"\"")
        #expect(try Configuration(file: ("c", short), environment: [:]).peers.count == 1)
        let none = Configuration.setting("p2p.max-inbound", to: .number(7), in: "[log]\nlevel = \"info\"\n")
        #expect(try Configuration(file: ("c", none), environment: [:]).number("p2p.max-inbound") == 7)
    }

    @Test("keys are made once, readable by their owner only, and learned peers survive what is damaged")
    func home() throws {
        let home = NodeHome(NSTemporaryDirectory() + "mednexus-keys-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(atPath: home.path) }
        #expect(throws: NodeFailure.self) { try home.transportKey() }
        #expect(try home.makeKeys(validator: true).count == 2)
        let first = try NodeIdentity.describe(home)
        #expect(try home.makeKeys(validator: true).isEmpty)
        #expect(try NodeIdentity.describe(home) == first)
        let mode = try FileManager.default.attributesOfItem(atPath: home.transportKeyFile)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: home.transportKeyFile)
        #expect(throws: NodeFailure.self) { try home.transportKey() }

        #expect(home.learnedPeers().isEmpty)
        let peers = try (1...3).map { try #require(PeerContact("\(key)@host:\($0)")) }
        try home.writeLearnedPeers(peers + peers)
        #expect(home.learnedPeers() == peers)
        try "nonsense\n\(peers[1])\n\u{0}".write(toFile: home.path + "/peers", atomically: true, encoding: .utf8)
        #expect(home.learnedPeers() == [peers[1]])
    }
}
