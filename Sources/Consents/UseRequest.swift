public import Encoding
public import Primitives

/// What a research purpose is about, as DUO's matching (DUOS v4) asks it.
public enum ResearchAim: UInt8, NamedCode, CBORCodable, Comparable {
    /// GRU: any research.
    case general = 0
    /// HMB.
    case healthMedicalBiomedical = 1
    /// POA.
    case populationOrigins = 2
    /// MDS: methods, software, algorithms.
    case methods = 3
    /// The aims from here on, but for a disease, are left to a human reviewer.
    case controls = 4
    case population = 5
    case gender = 6
    case pediatric = 7
    case vulnerableGroups = 8
    case illegalBehavior = 9
    case sexualDiseases = 10
    case psychologicalTraits = 11
    case stigmatizing = 12
    case notHealth = 13
    /// DS: a disease. Which one the request names, or, where the ledger must not know it, those who answer for the data.
    case disease = 14

    public var needsReview: Bool { self >= .controls && self <= .notHealth }

    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// What the user of data binds itself to with the act that carries the request.
public enum Undertaking: UInt8, NamedCode, CBORCodable, Comparable {
    /// PUB: to publish what is found.
    case publish = 0
    /// COL: to work with the investigators of the data.
    case collaborate = 1
    /// RTN: to give back what is derived.
    case giveBack = 2

    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// A disease that is researched, and the way from it up the ontology to the disease that the data was given for.
public struct DiseaseAim: CBORCodable, Codable, Hashable, Sendable {
    public let disease: CodedTerm
    /// Parents, nearest first; empty if the disease itself is named by the data's terms.
    public let path: [CodedTerm]

    public init(disease: CodedTerm, path: [CodedTerm] = []) {
        self.disease = disease
        self.path = path
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(disease)
        writer.write(path)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 2) { (reader) throws(EncodingFailure) in
            DiseaseAim(
                disease: try reader.value("disease"),
                path: try reader.list("path", max: ConsentsLimits.ontologyPath))
        }
    }
}

/// The research purpose of a request, in the terms of DUO.
public struct ResearchUse: CBORCodable, Codable, Hashable, Sendable {
    public let aims: SortedList<ResearchAim>
    public let diseases: [DiseaseAim]
    public let isNonprofit: Bool
    /// GSO asks it.
    public let isGeneticStudy: Bool
    public let undertakings: SortedList<Undertaking>
    /// Commitment to the project, as an approving provision names it.
    public let project: Hash?

    public init(
        aims: SortedList<ResearchAim>, diseases: [DiseaseAim] = [], isNonprofit: Bool = false,
        isGeneticStudy: Bool = false, undertakings: SortedList<Undertaking> = [], project: Hash? = nil
    ) {
        self.aims = aims
        self.diseases = diseases
        self.isNonprofit = isNonprofit
        self.isGeneticStudy = isGeneticStudy
        self.undertakings = undertakings
        self.project = project
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(6)
        writer.write(aims)
        writer.write(diseases)
        writer.write(isNonprofit)
        writer.write(isGeneticStudy)
        writer.write(undertakings)
        writer.write(project)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 6) { (reader) throws(EncodingFailure) in
            ResearchUse(
                aims: try reader.sorted("aims", max: ResearchAim.allCases.count),
                diseases: try reader.list("diseases", max: ConsentsLimits.diseasesPerRequest),
                isNonprofit: try reader.boolean("isNonprofit"),
                isGeneticStudy: try reader.boolean("isGeneticStudy"),
                undertakings: try reader.sorted("undertakings", max: Undertaking.allCases.count),
                project: try reader.optional("project"))
        }
    }

    private enum CodingKeys: String, CodingKey {
        case aims, diseases, isNonprofit, isGeneticStudy, undertakings, project
    }

    /// In JSON all but the aims may be left out.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            aims: try container.decode(SortedList<ResearchAim>.self, forKey: .aims),
            diseases: try container.decodeIfPresent([DiseaseAim].self, forKey: .diseases) ?? [],
            isNonprofit: try container.decodeIfPresent(Bool.self, forKey: .isNonprofit) ?? false,
            isGeneticStudy: try container.decodeIfPresent(Bool.self, forKey: .isGeneticStudy) ?? false,
            undertakings: try container.decodeIfPresent(SortedList<Undertaking>.self, forKey: .undertakings) ?? [],
            project: try container.decodeIfPresent(Hash.self, forKey: .project))
    }
}

/// What someone asks to do: everything `decide` looks at, beside the consent, the credentials and the time.
///
/// What a request leaves out is unknown: a permit that depends on it does not apply, a denial that depends on it does.
public struct UseRequest: CBORCodable, Codable, Hashable, Sendable {
    public let actor: Party
    public let action: ConsentAction
    /// All of them must be permitted. Only a deposit can have none.
    public let purposes: [PurposeOfUse]
    /// The research purpose; nil if the use is no research.
    public let dataUse: ResearchUse?
    /// Where the data is used, ISO 3166.
    public let jurisdiction: String?
    /// A commercial use must be permitted for ``ConsentAction/commercialize`` too.
    public let commercial: Bool
    /// When the data asked for came about.
    public let dataPeriod: Period?
    /// The time the use begins (nil: the time of the decision) and ends.
    public let usePeriod: Period?
    /// Codes or FHIR resource types of the data asked for.
    public let codes: SortedList<CodedTerm>

    public init(
        actor: Party, action: ConsentAction, purposes: [PurposeOfUse], dataUse: ResearchUse? = nil,
        jurisdiction: String? = nil, commercial: Bool = false, dataPeriod: Period? = nil, usePeriod: Period? = nil,
        codes: SortedList<CodedTerm> = []
    ) {
        self.actor = actor
        self.action = action
        self.purposes = purposes
        self.dataUse = dataUse
        self.jurisdiction = jurisdiction
        self.commercial = commercial
        self.dataPeriod = dataPeriod
        self.usePeriod = usePeriod
        self.codes = codes
    }

    /// The actions that must all be permitted.
    var actions: [ConsentAction] {
        commercial && action != .commercialize ? [action, .commercialize] : [action]
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(9)
        writer.write(actor)
        writer.write(action)
        writer.write(purposes)
        writer.write(dataUse)
        if let jurisdiction { writer.write(jurisdiction) } else { writer.writeNull() }
        writer.write(commercial)
        writer.write(dataPeriod)
        writer.write(usePeriod)
        writer.write(codes)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 9) { (reader) throws(EncodingFailure) in
            UseRequest(
                actor: try reader.value("actor"), action: try reader.value("action"),
                purposes: try reader.list("purposes", max: ConsentsLimits.purposesPerRequest),
                dataUse: try reader.optional("dataUse"),
                jurisdiction: reader.null() ? nil : try reader.jurisdiction("jurisdiction"),
                commercial: try reader.boolean("commercial"), dataPeriod: try reader.optional("dataPeriod"),
                usePeriod: try reader.optional("usePeriod"),
                codes: try reader.sorted("codes", max: ConsentsLimits.codesPerList))
        }
    }

    private enum CodingKeys: String, CodingKey {
        case actor, action, purposes, dataUse, jurisdiction, commercial, dataPeriod, usePeriod, codes
    }

    /// In JSON all but actor and action may be left out.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            actor: try container.decode(Party.self, forKey: .actor),
            action: try container.decode(ConsentAction.self, forKey: .action),
            purposes: try container.decodeIfPresent([PurposeOfUse].self, forKey: .purposes) ?? [],
            dataUse: try container.decodeIfPresent(ResearchUse.self, forKey: .dataUse),
            jurisdiction: try container.decodeIfPresent(String.self, forKey: .jurisdiction),
            commercial: try container.decodeIfPresent(Bool.self, forKey: .commercial) ?? false,
            dataPeriod: try container.decodeIfPresent(Period.self, forKey: .dataPeriod),
            usePeriod: try container.decodeIfPresent(Period.self, forKey: .usePeriod),
            codes: try container.decodeIfPresent(SortedList<CodedTerm>.self, forKey: .codes) ?? [])
    }
}
