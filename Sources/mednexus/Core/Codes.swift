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
                .usage, "\(text) is no time",
                hint: "Write 2027-01-31, 2027-01-31T12:00 (UTC), 30d (from now on), or \"30d ago\".")
        }
        return time
    }

    /// Where a period begins: 30d is thirty days ago.
    static func pastTime(_ text: String?, now: Timestamp) throws(WalletFailure) -> Timestamp? {
        guard let text else { return nil }
        guard let time = Inputs.pastTime(text, now: now) else {
            throw WalletFailure(
                .usage, "\(text) is no time", hint: "Write 2026-01-31, 2026-01-31T12:00 (UTC), or 30d (so long ago).")
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
        try requireFree(name, for: party)
        try book.add(name, party, on: network.genesis, moves: globals.moveName)
        try home.save(book)
    }

    /// Nobody signs for another than they mean, because a name was taken from it unnoticed. Nil `party`: one that is not
    /// made yet.
    func requireFree(_ name: String, for party: Party?) throws(WalletFailure) {
        guard WalletName.isUsable(name) else { throw WalletName.failure(name) }
        if let own = accounts.first(where: { $0.name == name && $0.network == network.kind }),
            .account(own.address) != party
        {
            throw WalletFailure(
                .usage, "\(name) is an account of this wallet, \(text(.account(own.address)))",
                hint: "Choose another name.")
        }
        guard let other = book.party(named: name, on: network.genesis), other != party else { return }
        try requireMove(name, from: text(other))
    }

    /// Nil `id`: of a thing that is not made yet.
    func requireFree(_ name: String, for id: Bytes32?, kind: String) throws(WalletFailure) {
        guard WalletName.isUsable(name) else { throw WalletName.failure(name) }
        guard let other = things.id(named: name, kind: kind, on: network.genesis), other != id else { return }
        let former = TypedText.encode(other, kind: kind, network: network.kind)
        try requireMove(name, from: "the \(SessionNames.word(kind)) \(former)")
    }

    private func requireMove(_ name: String, from meaning: String) throws(WalletFailure) {
        guard globals.moveName else { throw WalletName.taken(name, by: meaning) }
        Console.err("Until now \(name) means \(meaning), which has no name afterwards.")
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
