import Cryptography
import Interface
import Primitives
import WalletKit

/// Words of the command line that stand for codes, times and hashes; what is wrong is said with what is allowed.
enum Codes {
    static func one<Code: NamedCode>(_ text: String, _ type: Code.Type, _ what: String) throws(WalletFailure) -> Code {
        let wanted = text.lowercased()
        // People write medical-license where the ledger writes medicalLicense.
        let plain = wanted.filter { $0 != "-" && $0 != "_" }
        if let found = Code.allCases.first(where: {
            let name = $0.name.lowercased()
            return name == wanted || name == plain || name.filter { $0 != "-" && $0 != "_" } == plain
                || String(describing: $0).lowercased() == plain
        }) {
            return found
        }
        throw WalletFailure(
            .usage, "\(text) is no \(what)", hint: "Allowed: \(Code.names.joined(separator: ", ")).")
    }

    static func many<Code: NamedCode>(
        _ texts: [String], _ type: Code.Type, _ what: String
    ) throws(WalletFailure) -> [Code] {
        var codes: [Code] = []
        for text in texts.flatMap({ $0.split(separator: ",") }) {
            let code = try one(String(text), type, what)
            if !codes.contains(code) { codes.append(code) }
        }
        return codes.sorted { $0.rawValue < $1.rawValue }
    }

    /// Words separated by commas or given repeatedly: ascending, each once.
    static func texts(_ texts: [String]) -> [String] {
        Array(Set(texts.flatMap { $0.split(separator: ",").map(String.init) })).sorted()
    }

    static func requiredTime(_ text: String, now: Timestamp) throws(WalletFailure) -> Timestamp {
        guard let time = Inputs.time(text, now: now) else {
            throw WalletFailure(
                .usage, "\(text) is no time", hint: "Write 2027-01-31, 2027-01-31T12:00 (UTC), or 30d from now.")
        }
        return time
    }

    static func time(_ text: String?, now: Timestamp) throws(WalletFailure) -> Timestamp? {
        guard let text else { return nil }
        return try requiredTime(text, now: now)
    }

    static func percent(_ text: String) throws(WalletFailure) -> PartsPerMillion {
        guard let share = Inputs.percent(text) else {
            throw WalletFailure(.usage, "\(text) is no percentage", hint: "Write 25 or 12.5, at most four decimals.")
        }
        return share
    }

    static func hash(_ text: String) throws(WalletFailure) -> Hash {
        guard let bytes = Hexadecimal.decode(text.lowercased()).flatMap({ Bytes32($0) }) else {
            throw WalletFailure(.usage, "\(text) is no hash", hint: "Write 64 hexadecimal digits.")
        }
        return Hash(bytes)
    }
}

/// Parameters of a call. Precondition: no key twice.
func parameters(_ members: KeyValuePairs<String, JSONValue>) -> JSONObject {
    var object = JSONObject()
    for (key, value) in members { object.append(key, value) }
    return object
}

extension Session {
    /// `--as` for a party that was there before.
    func nameParty(_ party: Party) async throws(WalletFailure) {
        guard let name = globals.named, !accounts.contains(where: { .account($0.address) == party }) else { return }
        try await self.name(party, name)
    }

    func name(_ party: Party, _ name: String) async throws(WalletFailure) {
        let lock = try await takeLock()
        defer { withExtendedLifetime(lock) {} }
        book = try home.addressBook()
        try book.add(name, party, on: network.genesis)
        try home.save(book)
    }

    /// Block time of the node: what the ledger calls now.
    func ledgerTime() async throws(WalletFailure) -> Timestamp { try await verifyNetwork().head.time }
}

extension NodeClient {
    /// All items of a list; the order of parameters does not matter.
    func items(
        _ method: String, _ params: [String: JSONValue], limit: Int = 10_000
    ) async throws(WalletFailure) -> [JSONValue] {
        var object = JSONObject()
        for key in params.keys.sorted() { if let value = params[key] { object.append(key, value) } }
        return try await items(method, object, limit: limit)
    }
}
