import Primitives
import Storage
import Synchronization
import Testing

/// A home that began with the schema of today, in a build whose schema is two further. Each step makes the height under
/// every hash larger by its own number, so that what was done, and how often, can be read.
struct SchemaTests {
    private static let today = SchemaPath.standard.current

    private static func adding(_ number: UInt64) -> SchemaStep {
        .rewriting("hashes") { (_, value) throws(StorageFailure) in
            let height = value.reduce(UInt64(0)) { $0 << 8 | UInt64($1) } + number
            return (0..<8).map { UInt8(truncatingIfNeeded: height >> (56 - 8 * UInt64($0))) }
        }
    }

    private static let later = SchemaPath(
        current: today + 2,
        steps: [
            today: ["log": adding(100)], today + 1: ["log": adding(1_000), "state": .rewriting("meta") { $1 }],
        ])

    private func oldHome(_ path: String, blocks: UInt64 = 3_000) throws {
        let stores = try Stores(path, isNew: true)
        try stores.log.append((0..<blocks).map { logged($0, size: 10) })
    }

    private func open(_ path: String, _ schema: SchemaPath) throws -> (home: Home, log: BlockLog, state: StateStore) {
        let home = try Home.open(path, network: network, schema: schema)
        let log = try BlockLog(in: home, mapBytes: 1 << 30)
        let state = try StateStore(in: home, log: log)
        return (home, log, state)
    }

    @Test("Every step of a migration is taken once, in order; older builds refuse the home afterwards")
    func migrates() throws {
        let scratch = try Scratch()
        let path = scratch.path("home")
        try oldHome(path)
        for round in 0..<2 {
            let (home, log, _) = try open(path, Self.later)
            let notice = home.upgradeNotice
            #expect(round == 0 ? notice?.contains("backup") == true : notice == nil)
            for height in [0, 1, 1_023, 1_024, 2_999] as [UInt64] {
                #expect(try log.height(of: blockHash(height)) == Height(height + 1_100))
            }
            try home.finishUpgrade()
        }
        #expect(throws: StorageFailure.newerSchema(path: path, found: Self.today + 2, known: Self.today)) {
            try Home.open(path)
        }
    }

    @Test(
        "A migration that ended between two steps goes on with the second; until it is done the home says the old schema"
    )
    func resumes() throws {
        let scratch = try Scratch()
        let path = scratch.path("home")
        try oldHome(path)
        let killed = StorageFailure.system(call: "migration", path: path, message: "ended here")
        let stopping = SchemaPath(
            current: Self.today + 2,
            steps: [
                Self.today: ["log": Self.adding(100)],
                Self.today + 1: ["log": .rewriting("hashes") { (_, _) throws(StorageFailure) in throw killed }],
            ])
        #expect(throws: killed) { try open(path, stopping) }
        #expect(try Home.describe(path).schema == Self.today)
        // An older build is not misled by that.
        #expect(throws: StorageFailure.newerSchema(path: path + "/log", found: Self.today + 1, known: Self.today)) {
            try open(path, .standard)
        }
        let (home, log, _) = try open(path, Self.later)
        #expect(try log.height(of: blockHash(5)) == Height(1_105))
        try home.finishUpgrade()
        #expect(try Home.describe(path).schema == Self.today + 2)
    }

    @Test("A schema that never was is damage")
    func unknown() throws {
        let scratch = try Scratch()
        let path = scratch.path("home")
        try oldHome(path, blocks: 1)
        let gap = SchemaPath(current: Self.today + 3, steps: [Self.today + 1: [:], Self.today + 2: [:]])
        #expect(throws: StorageFailure.damaged(what: path + "/log has schema \(Self.today), which never was")) {
            try open(path, gap)
        }
    }

    @Test("A home of a schema that can't be brought forward is refused by name, also where it is only read")
    func tooOld() throws {
        let former = Self.today - 1
        let scratch = try Scratch()
        let path = scratch.path("home")
        do {
            let home = try Home.create(path, network: network, schema: SchemaPath(current: former, steps: [:]))
            let log = try BlockLog(in: home, mapBytes: 1 << 30)
            _ = try StateStore(in: home, log: log)
        }
        let refused = StorageFailure.olderSchema(path: path, found: former, oldest: Self.today)
        #expect(throws: refused) { try Home.open(path) }
        #expect(throws: refused) { try StoreCopy.examine(path) }
        #expect(refused.description.contains("sync from its peers"))
    }
}
