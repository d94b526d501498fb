import Blocks
import Cryptography
import Foundation
import Interface
import Node
import Primitives
import WalletKit

/// The folder of a local network: `genesis.json`, `network.json`, `lock`, `node-a/`, `node-b/` …, `wallet/`.
struct DevnetFolder {
    static let passphrase = "devnet"
    let path: String

    var wallet: Wallet { Wallet(home: WalletHome(path: path + "/wallet")) }
    var networkFile: String { path + "/network.json" }
    var genesisFile: String { path + "/genesis.json" }

    func home(_ name: String) -> NodeHome { NodeHome(path + "/" + name) }
    /// Asks the running devnet to start a node; it writes its answer into the other.
    func requestFile(_ name: String) -> String { home(name).path + "/start.request" }
    func answerFile(_ name: String) -> String { home(name).path + "/start.answer" }

    /// The nodes that live here, `node-a` first.
    var nodeNames: [String] {
        var names: [String] = []
        while home(GenesisTemplate.nodeName(names.count)).exists { names.append(GenesisTemplate.nodeName(names.count)) }
        return names
    }

    func network() throws -> JSONValue {
        guard let data = FileManager.default.contents(atPath: networkFile),
            let value = try? JSONParser.parse([UInt8](data))
        else {
            throw NodeFailure(.usage, "no devnet runs in \(path)", hint: "Start it: mednexusd devnet --home \(path)")
        }
        return value
    }

    /// Held by the devnet as long as it runs, whatever ends it. Nil if another holds it.
    func lock() throws -> Int32? {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        let descriptor = unsafe open(path + "/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw NodeFailure(.disk, "can't write \(path)/lock") }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            return nil
        }
        return descriptor
    }

    /// Makes keys, genesis and node homes the first time; later only sees to it that their ports are free.
    func prepare(template: String?, validators: Int?, rpcPort: Int?) async throws {
        // Read before anything is made: what is refused leaves nothing behind.
        let source = try template.map { try GenesisTemplate.Source(file: $0) } ?? .standard
        guard try lock() != nil else {
            throw NodeFailure(.homeInUse, "a devnet runs in \(path) already", hint: "Use it, or name another --home.")
        }
        try? FileManager.default.removeItem(atPath: networkFile)
        let present = nodeNames
        if present.isEmpty {
            try make(template: source, validators: validators ?? 1)
        } else if let validators, validators != present.count {
            throw NodeFailure(
                .usage, "\(path) is a network of \(present.count) validators, not of \(validators)",
                hint: "Leave --validators out to resume it, or name another --home.")
        }
        try assignPorts(rpcPort: rpcPort)
    }

    private func make(template: GenesisTemplate.Source, validators count: Int) throws {
        do {
            let names = try GenesisTemplate.accountNames(template, validators: count)
            let accounts = try makeWallet(names: names)
            let keys = (0..<count).map { _ in (validator: NodeRandom.bytes32(), transport: NodeRandom.bytes32()) }
            let text = try GenesisTemplate.fill(
                template, name: nil,
                accounts: { name in
                    guard let address = accounts[name] else { preconditionFailure("the template named \(name) before") }
                    return address
                },
                validators: try keys.enumerated().map { index, key in
                    GenesisTemplate.ValidatorKeys(
                        name: GenesisTemplate.nodeName(index), key: try NodeHome.address(of: key.validator),
                        transportKey: try NodeHome.transportKey(of: key.transport))
                }, time: NodeClock.now)
            try GenesisTemplate.replace(text, at: genesisFile)
            // The first comes last: its presence is what makes the folder a network.
            for (index, key) in keys.enumerated().reversed() {
                try home(GenesisTemplate.nodeName(index)).create(
                    genesis: text, validatorKey: SecretKeyBytes(key.validator), history: .unused,
                    transportKey: SecretKeyBytes(key.transport))
            }
        } catch let failure as WalletFailure {
            throw NodeFailure(.failure, failure.message, hint: failure.hint)
        } catch let failure as NodeFailure {
            throw failure
        } catch {
            throw NodeFailure(.disk, "can't write \(path): \(error.localizedDescription)")
        }
    }

    /// Keeps the ports that the nodes had if they are free, and writes into every node's settings where it listens and
    /// where all others do.
    private func assignPorts(rpcPort: Int?) throws {
        let names = nodeNames
        let keys = ["rpc.listen", "operator.listen", "p2p.listen"]
        var fresh = LocalPort.free(names.count * keys.count)
        guard fresh.count == names.count * keys.count else {
            throw NodeFailure(.port, "this machine has no \(names.count * keys.count) free ports")
        }
        let standard = Set(keys.compactMap { Setting.named($0)?.standard.tomlText })
        var ports: [[Int]] = []
        for (index, name) in names.enumerated() {
            let configuration = try home(name).configuration(environment: [:], flags: [])
            ports.append(
                keys.map { key in
                    let isFirstRPC = index == 0 && key == "rpc.listen"
                    let set = configuration.text(key)
                    var wanted = standard.contains("\"\(set)\"") ? nil : configuration.optionalAddress(key)?.port
                    if isFirstRPC { wanted = rpcPort ?? wanted ?? 7411 }
                    if let wanted, wanted != 0, LocalPort.isFree(wanted) { return wanted }
                    if isFirstRPC, let wanted, wanted != 0 {
                        print("Port \(wanted) is in use by another program; a free one is taken.")
                    }
                    return fresh.removeLast()
                })
        }
        let contacts = try names.indices.map { index in
            PeerContact(
                key: try NodeIdentity.contactKey(home(names[index])), host: "127.0.0.1", port: ports[index][2])
        }
        for (index, name) in names.enumerated() {
            var settings: [(key: String, value: Setting.Default)] = zip(keys, ports[index]).map {
                ($0, .text("127.0.0.1:\($1)"))
            }
            // Whoever tries another store, or others' uploads, keeps what was set.
            let configuration = try home(name).configuration(environment: [:], flags: [])
            if configuration.text("content.backend") == "none" {
                settings.append(("content.backend", .text("disk")))
                settings.append(("content.uploaders", .list(["any"])))
            }
            settings.append(("p2p.advertise", .text("127.0.0.1:\(ports[index][2])")))
            settings.append(("p2p.peers", .list(contacts.filter { $0 != contacts[index] }.map(\.description))))
            try home(name).change(settings: settings)
        }
    }

    private func makeWallet(names: [String]) throws -> [String: Address] {
        Wallet.start()
        var keystore = try wallet.create(passphrase: SecretBytes(Array(Self.passphrase.utf8)))
        var accounts: [String: Address] = [:]
        for name in names {
            accounts[name] = try wallet.addAccount(name, network: .test, to: &keystore).address
        }
        return accounts
    }

    /// Tells the wallet of this folder that the network's clock goes further ahead, so that what it proves to it is not of
    /// the future.
    func putWalletAhead(milliseconds: UInt64) async throws {
        let ahead = (nodeNames.compactMap { home($0).clockOffset }.max() ?? 0) + milliseconds
        let genesis = try GenesisFile.hash(genesisFile)
        for attempt in 0... {
            do throws(WalletFailure) {
                let lock = try wallet.home.lock()
                defer { withExtendedLifetime(lock) {} }
                var networks = try wallet.home.networks()
                networks.setClock(of: genesis, ahead: ahead)
                return try wallet.home.save(networks)
            } catch {
                // A command of the wallet that runs holds it for a moment.
                guard attempt < 200 else { throw NodeFailure(.failure, error.message, hint: error.hint) }
                try await Task.sleep(for: .milliseconds(50))
            }
        }
    }

    /// Pins the network in the wallet and names its organizations: the one that account `clinic` was made for is
    /// `clinic-org`.
    func pin(node url: String, genesis hash: Hash) throws {
        var networks = try wallet.home.networks()
        try networks.add(
            PinnedNetwork(
                name: "devnet", node: url, genesis: hash, kind: .test,
                checkpoint: try PinnedNetwork.Checkpoint(genesisFile: genesisFile),
                clockAhead: nodeNames.compactMap { home($0).clockOffset }.max()))
        try wallet.home.save(networks)
        let known = Set(try GenesisFile.organizations(genesisFile))
        var book = try wallet.home.addressBook()
        for name in try wallet.file().accounts.map(\.name) {
            let organization = GenesisTemplate.organization(name)
            if known.contains(organization) { try book.add(name + "-org", .organization(organization), on: hash) }
        }
        try wallet.home.save(book)
    }
}
