public import Cryptography
public import Encoding
public import Primitives

/// A public identifier of an institution, in the one form its register writes.
public struct InstitutionIdentifier: CBORCodable, Codable, Hashable, Sendable {
    public let scheme: InstitutionScheme
    /// LEI: 20 capitals and digits. ROR: the nine characters behind `https://ror.org/`.
    public let value: String

    public init(scheme: InstitutionScheme, value: String) {
        self.scheme = scheme
        self.value = value
    }

    /// Form and checksum.
    public var isValid: Bool {
        switch scheme {
        case .lei: Checksums.isLEI(value)
        case .ror: Checksums.isROR(value)
        }
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(scheme)
        writer.write(value)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("identifier", count: 2) { (reader) throws(EncodingFailure) in
            InstitutionIdentifier(scheme: try reader.value("scheme"), value: try reader.text("value", max: 20))
        }
    }
}

extension HashTag {
    public static let personIdentifier = HashTag("mednexus/person-identifier")
}

/// An identifier of a person. It exists in wallets and at issuers; the ledger sees ``commitment(salt:)`` alone.
public struct PersonIdentifier: Hashable, Sendable {
    public let scheme: PersonScheme
    /// NPI: ten digits. ORCID: four groups of four with hyphens.
    public let value: String

    /// Nil if form or checksum is wrong.
    public init?(scheme: PersonScheme, value: String) {
        switch scheme {
        case .npi: guard Checksums.isNPI(value) else { return nil }
        case .orcid: guard Checksums.isORCID(value) else { return nil }
        }
        self.scheme = scheme
        self.value = value
    }

    /// Tagged hash `mednexus/person-identifier` of salt ‖ scheme (one byte) ‖ identifier. The salt is 32 random bytes,
    /// fresh per credential: NPIs are few enough to try them all, and equal salts would link a person's credentials.
    public func commitment(salt: Bytes32) -> PersonCommitment {
        var hasher = HashTag.personIdentifier.hasher
        hasher.update(salt)
        hasher.update(scheme.rawValue)
        hasher.update(Array(value.utf8))
        return PersonCommitment(scheme: scheme, commitment: hasher.finalize())
    }
}

/// Checksums of the registers, each as its standard defines it.
public enum Checksums {
    /// ISO 17442: 18 characters and two check digits, by ISO 7064 MOD 97-10.
    public static func isLEI(_ text: String) -> Bool {
        let characters = Array(text.utf8)
        guard characters.count == 20, characters[18...].allSatisfy(isDigit) else { return false }
        var remainder = 0
        for character in characters {
            switch character {
            case 48...57: remainder = (remainder * 10 + Int(character) - 48) % 97
            case 65...90: remainder = (remainder * 100 + Int(character) - 55) % 97
            default: return false
            }
        }
        return remainder == 1
    }

    /// Ten digits, the first 1 or 2, that satisfy Luhn's formula behind the prefix 80840 (45 CFR 162.406).
    public static func isNPI(_ text: String) -> Bool {
        let characters = Array(text.utf8)
        guard characters.count == 10, characters.allSatisfy(isDigit), characters[0] == 49 || characters[0] == 50
        else { return false }
        var sum = 0
        for (index, digit) in (Array("80840".utf8) + characters).reversed().enumerated() {
            let value = Int(digit) - 48
            let doubled = value * 2
            sum += index.isMultiple(of: 2) ? value : (doubled > 9 ? doubled - 9 : doubled)
        }
        return sum.isMultiple(of: 10)
    }

    /// `0000-0002-1825-0097`: fifteen digits and a check character by ISO 7064 MOD 11-2.
    public static func isORCID(_ text: String) -> Bool {
        let characters = Array(text.utf8)
        guard characters.count == 19 else { return false }
        var remainder = 0
        for (index, character) in characters.enumerated() {
            switch index {
            case 4, 9, 14:
                guard character == 45 else { return false }
            case 18:
                let check = (12 - remainder) % 11
                return character == (check == 10 ? 88 : UInt8(48 + check))
            default:
                guard isDigit(character) else { return false }
                remainder = (remainder + Int(character) - 48) * 2 % 11
            }
        }
        return false
    }

    /// `0`, six characters of Crockford's base 32 in lower case, two check digits: 98 − (100 · n mod 97).
    public static func isROR(_ text: String) -> Bool {
        let characters = Array(text.utf8)
        guard characters.count == 9, characters[0] == 48, characters[7...].allSatisfy(isDigit) else { return false }
        var number = 0
        for character in characters[1..<7] {
            guard let value = crockford.firstIndex(of: character) else { return false }
            number = number * 32 + value
        }
        return 98 - number * 100 % 97 == (Int(characters[7]) - 48) * 10 + Int(characters[8]) - 48
    }

    private static let crockford = Array("0123456789abcdefghjkmnpqrstvwxyz".utf8)

    private static func isDigit(_ character: UInt8) -> Bool { character >= 48 && character <= 57 }
}
