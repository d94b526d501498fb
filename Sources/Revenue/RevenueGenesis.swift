public import Encoding
internal import Identities
public import Primitives
internal import StateModel

/// Units that exist from the start.
public struct GenesisIssue: CBORCodable, Codable, Hashable, Sendable {
    public let to: Party
    public let amount: Amount

    public init(to: Party, amount: Amount) {
        self.to = to
        self.amount = amount
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(to)
        writer.write(amount)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 2) { (reader) throws(EncodingFailure) in
            GenesisIssue(to: try reader.value("to"), amount: try reader.value("amount"))
        }
    }
}

/// An asset that exists from the start; its id follows from its code (``Assets/genesisIdentifier(code:)``).
public struct GenesisAsset: CBORCodable, Codable, Hashable, Sendable {
    public let code: String
    public let title: String
    public let scale: UInt8
    public let issuer: Party
    public let freezePolicy: FreezePolicy
    public let terms: Hash?
    public let issues: [GenesisIssue]

    public init(
        code: String, title: String, scale: UInt8, issuer: Party, freezePolicy: FreezePolicy, terms: Hash? = nil,
        issues: [GenesisIssue] = []
    ) {
        self.code = code
        self.title = title
        self.scale = scale
        self.issuer = issuer
        self.freezePolicy = freezePolicy
        self.terms = terms
        self.issues = issues
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(7)
        writer.write(code)
        writer.write(title)
        writer.write(UInt64(scale))
        writer.write(issuer)
        writer.write(freezePolicy)
        writer.write(terms)
        writer.write(issues)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 7) { (reader) throws(EncodingFailure) in
            GenesisAsset(
                code: try reader.text("code", max: RevenueLimits.assetCodeBytes.upperBound),
                title: try reader.text("title", max: RevenueLimits.assetNameBytes),
                scale: try reader.integer("scale"), issuer: try reader.value("issuer"),
                freezePolicy: try reader.value("freezePolicy"), terms: try reader.optional("terms"),
                issues: try reader.list("issues", max: RevenueLimits.genesisEntries))
        }
    }
}

/// What the revenue domain starts with.
public struct RevenueGenesis: CBORCodable, Codable, Hashable, Sendable {
    /// Parties admitted as issuers beside those that hold a credential.
    public let issuers: [Party]
    public let assets: [GenesisAsset]

    public init(issuers: [Party] = [], assets: [GenesisAsset] = []) {
        self.issuers = issuers
        self.assets = assets
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(issuers)
        writer.write(assets)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 2) { (reader) throws(EncodingFailure) in
            RevenueGenesis(
                issuers: try reader.list("issuers", max: RevenueLimits.genesisEntries),
                assets: try reader.list("assets", max: RevenueLimits.genesisEntries))
        }
    }

    func apply(in context: OperationContext) throws(Refusal) {
        for (index, issuer) in issuers.enumerated() {
            _ = try Parties.requireKnown(issuer, field: "issuers[\(index)]", in: context.state)
            Assets.admitIssuer(issuer, in: context)
        }
        for (index, asset) in assets.enumerated() {
            let path = "assets[\(index)]"
            _ = try Parties.requireKnown(asset.issuer, field: "\(path).issuer", in: context.state)
            try Assets.check(code: asset.code, name: asset.title, scale: asset.scale, in: context.state)
            let id = Assets.genesisIdentifier(code: asset.code)
            Assets.add(
                AssetRecord(
                    id: id, code: asset.code, name: asset.title, scale: asset.scale, issuer: asset.issuer,
                    freezePolicy: asset.freezePolicy, terms: asset.terms, createdAt: context.block.time),
                in: context)
            for (number, issue) in asset.issues.enumerated() {
                _ = try Parties.requireKnown(issue.to, field: "\(path).issues[\(number)].to", in: context.state)
                guard issue.amount > .zero else {
                    throw RevenueRejection.genesisInvalid.at("\(path).issues[\(number)].amount", "an issue of zero")
                }
                try Totals.shift(issue.amount, of: id, from: .outside, to: .balances, in: context.state)
                try Balances.credit(
                    issue.amount, of: id, to: issue.to, .issue, .party(asset.issuer), nil, in: context)
            }
        }
    }
}
