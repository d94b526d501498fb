internal import Interface
internal import Primitives

/// Makes a template fit a number of validators.
extension GenesisTemplate {
    /// `node-a` … `node-z`, `node-aa` …
    package static func nodeName(_ index: Int) -> String {
        var rest = index
        var letters: [Character] = []
        repeat {
            letters.insert(Character(UnicodeScalar(UInt8(ascii: "a") + UInt8(rest % 26))), at: 0)
            rest = rest / 26 - 1
        } while rest >= 0
        return "node-" + String(letters)
    }

    /// The template with one entry per validator. Each that is added gets what the last one has: an institution, its
    /// administrators and their accounts, all called as before with a number behind.
    static func stretch(_ template: JSONObject, to validators: [ValidatorKeys]) throws -> JSONObject {
        guard !validators.isEmpty, validators.count <= WireLimits.validators else {
            throw NodeFailure(.usage, "a network has 1 to \(WireLimits.validators) validators")
        }
        guard var governance = template["governance"]?.object, var identities = template["identities"]?.object,
            let entries = governance["validators"]?.array, let last = entries.last,
            var organizations = identities["organizations"]?.array, var accounts = identities["accounts"]?.array
        else {
            throw NodeFailure(.configuration, "the template lacks validators, organizations or accounts")
        }
        var stretched: [JSONValue] = []
        for (index, keys) in validators.enumerated() {
            var entry = (index < entries.count ? entries[index] : last).object ?? JSONObject()
            if index >= entries.count {
                let copy = try institution(of: last, organizations, accounts, number: index + 1)
                organizations.append(copy.organization)
                accounts += copy.accounts
                entry.set("institution", .string(copy.name))
                entry.set("name", .string(nodeName(index)))
            }
            if let name = keys.name { entry.set("name", .string(name)) }
            entry.set("key", .string("@validator:\(index)"))
            entry.set("transportKey", keys.transportKey == nil ? .null : .string("@transport:\(index)"))
            stretched.append(.object(entry))
        }
        governance.set("validators", .array(stretched))
        identities.set("organizations", .array(organizations))
        identities.set("accounts", .array(accounts))
        var result = template
        result.set("governance", .object(governance))
        result.set("identities", .object(identities))
        return result
    }

    /// A copy of a validator's institution and of its members' accounts under new names.
    private static func institution(
        of validator: JSONValue, _ organizations: [JSONValue], _ accounts: [JSONValue], number: Int
    ) throws -> (name: String, organization: JSONValue, accounts: [JSONValue]) {
        guard let id = validator["institution"]?.string,
            let original = organizations.first(where: { $0["id"]?.string == id })
        else {
            throw NodeFailure(.configuration, "the template's last validator names no organization of it")
        }
        let members = (original["profile"]?["members"]?.array ?? []).compactMap { $0["account"]?.string }
        func renamed(_ text: String) -> String { text == id || members.contains(text) ? "\(text)-\(number)" : text }
        guard var organization = renaming(original, renamed).object, var profile = organization["profile"]?.object
        else {
            throw NodeFailure(.configuration, "the organization \(id) of the template has no profile")
        }
        profile.set("name", .string("\(profile["name"]?.string ?? "") \(number)"))
        organization.set("profile", .object(profile))
        let own = accounts.filter { $0["address"]?.string.map { members.contains($0) } ?? false }
        return (renamed(id), .object(organization), own.map { renaming($0, renamed) })
    }

    private static func renaming(_ value: JSONValue, _ name: (String) -> String) -> JSONValue {
        switch value {
        case .string(let text): return .string(name(text))
        case .array(let elements): return .array(elements.map { renaming($0, name) })
        case .object(let object):
            var kept = JSONObject(reserving: object.count)
            for member in object.members { kept.append(member.key, renaming(member.value, name)) }
            return .object(kept)
        default: return value
        }
    }
}
