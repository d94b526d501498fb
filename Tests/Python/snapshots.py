"""Verifies snapshots of the state without a node, written from Specs/proofs.md and Specs/state.md alone.

    state = verify(folder, height, block_hash)     # of a final block that is trusted
    state.header.height, state.entries[key]
"""

import pathlib
from typing import NamedTuple

import proofs
from proofs import ProofError, array, octets, record, require, sha

BITS = 256
EPOCH_KEY = bytes([0x82, 0x06, 0x03])


class Snapshot(NamedTuple):
    header: proofs.Header
    entries: dict


def ranges(cuts) -> list:
    """Start and end of each chunk as numbers; the last end is 2^256."""
    starts = [0]
    for cut in array(cuts, "cuts", 0, 65_535):
        octets(cut, "cuts", 1, 32)
        require(cut[-1] != 0, "cuts", "ends with a zero byte")
        starts.append(int.from_bytes(cut.ljust(32, b"\0"), "big"))
        require(starts[-2] < starts[-1], "cuts", "not ascending")
    return list(zip(starts, starts[1:] + [1 << BITS]))


def over(leaves: list, depth: int) -> bytes:
    """The trie's node over leaves (path, hash) whose paths share their first bits."""
    if len(leaves) < 2:
        return leaves[0][1] if leaves else proofs.EMPTY
    middle = sum(not path >> BITS - 1 - depth & 1 for path, _ in leaves)
    return sha(b"\x12", over(leaves[:middle], depth + 1), over(leaves[middle:], depth + 1))


def verify_chunk(data: bytes, start: int, end: int, root: bytes) -> dict:
    """All entries of the state whose paths are in the range."""
    siblings, entries = record(proofs.decode(data, "chunk"), "chunk", 2)
    siblings = iter(proofs.hashes(siblings, "siblings", 512))
    array(entries, "entries", 0 if (start, end) == (0, 1 << BITS) else 1, 131_072)
    leaves, last = [], -1
    for entry in entries:
        key, value = record(entry, "entries", 2)
        octets(key, "key", 0, 1024)
        octets(value, "value", 0, 4 << 20)
        path = proofs.path_of(key)
        place = int.from_bytes(path, "big")
        require(max(start, last + 1) <= place < end, "entries", "not in its place")
        leaves.append((place, sha(b"\x11", path, sha(value))))
        last = place

    def node(first: int, depth: int, leaves: list) -> bytes:
        def is_cut_at(border: int) -> bool:
            return border != first and border >> BITS - depth == first >> BITS - depth

        if is_cut_at(start) or is_cut_at(end):
            middle = first + (1 << BITS - 1 - depth)
            left = node(first, depth + 1, [leaf for leaf in leaves if leaf[0] < middle])
            return sha(b"\x12", left, node(middle, depth + 1, [leaf for leaf in leaves if leaf[0] >= middle]))
        if start <= first < end:
            return over(leaves, depth)
        sibling = next(siblings, None)
        require(sibling is not None, "siblings", "too few")
        return sibling

    require(node(0, 0, leaves) == root, "chunk", "leads to another state root")
    require(next(siblings, None) is None, "siblings", "too many")
    return {key: value for key, value in entries}


def verify(folder, height: int, block_hash: bytes) -> Snapshot:
    folder = pathlib.Path(folder)
    manifest = record(proofs.decode((folder / "manifest").read_bytes(), "manifest"), "manifest", 6)
    version, chain, (key, value, proof), cuts, _, _ = manifest
    require(version == 2, "format-version", "another")
    header = proofs.check_chain(chain, height, block_hash)
    require(key == EPOCH_KEY, "epoch", "another record")
    proofs.check_state(key, value, proof, header.state_root, "epoch")
    entries = {}
    for index, (start, end) in enumerate(ranges(cuts)):
        entries |= verify_chunk((folder / f"chunk-{index}").read_bytes(), start, end, header.state_root)
    return Snapshot(header, entries)


__all__ = ["ProofError", "Snapshot", "ranges", "verify", "verify_chunk"]
