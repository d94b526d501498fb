"""What Specs/vectors/sealed-keys.json holds, made from fixed randomness by the implementation in sealed_keys.py."""

import dataclasses
import hashlib
import json

import sealed_keys as keys
from sealed_keys import ORDER, Statement, negative, number, scalar, times, total

SOURCE = (
    "Ours: the protocol is published nowhere else. Written by Tests/Python/sealed_keys.py from Specs/sealed-keys.md, "
    "reproduced to the last bit by the Swift implementation.")


class Draw:
    """Random bytes that follow from a name."""

    def __init__(self, name):
        self.name, self.count = name, 0

    def __call__(self):
        self.count += 1
        return hashlib.sha256(f"{self.name}/{self.count}".encode()).digest()


class Scene:
    """An owner, a buyer, a sealed key and its delivery."""

    def __init__(self, name, act, version=1, sender_kind=1, receiver_kind=0):
        draw = self.draw = Draw("sealed-keys/" + name)
        self.a, self.b, self.k = draw(), draw(), draw()
        self.statement = Statement(
            draw(), act, draw(), version, draw(), (sender_kind, draw()), (receiver_kind, draw()))
        self.owner, self.buyer = keys.generator_times(self.a), keys.generator_times(self.b)
        self.content = keys.generator_times(self.k)
        self.randomness = {one: draw() for one in ("seal", "possession", "origin", "delivery")}
        self.sealed, self.r = keys.seal(self.content, self.owner, self.randomness["seal"])
        self.possession = keys.prove_possession(self.a, self.statement, self.randomness["possession"])
        self.origin = keys.prove_origin(
            self.r, self.sealed, self.owner, self.statement, self.randomness["origin"])
        self.delivered, self.proof = keys.deliver(
            self.sealed, self.a, self.buyer, self.statement, self.randomness["delivery"])


def statement_json(statement):
    def party(kind, id):
        return {"kind": "organization" if kind else "account", "id": id.hex()}

    return {
        "network": statement.network.hex(), "act": keys.ACTS[statement.act], "inft": statement.inft.hex(),
        "version": statement.version, "subject": statement.subject.hex(), "from": party(*statement.sender),
        "to": party(*statement.receiver)}


def hexes(values):
    return [value.hex() for value in values]


def deliveries():
    scenes = [
        Scene(f"delivery/{index}", index % 9, version, index & 1, index >> 1 & 1)
        for index, version in enumerate([1, 2, 23, 24, 255, 256, 65536, 1 << 32, (1 << 64) - 1])]
    return [
        {
            "statement": statement_json(one.statement), "encodedStatement": one.statement.encoded.hex(),
            "ownerSecret": one.a.hex(), "ownerKey": one.owner.hex(), "contentScalar": one.k.hex(),
            "contentPoint": one.content.hex(), "buyerSecret": one.b.hex(), "buyerKey": one.buyer.hex(),
            "sealRandomness": one.randomness["seal"].hex(), "sealScalar": one.r.hex(), "sealedKey": hexes(one.sealed),
            "possessionRandomness": one.randomness["possession"].hex(), "possession": hexes(one.possession),
            "originRandomness": one.randomness["origin"].hex(), "origin": hexes(one.origin),
            "deliveryRandomness": one.randomness["delivery"].hex(), "delivered": hexes(one.delivered),
            "delivery": hexes(one.proof), "commitment": keys.commitment(one.delivered, one.proof).hex(),
        } for one in scenes]


def case(relation, scene, **changed):
    """What a verifier is given, as the named relation."""
    value = {
        "statement": scene.statement, "sealingKey": scene.owner, "sealedKey": scene.sealed,
        "recipientKey": scene.buyer, "delivered": scene.delivered,
        "proof": {"possession": scene.possession, "origin": scene.origin, "delivery": scene.proof}[relation]}
    used = {
        "possession": ["sealingKey"], "origin": ["sealingKey", "sealedKey"],
        "delivery": ["sealingKey", "sealedKey", "recipientKey", "delivered"]}[relation]
    value.update(changed)
    result = {"relation": relation, "statement": statement_json(value["statement"])}
    for name in used:
        result[name] = value[name].hex() if isinstance(value[name], bytes) else hexes(value[name])
    return result | {"proof": hexes(value["proof"])}


def foreign():
    """Scalars drawn at random, with no regard for the way Specs/sealed-keys.md makes them."""
    draw = Draw("sealed-keys/foreign")
    found = []
    for index in range(30):
        scene = Scene(f"foreign/{index}", index % 9, index + 1)
        statement = scene.statement.encoded
        k, s, nonces = draw(), draw(), (draw(), draw())
        possession = keys.prove("possession", scene.a, statement + scene.owner, lambda _: k)
        origin = keys.prove("origin", scene.r, statement + scene.owner + b"".join(scene.sealed), lambda _: k)
        delivered = (keys.generator_times(s), total(scene.content, times(scene.buyer, s)))
        proof = keys.prove_delivery(scene.a, s, scene.sealed, scene.buyer, delivered, scene.statement, nonces)
        found += [
            case("possession", scene, proof=possession), case("origin", scene, proof=origin),
            case("delivery", scene, delivered=delivered, proof=proof)]
    return found


def flipped(data, bit=0):
    changed = bytearray(data)
    changed[-1 - bit // 8] ^= 1 << bit % 8
    return bytes(changed)


NO_POINT = b"\x02" + (5).to_bytes(32, "big")  # x = 5 is on no point
TOO_LARGE = b"\x02" + b"\xff" * 32  # x is not below the field's prime
ZERO = bytes(32)


def refused():
    scene, other = Scene("refused", 3), Scene("refused/other", 3)
    found = []

    def add(name, reason, field, one):
        found.append({"name": name, "reason": reason, "field": field} | one)

    for relation in ("possession", "origin", "delivery"):
        for name, statement in rebound(scene.statement).items():
            add(f"another {name}", "doesNotVerify", "proof", case(relation, scene, statement=statement))
        names = ["challenge", "response"] if relation != "delivery" else [
            "challenge", "ownerResponse", "deliveryResponse"]
        proof = {"possession": scene.possession, "origin": scene.origin, "delivery": scene.proof}[relation]
        for index, field in enumerate(names):
            def replaced(value, index=index):
                return [*proof[:index], value, *proof[index + 1:]]
            add(f"{field} is zero", "zeroScalar", field, case(relation, scene, proof=replaced(ZERO)))
            order = ORDER.to_bytes(32, "big")
            add(f"{field} is the order", "outOfRange", field, case(relation, scene, proof=replaced(order)))
            add(f"{field} is all ones", "outOfRange", field, case(relation, scene, proof=replaced(b"\xff" * 32)))
            for bit in (0, 255):
                if keys.is_scalar(flipped(proof[index], bit)):
                    add(f"bit {bit} of {field} flipped", "doesNotVerify", "proof",
                        case(relation, scene, proof=replaced(flipped(proof[index], bit))))
            changed = scalar(-number(proof[index]))
            add(f"{field} negated", "doesNotVerify", "proof", case(relation, scene, proof=replaced(changed)))
        for field, name, position in points(relation):
            for what, bad in (("no point", NO_POINT), ("too large", TOO_LARGE)):
                add(f"{field} is {what}", "invalidPoint", field, case(relation, scene, **put(scene, name, position, bad)))
            place = getattr(scene, ATTRIBUTES[name])
            place = place if position is None else place[position]
            add(f"{field} negated", "doesNotVerify", "proof",
                case(relation, scene, **put(scene, name, position, negative(place))))
            strange = getattr(other, ATTRIBUTES[name])
            strange = strange if position is None else strange[position]
            add(f"another {field}", "doesNotVerify", "proof", case(relation, scene, **put(scene, name, position, strange)))

    add("possession as origin", "doesNotVerify", "proof", case("origin", scene, proof=scene.possession))
    add("origin as possession", "doesNotVerify", "proof", case("possession", scene, proof=scene.origin))
    add("responses swapped", "doesNotVerify", "proof", case(
        "delivery", scene, proof=[scene.proof[0], scene.proof[2], scene.proof[1]]))
    for name, one in degenerate(scene).items():
        add(name, *one)
    return found


ATTRIBUTES = {"sealingKey": "owner", "sealedKey": "sealed", "recipientKey": "buyer", "delivered": "delivered"}


def points(relation):
    found = [("sealingKey", "sealingKey", None)]
    if relation != "possession":
        found += [("sealedKeyFirst", "sealedKey", 0), ("sealedKeySecond", "sealedKey", 1)]
    if relation == "delivery":
        found += [("recipientKey", "recipientKey", None), ("deliveredFirst", "delivered", 0),
                  ("deliveredSecond", "delivered", 1)]
    return found


def put(scene, name, position, point):
    if position is None:
        return {name: point}
    pair = list(getattr(scene, ATTRIBUTES[name]))
    pair[position] = point
    return {name: pair}


def rebound(statement):
    """The statement with one field changed each."""
    kind, id = statement.receiver
    return {
        "network": dataclasses.replace(statement, network=flipped(statement.network)),
        "act": dataclasses.replace(statement, act=(statement.act + 1) % 9),
        "inft": dataclasses.replace(statement, inft=flipped(statement.inft)),
        "version": dataclasses.replace(statement, version=statement.version + 1),
        "subject": dataclasses.replace(statement, subject=flipped(statement.subject)),
        "from": dataclasses.replace(statement, sender=(statement.sender[0], flipped(statement.sender[1]))),
        "to": dataclasses.replace(statement, receiver=(kind, flipped(id))),
        "kind of from": dataclasses.replace(statement, sender=(1 - statement.sender[0], statement.sender[1])),
        "kind of to": dataclasses.replace(statement, receiver=(1 - kind, id)),
        "order of from and to": dataclasses.replace(
            statement, sender=statement.receiver, receiver=statement.sender),
    }


def degenerate(scene):
    """Where a prover that knows every secret drives a point to infinity, and deliveries of something else."""
    a, b, r, e = map(number, (scene.a, scene.b, scene.r, Draw("sealed-keys/degenerate")()))
    nonces = (Draw("sealed-keys/nonce/a")(), Draw("sealed-keys/nonce/s")())
    s = number(Draw("sealed-keys/degenerate/s")())
    delivered = (keys.generator_times(scalar(s)), total(scene.content, times(scene.buyer, scalar(s))))

    def infinity(z_a, z_s):
        return "infinity", "proof", case(
            "delivery", scene, delivered=delivered, proof=[scalar(e), scalar(z_a), scalar(z_s)])

    def proven(sealed, recipient, delivered, s):
        """A proof that fulfills every equation that can be, without the rule that D2 ≠ C2."""
        transcript = b"".join([scene.statement.encoded, scene.owner, *sealed, recipient, *delivered])
        third = total(times(sealed[0], nonces[0]), negative(times(recipient, nonces[1])))
        challenge = keys.tagged("mednexus/sealed/delivery", b"".join(
            [transcript, *map(keys.generator_times, nonces), third]))
        answers = [scalar(number(k) + number(challenge) * x) for k, x in zip(nonces, (a, s))]
        return [challenge, *answers]

    meeting = a * r * pow(b, -1, ORDER) % ORDER
    same = (keys.generator_times(scalar(meeting)), scene.sealed[1])
    shift = keys.generator_times(scalar(1))
    other = (delivered[0], total(delivered[1], shift))
    return {
        "T1 is infinity": infinity(e * a, 7 + e * s),
        "T2 is infinity": infinity(7 + e * a, e * s),
        "T3 is infinity": infinity(b + e * a, r + e * s),
        "T of possession is infinity": ("infinity", "proof", case(
            "possession", scene, proof=[scalar(e), scalar(e * a)])),
        "T of origin is infinity": ("infinity", "proof", case("origin", scene, proof=[scalar(e), scalar(e * r)])),
        "D2 is C2, with s = a·r/b": ("infinity", "deliveredSecond", case(
            "delivery", scene, delivered=same, proof=proven(scene.sealed, scene.buyer, same, meeting))),
        "C sent back as D": ("infinity", "deliveredSecond", case(
            "delivery", scene, recipientKey=scene.owner, delivered=scene.sealed,
            proof=proven(scene.sealed, scene.owner, scene.sealed, r))),
        "D holds K + G": ("doesNotVerify", "proof", case(
            "delivery", scene, delivered=other, proof=proven(scene.sealed, scene.buyer, other, s))),
        "D holds K for another key": ("doesNotVerify", "proof", case(
            "delivery", scene, recipientKey=times(scene.buyer, scalar(2)), delivered=delivered,
            proof=proven(scene.sealed, times(scene.buyer, scalar(2)), delivered, s))),
        "delivered with another key's secret": ("doesNotVerify", "proof", case(
            "delivery", scene, sealingKey=times(scene.owner, scalar(2)), delivered=delivered,
            proof=proven(scene.sealed, scene.buyer, delivered, s))),
    }


def openings():
    scene = Scene("opening", 0)
    empty = (scene.sealed[0], times(scene.owner, scene.r))
    return [
        {"secret": scene.a.hex(), "sealedKey": hexes(scene.sealed), "contentPoint": scene.content.hex()},
        {"secret": scene.b.hex(), "sealedKey": hexes(scene.delivered), "contentPoint": scene.content.hex()},
        {
            "secret": scene.b.hex(), "sealedKey": hexes(scene.sealed),
            "contentPoint": keys.open_sealed(scene.sealed, scene.b).hex()},
        {"secret": scene.a.hex(), "sealedKey": hexes(empty), "reason": "infinity", "field": "contentPoint"},
        {
            "secret": scene.a.hex(), "sealedKey": hexes((NO_POINT, scene.sealed[1])), "reason": "invalidPoint",
            "field": "sealedKeyFirst"},
        {
            "secret": scene.a.hex(), "sealedKey": hexes((scene.sealed[0], TOO_LARGE)), "reason": "invalidPoint",
            "field": "sealedKeySecond"},
    ]


def heres():
    draw = Draw("sealed-keys/here")
    return [
        {"sender": sender.hex(), "sequence": sequence, "index": index, "here": keys.here(sender, sequence, index).hex()}
        for sender, sequence, index in [(draw(), 0, 0), (draw(), 1, 2), (draw(), (1 << 63) + 5, 65535)]]


def everything():
    return {
        "source": SOURCE, "license": "as this repository", "heres": heres(), "openings": openings(),
        "deliveries": deliveries(), "chain": {"length": keys.CHAIN_LENGTH, "digest": keys.chain_digest().hex()},
        "foreign": foreign(), "refused": refused()}


def written():
    """JSON with a line for each case."""
    def lines(value):
        if not isinstance(value, list):
            return json.dumps(value)
        return "[\n" + ",\n".join("    " + json.dumps(one) for one in value) + "\n  ]"

    fields = (f"  {json.dumps(name)}: {lines(value)}" for name, value in everything().items())
    return "{\n" + ",\n".join(fields) + "\n}\n"
