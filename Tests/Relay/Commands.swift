/// The lines that standard input takes. Namespaces are numbered from 0; without FROM and TO every link is meant.
///
///     delay MILLISECONDS [FROM TO]     one way
///     loss PROBABILITY [FROM TO]       0 … 1
///     rate BITS_PER_SECOND [FROM TO]   0: unlimited
///     cut A B · heal A B               both directions; what is on its way still arrives
///     cut-one FROM TO · heal-one FROM TO
///     isolate A · rejoin A             every link of a namespace, both directions
///     heal                             every link
///     stats · reset                    counts per link, lateness in microseconds
extension Relay {
    mutating func answer(to line: String) -> String {
        let words = line.split(separator: " ").map { String($0) }
        guard let command = words.first, perform(command, Array(words.dropFirst())) else {
            return #"{"error":"not understood"}"#
        }
        return command == "stats" ? statistics : "{}"
    }

    private mutating func perform(_ command: String, _ words: [String]) -> Bool {
        switch command {
        case "delay":
            guard let value = words.first.flatMap({ Double($0) }), 0...60_000 ~= value else { return false }
            return change(words.dropFirst()) { $0.delayNanoseconds = UInt64(value * 1_000_000) }
        case "loss":
            guard let value = words.first.flatMap({ Double($0) }), 0...1 ~= value else { return false }
            return change(words.dropFirst()) { $0.lossThreshold = UInt64(value * 4_294_967_296) }
        case "rate":
            guard let value = words.first.flatMap({ UInt64($0) }) else { return false }
            return change(words.dropFirst()) { $0.bitsPerSecond = value }
        case "cut-one", "heal-one":
            guard words.count == 2 else { return false }
            return change(words[...]) { $0.isCut = command == "cut-one" }
        case "cut", "heal":
            if command == "heal", words.isEmpty { return change([]) { $0.isCut = false } }
            guard words.count == 2 else { return false }
            let isCut = command == "cut"
            return change(words[...]) { $0.isCut = isCut } && change([words[1], words[0]]) { $0.isCut = isCut }
        case "isolate", "rejoin":
            guard words.count == 1, let index = Int(words[0]), tunnels.indices.contains(index) else { return false }
            for other in tunnels.indices {
                links[index * tunnels.count + other].isCut = command == "isolate"
                links[other * tunnels.count + index].isCut = command == "isolate"
            }
            return true
        case "reset":
            lateness = Lateness()
            return words.isEmpty
        default:
            return command == "stats" && words.isEmpty
        }
    }

    private mutating func change(_ words: ArraySlice<String>, _ body: (inout Link) -> Void) -> Bool {
        let ends = words.compactMap { Int($0) }.filter { tunnels.indices.contains($0) }
        switch (words.count, ends.count) {
        case (0, 0):
            for index in links.indices { body(&links[index]) }
            return true
        case (2, 2):
            body(&links[ends[0] * tunnels.count + ends[1]])
            return true
        default:
            return false
        }
    }

    private var statistics: String {
        var entries: [String] = []
        for (index, link) in links.enumerated() where index / tunnels.count != index % tunnels.count {
            entries.append(
                """
                {"from":\(index / tunnels.count),"to":\(index % tunnels.count),"forwarded":\(link.forwarded),\
                "lost":\(link.lost),"refused":\(link.refused),"overflowed":\(link.overflowed)}
                """)
        }
        return #"{"lateness":\#(lateness.json),"links":[\#(entries.joined(separator: ","))]}"#
    }
}
