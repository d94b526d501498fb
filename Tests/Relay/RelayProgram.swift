import Glibc

/// `mednexus-relay --nodes N [--delay MS] [--loss P] [--rate BITS] [--seed S] [--mtu BYTES]`
///
/// Makes N network namespaces named mnx-PID-0 …, each with a TUN device, says so in one line of JSON, forwards between
/// them, and deletes them when its standard input ends. Needs root and /dev/net/tun; exit 77 if it lacks either.
@main struct RelayProgram {
    static let usage = "mednexus-relay --nodes N [--delay MS] [--loss P] [--rate BITS] [--seed S] [--mtu BYTES]"

    var nodes = 0
    var delayMilliseconds = 0.0
    var loss = 0.0
    var bitsPerSecond: UInt64 = 0
    var seed: UInt64 = 1
    var mtu = 1500

    static func main() {
        do {
            try RelayProgram(Array(CommandLine.arguments.dropFirst())).run()
        } catch {
            Relay.print("mednexus-relay: \(error.text)", to: STDERR_FILENO)
            exit(1)
        }
    }

    init(_ arguments: [String]) throws(RelayFailure) {
        var rest = arguments[...]
        while let name = rest.popFirst() {
            guard let value = rest.popFirst(), set(name, value) else { throw RelayFailure("usage: \(Self.usage)") }
        }
        guard 1...200 ~= nodes, 576...65_535 ~= mtu, 0...60_000 ~= delayMilliseconds, 0...1 ~= loss else {
            throw RelayFailure("usage: \(Self.usage)")
        }
    }

    private mutating func set(_ name: String, _ value: String) -> Bool {
        func assign<Value>(_ parsed: Value?, _ target: inout Value) -> Bool {
            guard let parsed else { return false }
            target = parsed
            return true
        }
        return switch name {
        case "--nodes": assign(Int(value), &nodes)
        case "--delay": assign(Double(value), &delayMilliseconds)
        case "--loss": assign(Double(value), &loss)
        case "--rate": assign(UInt64(value), &bitsPerSecond)
        case "--seed": assign(UInt64(value), &seed)
        case "--mtu": assign(Int(value), &mtu)
        default: false
        }
    }

    private func run() throws(RelayFailure) {
        guard geteuid() == 0, unsafe access("/dev/net/tun", R_OK | W_OK) == 0 else {
            Relay.print("mednexus-relay: needs root and /dev/net/tun", to: STDERR_FILENO)
            exit(77)
        }
        Self.awaitSignalsOnlyInPoll()
        Tunnel.removeAbandoned()
        let names = (0..<nodes).map { "mnx-\(getpid())-\($0)" }
        var tunnels: [Tunnel] = []
        defer { for tunnel in tunnels { Tunnel.remove(tunnel.name) } }
        for (index, name) in names.enumerated() { tunnels.append(try Tunnel.make(name, index: index, mtu: mtu)) }
        // A packet is written when it is due even while every node computes; without the right to ask, it is as it is.
        var priority = sched_param(sched_priority: 1)
        _ = unsafe sched_setscheduler(0, SCHED_FIFO, &priority)
        _ = fcntl(STDIN_FILENO, F_SETFL, O_NONBLOCK)
        var relay = Relay(tunnels: tunnels, mtu: mtu) { index in
            Link(
                delayNanoseconds: UInt64(delayMilliseconds * 1_000_000), lossThreshold: UInt64(loss * 4_294_967_296),
                bitsPerSecond: bitsPerSecond, seed: seed &* 1_000_003 &+ UInt64(index))
        }
        let entries = names.enumerated().map { #"{"name":"\#($1)","address":"\#(Tunnel.address($0))"}"# }
        Relay.print(#"{"namespaces":[\#(entries.joined(separator: ","))]}"#)
        try relay.run()
    }

    /// SIGTERM and SIGINT interrupt the wait for packets, so that the namespaces are deleted in order.
    private static func awaitSignalsOnlyInPoll() {
        var blocked = sigset_t()
        unsafe sigemptyset(&blocked)
        for number in [SIGTERM, SIGINT, SIGHUP] {
            unsafe sigaddset(&blocked, number)
            signal(number) { _ in }
        }
        unsafe sigprocmask(SIG_BLOCK, &blocked, nil)
        signal(SIGPIPE, SIG_IGN)
    }
}
