"""An example client in Python, standard library only: lists INFTs, asks what licenses would cost, follows events.

    python3 market.py [URL] [--party ADDRESS] [--events N] [--seconds S]

URL defaults to http://127.0.0.1:7411. Prints one JSON object a line, so that a test can read it. It knows nothing of
MedNexus but this: every read answers {"height", "blockHash", "value"}, every list {"height", "blockHash", "items",
"next"}, and events continue from a cursor that any node of the network understands.
"""
import argparse
import itertools
import json
import time
import urllib.error
import urllib.request


class RPCError(Exception):
    """An error of the ledger or of the server: stable code, reason, and what to do."""

    def __init__(self, error):
        super().__init__("%s (%s)" % (error["message"], error["code"]))
        self.code = error["code"]
        self.data = error.get("data") or {}


class Node:
    def __init__(self, url):
        self.url = url.rstrip("/") + "/"
        self.numbers = itertools.count(1)

    def call(self, method, **params):
        body = json.dumps({"jsonrpc": "2.0", "id": next(self.numbers), "method": method, "params": params})
        request = urllib.request.Request(self.url, body.encode(), {"Content-Type": "application/json"})
        while True:
            try:
                with urllib.request.urlopen(request, timeout=60) as answer:
                    reply = json.load(answer)
                break
            except urllib.error.HTTPError as error:
                # Too many calls, or a node that is busy: it says how long to wait.
                if error.code not in (429, 503):
                    raise
                time.sleep(float(error.headers.get("Retry-After", "1")))
        if "error" in reply:
            raise RPCError(reply["error"])
        return reply["result"]

    def all(self, method, **params):
        """Every item of a list, page by page."""
        while True:
            page = self.call(method, **params)
            yield from page["items"]
            if page["next"] is None:
                return
            params["cursor"] = page["next"]

    def events(self, cursor="now", filter=None, wait=20_000):
        """Events from a cursor on, for ever: in order, none skipped. Keep item["cursor"] to go on after a restart."""
        while True:
            params = {"cursor": cursor, "waitMilliseconds": wait}
            if filter:
                params["filter"] = filter
            page = self.call("chain_events", **params)
            yield from page["items"]
            cursor = page["next"]
            if not page["items"]:
                yield None


def say(kind, **facts):
    print(json.dumps({"kind": kind, **facts}), flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("url", nargs="?", default="http://127.0.0.1:7411")
    parser.add_argument("--party", help="who would buy: the quote then says if they may")
    parser.add_argument("--events", type=int, default=5, help="how many events to follow")
    parser.add_argument("--seconds", type=float, default=10, help="for how long at most")
    options = parser.parse_args()
    node = Node(options.url)

    status = node.call("node_status")
    say("node", height=status["height"], version=status["value"]["version"], ready=status["value"]["isReady"])

    infts = list(node.all("inft_list", limit=100))
    for inft in infts:
        say("inft", **{key: inft[key] for key in ("id", "class", "title", "status") if key in inft})
    say("infts", count=len(infts))

    for item in node.all("offer_list", limit=100):
        offer = item["offer"]["id"]
        say("offer", id=offer, inft=item["offer"]["inft"], price=item["offer"]["price"])
        try:
            buyer = {"buyer": options.party} if options.party else {}
            say("quote", offer=offer, value=node.call("license_quote", offer=offer, **buyer)["value"])
        except RPCError as error:
            say("refused", offer=offer, code=error.code, reason=error.data.get("reason"))

    end = time.monotonic() + options.seconds
    seen = 0
    for event in node.events(cursor="start", wait=1_000):
        if event:
            seen += 1
            say("event", name=event["name"], height=event["height"], cursor=event["cursor"])
        if seen >= options.events or time.monotonic() > end:
            break
    say("done", events=seen)


main()
