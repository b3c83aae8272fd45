"""The lab's server: who may speak to it, and what it does to those who ask for too much."""

import contextlib
import http.client
import json
import os
import re
import signal
import socket
import stat
import struct
import subprocess
import sys
import time

import numpy as np
import pytest

pytest.importorskip("starlette")
pytest.importorskip("uvicorn")
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.sync.client import connect

from fallline.errors import UsageError
from fallline.lab.server.access import Access
from fallline.lab.server.application import MOST_PAGES, application
from fallline.lab.server.guard import DOORS, HEADERS
from fallline.lab.server.kept_secret import kept_secret
from fallline.lab.server.listening import bind


class Lab:
    """A running server, and a browser's part."""

    def __init__(self, folder, port=0):
        environment = {**os.environ, "XDG_RUNTIME_DIR": str(folder), "FALLLINE_NO_BROWSER": "1"}
        command = [sys.executable, "-m", "fallline", "lab", "--port", str(port), "--no-browser"]
        self.process = subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self.address = re.search(r"http://\S+", self.process.stdout.readline())[0]
        self.port = int(re.search(r":(\d+)/", self.address)[1])
        self.host = f"127.0.0.1:{self.port}"
        self.token = self.address.partition("token=")[2]
        self.cookie = None

    def get(self, path="/", method="GET", body=None, **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        sent = {"Host": self.host} | ({"Cookie": self.cookie} if self.cookie else {}) | headers
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for name, value in sent.items():
            if value is not None:
                connection.putheader(name.replace("_", "-"), value)
        connection.endheaders(body)
        answer = connection.getresponse()
        answer.content = answer.read()
        connection.close()
        return answer

    def enter(self):
        answer = self.get(f"/?token={self.token}")
        assert answer.status == 303
        self.cookie = answer.headers["set-cookie"].partition(";")[0]
        return answer

    def socket(self, **changed):
        headers = {"Host": self.host, "Origin": f"http://{self.host}", "Cookie": self.cookie} | changed
        return Page(self, {name: value for name, value in headers.items() if value is not None})

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        try:
            out, err = self.process.communicate(timeout=10)
        finally:
            self.process.kill()
        return out, err

    @property
    def memory(self):
        with open(f"/proc/{self.process.pid}/status") as stream:
            return int(re.search(r"VmRSS:\s+(\d+)", stream.read())[1]) / 1024


class Page:
    """The page's end of a socket."""

    def __init__(self, lab, headers):
        sock = socket.create_connection(("127.0.0.1", lab.port), timeout=10)
        host = headers.pop("Host")
        # The library writes the Host from the address; a forged one needs the address to be forged.
        try:
            opened = connect(
                f"ws://{host}/socket", sock=sock, additional_headers=headers, user_agent_header=None,
                max_size=None, compression=None, proxy=None, open_timeout=5,
            )  # fmt: skip
            self.ws = opened.__enter__()
        except BaseException:
            sock.close()
            raise
        self.id = 0

    def send(self, kind, **more):
        self.id += 1
        self.ws.send(json.dumps({"kind": kind, "id": self.id, **more}))
        return self.id

    def receive(self, timeout=20):
        message = self.ws.recv(timeout=timeout)
        if isinstance(message, str):
            return json.loads(message), {}
        length = struct.unpack("<I", message[:4])[0]
        assert (4 + length) % 8 == 0
        content, at, arrays = json.loads(message[4 : 4 + length]), 4 + length, {}
        for size, about in zip(content["buffers"], content.get("arrays", []), strict=False):
            arrays[about["name"]] = np.frombuffer(message[at : at + size], about["dtype"]).reshape(about["shape"])
            at += -(-size // 8) * 8
        return content, arrays

    def until(self, kind, timeout=20):
        end = time.monotonic() + timeout
        while True:
            content, arrays = self.receive(end - time.monotonic())
            if content["kind"] == kind:
                return content, arrays


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    lab = Lab(tmp_path_factory.mktemp("run"))
    lab.entered = lab.enter()
    yield lab
    lab.stop()


FORGED_HOSTS = ["evil.example", "127.0.0.1", "127.0.0.1:1", "localhost", "127.0.0.1.evil.example:{port}", "[::1]:{port}",
                "0.0.0.0:{port}", "127.0.0.1:{port}.evil.example", "localhost.:{port}", "LOCALHOST:{port}", ""]  # fmt: skip
FORGED_ORIGINS = ["http://evil.example", "null", "https://127.0.0.1:{port}", "http://127.0.0.1", "http://127.0.0.1:1",
                  "http://localhost:{port}", "http://127.0.0.1:{port}.evil.example", "http://127.0.0.1:{port}/", "file://",
                  "http://evil.example#http://127.0.0.1:{port}", ""]  # fmt: skip


def test_every_route_declares_what_it_asks_for():
    routes = {(route.path, type(route).__name__) for route in application(Access(1)).app.routes}
    assert routes == {("/", "Route"), ("/{file}", "Route"), ("/socket", "WebSocketRoute")}
    assert {(door.path, door.needs) for door in DOORS} == {("/", "token"), ("/{file}", "cookie"), ("/socket", "cookie")}


@pytest.mark.parametrize("path", ["/", "/app.js", "/lab.css"])
class TestFiles:
    def test_served_to_the_page(self, lab, path):
        answer = lab.get(path)
        assert answer.status == 200
        kinds = {"/": "text/html", "/app.js": "text/javascript", "/lab.css": "text/css"}
        assert answer.headers["content-type"] == f"{kinds[path]}; charset=utf-8"
        for name, value in HEADERS:
            assert answer.headers[name.decode()] == value.decode()
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert lab.get(path, If_None_Match=answer.headers["etag"]).status == 304

    @pytest.mark.parametrize("host", FORGED_HOSTS)
    def test_forged_host(self, lab, path, host):
        assert lab.get(path, Host=host.format(port=lab.port)).status in (400, 403)

    @pytest.mark.parametrize("origin", FORGED_ORIGINS)
    def test_forged_origin(self, lab, path, origin):
        assert lab.get(path, Origin=origin.format(port=lab.port)).status == 403

    @pytest.mark.parametrize("site", ["cross-site", "same-site", "nonsense"])
    def test_asked_for_by_another_page(self, lab, path, site):
        assert lab.get(path, Sec_Fetch_Site=site).status == 403

    @pytest.mark.parametrize(
        "cookie", [None, "", "fallline-lab={secret}", "fallline-lab-{port}=", "fallline-lab-{port}=x"]
    )
    def test_without_the_cookie(self, lab, path, cookie):
        answer = lab.get(path, Cookie=cookie and cookie.format(port=lab.port, secret=lab.cookie.partition("=")[2]))
        assert answer.status == 403
        assert "terminal" in answer.content.decode()

    @pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
    def test_other_methods(self, lab, path, method):
        assert lab.get(path, method=method).status == 405


class TestSocket:
    def test_open_to_the_page(self, lab):
        page = lab.socket()
        page.send("hello", state=None)
        assert page.receive()[0]["kind"] == "welcome"
        page.ws.close()

    @pytest.mark.parametrize("origin", [*FORGED_ORIGINS, None])
    def test_forged_or_missing_origin(self, lab, origin):
        with pytest.raises(InvalidStatus) as refused:
            lab.socket(Origin=origin and origin.format(port=lab.port))
        assert refused.value.response.status_code == 403

    @pytest.mark.parametrize("host", [h for h in FORGED_HOSTS if h and "[" not in h])
    def test_forged_host(self, lab, host):
        host = host.format(port=lab.port)
        if host == f"LOCALHOST:{lab.port}":
            pytest.skip("the client library writes it small")
        with pytest.raises((InvalidStatus, WebSocketException, ValueError)):
            lab.socket(Host=host, Origin=f"http://{host}")

    @pytest.mark.parametrize("cookie", [None, "fallline-lab-{port}=x", "other=1"])
    def test_without_the_cookie(self, lab, cookie):
        with pytest.raises(InvalidStatus) as refused:
            lab.socket(Cookie=cookie and cookie.format(port=lab.port))
        assert refused.value.response.status_code == 403


def test_the_token_is_good_once(lab):
    assert re.search(r"; HttpOnly; SameSite=Strict$", lab.entered.headers["set-cookie"])
    assert lab.entered.headers["location"] == "/"
    assert lab.get(f"/?token={lab.token}", Cookie=None).status == 403
    assert lab.get("/?token=", Cookie=None).status == 403
    assert lab.get("/app.js?token=x", Cookie=None).status == 403


@pytest.mark.parametrize("path", ["/..%2fserver.py", "/../server.py", "/page.py", "/%2e%2e/state.py", "/socket", "/a/b.js",
                                  "/lab.css%00.js", "//etc/passwd", "/index.html/x"])  # fmt: skip
def test_no_other_file_is_served(lab, path):
    assert lab.get(path).status == 404


def test_the_page_names_all_its_modules_at_once(lab):
    """Modules found only by importing one another would come one round after the other."""
    from fallline.lab.page_files import PAGE

    preloaded = re.findall(r'modulepreload" href="([^"]+)"', lab.get("/").content.decode())
    others = {"page.js", "widget.js"}
    assert sorted(preloaded) == sorted({path.name for path in PAGE.glob("*.js")} - others)


def test_only_loopback_listens(lab):
    with open("/proc/net/tcp") as stream:
        local = [line.split()[1] for line in stream.readlines()[1:] if line.split()[3] == "0A"]
    assert [address for address in local if address.endswith(f":{lab.port:04X}")] == [f"0100007F:{lab.port:04X}"]


def test_a_large_upload_is_refused_unread(lab):
    for headers in ({"Content-Length": str(10 * 2**30)}, {"Transfer-Encoding": "chunked"}):
        for method, status in (("POST", 405), ("GET", 413)):
            connection = socket.create_connection(("127.0.0.1", lab.port), timeout=10)
            lines = [
                f"{method} / HTTP/1.1",
                f"Host: {lab.host}",
                f"Cookie: {lab.cookie}",
                *map(": ".join, headers.items()),
            ]
            connection.sendall("\r\n".join([*lines, "", ""]).encode())
            assert connection.recv(100).startswith(f"HTTP/1.1 {status}".encode())
            with contextlib.suppress(OSError):  # the server has closed: what is sent goes nowhere
                for _ in range(200):
                    connection.sendall(b"x" * 100_000)
            connection.close()
    page = lab.socket()
    page.send("hello", state=None)
    page.receive()
    with contextlib.suppress(ConnectionClosed):
        page.ws.send(json.dumps({"kind": "csv", "id": 1, "name": "big.csv", "text": "x" * 3_000_000}))
        page.receive()
        pytest.fail("a message of 3 MB was taken")
    # The server says "too big" and closes; a page that is still sending may meet the closed door before it reads why.
    assert page.ws.close_code in (1009, 1006)
    assert lab.get("/").status == 200
    assert lab.memory < 500


def test_half_open_connections_starve_nobody(lab):
    neighbour = lab.socket()
    neighbour.send("hello", state=None)
    neighbour.receive()
    half_open = []
    try:
        for k in range(1000):
            with contextlib.suppress(OSError):
                one = socket.create_connection(("127.0.0.1", lab.port), timeout=5)
                one.sendall(b"GET / HTTP/1.1\r\nHost:" if k % 2 else b"")
                half_open.append(one)
        start = time.monotonic()
        neighbour.send("tiles", tiles=[[1, 0, 0]])
        assert neighbour.until("tile")[0]["z"] == 1
        assert lab.get("/").status == 200
        assert time.monotonic() - start < 5
        assert lab.memory < 500
        with open(f"/proc/{lab.process.pid}/limits"):
            assert len(os.listdir(f"/proc/{lab.process.pid}/fd")) < 250
    finally:
        for one in half_open:
            one.close()
    neighbour.ws.close()


BOMBS = [
    {"steps": 10**9}, {"starts": 10**6}, {"objective": {"kind": "network", "units": [2, 64, 64, 64, 3], "activations": ["relu"] * 3}},
    {"objective": {"kind": "formula", "text": "9**9**9**9*x"}}, {"objective": {"kind": "formula", "text": "(" * 300 + "x"}},
    {"objective": {"kind": "formula", "text": "((((x^20)^20)^20)^20)^20"}}, {"objective": {"kind": "formula", "text": "x" * 60_000}},
    {"objective": {"kind": "formula", "text": "__import__('os').system('x')*x"}},
    {"data": {"kind": "generated", "name": "moons", "samples": 10**9}}, {"data": {"kind": "generated", "name": "/etc/passwd"}},
    {"data": {"kind": "points", "points": [[0, 0, 0]] * 10**4}}, {"data": {"kind": "table", "digest": "../../etc/passwd"}},
    {"start": [1e400] * 26}, {"settings": {"learning_rate": "os"}}, {"map": {"x": {"name": "learning_rate", "low": -1, "high": 1, "scale": "log"}}},
    {"view": {"x": [0, float("nan")]}}, {"pins": [{"x": 0, "y": 0}] * 99}, {"other": 1}, [], 7, {"objective": {"kind": "network", "units": [2] * 10**4}},
]  # fmt: skip


def test_bombs_are_refused_in_words_and_a_neighbour_lives(lab):
    page, neighbour = lab.socket(), lab.socket()
    for one in (page, neighbour):
        one.send("hello", state=None)
        one.receive()
    for bomb in BOMBS:
        number = page.send("state", state=bomb, tiles=[[0, 0, 0]])
        answer, _ = page.until("refused")
        assert answer["id"] in (number, None), answer
        assert re.match(r"[a-z\"].{15,500}[.?]$", answer["sentence"], re.DOTALL), answer
        assert "internal" not in answer["sentence"]
    for wrong in ('{"kind": "tiles"', "[" * 50_000, "7", '{"kind": 7, "id": 1}', '{"kind": "tiles", "id": 1, "tiles": 5}',
                  '{"kind": "frames", "id": 3, "pin": 0, "x": 1, "y": 1, "from": -1, "to": 1e9}', '{"kind": "open", "id": 1}',
                  json.dumps({"kind": "tiles", "id": 1, "tiles": [[60, 2**59, 0]]}), json.dumps({"kind": "run", "id": 1, "pin": 0, "x": "a"}),
                  json.dumps({"kind": "tiles", "id": 1, "tiles": [[0, 0, 0]] * 5000}), '{"kind": "export", "id": 1, "what": "pickle"}',
                  '{"kind": "export", "id": 1, "what": "map", "size": 1000000}',
                  json.dumps({"kind": "state", "id": 1, "state": {"x": "y" * 70_000}})):  # fmt: skip
        page.ws.send(wrong)
        answer, _ = page.until("refused")
        assert "internal" not in answer["sentence"], answer
    neighbour.send("tiles", tiles=[[1, 1, 1]])
    assert neighbour.until("tile")[1]["final_loss"].shape == (64, 64)
    page.send("tiles", tiles=[[0, 0, 0]])  # the state before the bombs still stands
    page.until("tile")
    assert lab.memory < 500
    page.ws.close()
    neighbour.ws.close()


def test_one_page_more_is_told_so(lab):
    pages = []
    try:
        for _ in range(MOST_PAGES):
            pages.append(lab.socket())
            pages[-1].send("hello", state=None)
            assert pages[-1].receive()[0]["kind"] == "welcome"
        one_more = lab.socket()
        assert "8 pages" in one_more.receive()[0]["sentence"]
    finally:
        for page in pages:
            page.ws.close()


def test_no_work_goes_on_for_nobody(lab):
    """A page that closes in mid-computation leaves the processor idle."""
    page = lab.socket()
    page.send("hello", state={"steps": 150})
    page.receive()
    page.send("tiles", tiles=[[4, i, j] for i in range(16) for j in range(16)])
    page.until("tile", 60)
    page.ws.close()
    time.sleep(3)

    def spent():
        with open(f"/proc/{lab.process.pid}/stat") as stream:
            return sum(map(int, stream.read().rpartition(") ")[2].split()[11:13])) / os.sysconf("SC_CLK_TCK")

    before = spent()
    time.sleep(1)
    assert spent() - before < 0.5


def test_a_server_started_anew_on_its_port_knows_its_page(tmp_path):
    first = Lab(tmp_path)
    first.enter()
    first.process.kill()
    first.process.communicate()
    again = Lab(tmp_path, first.port)
    try:
        again.cookie = first.cookie
        page = again.socket()
        page.send("hello", state=None)
        assert page.receive()[0]["kind"] == "welcome"
    finally:
        out, err = again.stop()
    assert again.process.returncode == 0
    assert "Traceback" not in out + err
    secret = next(tmp_path.glob("fallline/lab-*.secret"))
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600


def test_a_secret_that_others_can_read_is_not_used(tmp_path):
    kept = kept_secret(1, tmp_path)
    assert kept_secret(1, tmp_path) == kept != kept_secret(2, tmp_path)
    (tmp_path / "lab-1.secret").chmod(0o644)
    assert kept_secret(1, tmp_path) != kept
    (tmp_path / "lab-3.secret").symlink_to(tmp_path / "lab-2.secret")
    assert kept_secret(3, tmp_path) != kept_secret(2, tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes with names")
def test_what_is_no_file_of_the_users_is_left_alone(tmp_path):
    """A pipe would keep the lab waiting for ever, a device or a link would have it read from elsewhere."""
    folder = tmp_path / "private"
    folder.mkdir(0o700)
    os.mkfifo(folder / "lab-1.secret", 0o600)
    (folder / "lab-2.secret").mkdir(0o600)
    (folder / "lab-3.secret").symlink_to("/dev/zero")
    (folder / "lab-4.secret").symlink_to(folder / "nowhere")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / "lab-5.secret"))
    before = sorted((p.name, p.lstat().st_mode) for p in folder.iterdir())
    for port in range(1, 6):
        assert kept_secret(port, folder) != kept_secret(port, folder)
    assert sorted((p.name, p.lstat().st_mode) for p in folder.iterdir()) == before


def test_a_secret_that_is_old_or_broken_is_replaced(tmp_path):
    path = tmp_path / "lab-1.secret"
    for content, age in ((b"short", 0), (b"\xff" * 60, 0), (b"x" * 60, 8 * 86400), (b"x" * 60, -8 * 86400)):
        path.write_bytes(content)
        path.chmod(0o600)
        os.utime(path, (time.time() - age,) * 2)
        fresh = kept_secret(1, tmp_path)
        assert len(fresh) >= 40
        assert fresh != content.decode("latin-1")
        assert kept_secret(1, tmp_path) == fresh == path.read_text()


def test_a_folder_in_which_others_may_write_keeps_no_secret(tmp_path):
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(0o777)
    assert kept_secret(1, folder) != kept_secret(1, folder)
    assert not list(folder.iterdir())


def test_an_address_of_many_fields_is_refused_in_words(lab):
    assert lab.get("/?" + "&".join(f"a{k}=1" for k in range(50)), Cookie=None).status == 403


@pytest.mark.parametrize(
    "text", ['{"kind": NaN}', '{"kind": "\\ud800"}', "[" * 30_000, "3", '{"kind": 1' + "0" * 6000 + "}"]
)
def test_what_is_no_json_is_refused_in_words(lab, text):
    page = lab.socket()
    page.ws.send(text)
    content, _ = page.receive()
    assert content["kind"] == "refused"
    assert content["sentence"].startswith("a message must be")
    page.ws.close()


def test_a_port_that_is_taken_is_told():
    listener = bind(0)
    port = listener.getsockname()[1]
    with pytest.raises(UsageError, match=f"port {port} is taken"):
        bind(port)
    listener.close()
    with pytest.raises(UsageError, match="port 99999"):
        bind(99999)
