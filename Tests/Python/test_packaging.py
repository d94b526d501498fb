"""What operators are given, checked by what can read it: each part of docker/ and of the Debian package by its tool."""

import contextlib
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time

import pytest
import websockets.sync.client
import yaml

from conftest import BINARIES, ROOT

sys.path.insert(0, str(ROOT / "Tests" / "Packaging"))
import stub_node  # noqa: E402

SCRIPTS = pathlib.Path(sys.executable).parent
DOCKER = ROOT / "docker"


def run(*command, **options):
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=120,
        **options)
    assert done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr


def tool(package, path):
    """A program of a Debian package, taken out of it and not installed."""
    done = subprocess.run(
        [ROOT / ".ci" / "tool", ROOT / ".build" / "tools", package, path], stdout=subprocess.PIPE, text=True,
        check=True, timeout=300)
    return done.stdout.strip()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


# The package


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """A package of the binaries that the tests use; `make package` differs in that Swift's library is linked in."""
    folder = tmp_path_factory.mktemp("package")
    run(ROOT / ".ci" / "package", BINARIES, folder, "libc6, libssl3", env=dict(os.environ, COMPRESSION="none"))
    return next(folder.glob("*.deb"))


def test_the_package_has_programs_unit_genesis_completions_and_its_user(package, tmp_path):
    run("dpkg-deb", "--raw-extract", package, tmp_path / "root")
    root = tmp_path / "root"
    version = run(root / "usr/bin/mednexusd", "version").split()[-1]
    control = run("dpkg-deb", "--field", package)
    assert f"Version: {version}\n" in control and "Depends: libc6, libssl3, adduser\n" in control
    assert run("dpkg-deb", "--info", package, "conffiles").split() == ["/etc/default/mednexusd"]
    assert (root / "usr/lib/systemd/system/mednexusd.service").read_text() == (
        DOCKER / "mednexusd.service").read_text()
    run(root / "usr/bin/mednexusd", "genesis", "check", root / "usr/share/mednexus/genesis/devnet.json")
    for name in ("bash-completion/completions/mednexus", "bash-completion/completions/mednexusd"):
        run("bash", "-n", root / "usr/share" / name)
    assert (root / "usr/share/zsh/vendor-completions/_mednexus").read_text().startswith("#compdef mednexus")
    for script in ("postinst", "prerm", "postrm"):
        run("sh", "-n", root / "DEBIAN" / script)
        assert os.access(root / "DEBIAN" / script, os.X_OK)
    assert "--user" in (root / "DEBIAN/postinst").read_text() or "adduser --system" in (
        root / "DEBIAN/postinst").read_text()
    run("md5sum", "--check", "--quiet", "DEBIAN/md5sums", cwd=root)
    owners = run("dpkg-deb", "--contents", package)
    assert all(line.split()[1] == "root/root" for line in owners.splitlines())


def test_the_same_binaries_give_the_same_package_and_its_checksum_is_beside_it(package, tmp_path):
    run(ROOT / ".ci" / "package", BINARIES, tmp_path, "libc6, libssl3", env=dict(os.environ, COMPRESSION="none"))
    run("sha256sum", "--check", "--strict", "SHA256SUMS", cwd=package.parent)
    shutil.copy(package.parent / "SHA256SUMS", tmp_path / "first")
    run("sha256sum", "--check", "--strict", "first", cwd=tmp_path)


# The unit


def test_the_unit_is_sound_and_hardened(tmp_path):
    text = (DOCKER / "mednexusd.service").read_text()
    assert "ExecStart=/usr/bin/mednexusd start\n" in text
    unit = tmp_path / "mednexusd.service"
    unit.write_text(text.replace("/usr/bin/mednexusd", str(BINARIES / "mednexusd")))
    said = run("systemd-analyze", "verify", "--man=no", unit)
    # Other units of this machine may have their own troubles.
    assert "mednexusd.service" not in said, said
    run("systemd-analyze", "security", "--offline=true", "--threshold=25", unit)


def test_the_unit_restarts_on_unforeseen_failures_only():
    text = (DOCKER / "mednexusd.service").read_text()
    prevented = set(re.search(r"^RestartPreventExitStatus=(.*)$", text, re.MULTILINE)[1].split())
    codes = re.findall(r"case (\w+) = (\d+)", (ROOT / "Sources/Node/ExitCode.swift").read_text())
    assert len(codes) == 11
    assert prevented == {number for name, number in codes if name not in ("done", "failure")}


@pytest.mark.parametrize("is_abstract", [False, True])
def test_a_node_tells_the_service_manager_and_takes_its_keys_from_it(tmp_path, is_abstract):
    home = tmp_path / "network"
    run(BINARIES / "mednexusd", "devnet", "--prepare", "--home", home)
    node = home / "node-a"
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    # As systemd leaves them: readable by the service through an access list, which shows as its group's right.
    for name in ("validator.key", "transport.key"):
        shutil.move(node / name, credentials / name)
        (credentials / name).chmod(0o440)
    name = f"mednexus-test-{os.getpid()}" if is_abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind("\0" + name if is_abstract else name)
        manager.settimeout(20)
        process = subprocess.Popen(
            [BINARIES / "mednexusd", "start", "--home", node, "--set", "rpc.listen=127.0.0.1:0", "--set",
             "operator.listen=127.0.0.1:0", "--set", "p2p.listen=127.0.0.1:0"],
            env=dict(os.environ, NOTIFY_SOCKET="@" + name if is_abstract else name, CREDENTIALS_DIRECTORY=credentials),
            stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        try:
            def next_with(assignment):
                """Among them there may be news of its progress."""
                for _ in range(100):
                    if assignment in (lines := manager.recv(4096).decode().split("\n")):
                        return lines
                raise AssertionError(f"no {assignment}")

            assert any(line.startswith("STATUS=serving network ") for line in next_with("READY=1"))
            process.send_signal(signal.SIGTERM)
            next_with("STOPPING=1")
            _, said = process.communicate(timeout=30)
        finally:
            process.kill()
            process.wait()
    assert process.returncode == 0, said
    assert re.search(r"validator\W+true", said), said


# Containers


def test_the_image_is_built_of_what_is_here_and_by_a_make_target_that_exists():
    run(SCRIPTS / "hadolint", "--failure-threshold", "warning", DOCKER / "Dockerfile")
    text = (DOCKER / "Dockerfile").read_text()
    targets = re.findall(r"^RUN make (\w+)", text, re.MULTILINE)
    makefile = (ROOT / "Makefile").read_text()
    assert targets and all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in targets)
    assert re.search(r"^USER (?!root)", text, re.MULTILINE) and "HEALTHCHECK" in text and "/livez" in text
    assert set(re.search(r"^EXPOSE (.*)$", text, re.MULTILINE)[1].split()) == {"7410", "7411", "7412"}
    # The package's folder of the Makefile is the one that the second stage copies from.
    assert "COPY --from=build /source/.build/package/*.deb" in text and "package .build-package/release .build/package" in makefile


def test_compose_is_four_validators_that_wait_for_their_genesis():
    run(SCRIPTS / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", DOCKER / "compose.yaml")
    compose = yaml.safe_load((DOCKER / "compose.yaml").read_text())
    validators = {name: service for name, service in compose["services"].items() if name.startswith("validator-")}
    assert len(validators) == 4
    published = [port for service in validators.values() for port in service["ports"]]
    assert len(set(published)) == 4 and all(port.startswith("127.0.0.1:") for port in published)
    assert {service["environment"]["NODE"] for service in validators.values()} == {
        "node-a", "node-b", "node-c", "node-d"}
    known = {line.split(" = ")[0] for line in run(BINARIES / "mednexusd", "config", "show").splitlines()}
    for name, service in validators.items():
        assert service["depends_on"] == {"genesis": {"condition": "service_completed_successfully"}}
        assert service["environment"]["MEDNEXUS_P2P_ADVERTISE"] == f"{name}:7410"
        settings = {key for key in service["environment"] if key.startswith("MEDNEXUS_")} | {"MEDNEXUS_P2P_PEERS"}
        assert settings <= {"MEDNEXUS_" + re.sub("[.-]", "_", key).upper() for key in known}
    genesis = compose["services"]["genesis"]
    assert genesis["command"] == list(validators)
    assert (DOCKER / genesis["build"]["context"] / genesis["build"]["dockerfile"]).resolve().is_file()


def test_the_genesis_service_makes_homes_that_know_each_other(tmp_path):
    folder = tmp_path / "network"
    environment = dict(os.environ, PATH=f"{BINARIES}:{os.environ['PATH']}")
    hosts = ["validator-a", "validator-b", "validator-c", "validator-d"]
    run(DOCKER / "make-network", folder, *hosts, env=environment, cwd=ROOT)
    validators = json.loads((folder / "genesis.json").read_text())["governance"]["validators"]
    keys = [validator["transportKey"] for validator in validators]
    assert len(set(keys)) == 4
    for own, letter in enumerate("abcd"):
        assert (folder / f"node-{letter}" / "genesis.json").is_file()
        peers = (folder / f"node-{letter}.peers").read_text().strip()
        assert peers == ",".join(f"{keys[i]}@{hosts[i]}:7410" for i in range(4) if i != own)
        # A node takes that list as it stands.
        shown = run(
            BINARIES / "mednexusd", "config", "show", "--home", folder / f"node-{letter}",
            env=dict(os.environ, MEDNEXUS_P2P_PEERS=peers))
        assert all(f'"{peer}"' in shown for peer in peers.split(","))
    assert "already" in run(DOCKER / "make-network", folder, *hosts, env=environment, cwd=ROOT)
    assert json.loads((folder / "genesis.json").read_text())["governance"]["validators"] == validators


# Alerts


def test_alerts_fire_when_they_should_and_only_on_documented_metrics(tmp_path):
    shutil.copy(DOCKER / "alerts.yaml", tmp_path)
    shutil.copy(ROOT / "Tests/Packaging/alerts_test.yaml", tmp_path)
    promtool = tool("prometheus", "usr/bin/promtool")
    run(promtool, "check", "rules", "--lint=all", "--lint-fatal", tmp_path / "alerts.yaml")
    run(promtool, "test", "rules", tmp_path / "alerts_test.yaml")
    rules = [rule for group in yaml.safe_load((DOCKER / "alerts.yaml").read_text())["groups"] for rule in group["rules"]]
    tested = (ROOT / "Tests/Packaging/alerts_test.yaml").read_text()
    documented = (ROOT / "Specs/operations.md").read_text()
    for rule in rules:
        assert rule["annotations"]["action"] and rule["labels"]["severity"] in ("warning", "critical")
        assert f'alertname="{rule["alert"]}"' in tested, f"{rule['alert']} is never made to fire"
        for metric in re.findall(r"mednexus_\w+", rule["expr"]):
            assert re.search(rf"`{metric}[`{{]", documented), f"{metric} is not in Specs/operations.md"


# The proxy


@pytest.fixture(scope="module")
def proxy(tmp_path_factory):
    """The sample as it is, but for names, ports and a certificate made here."""
    folder = tmp_path_factory.mktemp("proxy")
    node = stub_node.StubNode()
    plain, secure = free_port(), free_port()
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
        "-subj", "/CN=node.example", "-addext", "subjectAltName=DNS:node.example", "-keyout", folder / "key.pem",
        "-out", folder / "certificate.pem")
    text = (DOCKER / "nginx.conf").read_text()
    for old, new in {
        "listen 80;": f"listen 127.0.0.1:{plain};",
        "listen 443 ssl;": f"listen 127.0.0.1:{secure} ssl;",
        "server 127.0.0.1:7411;": f"server 127.0.0.1:{node.server_port};",
        "/etc/letsencrypt/live/node.example/fullchain.pem": str(folder / "certificate.pem"),
        "/etc/letsencrypt/live/node.example/privkey.pem": str(folder / "key.pem"),
    }.items():
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    (folder / "site.conf").write_text(text)
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    (folder / "nginx.conf").write_text(
        f"daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;\n"
        f"events {{}}\nhttp {{ access_log off; {temporary} include {folder}/site.conf; }}\n")
    nginx = tool("nginx", "usr/sbin/nginx")
    process = subprocess.Popen([nginx, "-c", folder / "nginx.conf", "-e", folder / "error.log"])
    for _ in range(200):
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", secure), 1).close()
            break
        assert process.poll() is None, (folder / "error.log").read_text()
        time.sleep(0.05)
    context = ssl.create_default_context(cafile=str(folder / "certificate.pem"))
    yield node, plain, secure, context
    process.terminate()
    process.wait(10)
    node.shutdown()


class NamedConnection(http.client.HTTPSConnection):
    """Connects to loopback and checks the certificate of node.example."""

    def connect(self):
        http.client.HTTPConnection.connect(self)
        self.sock = self._context.wrap_socket(self.sock, server_hostname="node.example")


def post(proxy, body, path="/"):
    _, _, port, context = proxy
    connection = NamedConnection("127.0.0.1", port, context=context, timeout=10)
    connection.request(
        "POST", path, body, {"Host": "node.example", "Content-Type": "application/json", "X-Forwarded-For": "6.6.6.6"})
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    return answer.status, text


CALL = '{"jsonrpc":"2.0","id":7,"method":"chain_head"}'


def test_the_proxy_passes_calls_with_the_true_caller(proxy):
    status, text = post(proxy, CALL)
    assert status == 200
    seen = json.loads(text)["result"]
    # What the caller claimed (6.6.6.6) is gone.
    assert seen == {"X-Forwarded-For": ["127.0.0.1"], "X-Forwarded-Proto": ["https"], "Host": ["node.example"]}
    assert post(proxy, "x" * (1024 * 1024 + 1))[0] == 413
    assert post(proxy, CALL, path="/metrics")[0] == 404
    plain = http.client.HTTPConnection("127.0.0.1", proxy[1], timeout=10)
    plain.request("GET", "/", headers={"Host": "node.example"})
    answer = plain.getresponse()
    assert (answer.status, answer.headers["Location"]) == (308, "https://node.example/")


def test_the_proxy_upgrades_websockets(proxy):
    _, _, port, context = proxy
    with websockets.sync.client.connect(
        "wss://node.example/ws", sock=socket.create_connection(("127.0.0.1", port), 10), ssl=context,
        compression=None,
    ) as connection:
        connection.send("hello")
        assert json.loads(connection.recv(10)) == {"text": "hello", "from": ["127.0.0.1"]}


def test_the_proxy_holds_no_event_back(proxy):
    node, _, port, context = proxy
    connection = NamedConnection("127.0.0.1", port, context=context, timeout=10)
    connection.request("GET", "/events", headers={"Host": "node.example"})
    answer = connection.getresponse()
    assert answer.headers["Content-Type"] == "text/event-stream"
    assert answer.readline() == b"id: 0\n"
    assert json.loads(answer.readline().removeprefix(b"data: "))["X-Forwarded-For"] == ["127.0.0.1"]
    # Only now does the node send the next; a proxy that gathers would never have got here.
    node.first_event_seen.set()
    assert (answer.readline(), answer.readline()) == (b"\n", b"id: 1\n")
    connection.close()


def test_the_proxy_limits_a_caller_that_floods(proxy):
    _, _, port, context = proxy
    connection = NamedConnection("127.0.0.1", port, context=context, timeout=10)
    statuses = []
    for _ in range(2000):
        connection.request("POST", "/", CALL, {"Host": "node.example", "Content-Type": "application/json"})
        answer = connection.getresponse()
        answer.read()
        statuses.append(answer.status)
        if answer.status == 429:
            break
    assert statuses[-1] == 429 and set(statuses[:-1]) == {200} and len(statuses) > 150
    connection.close()
