import Cryptography
import Primitives
import Testing
import WalletKit

struct SecretTransferTests {
    private let network = PinnedNetwork(
        name: "devnet", node: "http://127.0.0.1:1", genesis: Hash(Bytes32(9, 9, 9, 9)), kind: .test)
    private let account = Address(Bytes32(1, 1, 1, 1))

    private func secret(_ number: UInt64) throws -> KeptSecret {
        .sealing(
            KeptSealingSecret(
                secret: try #require(SealingSecret(Bytes32(0, 0, 0, number))), purpose: .mint, network: network.genesis,
                madeAt: Timestamp(number)))
    }

    @Test("What is sealed to a key opens with it, whichever parity its point has, and with no other")
    func opens() throws {
        var parities: Set<UInt8> = []
        for number in 1...12 as ClosedRange<UInt64> {
            let key = try #require(SecretKey(Bytes32(0, 0, 0, number)))
            parities.insert(key.compressedPublicKey[0])
            let secrets = [try secret(100 + number), try secret(200 + number)]
            let file = try SecretTransfer.seal(secrets, to: account, key: key.address, on: network)
            let recipient = try SecretTransfer.recipient(of: file, on: network)
            #expect(recipient.account == account && recipient.key == key.address)
            #expect(try SecretTransfer.open(file, with: key, on: network).map(\.name) == secrets.map(\.name))
            let other = try #require(SecretKey(Bytes32(0, 0, 0, 77)))
            #expect(throws: WalletFailure.self) { try SecretTransfer.open(file, with: other, on: network) }
        }
        #expect(parities == [2, 3])
    }

    @Test("A file for another account, key or network, a changed one, and what is none are refused")
    func refuses() throws {
        let key = try #require(SecretKey(Bytes32(0, 0, 0, 5)))
        let file = try SecretTransfer.seal([try secret(3)], to: account, key: key.address, on: network)
        let text = String(decoding: file, as: UTF8.self)
        for (old, new) in [
            (account, Address(Bytes32(2, 2, 2, 2))),
            (key.address, try #require(SecretKey(Bytes32(0, 0, 0, 6))).address),
        ] {
            func written(_ address: Address) -> String { TypedText.encode(address.bytes, kind: "", network: .test) }
            let parts = text.split(separator: written(old), omittingEmptySubsequences: false)
            #expect(parts.count == 2)
            let changed = Array(parts.joined(separator: written(new)).utf8)
            #expect(throws: WalletFailure.self) { try SecretTransfer.open(changed, with: key, on: network) }
        }
        let elsewhere = PinnedNetwork(name: "other", node: "", genesis: .zero, kind: .test)
        #expect(throws: WalletFailure.self) { try SecretTransfer.open(file, with: key, on: elsewhere) }
        for index in stride(from: 0, to: file.count, by: 7) {
            var bytes = file
            bytes[index] ^= 1
            #expect(throws: WalletFailure.self) { try SecretTransfer.open(bytes, with: key, on: network) }
        }
        #expect(throws: WalletFailure.self) { try SecretTransfer.recipient(of: Array("{}".utf8), on: network) }
    }
}
