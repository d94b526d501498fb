/// Forms of codes that a text must have to be kept: so narrow that no sentence and hardly a name has them.
enum CodeForm: Sendable {
    /// `HP:0001250`: a prefix of a known ontology and a code of its form.
    case curie
    /// A namespace prefix of a known ontology.
    case namespace
    case hgvs
    case genomeAssembly
    case chromosome
    case bases
    case dbSNP
    case ucum

    func accepts(_ text: String) -> Bool {
        guard text.utf8.count <= HealthRecordLimits.codeBytes || self.isLong else { return false }
        switch self {
        case .curie: return Ontologies.isCurie(text)
        case .namespace: return Ontologies.forms[text] != nil
        case .hgvs: return GenomicForms.isHGVS(text)
        case .genomeAssembly: return GenomicForms.assemblies.contains(text)
        case .chromosome: return GenomicForms.isChromosome(text)
        case .bases: return GenomicForms.isBases(text)
        case .dbSNP: return text.hasPrefix("rs") && Digits.all(text.dropFirst(2), 1...12)
        case .ucum: return Units.isUCUM(text)
        }
    }

    /// Bases of an insertion can be many.
    private var isLong: Bool { if case .bases = self { true } else { false } }
}

enum Digits {
    static func all(_ text: some StringProtocol, _ count: ClosedRange<Int>) -> Bool {
        count.contains(text.utf8.count) && text.utf8.allSatisfy { $0 >= 48 && $0 <= 57 }
    }
}

/// Ontologies by the prefix of their CURIEs, with the form of their codes.
enum Ontologies {
    typealias Form = @Sendable (Substring) -> Bool

    static let forms: [String: Form] = {
        var forms: [String: Form] = [:]
        for name in [
            "HP", "MONDO", "UBERON", "CL", "GENO", "SO", "PATO", "UO", "EFO", "ECO", "GO", "MAXO", "MP", "HsapDv",
            "XCO",
            "OBI", "DUO",
        ] { forms[name] = { Digits.all($0, 7...7) } }
        for name in ["OMIM", "OMIMPS", "MIM"] { forms[name] = { Digits.all($0, 6...6) } }
        for name in ["ORPHA", "Orphanet", "ORDO", "DECIPHER"] { forms[name] = { Digits.all($0, 1...6) } }
        for name in ["DOID", "CHEBI", "NCBITaxon", "DrugCentral"] { forms[name] = { Digits.all($0, 1...8) } }
        for name in ["RXNORM", "RxNorm", "RXCUI"] { forms[name] = { Digits.all($0, 1...8) } }
        for name in ["HGNC", "hgnc", "NCBIGene"] { forms[name] = { Digits.all($0, 1...9) } }
        for name in ["SNOMEDCT", "SNOMED", "SCTID"] { forms[name] = { isSNOMED($0) } }
        for name in ["LOINC", "loinc"] { forms[name] = { isLOINC($0) } }
        for name in ["ICD10", "ICD10CM", "ICD-10", "ICD-10-CM"] { forms[name] = { isICD10($0) } }
        for name in ["NCIT", "UMLS"] { forms[name] = { $0.first == "C" && Digits.all($0.dropFirst(), 3...7) } }
        for name in ["ENSEMBL", "Ensembl", "ensembl"] {
            forms[name] = { $0.hasPrefix("ENSG") && Digits.all($0.dropFirst(4), 11...11) }
        }
        forms["ATC"] = { isATC($0) }
        forms["UCUM"] = { Units.isUCUM(String($0)) }
        return forms
    }()

    static func isCurie(_ text: String) -> Bool {
        guard let colon = text.firstIndex(of: ":"), let form = forms[String(text[..<colon])] else { return false }
        return form(text[text.index(after: colon)...])
    }

    static func isSNOMED(_ text: Substring) -> Bool { Digits.all(text, 6...18) }

    /// `8480-6`, and the parts and answers `LP…-…`, `LA…-…`.
    static func isLOINC(_ text: Substring) -> Bool {
        let number = text.hasPrefix("LP") || text.hasPrefix("LA") ? text.dropFirst(2) : text
        let parts = number.split(separator: "-", omittingEmptySubsequences: false)
        return parts.count == 2 && Digits.all(parts[0], 1...7) && Digits.all(parts[1], 1...1)
    }

    /// A capital, a digit, a digit or capital, and perhaps a dot and up to four more.
    static func isICD10(_ text: Substring) -> Bool {
        let bytes = Array(text.utf8)
        func isCapital(_ byte: UInt8) -> Bool { byte >= 65 && byte <= 90 }
        func isDigit(_ byte: UInt8) -> Bool { byte >= 48 && byte <= 57 }
        guard bytes.count >= 3, isCapital(bytes[0]), isDigit(bytes[1]), isDigit(bytes[2]) || isCapital(bytes[2]) else {
            return false
        }
        guard bytes.count > 3 else { return true }
        return bytes[3] == 46 && (5...8).contains(bytes.count)
            && bytes[4...].allSatisfy { isDigit($0) || isCapital($0) }
    }

    /// `A`, `A10`, `A10B`, `A10BA`, `A10BA02`.
    static func isATC(_ text: Substring) -> Bool {
        let pattern: [Bool] = [false, true, true, false, false, true, true]
        let bytes = Array(text.utf8)
        guard [1, 3, 4, 5, 7].contains(bytes.count) else { return false }
        return zip(bytes, pattern).allSatisfy { byte, isDigit in
            isDigit ? byte >= 48 && byte <= 57 : byte >= 65 && byte <= 90
        }
    }
}

/// Descriptions of variants.
enum GenomicForms {
    static let assemblies: Set<String> = [
        "hg18", "hg19", "hg38", "GRCh36", "GRCh37", "GRCh38", "T2T-CHM13v2.0", "GRCh37.p13", "GRCh38.p13", "GRCh38.p14",
    ]

    static func isBases(_ text: String) -> Bool {
        if ["<DEL>", "<DUP>", "<INS>", "<INV>", "<CNV>", "*", "."].contains(text) { return true }
        return !text.isEmpty && text.utf8.count <= 65_536
            && text.utf8.allSatisfy { Array("ACGTNacgtn".utf8).contains($0) }
    }

    static func isChromosome(_ text: String) -> Bool {
        let name = text.hasPrefix("chr") ? text.dropFirst(3) : text[...]
        if ["X", "Y", "M", "MT"].contains(name) { return true }
        return Digits.all(name, 1...2) || isAccession(text[...])
    }

    /// `NM_152641.4`, `ENST00000334344.11`, `LRG_307t1`.
    private static func isAccession(_ text: Substring) -> Bool {
        let prefixes = [
            "NM_", "NC_", "NP_", "NR_", "NG_", "NW_", "NT_", "XM_", "XP_", "XR_", "ENST", "ENSP", "ENSG", "LRG_",
        ]
        guard let prefix = prefixes.first(where: { text.hasPrefix($0) }) else { return false }
        let rest = text.dropFirst(prefix.count).utf8
        return (4...16).contains(rest.count)
            && rest.allSatisfy { $0 >= 48 && $0 <= 57 || $0 == 46 || $0 == 116 || $0 == 112 }
    }

    private static let aminoAcids: Set<String> = [
        "Ala", "Arg", "Asn", "Asp", "Cys", "Gln", "Glu", "Gly", "His", "Ile", "Leu", "Lys", "Met", "Phe", "Pro", "Ser",
        "Thr", "Trp", "Tyr", "Val", "Sec", "Pyl", "Ter", "Xaa", "Asx", "Glx",
    ]
    private static let words: Set<String> = [
        "del", "ins", "dup", "inv", "con", "delins", "fs", "ext", "fsTer", "ter", "pter", "qter", "cen",
    ]

    /// An accession, a kind of sequence, and a description of bases, amino acids, positions and the words of HGVS.
    static func isHGVS(_ text: String) -> Bool {
        guard let colon = text.firstIndex(of: ":"), isAccession(text[..<colon]) else { return false }
        let rest = text[text.index(after: colon)...]
        guard let kind = rest.first, "cgpmnor".contains(kind), rest.dropFirst().first == "." else { return false }
        return rest.dropFirst(2).split(whereSeparator: { !$0.isLetter }).allSatisfy { isWord($0) }
            && rest.dropFirst(2).utf8.allSatisfy { $0 > 32 && $0 < 127 }
    }

    /// Letters between positions: bases, amino acids one after the other, words of HGVS, or these together.
    private static func isWord(_ text: Substring) -> Bool {
        var rest = text
        while !rest.isEmpty {
            if rest.utf8.allSatisfy({ Array("ACGTNUacgu".utf8).contains($0) }) || rest == "X" { return true }
            let wordLength = (2...6).reversed().first { words.contains(String(rest.prefix($0))) }
            if let wordLength {
                rest = rest.dropFirst(wordLength)
            } else if aminoAcids.contains(String(rest.prefix(3))) {
                rest = rest.dropFirst(3)
            } else {
                return false
            }
        }
        return true
    }
}

/// UCUM units of what is measured of people: atoms with metric prefixes, powers, products and quotients. Annotations in
/// braces are texts, so what has them is not kept.
enum Units {
    private static let metric: Set<String> = [
        "m", "g", "s", "L", "l", "mol", "eq", "osm", "Pa", "Hz", "V", "A", "J", "cal", "W", "K", "Cel", "U", "kat",
        "Bq", "Gy",
        "Sv", "N", "bar", "C", "rad", "lm", "cd", "B", "t", "u", "Ohm", "S", "F", "T", "Wb", "H", "sr", "m[H2O]",
        "m[Hg]",
        "[iU]", "[IU]",
    ]
    private static let plain: Set<String> = [
        "%", "1", "min", "h", "d", "wk", "mo", "a", "deg", "[degF]", "[in_i]", "[ft_i]", "[lb_av]", "[oz_av]", "[pH]",
        "[diop]", "[drp]", "[HPF]", "[LPF]", "[ppm]", "[ppb]", "[arb'U]", "[CFU]", "[PFU]", "[Ch]", "[hp'_X]", "10*",
        "10^",
        "[tsp_us]", "[tbs_us]", "[foz_us]", "[cup_us]", "[in_us]", "[car_m]",
    ]
    private static let prefixes = ["da", "y", "z", "a", "f", "p", "n", "u", "m", "c", "d", "h", "k", "M", "G", "T"]

    static func isUCUM(_ text: String) -> Bool {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard !text.isEmpty, text.utf8.count <= 32, parts.count <= 3 else { return false }
        return parts.enumerated().allSatisfy { index, part in
            // "/min" is one per minute.
            if part.isEmpty { return index == 0 && parts.count > 1 }
            return part.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { isTerm($0) }
        }
    }

    /// An atom with a prefix and a power, or a number.
    private static func isTerm(_ text: Substring) -> Bool {
        if Digits.all(text, 1...6) { return true }
        if plain.contains(String(text)) { return true }
        // 10*3, 10^-9
        if text.hasPrefix("10*") || text.hasPrefix("10^") {
            let power = text.dropFirst(3)
            return Digits.all(power.first == "-" ? power.dropFirst() : power, 1...2)
        }
        var atom = text
        while let last = atom.last, last.isNumber { atom = atom.dropLast() }
        if atom.last == "-" { atom = atom.dropLast() }
        guard !atom.isEmpty, text.utf8.count - atom.utf8.count <= 2 else { return false }
        if metric.contains(String(atom)) || plain.contains(String(atom)) { return true }
        return prefixes.contains { atom.hasPrefix($0) && metric.contains(String(atom.dropFirst($0.count))) }
    }
}
