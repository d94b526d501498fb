import Foundation

/// A PostgreSQL cluster of its own, in a temporary folder, that only a socket in that folder reaches. Commits are
/// synchronous; nothing else is tuned but memory and the distance of checkpoints.
final class PostgresServer {
    /// PostgreSQL does not run as root; Debian's package makes this account.
    private static let account = "postgres"

    private let folder: TemporaryFolder
    private let programs: String
    private let isRoot = geteuid() == 0
    private var server: ChildProcess?

    init(in folder: TemporaryFolder) throws {
        self.folder = folder
        programs = try Self.programs()
        if isRoot { _ = try ChildProcess.output("/bin/chown", [Self.account, folder.path]) }
        _ = try run(
            "initdb", ["-D", data, "-A", "trust", "-U", Self.account, "-E", "UTF8", "--locale=C", "--no-instructions"])
        let settings = [
            "listen_addresses=", "unix_socket_directories=\(folder.path)", "synchronous_commit=on", "fsync=on",
            "full_page_writes=on", "shared_buffers=1GB", "max_wal_size=16GB", "checkpoint_timeout=1h",
            "max_connections=64", "jit=off",
        ]
        try start(["-D", data] + settings.flatMap { ["-c", $0] })
    }

    private var data: String { folder.path + "/data" }

    func stop() { server?.stop() }

    func execute(_ sql: String) throws {
        let file = try folder.write(sql, to: "statements.sql")
        _ = try run("psql", connection + ["-q", "-v", "ON_ERROR_STOP=1", "-f", file])
    }

    func answer(_ sql: String) throws -> String {
        try run("psql", connection + ["-q", "-A", "-t", "-c", sql]).trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// Transactions a second of `script`, as prepared statements.
    func load(_ script: String, clients: Int, threads: Int, seconds: Int) throws -> Double {
        let file = try folder.write(script, to: "load.sql")
        let output = try run(
            "pgbench",
            connection + [
                "-n", "-M", "prepared", "-c", "\(clients)", "-j", "\(threads)", "-T", "\(seconds)", "-f", file,
                "postgres",
            ])
        guard let line = output.split(separator: "\n").first(where: { $0.hasPrefix("tps = ") }),
            let rate = Double(line.split(separator: " ")[2])
        else { throw BenchFailure("pgbench:\n\(output)") }
        guard output.contains("number of failed transactions: 0 ") else { throw BenchFailure("pgbench:\n\(output)") }
        return rate
    }

    private var connection: [String] { ["-h", folder.path, "-U", Self.account] }

    /// A child of this program, not a daemon that `pg_ctl` leaves behind: who waits for that waits for its server, too.
    private func start(_ arguments: [String]) throws {
        let (program, all) = command("postgres", arguments)
        server = try ChildProcess(program, all, log: folder.path + "/server.log")
        for _ in 0..<600 {
            if (try? run("pg_isready", connection + ["-q"])) != nil { return }
            usleep(100_000)
        }
        let log = (try? TemporaryFolder.read(folder.path + "/server.log")) ?? []
        throw BenchFailure("PostgreSQL does not start:\n\(String(decoding: log.suffix(2_000), as: UTF8.self))")
    }

    private func run(_ program: String, _ arguments: [String]) throws -> String {
        let (path, all) = command(program, arguments)
        return try ChildProcess.output(path, all)
    }

    private func command(_ program: String, _ arguments: [String]) -> (program: String, arguments: [String]) {
        let path = programs + "/" + program
        guard isRoot else { return (path, arguments) }
        return (
            "/usr/bin/setpriv",
            ["--reuid", Self.account, "--regid", Self.account, "--clear-groups", path] + arguments
        )
    }

    /// The folder of the newest version that is installed.
    private static func programs() throws -> String {
        let root = "/usr/lib/postgresql"
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
        guard let newest = versions.compactMap({ Int($0) }).max() else {
            throw BenchFailure("PostgreSQL is not installed: apt-get install postgresql")
        }
        return "\(root)/\(newest)/bin"
    }
}
