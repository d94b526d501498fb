public import Cryptography
internal import Encoding
internal import Interface
public import Primitives

/// A file by which sealing secrets get into another wallet, such as a custodian's: encrypted to one of its accounts, so that
/// whoever carries it learns nothing.
///
///     {"format": "mednexus-sealed-secrets", "version": 1, "network", "to", "key", "encapsulatedKey", "ciphertext"}
///
/// HPKE (Specs/sealed-keys.md) to the point with an even y coordinate of the key that speaks for the account `to`, bound to
/// network, account and key; what is encrypted is a CBOR list of byte
/// strings, each a kept secret (Specs/bytes.md).
public enum SecretTransfer {
    public static let limit = 256
    private static let format = "mednexus-sealed-secrets"
    private static let maximumBytes = 1 << 20
    private static let info = Array("mednexus/secret-transfer/1".utf8)

    /// - Precondition: 1 to ``limit`` secrets.
    ///
    /// - Parameter key: what speaks for the account now. Its address is its first key, which may be lost or stolen by now.
    public static func seal(
        _ secrets: [KeptSecret], to account: Address, key: Address, on network: PinnedNetwork
    ) throws(WalletFailure) -> [UInt8] {
        precondition((1...limit).contains(secrets.count), "bounded by the command")
        guard let point = CurvePoint(key), let messageKey = CompressedPoint(point.compressed) else {
            throw WalletFailure(.usage, "the account's key is no point of the curve")
        }
        var writer = CBORWriter(reserving: 1 << 16)
        writer.array(secrets.count)
        for secret in secrets {
            var bytes = secret.encoded
            writer.write(bytes: bytes)
            Wipe.array(&bytes)
        }
        var plain = writer.bytes
        defer { Wipe.array(&plain) }
        let message: HPKEMessage
        do {
            message = try HPKE.seal(
                plain, to: messageKey, info: info, associatedData: bound(network, account, key),
                randomness: OperatingSystemRandom.bytes32())
        } catch {
            throw WalletFailure(.key, "the secrets can't be encrypted: \(error)")
        }
        let value = JSONValue.object([
            "format": .string(format), "version": 1, "network": .string("\(network.genesis)"),
            "to": .string(TypedText.encode(account.bytes, kind: "", network: network.kind)),
            "key": .string(TypedText.encode(key.bytes, kind: "", network: network.kind)),
            "encapsulatedKey": .string(Hexadecimal.encode(message.encapsulatedKey)),
            "ciphertext": .string(Hexadecimal.encode(message.ciphertext)),
        ])
        return value.serialized + [UInt8(ascii: "\n")]
    }

    /// To which account, and by which of its keys, a file is encrypted; throws where it is no such file, or of another network.
    public static func recipient(
        of bytes: [UInt8], on network: PinnedNetwork
    ) throws(WalletFailure) -> (account: Address, key: Address) {
        let value = try parsed(bytes, on: network)
        func address(_ field: String) throws(WalletFailure) -> Address {
            guard let text = value[field]?.string, let bytes = TypedText.decode(text, kind: "", network: network.kind)
            else { throw damaged(field) }
            return Address(bytes)
        }
        return (try address("to"), try address("key"))
    }

    private static func bound(_ network: PinnedNetwork, _ account: Address, _ key: Address) -> [UInt8] {
        network.genesis.bytes.array + account.bytes.array + key.bytes.array
    }

    public static func open(
        _ bytes: [UInt8], with key: SecretKey, on network: PinnedNetwork
    ) throws(WalletFailure) -> [KeptSecret] {
        let value = try parsed(bytes, on: network)
        guard let encapsulated = value["encapsulatedKey"]?.string.flatMap({ Hexadecimal.decode($0) }) else {
            throw damaged("encapsulatedKey")
        }
        guard let ciphertext = value["ciphertext"]?.string.flatMap({ Hexadecimal.decode($0) }) else {
            throw damaged("ciphertext")
        }
        let (account, named) = try recipient(of: bytes, on: network)
        var plain: [UInt8]
        do {
            plain = try HPKE.open(
                HPKEMessage(encapsulatedKey: encapsulated, ciphertext: ciphertext), with: key.even, info: info,
                associatedData: bound(network, account, named))
        } catch {
            throw WalletFailure(.key, "the file is not encrypted to this account, or it was changed")
        }
        defer { Wipe.array(&plain) }
        do throws(EncodingFailure) {
            var reader = CBORReader(plain)
            let secrets = try reader.list("secrets", max: limit) { (reader) throws(EncodingFailure) in
                try KeptSecret(decoding: try reader.byteString("secret", max: 1_024))
            }
            try reader.finish()
            return secrets
        } catch {
            throw WalletFailure(.key, "what the file holds are no secrets: \(error)")
        }
    }

    private static func parsed(_ bytes: [UInt8], on network: PinnedNetwork) throws(WalletFailure) -> JSONValue {
        guard bytes.count <= maximumBytes, let value = try? JSONParser.parse(bytes, limit: maximumBytes),
            value["format"]?.string == format, value["version"]?.unsigned == 1
        else {
            throw WalletFailure(
                .usage, "that is no file of sealed secrets", hint: "mednexus content share-keys writes one.")
        }
        guard value["network"]?.string == "\(network.genesis)" else {
            throw WalletFailure(.usage, "the secrets are of another network", hint: "Name it with --network.")
        }
        return value
    }

    private static func damaged(_ field: String) -> WalletFailure {
        WalletFailure(.usage, "the file's \(field) is damaged", hint: "Have it written anew.")
    }
}
