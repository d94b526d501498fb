import Glibc

/// Forwards IP packets between namespaces with delay, loss, rate and cuts, until its standard input ends.
///
/// One thread: read what the devices have, put it into the schedule, write what is due. Commands come as lines on
/// standard input and each is answered by one line of JSON on standard output.
@safe struct Relay {
    /// Packets on their way at most: 20,000 a second at three quarters of a second of delay.
    static let slotCount = 16_384
    /// Packets read from one device before the others have their turn.
    static let burst = 64

    let tunnels: [Tunnel]
    var links: [Link]
    var lateness = Lateness()
    private let slotSize: Int
    private let slots: UnsafeMutableRawBufferPointer
    private var free: [Int]
    private var schedule = Schedule()
    private var input: [UInt8] = []

    init(tunnels: [Tunnel], mtu: Int, link: (Int) -> Link) {
        self.tunnels = tunnels
        links = (0..<tunnels.count * tunnels.count).map(link)
        slotSize = mtu
        unsafe slots = .allocate(byteCount: Self.slotCount * mtu, alignment: 16)
        free = Array((0..<Self.slotCount).reversed())
    }

    static func now() -> UInt64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    /// Runs until standard input ends or a signal asks it to stop.
    mutating func run() throws(RelayFailure) {
        while true {
            deliver()
            var timeout = timespec(tv_sec: 3600, tv_nsec: 0)
            if let next = schedule.next {
                let now = Self.now()
                let wait = next.arrival > now ? next.arrival - now : 0
                timeout = timespec(tv_sec: Int(wait / 1_000_000_000), tv_nsec: Int(wait % 1_000_000_000))
            }
            var readable = DescriptorSet()
            for tunnel in tunnels { readable.insert(tunnel.descriptor) }
            readable.insert(STDIN_FILENO)
            guard try readable.wait(timeout) else { return }
            for index in tunnels.indices where readable.contains(tunnels[index].descriptor) { receive(from: index) }
            if readable.contains(STDIN_FILENO), !readCommands() { return }
        }
    }

    private mutating func deliver() {
        while let entry = schedule.next {
            let now = Self.now()
            guard entry.arrival <= now else { return }
            schedule.removeFirst()
            lateness.add(now - entry.arrival)
            // A packet that the device refuses is lost, as on a wire.
            _ = unsafe write(tunnels[entry.receiver].descriptor, slot(entry.slot), entry.length)
            free.append(entry.slot)
        }
    }

    private func slot(_ index: Int) -> UnsafeMutableRawPointer {
        unsafe slots.baseAddress! + index * slotSize
    }

    private mutating func receive(from sender: Int) {
        for _ in 0..<Self.burst {
            guard let index = free.popLast() else { return discard(from: sender) }
            let length = unsafe read(tunnels[sender].descriptor, slot(index), slotSize)
            guard length > 0 else {
                free.append(index)
                return
            }
            let packet = unsafe UnsafeRawBufferPointer(start: slot(index), count: length)
            guard let receiver = unsafe receiver(of: packet), receiver != sender,
                let arrival = links[sender * tunnels.count + receiver].arrival(of: length, now: Self.now())
            else {
                free.append(index)
                continue
            }
            schedule.insert(arrival: arrival, slot: index, length: length, receiver: receiver)
        }
    }

    /// Every slot is on its way: the packet is read and forgotten, and counted for the link it would have taken.
    private mutating func discard(from sender: Int) {
        unsafe withUnsafeTemporaryAllocation(byteCount: slotSize, alignment: 16) { scratch in
            let length = unsafe read(tunnels[sender].descriptor, scratch.baseAddress!, slotSize)
            guard length > 0,
                let receiver = unsafe receiver(of: UnsafeRawBufferPointer(rebasing: scratch[..<length])),
                receiver != sender
            else { return }
            let link = sender * tunnels.count + receiver
            if links[link].arrival(of: length, now: Self.now()) != nil { links[link].countOverflow() }
        }
    }

    /// The namespace an IPv4 packet is for; nil for any other packet.
    private func receiver(of packet: UnsafeRawBufferPointer) -> Int? {
        guard packet.count >= 20, unsafe packet[0] >> 4 == 4,
            unsafe (packet[16], packet[17], packet[18]) == (10, 77, 0)
        else { return nil }
        let index = unsafe Int(packet[19]) - 1
        return tunnels.indices.contains(index) ? index : nil
    }

    /// False when standard input has ended.
    private mutating func readCommands() -> Bool {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let length = unsafe read(STDIN_FILENO, &buffer, buffer.count)
        guard length > 0 else { return length < 0 && errno == EAGAIN }
        input += buffer[..<length]
        while let end = input.firstIndex(of: UInt8(ascii: "\n")) {
            let line = String(decoding: input[..<end], as: UTF8.self)
            input.removeSubrange(...end)
            Self.print(answer(to: line))
        }
        return input.count <= 4096
    }

    static func print(_ line: String, to descriptor: Int32 = STDOUT_FILENO) {
        var rest = Array((line + "\n").utf8)[...]
        while !rest.isEmpty {
            let written = unsafe rest.withUnsafeBytes { unsafe write(descriptor, $0.baseAddress!, $0.count) }
            guard written > 0 else { return }
            rest = rest.dropFirst(written)
        }
    }
}

/// Descriptors below 1,024 to wait on, with nanoseconds of precision and signals let in only meanwhile (pselect).
private struct DescriptorSet {
    private var set = fd_set()
    private var bound: Int32 = 0

    mutating func insert(_ descriptor: Int32) {
        precondition(0..<1024 ~= descriptor, "pselect knows 1,024 descriptors")
        unsafe withUnsafeMutableBytes(of: &set) { unsafe $0[Int(descriptor / 8)] |= 1 << UInt8(descriptor % 8) }
        bound = max(bound, descriptor + 1)
    }

    func contains(_ descriptor: Int32) -> Bool {
        unsafe withUnsafeBytes(of: set) { unsafe $0[Int(descriptor / 8)] & (1 << UInt8(descriptor % 8)) != 0 }
    }

    /// Leaves those that are readable; false when a signal came.
    mutating func wait(_ timeout: timespec) throws(RelayFailure) -> Bool {
        var open = sigset_t()
        var timeout = timeout
        unsafe sigemptyset(&open)
        guard unsafe pselect(bound, &set, nil, nil, &timeout, &open) < 0 else { return true }
        guard errno == EINTR else { throw .system("wait") }
        return false
    }
}
