public import Consents
public import Cryptography
public import Governance
public import Licenses
internal import Primitives

// What probing can't find out about types of the domains: choices told by a text, and checked text forms.

extension ActorSelector: JSONUnionDescribed {
    public static var names: [String] { ["party", "holder", "anyone"] }
}

extension Need: JSONUnionDescribed {
    public static var names: [String] {
        ["restriction", "memberRestrictions", "review", "ethicsApproval", "ontologyPath"]
    }
}

extension ConsentBasis: JSONUnionDescribed {}

extension NeedEvidence: JSONUnionDescribed {}

extension GovernanceChange: JSONUnionDescribed {}

extension Decision: JSONSampleTexts {
    public static var sampleTexts: [String: [String]] { ["outcome": ["permit", "deny", "needs"]] }
}

extension CompressedPoint: JSONSchemaDescribed {
    public static var jsonSchema: JSONValue {
        .object([
            "type": "string", "pattern": "^0[23][0-9a-f]{64}$",
            "description": "A compressed point of secp256k1, hexadecimal.",
        ])
    }
    public static var jsonSample: CompressedPoint { CompressedPoint(isOdd: false, abscissa: Hash.jsonSample.bytes) }
}

extension LicenseEnding: JSONSchemaDescribed {
    /// An object of one member that is named as the ending.
    public static var jsonSchema: JSONValue {
        func ending(_ name: String, _ fields: KeyValuePairs<String, JSONValue>) -> JSONValue {
            .object([
                "type": "object",
                "properties": .object([
                    name: .object([
                        "type": "object", "properties": .object(fields),
                        "required": .array(fields.map { .string($0.key) }),
                    ])
                ]),
                "required": [.string(name)],
            ])
        }
        let causes: JSONValue = .object(["type": "string", "enum": .array(RevocationCause.names.map { .string($0) })])
        return .object([
            "oneOf": [
                ending("revoked", ["at": Timestamp.jsonSchema, "cause": causes, "evidence": Hash.jsonSchema]),
                ending("consumed", ["at": Timestamp.jsonSchema, "derivative": INFTID.jsonSchema]),
                ending("surrendered", ["at": Timestamp.jsonSchema]),
                ending("refunded", ["at": Timestamp.jsonSchema]),
                ending("returned", ["at": Timestamp.jsonSchema]),
                ending("annulled", ["at": Timestamp.jsonSchema, "dispute": DisputeID.jsonSchema]),
            ]
        ])
    }
    public static var jsonSample: LicenseEnding { .surrendered(at: .jsonSample) }
}
