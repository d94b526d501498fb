internal import Primitives
internal import StateModel

/// Writes the OpenRPC 1.3 document of a table of methods.
final class OpenRPCWriter {
    private let methods: [Method]
    private let rejections: [RejectionDescription]
    private let networkKind: NetworkKind
    private let version: String
    private let probe = JSONSchemaProbe()

    init(methods: [Method], rejections: [RejectionDescription], networkKind: NetworkKind, version: String) {
        self.methods = methods
        self.rejections = rejections
        self.networkKind = networkKind
        self.version = version
    }

    var incompleteSchemas: [String] { probe.incomplete }

    func document() -> JSONValue {
        let described = methods.map { describe($0) } + ["rpc.discover", "rpc_discover"].map { discovery($0) }
        var errors = JSONObject()
        for state in ServerState.all { errors.append(state.reason, error(state.code, state.message)) }
        for (name, code, message) in Self.standardErrors { errors.append(name, error(code, message)) }
        for rejection in rejections where errors[rejection.reason] == nil {
            errors.append(rejection.reason, error(rejection.code, rejection.summary))
        }
        return .object([
            "openrpc": "1.3.2",
            "info": .object([
                "title": "MedNexus", "version": .string(version),
                "description": """
                A ledger node for medical INFTs. Reads answer with the height and hash of the state they were \
                answered at; lists page with an opaque cursor that every node understands; ledger refusals have \
                codes from 1000.
                """,
            ]),
            "servers": [.object(["name": "node", "url": "http://127.0.0.1:7411"])],
            "methods": .array(described),
            "components": .object(["schemas": .object(probe.components), "errors": .object(errors)]),
        ])
    }

    private static let standardErrors: [(String, Int, String)] = [
        ("parse_error", -32700, "Parse error"), ("invalid_request", -32600, "Invalid Request"),
        ("method_not_found", -32601, "Method not found"), ("invalid_params", -32602, "Invalid params"),
        ("internal_error", -32603, "Internal error"),
    ]

    private func error(_ code: Int, _ message: String) -> JSONValue {
        .object(["code": .integer(code), "message": .string(message)])
    }

    private func discovery(_ name: String) -> JSONValue {
        .object([
            "name": .string(name), "summary": "This document.", "params": [],
            "result": .object(["name": "document", "schema": .object(["type": "object"])]),
        ])
    }

    private func describe(_ method: Method) -> JSONValue {
        let (own, sample) = probe.describe(method.parametersType)
        let properties = resolve(own)["properties"]
        var examples: [JSONValue] = []
        let sampleJSON = sample.flatMap { $0 as? any Encodable }.flatMap {
            try? JSONValueEncoder.encode($0, networkKind: networkKind)
        }
        var params: [JSONValue] = []
        for parameter in method.parameters {
            params.append(
                descriptor(
                    parameter, properties?[parameter.name] ?? .boolean(true), isRequired: parameter.isRequired))
            if parameter.isRequired, let value = sampleJSON?[parameter.name] {
                examples.append(.object(["name": .string(parameter.name), "value": value]))
            }
        }
        for common in Method.CommonParameter.allCases where method.common.contains(common) {
            params.append(descriptor(common.described, common.schema, isRequired: false))
        }
        let (schema, resultSample) = result(method.result, mayProve: method.common.contains(.prove))
        var object = JSONObject()
        object.append("name", .string(method.name))
        object.append("summary", .string(method.summary))
        object.append("tags", [.object(["name": .string(String(method.name.prefix { $0 != "_" }))])])
        object.append("paramStructure", "either")
        object.append("params", .array(params))
        object.append("result", .object(["name": "result", "schema": schema]))
        object.append("errors", .array(errors(of: method)))
        if let resultSample {
            object.append(
                "examples",
                [
                    .object([
                        "name": "example", "params": .array(examples),
                        "result": .object(["name": "result", "value": resultSample]),
                    ])
                ])
        }
        return .object(object)
    }

    private func descriptor(_ parameter: QueryParameter, _ schema: JSONValue, isRequired: Bool) -> JSONValue {
        .object([
            "name": .string(parameter.name), "summary": .string(parameter.summary), "required": .boolean(isRequired),
            "schema": schema,
        ])
    }

    private func errors(of method: Method) -> [JSONValue] {
        var names = ["invalid_params"]
        if method.common.contains(.minHeight) { names.append("lagging") }
        if method.common.contains(.prove) { names += ["no_evidence", "proof_too_large"] }
        if method.isLong { names.append("timed_out") }
        return names.map { .object(["$ref": .string("#/components/errors/\($0)")]) }
    }

    /// The object behind a reference to a component.
    private func resolve(_ schema: JSONValue) -> JSONValue {
        guard let reference = schema["$ref"]?.string, let name = reference.split(separator: "/").last else {
            return schema
        }
        return probe.components[String(name)] ?? schema
    }

    private func result(_ shape: ResultShape, mayProve: Bool) -> (schema: JSONValue, sample: JSONValue?) {
        func described(_ type: any Decodable.Type) -> (schema: JSONValue, sample: JSONValue?) {
            // An optional result is null where there is nothing.
            if let optional = type as? any OptionalResult.Type {
                let (schema, sample) = described(optional.wrapped)
                return (.object(["anyOf": [schema, .object(["type": "null"])]]), sample)
            }
            let (schema, sample) = probe.describe(type)
            let json = sample.flatMap { $0 as? any Encodable }.flatMap {
                try? JSONValueEncoder.encode($0, networkKind: networkKind)
            }
            return (schema, json)
        }
        switch shape {
        case .value(let type):
            let (schema, sample) = described(type)
            return (valueSchema(schema, mayProve: mayProve), sample.map { sampleEnvelope("value", $0) })
        case .page(let type):
            let (schema, sample) = described(type)
            return (pageSchema(schema, mayProve: mayProve), sample.map { sampleEnvelope("items", [$0]) })
        case .plain(let type): return described(type)
        case .describedPage(let schema): return (pageSchema(schema, mayProve: mayProve), nil)
        case .describedValue(let schema): return (valueSchema(schema, mayProve: mayProve), nil)
        case .describedPlain(let schema): return (schema, nil)
        }
    }

    private func sampleEnvelope(_ key: String, _ value: JSONValue) -> JSONValue {
        var object = JSONObject()
        object.append("height", .unsigned(Height.jsonSample.value))
        object.append("blockHash", .string(Hash.jsonSample.description))
        object.append(key, value)
        if key == "items" { object.append("next", .null) }
        return .object(object)
    }

    /// Hexadecimal, in answers to calls that say `prove`.
    private static let proofSchema = JSONValue.object([
        "type": "string", "pattern": "^([0-9a-f]{2})+$", "description": "Evidence for the answer (Specs/proofs.md).",
    ])

    private func valueSchema(_ value: JSONValue, mayProve: Bool) -> JSONValue {
        var properties = JSONObject()
        properties.append("height", Height.jsonSchema)
        properties.append("blockHash", Hash.jsonSchema)
        properties.append("value", value)
        if mayProve { properties.append("proof", Self.proofSchema) }
        return .object([
            "type": "object", "properties": .object(properties),
            "required": ["height", "blockHash", "value"], "additionalProperties": false,
        ])
    }

    private func pageSchema(_ item: JSONValue, mayProve: Bool) -> JSONValue {
        var properties = JSONObject()
        properties.append("height", Height.jsonSchema)
        properties.append("blockHash", Hash.jsonSchema)
        properties.append(
            "items", .object(["type": "array", "items": item, "maxItems": .integer(PageRequest.maximumLimit)]))
        properties.append("next", .object(["type": ["string", "null"]]))
        if mayProve { properties.append("proof", Self.proofSchema) }
        return .object([
            "type": "object", "properties": .object(properties),
            "required": ["height", "blockHash", "items", "next"], "additionalProperties": false,
        ])
    }
}

private protocol OptionalResult {
    static var wrapped: any Decodable.Type { get }
}

extension Optional: OptionalResult where Wrapped: Decodable {
    static var wrapped: any Decodable.Type { Wrapped.self }
}
