"""Clocks that fall back behind the time of the last block."""

import signal

from network import Load, Network, until
from test_network import await_vote, finalizes_nothing, others, progress

HOUR = 3_600_000


def test_clocks_that_jump_back_stop_nobody(tmp_path):
    with Network(tmp_path / "network") as network:
        # As after an hour in which all clocks were an hour ahead: what `devnet advance` does.
        for member in network.members:
            member.stop()
            (member.home / "clock-offset").write_text(f"{HOUR}\n")
            member.start()
        with Load(network) as load:
            progress(network, blocks=10)
            ahead = network.members[0].head()["time"]
            # One falls back: the others go on, it follows, and it votes again once its clock is right.
            late = network.members[3]
            late.stop()
            (late.home / "clock-offset").unlink()
            late.start()
            progress(network, others(network, late), blocks=10)
            network.await_height(network.highest(), [late])
            assert not late.log.read_text().count("banned")
            late.stop()
            (late.home / "clock-offset").write_text(f"{HOUR}\n")
            late.start()
            await_vote(network, late)
            # All fall back: block time can't follow, so nothing becomes final, and each says why.
            for member in network.members:
                member.stop()
            for member in network.members:
                (member.home / "clock-offset").unlink()
            network.start()
            height = finalizes_nothing(network, network.members)
            assert all(member.head()["time"] >= ahead for member in network.members)
            assert "behind the last block" in network.members[0].log.read_text()
            until(
                lambda: "clock is" in (network.members[1].status().get("stalledBecause") or ""), 90,
                lambda: str(network.members[1].status()))
            # Once they are right it goes on by itself.
            for member in network.members:
                (member.home / "clock-offset").write_text(f"{HOUR}\n")
                member.process.send_signal(signal.SIGHUP)
            network.await_height(height + 5)
        network.compare()
