import Interface
import Primitives
import TestBackend
import Testing

struct OpenRPCTests {
    @Test("Every method that is dispatched is described, and no other")
    func completeness() throws {
        let table = Fake.table()
        let described = (table.document["methods"]?.array ?? []).compactMap { $0["name"]?.string }
        #expect(described == table.methods.map(\.name) + ["rpc.discover", "rpc_discover"])
        #expect(table.document["openrpc"]?.string?.hasPrefix("1.3.") == true)
    }

    @Test("Required parameters come before optional ones, so that calls by position can leave these out")
    func order() throws {
        for method in Fake.table().document["methods"]?.array ?? [] {
            let required = (method["params"]?.array ?? []).map { $0["required"] == true }
            #expect(required == required.sorted { $0 && !$1 }, "\(method["name"]?.string ?? "")")
        }
    }

    @Test("References lead to components that exist")
    func references() throws {
        let document = Fake.table().document
        var references: [String] = []
        func collect(_ json: JSONValue) {
            switch json {
            case .array(let elements): elements.forEach(collect)
            case .object(let object):
                for member in object.members {
                    if member.key == "$ref", let text = member.value.string { references.append(text) }
                    collect(member.value)
                }
            default: break
            }
        }
        collect(document)
        #expect(!references.isEmpty)
        for reference in references {
            var place: JSONValue? = document
            for step in reference.split(separator: "/").dropFirst() { place = place?[String(step)] }
            #expect(place != nil, "\(reference)")
        }
    }
}
