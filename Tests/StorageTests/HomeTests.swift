import Cryptography
import FoundationEssentials
import Primitives
import Storage
import Testing

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

struct HomeTests {
    @Test("A home is held by one process, belongs to one network, and is not created twice")
    func exclusive() throws {
        let scratch = try Scratch()
        let path = scratch.path("home")
        do {
            let home = try Home.create(path, network: network)
            #expect(home.network == network)
            #expect(throws: StorageFailure.homeLocked(path: path)) { try Home.open(path) }
            #expect(try home.freeBytes() > 0)
        }
        #expect(throws: StorageFailure.homeExists(path: path)) { try Home.create(path, network: network) }
        let other = SHA256.hash([1])
        #expect(throws: StorageFailure.otherNetwork(path: path, found: network, expected: other)) {
            try Home.open(path, network: other)
        }
        #expect(try Home.open(path, network: network).path == path)
        #expect(throws: StorageFailure.noHome(path: scratch.path("none"))) { try Home.open(scratch.path("none")) }
    }

    @Test("A newer schema is refused with what to do, of the home and of each environment")
    func newerSchema() throws {
        let scratch = try Scratch()
        let path = scratch.path("home")
        _ = try Home.create(path, network: network)
        let today = SchemaPath.standard.current
        try Data("mednexus home\nschema \(today + 1)\nnetwork \(network)\n".utf8).write(
            to: URL(filePath: path + "/home"))
        let failure = StorageFailure.newerSchema(path: path, found: today + 1, known: today)
        #expect(throws: failure) { try Home.open(path) }
        #expect(failure.description.contains("newer build"))
    }

    @Test("An environment of another network inside the home is refused")
    func mixedEnvironments() throws {
        let scratch = try Scratch()
        do { _ = try Stores(scratch.path("one"), isNew: true) }
        let other = SHA256.hash([1])
        let home = try Home.create(scratch.path("other"), network: other)
        try FileManager.default.copyItem(atPath: scratch.path("one/log"), toPath: scratch.path("other/log"))
        #expect(
            throws: StorageFailure.otherNetwork(
                path: scratch.path("other/log"), found: network, expected: other)
        ) { try BlockLog(in: home, mapBytes: 1 << 30) }
    }

    @Test("A read-only directory is said to be one; where permissions don't bind, a path that can't be made fails too")
    func readOnly() throws {
        let scratch = try Scratch()
        let path = scratch.path("locked")
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        #expect(unsafe chmod(path, 0o500) == 0)
        defer { unsafe chmod(path, 0o700) }
        if geteuid() != 0 {
            #expect(throws: StorageFailure.readOnly(path: path + "/lock")) {
                try Home.create(path, network: network)
            }
        }
        #expect(throws: StorageFailure.self) { try Home.create("/proc/mednexus", network: network) }
    }
}
