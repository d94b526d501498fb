import Consents
public import Encoding
import Primitives

extension Terms: CBORCodable {
    public func encode(into writer: inout CBORWriter) {
        writer.array(6)
        writer.write(commercial)
        writer.write(derivatives)
        writer.write(grant)
        writer.write(payment)
        writer.write(scope)
        writer.write(legalText)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 6) { (reader) throws(EncodingFailure) in
            Terms(
                commercial: try reader.value("commercial"), derivatives: try reader.value("derivatives"),
                grant: try reader.value("grant"), payment: try reader.value("payment"),
                scope: try reader.value("scope"), legalText: try reader.optional("legalText"))
        }
    }
}

extension CommercialTerms: CBORCodable {
    public func encode(into writer: inout CBORWriter) {
        writer.array(4)
        writer.write(isAllowed)
        writer.write(requiresAttribution)
        writer.write(revenueShare)
        writer.write(revenueCeiling)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 4) { (reader) throws(EncodingFailure) in
            CommercialTerms(
                isAllowed: try reader.boolean("isAllowed"),
                requiresAttribution: try reader.boolean("requiresAttribution"),
                revenueShare: try reader.value("revenueShare"),
                revenueCeiling: try reader.optional("revenueCeiling"))
        }
    }
}

extension DerivativeTerms: CBORCodable {
    public func encode(into writer: inout CBORWriter) {
        writer.array(6)
        writer.write(isAllowed)
        writer.write(requiresAttribution)
        writer.write(requiresApproval)
        writer.write(isReciprocal)
        writer.write(revenueCeiling)
        writer.write(royaltyPolicy)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 6) { (reader) throws(EncodingFailure) in
            DerivativeTerms(
                isAllowed: try reader.boolean("isAllowed"),
                requiresAttribution: try reader.boolean("requiresAttribution"),
                requiresApproval: try reader.boolean("requiresApproval"),
                isReciprocal: try reader.boolean("isReciprocal"),
                revenueCeiling: try reader.optional("revenueCeiling"),
                royaltyPolicy: try reader.value("royaltyPolicy"))
        }
    }
}

extension GrantTerms: CBORCodable {
    public func encode(into writer: inout CBORWriter) {
        writer.array(9)
        writer.write(isTransferable)
        writer.write(isSublicensable)
        writer.write(isExclusive)
        writer.write(seats)
        writer.write(durationMilliseconds)
        writer.write(trialMilliseconds)
        writer.write(coversRevisions)
        writer.write(isRenewable)
        writer.write(revocableFor)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 9) { (reader) throws(EncodingFailure) in
            var grant = GrantTerms(
                isTransferable: try reader.boolean("isTransferable"),
                isSublicensable: try reader.boolean("isSublicensable"),
                isExclusive: try reader.boolean("isExclusive"), seats: try reader.optional("seats"),
                durationMilliseconds: try reader.optional("durationMilliseconds"),
                trialMilliseconds: try reader.optional("trialMilliseconds"),
                coversRevisions: try reader.boolean("coversRevisions"),
                isRenewable: try reader.boolean("isRenewable"))
            grant.revocableFor = try reader.value("revocableFor")
            return grant
        }
    }
}

extension PaymentTerms: CBORCodable {
    public func encode(into writer: inout CBORWriter) {
        writer.array(5)
        writer.write(asset)
        writer.write(fee)
        writer.write(perUseFee)
        writer.write(prepaidUses)
        writer.write(outcome)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 5) { (reader) throws(EncodingFailure) in
            PaymentTerms(
                asset: try reader.optional("asset"), fee: try reader.value("fee"),
                perUseFee: try reader.value("perUseFee"), prepaidUses: try reader.unsigned("prepaidUses"),
                outcome: try reader.optional("outcome"))
        }
    }
}

extension OutcomePrice: CBORCodable {
    public func encode(into writer: inout CBORWriter) {
        writer.array(7)
        writer.write(measure)
        writer.write(threshold)
        writer.write(amount)
        writer.write(basis)
        writer.write(minimumReports)
        writer.write(withinMilliseconds)
        writer.write(isDueWithoutReports)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 7) { (reader) throws(EncodingFailure) in
            OutcomePrice(
                measure: try reader.value("measure"), threshold: try reader.value("threshold"),
                amount: try reader.value("amount"), basis: try reader.value("basis"),
                minimumReports: try reader.unsigned("minimumReports"),
                withinMilliseconds: try reader.unsigned("withinMilliseconds"),
                isDueWithoutReports: try reader.boolean("isDueWithoutReports"))
        }
    }
}

extension ScopeTerms: CBORCodable {
    public func encode(into writer: inout CBORWriter) {
        writer.array(8)
        writer.write(purposes)
        writer.write(researchAims)
        writer.write(diseases)
        writer.write(fieldsOfUse)
        writer.write(territories)
        writer.write(languages)
        writer.write(requiredCredentials)
        writer.write(allowsTraining)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 8) { (reader) throws(EncodingFailure) in
            var scope = ScopeTerms()
            scope.purposes = try reader.value("purposes")
            scope.researchAims = try reader.value("researchAims")
            scope.diseases = try reader.codedTerms("diseases", max: ConsentsLimits.diseasesPerRequest)
            scope.fieldsOfUse = try reader.value("fieldsOfUse")
            scope.territories = try TextList(
                from: &reader, "territories", max: LicenseLimits.territories, bytes: LicenseLimits.territoryBytes)
            scope.languages = try TextList(
                from: &reader, "languages", max: LicenseLimits.languages, bytes: LicenseLimits.languageBytes)
            scope.requiredCredentials = try reader.list(
                "requiredCredentials", max: LicenseLimits.requiredCredentials)
            scope.allowsTraining = try reader.boolean("allowsTraining")
            return scope
        }
    }
}

extension CredentialRequirement: CBORCodable {
    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(type)
        if let jurisdiction { writer.write(jurisdiction) } else { writer.writeNull() }
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 2) { (reader) throws(EncodingFailure) in
            CredentialRequirement(
                type: try reader.value("type"),
                jurisdiction: reader.null()
                    ? nil : try reader.text("jurisdiction", max: LicenseLimits.territoryBytes))
        }
    }
}

extension LegalText: CBORCodable {
    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(hash)
        writer.write(uri)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 2) { (reader) throws(EncodingFailure) in
            LegalText(
                hash: try reader.value("hash"), uri: try reader.text("uri", max: LicenseLimits.uriBytes))
        }
    }
}
