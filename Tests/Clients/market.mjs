// An example client in plain JavaScript, for browsers and for Node.js 20: no package, no build step. It lists INFTs,
// asks what licenses would cost, and follows events: over a WebSocket where the runtime has one, else by long poll.
//
//   node market.mjs [URL] [--party ADDRESS] [--events N] [--seconds S]
//
// In a page: <script type="module">import { Node } from "./market.mjs"</script>, with the page's origin among the
// node's allowed origins. Prints one JSON object a line. All it knows of MedNexus: every read answers {height,
// blockHash, value}, every list {height, blockHash, items, next}, and events go on from a cursor.

export class RPCError extends Error {
  constructor(error) {
    super(`${error.message} (${error.code})`);
    this.code = error.code;
    this.data = error.data ?? {};
  }
}

const pause = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

export class Node {
  #number = 0;

  constructor(url) {
    this.url = url.replace(/\/*$/, "/");
  }

  async call(method, params = {}) {
    const body = JSON.stringify({ jsonrpc: "2.0", id: ++this.#number, method, params });
    for (;;) {
      const answer = await fetch(this.url, { method: "POST", headers: { "Content-Type": "application/json" }, body });
      // Too many calls, or a node that is busy: it says how long to wait.
      if (answer.status === 429 || answer.status === 503) {
        await pause(Number(answer.headers.get("Retry-After") ?? 1));
        continue;
      }
      if (answer.status !== 200) throw new Error(`HTTP ${answer.status}`);
      const reply = await answer.json();
      if (reply.error) throw new RPCError(reply.error);
      return reply.result;
    }
  }

  // Every item of a list, page by page.
  async *all(method, params = {}) {
    for (let cursor = null; ; ) {
      const page = await this.call(method, cursor ? { ...params, cursor } : params);
      yield* page.items;
      if (page.next === null) return;
      cursor = page.next;
    }
  }

  // Events by long poll: in order, none skipped. Yields null when nothing came for a while.
  async *poll({ cursor = "now", filter, wait = 20000 } = {}) {
    for (;;) {
      const page = await this.call("chain_events", { cursor, waitMilliseconds: wait, ...(filter && { filter }) });
      yield* page.items;
      cursor = page.next;
      if (page.items.length === 0) yield null;
    }
  }

  // Events over a WebSocket, from a cursor on; goes on by itself where a connection broke.
  async *subscribe({ cursor = "now", filter } = {}) {
    for (;;) {
      const socket = new WebSocket(this.url.replace(/^http/, "ws") + "ws");
      const waiting = [];
      let wake = () => {};
      let open = true;
      socket.onopen = () =>
        socket.send(
          JSON.stringify({
            jsonrpc: "2.0", id: 1, method: "chain_subscribe",
            params: { topic: "events", cursor, ...(filter && { filter }) },
          }),
        );
      socket.onmessage = (message) => {
        const reply = JSON.parse(message.data);
        if (reply.error) waiting.push(new RPCError(reply.error));
        if (reply.method === "chain_subscription") waiting.push(reply.params.result);
        wake();
      };
      socket.onclose = () => {
        open = false;
        wake();
      };
      try {
        while (open || waiting.length > 0) {
          if (waiting.length === 0) {
            const timer = pause(1);
            await Promise.race([new Promise((resolve) => (wake = resolve)), timer]);
            if (waiting.length === 0) yield null;
            continue;
          }
          const item = waiting.shift();
          if (item instanceof RPCError) throw item;
          cursor = item.cursor;
          yield item;
        }
      } finally {
        socket.close();
      }
      await pause(1);
    }
  }

  events(options = {}) {
    return typeof WebSocket === "undefined" ? this.poll({ ...options, wait: 1000 }) : this.subscribe(options);
  }
}

const say = (kind, facts) => console.log(JSON.stringify({ kind, ...facts }));

async function main(words) {
  const options = { url: "http://127.0.0.1:7411", events: "5", seconds: "10" };
  for (let index = 0; index < words.length; index++) {
    if (words[index].startsWith("--")) options[words[index].slice(2)] = words[++index];
    else options.url = words[index];
  }
  const node = new Node(options.url);

  const status = await node.call("node_status");
  say("node", { height: status.height, version: status.value.version, ready: status.value.isReady });

  let count = 0;
  for await (const inft of node.all("inft_list", { limit: 100 })) {
    say("inft", { id: inft.id, class: inft.class, title: inft.title, status: inft.status });
    count++;
  }
  say("infts", { count });

  for await (const item of node.all("offer_list", { limit: 100 })) {
    const offer = item.offer.id;
    say("offer", { id: offer, inft: item.offer.inft, price: item.offer.price });
    try {
      const quote = await node.call("license_quote", { offer, ...(options.party && { buyer: options.party }) });
      say("quote", { offer, value: quote.value });
    } catch (error) {
      if (!(error instanceof RPCError)) throw error;
      say("refused", { offer, code: error.code, reason: error.data.reason });
    }
  }

  const end = Date.now() + 1000 * Number(options.seconds);
  let seen = 0;
  for await (const event of node.events({ cursor: "start" })) {
    if (event) {
      seen++;
      say("event", { name: event.name, height: event.height, cursor: event.cursor });
    }
    if (seen >= Number(options.events) || Date.now() > end) break;
  }
  say("done", { events: seen });
}

if (typeof process !== "undefined" && process.argv?.[1]?.endsWith("market.mjs")) {
  await main(process.argv.slice(2));
  process.exit(0);
}
