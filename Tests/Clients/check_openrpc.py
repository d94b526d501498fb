"""Checks a node's OpenRPC document and real answers against it.

    python3 check_openrpc.py http://127.0.0.1:7411        a running node
    python3 check_openrpc.py document.json                a document in a file

Needs the package jsonschema (PyPI). Where MEDNEXUS_CONFORMANCE names a folder with
vectors/openrpc/openrpc_1.3_schema.json, the document is validated against that schema too; without it that one check
says that it did not run. Exit code 0 only if nothing is wrong.
"""
import json
import os
import sys
import urllib.request

import jsonschema
import referencing
import referencing.jsonschema

problems = []


def call(url, method, params):
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def expect(condition, message):
    if not condition:
        problems.append(message)


def check_itself(document):
    """What the schema of OpenRPC can't say: references resolve, names are unique, positions make sense."""
    expect(document.get("openrpc", "").startswith("1.3."), "openrpc is not 1.3.x")
    names = [method["name"] for method in document["methods"]]
    expect(len(names) == len(set(names)), "a method is described twice")
    schemas = document["components"]["schemas"]
    for method in document["methods"]:
        required = [parameter.get("required", False) for parameter in method["params"]]
        expect(required == sorted(required, reverse=True), method["name"] + ": optional before required")
        for schema in [p["schema"] for p in method["params"]] + [method["result"]["schema"]]:
            jsonschema.Draft7Validator.check_schema(schema)
    for name, schema in schemas.items():
        jsonschema.Draft7Validator.check_schema(schema)
        expect(schema, name + " is empty")

    def references(value):
        if isinstance(value, dict):
            if isinstance(value.get("$ref"), str):
                yield value["$ref"]
            for inner in value.values():
                yield from references(inner)
        elif isinstance(value, list):
            for inner in value:
                yield from references(inner)

    for reference in set(references(document)):
        place = document
        for step in reference.split("/")[1:]:
            place = place.get(step) if isinstance(place, dict) else None
        expect(place is not None, "nothing is at " + reference)


def check_schema(document):
    folder = os.environ.get("MEDNEXUS_CONFORMANCE")
    if not folder:
        print("not run: validation against the OpenRPC schema (set MEDNEXUS_CONFORMANCE to the folder of vectors)")
        return
    path = os.path.join(folder, "vectors", "openrpc")
    with open(os.path.join(path, "openrpc_1.3_schema.json")) as file:
        schema = json.load(file)
    with open(os.path.join(path, "json_schema_tools_meta_schema.json")) as file:
        meta = json.load(file)
    resource = referencing.Resource.from_contents(meta, default_specification=referencing.jsonschema.DRAFT7)
    registry = referencing.Registry().with_resources(
        [(name, resource) for name in ("https://meta.json-schema.tools", "https://meta.json-schema.tools/")])
    for error in jsonschema.Draft7Validator(schema, registry=registry).iter_errors(document):
        problems.append("schema: %s at %s" % (error.message[:200], "/".join(str(step) for step in error.path)))


def check_example(document, name, schema, value):
    full = dict(schema, components=document["components"]) if isinstance(schema, dict) else schema
    for error in jsonschema.Draft7Validator(full).iter_errors(value):
        problems.append("%s: %s at %s" % (name, error.message[:200], "/".join(str(step) for step in error.path)))


def main():
    source = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:7411"
    is_node = source.startswith("http")
    if is_node:
        document = call(source, "rpc.discover", [])["result"]
    else:
        with open(source) as file:
            document = json.load(file)
    check_itself(document)
    check_schema(document)
    answered = 0
    for method in document["methods"]:
        schema = method["result"]["schema"]
        for example in method.get("examples", []):
            check_example(document, method["name"] + " example", schema, example["result"]["value"])
        # Every method that can be called without parameters is called, and its answer held against its schema.
        if is_node and not any(p.get("required") for p in method["params"]) and method["name"] != "chain_subscribe":
            answer = call(source, method["name"], {})
            if "result" in answer:
                check_example(document, method["name"], schema, answer["result"])
                answered += 1
            else:
                # Some take one of several parameters, and say which.
                told = answer["error"]["code"] == -32602 and answer["error"]["data"]["hint"]
                expect(told or answer["error"]["code"] >= 1000, method["name"] + ": " + json.dumps(answer["error"]))
    for problem in problems:
        print("wrong:", problem)
    print("%d methods, %d real answers, %d problems" % (len(document["methods"]), answered, len(problems)))
    sys.exit(1 if problems else 0)


main()
