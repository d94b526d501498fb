"""Stands behind the proxy sample: answers as a node's RPC port does, with what reached it."""

import base64
import hashlib
import http.server
import json
import threading


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def _seen(self):
        return {name: self.headers.get_all(name) for name in ("X-Forwarded-For", "X-Forwarded-Proto", "Host")}

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        answer = json.dumps({"jsonrpc": "2.0", "id": json.loads(body)["id"], "result": self._seen()}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def do_GET(self):
        if self.path == "/events":
            self._events()
        elif self.path == "/ws" and self.headers.get("Upgrade", "").lower() == "websocket":
            self._echo()
        else:
            self.send_error(404)

    def _events(self):
        """The first event goes out at once; the second only after the test has seen the first."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for index in range(2):
            event = f"id: {index}\ndata: {json.dumps(self._seen())}\n\n".encode()
            self.wfile.write(b"%x\r\n%s\r\n" % (len(event), event))
            self.wfile.flush()
            if index == 0 and not self.server.first_event_seen.wait(10):
                break
        self.wfile.write(b"0\r\n\r\n")

    def _echo(self):
        """One short masked text frame is given back together with whose it was."""
        key = self.headers["Sec-WebSocket-Key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", base64.b64encode(hashlib.sha1(key.encode()).digest()).decode())
        self.end_headers()
        head = self.rfile.read(2)
        length, mask = head[1] & 0x7F, self.rfile.read(4)
        text = bytes(byte ^ mask[index % 4] for index, byte in enumerate(self.rfile.read(length)))
        answer = json.dumps({"text": text.decode(), "from": self.headers.get_all("X-Forwarded-For")}).encode()
        assert len(answer) < 126
        self.wfile.write(bytes([0x81, len(answer)]) + answer + b"\x88\x00")
        self.wfile.flush()
        self.close_connection = True


class StubNode(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.first_event_seen = threading.Event()
        threading.Thread(target=self.serve_forever, daemon=True).start()
