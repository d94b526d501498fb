"""Random perturbations of four real validators: nothing final is lost, no fork, and it always goes on.

MEDNEXUS_ROUNDS sets the rounds (default 4; `make perturb` runs 100), MEDNEXUS_SEED repeats a run's choices. As root, the
validators live in network namespaces and links are cut too; otherwise on loopback.
"""

import os
import random
import time

from network import Load, Network, Relay
from test_network import await_vote, finalizes_nothing, finish, others, progress

ROUNDS = int(os.environ.get("MEDNEXUS_ROUNDS", "4"))


class Perturbation:
    def __init__(self, network, load, choice):
        self.network, self.load, self.choice = network, load, choice

    def victim(self):
        return self.choice.choice(self.network.members)

    def go_on_without(self, member):
        progress(self.network, others(self.network, member), blocks=self.choice.randint(1, 6), seconds=120)

    def kill(self):
        member = self.victim()
        member.kill()
        self.go_on_without(member)
        member.start()

    def kill_again_and_again(self):
        member = self.victim()
        for _ in range(3):
            member.kill()
            member.launch()
            time.sleep(self.choice.uniform(0, 0.5))
        member.await_ready()

    def stop(self):
        member = self.victim()
        member.stop()
        self.go_on_without(member)
        member.start()

    def suspend(self):
        member = self.victim()
        member.suspend()
        self.go_on_without(member)
        member.resume()

    def wipe(self):
        """Counts as down until it votes: nothing else happens before."""
        member = self.victim()
        member.kill()
        member.wipe()
        member.recover_guard()
        self.go_on_without(member)
        member.start()
        await_vote(self.network, member, 300)
        member.compared = 0

    def kill_all(self):
        for member in self.network.members:
            member.process.kill()
        for member in self.network.members:
            member.kill()
        self.network.start()

    def kill_two(self):
        down = self.choice.sample(self.network.members, 2)
        for member in down:
            member.kill()
        finalizes_nothing(self.network, [member for member in self.network.members if member not in down], 3)
        for member in down:
            member.start()

    def isolate(self):
        member = self.victim()
        self.network.relay.isolate(member.index)
        self.go_on_without(member)
        self.network.relay.command("heal")

    def halves(self):
        near = self.choice.sample(range(4), 2)
        for one in near:
            for other in set(range(4)) - set(near):
                self.network.relay.command("cut", one, other)
        finalizes_nothing(self.network, self.network.members, 3)
        self.network.relay.command("heal")

    def one_way(self):
        one, other = self.choice.sample(range(4), 2)
        self.network.relay.command("cut-one", one, other)
        self.go_on_without(self.network.members[other])
        self.network.relay.command("heal")

    def bad_weather(self):
        self.network.relay.command("loss", self.choice.choice([0.01, 0.05, 0.15]))
        self.network.relay.command("delay", self.choice.choice([20, 50, 150]))
        progress(self.network, blocks=3, seconds=180)
        self.network.relay.command("loss", 0)
        self.network.relay.command("delay", 2)

    ANYWHERE = [kill, kill_again_and_again, stop, suspend, wipe, kill_all, kill_two]
    BETWEEN_NAMESPACES = [isolate, halves, one_way, bad_weather]


def run(network, seed):
    choice = random.Random(seed)
    known = {}
    kinds = Perturbation.ANYWHERE + (Perturbation.BETWEEN_NAMESPACES if network.relay else [])
    counts = {}
    with Load(network) as load:
        network.await_height(3)
        perturbation = Perturbation(network, load, choice)
        for number in range(ROUNDS):
            kind = choice.choice(kinds)
            counts[kind.__name__] = counts.get(kind.__name__, 0) + 1
            start = time.monotonic()
            try:
                kind(perturbation)
                progress(network, blocks=3, seconds=180)
                network.compare(known=known)
                for member in network.members:
                    load.check(member, last=20)
            except BaseException:
                print(f"MEDNEXUS_SEED={seed}, round {number}: {kind.__name__}")
                raise
            print(
                f"round {number}: {kind.__name__}, {time.monotonic() - start:.1f} s, height {network.highest()}, "
                f"{len(load.final)} payments final", flush=True)
        finish(network, load)
    print(f"{ROUNDS} rounds {counts}: {len(load.final)} payments final at all, height {max(known)}, no fork")


def test_random_perturbations_lose_nothing_final(tmp_path):
    seed = int(os.environ.get("MEDNEXUS_SEED", time.time_ns() % 1_000_000))
    print("MEDNEXUS_SEED", seed)
    if os.geteuid() == 0 and os.access("/dev/net/tun", os.W_OK):
        with Relay(4, delay=2, seed=seed) as relay, Network(tmp_path / "network", relay=relay) as network:
            run(network, seed)
    else:
        print("no root: on loopback, links are not cut")
        with Network(tmp_path / "network") as network:
            run(network, seed)
