import Node
import Testing

@Suite struct ConfigurationTests {
    private func problems(
        file: String? = nil, environment: [String: String] = [:], flags: [(key: String, text: String)] = []
    ) -> String {
        do {
            _ = try Configuration(file: file.map { ("config.toml", $0) }, environment: environment, flags: flags)
            return ""
        } catch {
            return "\(error)"
        }
    }

    @Test("file < environment < flags")
    func precedence() throws {
        let file = (name: "config.toml", text: "[rpc]\nconnections = 10\ncalls-per-second = 20\ncall-seconds = 30\n")
        let configuration = try Configuration(
            file: file, environment: ["MEDNEXUS_RPC_CALLS_PER_SECOND": "21", "MEDNEXUS_RPC_CALL_SECONDS": "31"],
            flags: [(key: "rpc.call-seconds", text: "32")])
        #expect(configuration.number("rpc.connections") == 10)
        #expect(configuration.number("rpc.calls-per-second") == 21)
        #expect(configuration.number("rpc.call-seconds") == 32)
        #expect(configuration.lines.contains("rpc.call-seconds = 32  # flag"))
        #expect(configuration.lines.contains("rpc.connections = 10  # file"))
    }

    @Test("an unknown key is refused with file, line and what is known")
    func unknownKey() {
        let found = problems(file: "[log]\nlevel = \"info\"\n\n[rpc]\nlissten = \"127.0.0.1:1\"\n")
        #expect(found.contains("config.toml:5"))
        #expect(found.contains("rpc.lissten"))
        #expect(found.contains("rpc.listen"))
    }

    @Test("a bad value is refused with what is allowed")
    func badValues() {
        #expect(problems(file: "[rpc]\nlisten = \"somewhere\"\n").contains("ADDRESS:PORT"))
        #expect(problems(file: "[rpc]\nconnections = 0\n").contains("from 1 to 65536"))
        #expect(problems(file: "[rpc]\nconnections = \"many\"\n").contains("config.toml:2"))
        #expect(problems(file: "[log]\nlevel = \"loud\"\n").contains("trace, debug, info"))
        #expect(problems(environment: ["MEDNEXUS_LOG_LEVEL": "loud"]).contains("MEDNEXUS_LOG_LEVEL"))
        #expect(problems(flags: [(key: "rpc.nothing", text: "1")]).contains("rpc.nothing"))
    }

    @Test("a file that is no TOML is refused with its line")
    func noTOML() {
        #expect(problems(file: "[rpc]\nlisten = = 3\n").contains("config.toml:2"))
        #expect(problems(file: "rpc = 3\n").contains("must be a table"))
    }

    @Test("names that begin like a section must be settings; others are not ours")
    func environmentNames() {
        #expect(problems(environment: ["MEDNEXUS_RPC_LISTENN": "x"]).contains("MEDNEXUS_RPC_LISTENN"))
        #expect(problems(environment: ["MEDNEXUS_HOME": "/somewhere", "PATH": "/bin"]).isEmpty)
    }

    @Test("the commented file that init writes is itself a configuration, and names every setting")
    func template() throws {
        #expect(problems(file: Configuration.template).isEmpty)
        for setting in Setting.all {
            #expect(Configuration.template.contains(setting.environmentName))
        }
        let uncommented = Configuration.template.split(separator: "\n").map { line in
            line.hasPrefix("# ") && line.contains(" = ") && !line.contains("MEDNEXUS_") ? line.dropFirst(2) : line
        }.joined(separator: "\n")
        #expect(problems(file: uncommented).isEmpty)
    }
}
