"""The buffer beside the agent: the real Nginx and curl, and a centre that goes away, refuses and comes back."""

import http.client
import os
import re
import shutil
import signal
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from components.profiles.buffer_config import CONFIG_FOLDER, FOLDER, SCRIPT, buffer_files
from components.profiles.buffer_script import SIDE_BY_SIDE
from components.profiles.names import BUFFER_PORT
from components.security.centre import PROFILES_PATH
from tests.config.nginx_harness import Authority, Signed, free_port, programs_or_skip

SHELLS = [shell for shell in (["/bin/sh"], ["busybox", "sh"]) if shutil.which(shell[0])]
HEADERS = {"Content-Type": "application/proto", "Connect-Protocol-Version": "1"}


@pytest.fixture(scope="module", autouse=True)
def _programs() -> None:
    programs_or_skip("nginx", "openssl", "curl")


class Push(NamedTuple):
    path: str
    headers: dict[str, str]
    body: bytes


class Centre(ThreadingHTTPServer):
    """Asks for a certificate, as the entrance does, and keeps what it took."""

    daemon_threads = True

    def __init__(self, port: int, own: Signed, clients: Path, answer: Callable[[Push], int] = lambda _: 200) -> None:
        self.taken: list[Push] = []
        self.tried, self.answer = 0, answer
        super().__init__(("127.0.0.1", port), _Handler)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(clients))
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_cert_chain(own.certificate, own.key)
        self.socket = context.wrap_socket(self.socket, server_side=True)
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller without a certificate is the test's business."""

    def leave(self) -> None:
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Centre

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        push = Push(self.path, {key.lower(): value for key, value in self.headers.items()}, body)
        self.server.tried += 1
        status = self.server.answer(push)
        if status == 200:
            self.server.taken.append(push)
        said = b"" if status == 200 else b'{"code":"invalid_argument","message":"because"}'
        self.send_response(status)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *_: Any) -> None:
        """Silence."""


class Buffer:
    """A buffer in a folder of its own, which outlives its processes."""

    def __init__(self, folder: Path, shell: list[str], authorities: "Authorities", buffer_mib: int = 64) -> None:
        self.folder, self.shell, self.port, self.centre_port = folder, shell, free_port(), free_port()
        self.disk, self.config = folder / "disk", folder / "config"
        self.made = authorities
        for each in (self.disk, self.config, folder / "tmp", folder / "certificate", folder / "authority"):
            each.mkdir(parents=True)
        shutil.copy(authorities.client.certificate, folder / "certificate" / "tls.crt")
        shutil.copy(authorities.client.key, folder / "certificate" / "tls.key")
        shutil.copy(authorities.centre.own.certificate, folder / "authority" / "ca.crt")
        files = buffer_files({"url": f"https://localhost:{self.centre_port}", "buffer_mib": buffer_mib})
        for name, text in files.items():
            (self.config / name).write_text(self._moved(text))

    def _moved(self, text: str) -> str:
        """The same text for this machine and a hurried test: other folders, another port, shorter times."""
        moved = {
            CONFIG_FOLDER: str(self.config),
            "/etc/centre": str(self.folder),
            "/tmp/": f"{self.folder}/tmp/",
            FOLDER: str(self.disk),
            f"127.0.0.1:{BUFFER_PORT}": f"127.0.0.1:{self.port}",
            r"\d+)\d\.": r"\d+)\.",
            "journal_seconds=10": "journal_seconds=1",
            "settle_seconds=3": "settle_seconds=0",
            "\nretry_seconds=5": "\nretry_seconds=1",
            "longest_retry_seconds=30": "longest_retry_seconds=1",
            "look_seconds=5": "look_seconds=0",
            "tell_seconds=60": "tell_seconds=1",
            "sleep 1": "sleep 0.1",
            "sleep 2": "sleep 0.2",
        }
        if os.geteuid() == 0:
            # Else its worker is nobody, who may not write here.
            moved["worker_processes 1;"] = "user root; worker_processes 1;"
        return re.sub("|".join(map(re.escape, moved)), lambda found: moved[found[0]], text)

    @contextmanager
    def running(self) -> Iterator[subprocess.Popen[bytes]]:
        with (self.folder / "log").open("a") as log:
            process = subprocess.Popen(
                [*self.shell, str(self.config / SCRIPT)], stdout=log, stderr=log, start_new_session=True
            )
        try:
            self.wait(lambda: self.call("GET", "/") is not None, "to listen")
            yield process
        finally:
            # The session is this test's own: Nginx, and curl if it runs.
            end_session(process.pid)
            process.wait()

    def centre(self, answer: Callable[[Push], int] = lambda _: 200) -> Centre:
        return Centre(self.centre_port, self.made.server, self.made.own.own.certificate, answer)

    def call(self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request(method, path, body or None, headers or {})
            answer = connection.getresponse()
            return answer.status, answer.getheader("Content-Type"), answer.read()
        except ConnectionError:
            return None
        finally:
            connection.close()

    def push(self, body: bytes, query: str = "", **headers: str) -> Any:
        return self.call("POST", PROFILES_PATH + query, body, {**HEADERS, **headers})

    def left(self, body: bytes, seconds_ago: int) -> None:
        """What an earlier container has taken."""
        (self.disk / "bodies").mkdir(exist_ok=True)
        (self.disk / "journal").mkdir(exist_ok=True)
        file = self.disk / "bodies" / f"{len(list((self.disk / 'bodies').iterdir())) + 1:010}"
        file.write_bytes(body)
        with (self.disk / "journal" / str(int(time.time()) - seconds_ago)).open("a") as journal:
            journal.write(f"{file}\t{PROFILES_PATH}\ttapplication/proto\te\tv1\n")

    def bodies(self) -> list[bytes]:
        """Only while nothing is sent: what is listed may be gone before it is read."""
        return [path.read_bytes() for path in sorted((self.disk / "bodies").iterdir())]

    def empty(self) -> bool:
        return not list((self.disk / "bodies").iterdir()) and not list((self.disk / "journal").iterdir())

    def log(self) -> str:
        return (self.folder / "log").read_text()

    def wait(self, done: Callable[[], object], what: str, seconds: float = 15) -> None:
        until = time.monotonic() + seconds
        while not done():
            assert time.monotonic() < until, f"waited in vain {what}: {self.log()}"
            time.sleep(0.05)


def end_session(leader: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)


class Authorities(NamedTuple):
    centre: Authority
    own: Authority
    server: Signed
    client: Signed


@pytest.fixture(scope="module")
def authorities(tmp_path_factory: pytest.TempPathFactory) -> Authorities:
    folder = tmp_path_factory.mktemp("authorities")
    centre, own = Authority(folder / "centre", "centre authority"), Authority(folder / "own", "own authority")
    return Authorities(centre, own, centre.sign("entrance", "DNS:localhost"), own.sign("games"))


@pytest.fixture(params=SHELLS, ids=" ".join)
def buffer(request: pytest.FixtureRequest, tmp_path: Path, authorities: Authorities) -> Buffer:
    return Buffer(tmp_path / "b", request.param, authorities)


def test_what_the_centre_misses_waits_on_disk_and_arrives_byte_for_byte(buffer: Buffer) -> None:
    sent = [os.urandom(3_000_000), b"\x00\xff\n\r\n", b"small", os.urandom(70_000)]
    queries = ["", '?from=1&name=a%7Bb%3D"c"%7D', "?x=[1-3]{a,b}", ""]
    encodings: list[dict[str, str]] = [{}, {"Content-Encoding": "gzip"}, {}, {"Content-Type": 'a/b; c="\\d"'}]
    with buffer.running():
        for body, query, said in zip(sent, queries, encodings, strict=True):
            # One journal for each second, and each alone: so the order is seen.
            assert buffer.push(body, query, **said) == (200, "application/proto", b""), buffer.log()
            time.sleep(1.05)
        assert sorted(buffer.bodies()) == sorted(sent)
        buffer.wait(lambda: "pushes wait" in buffer.log(), "to be told what waits")
        centre = buffer.centre()
        buffer.wait(buffer.empty, "for everything to arrive")
        centre.leave()
    assert [push.body for push in centre.taken] == sent
    assert [push.path for push in centre.taken] == [PROFILES_PATH + query for query in queries]
    for push, said in zip(centre.taken, encodings, strict=True):
        assert push.headers["content-type"] == said.get("Content-Type", "application/proto")
        assert push.headers.get("content-encoding") == said.get("Content-Encoding")
        assert push.headers["connect-protocol-version"] == "1"
        assert "expect" not in push.headers


def test_a_restart_loses_nothing_and_sends_nothing_twice(buffer: Buffer) -> None:
    with buffer.running():
        for number in range(20):
            assert buffer.push(b"before %d" % number)[0] == 200
    # What is half there: a body that no journal names, and a line whose body has been sent already.
    (buffer.disk / "bodies" / "9999999999").write_bytes(b"half a push")
    first = min((buffer.disk / "journal").iterdir())
    first.write_text(f"{buffer.disk}/bodies/0000000021\t{PROFILES_PATH}\ttx\te\tv\n{first.read_text()}")
    with buffer.running():
        for number in range(20):
            assert buffer.push(b"after %d" % number)[0] == 200
        centre = buffer.centre()
        buffer.wait(buffer.empty, "for everything to arrive")
        centre.leave()
    expected = [b"%s %d" % (when, number) for when in (b"before", b"after") for number in range(20)]
    assert sorted(push.body for push in centre.taken) == sorted(expected)
    assert {push.headers["content-type"] for push in centre.taken} == {"application/proto"}


def test_what_may_go_well_later_is_kept(buffer: Buffer) -> None:
    sent = [b"0", b"401", b"403", b"408", b"429", b"500", b"503"]
    later = True
    with buffer.running():
        centre = buffer.centre(lambda push: (int(push.body) or 502) if later else 200)
        for body in sent:
            buffer.push(body)
        buffer.wait(lambda: centre.tried >= 2 * len(sent), "for a second attempt")
        assert sorted(buffer.bodies()) == sent
        later = False
        buffer.wait(buffer.empty, "for everything to arrive")
        centre.leave()
    assert sorted(push.body for push in centre.taken) == sent


def test_what_is_refused_for_good_is_thrown_away_and_told(buffer: Buffer) -> None:
    with buffer.running():
        centre = buffer.centre(lambda push: 400 if push.body == b"bad" else 200)
        for body in (b"one", b"bad", b"two"):
            buffer.push(body)
        buffer.wait(buffer.empty, "for everything to go")
        centre.leave()
    assert sorted(push.body for push in centre.taken) == [b"one", b"two"]
    assert 'thrown away: 400 {"code":"invalid_argument","message":"because"}' in buffer.log()


def test_a_push_that_the_centre_chokes_on_holds_up_no_other(buffer: Buffer) -> None:
    with buffer.running():
        centre = buffer.centre(lambda push: 500 if push.body == b"poison" else 200)
        buffer.push(b"poison")
        for number in range(3):
            time.sleep(1.05)
            buffer.push(b"%d" % number)
        buffer.wait(lambda: len(centre.taken) == 3, "for the others")
        buffer.wait(lambda: len(list((buffer.disk / "bodies").iterdir())) == 1, "for their files to go")
        centre.leave()


def test_a_centre_that_takes_nothing_is_not_tried_with_all_that_waits(buffer: Buffer) -> None:
    tried = set()
    for number in range(6):
        buffer.left(b"%d" % number, seconds_ago=60 - number)
    with buffer.running():
        centre = buffer.centre(lambda push: tried.add(push.body) or 503)  # type: ignore[func-returns-value]
        buffer.wait(lambda: centre.tried >= 6, "for three rounds")
        centre.leave()
    assert tried == {b"0", b"1"}
    assert len(buffer.bodies()) == 6


def test_pushes_go_side_by_side_as_the_centre_takes_its_time(buffer: Buffer) -> None:
    at_once: list[int] = [0, 0]

    def slowly(_: Push) -> int:
        at_once[0] += 1
        at_once[1] = max(at_once)
        time.sleep(0.3)
        at_once[0] -= 1
        return 200

    for number in range(32):
        buffer.left(b"%d" % number, seconds_ago=60)
    with buffer.running():
        centre = buffer.centre(slowly)
        buffer.wait(buffer.empty, "for everything to arrive")
        centre.leave()
    assert 8 <= at_once[1] <= SIDE_BY_SIDE
    assert len(centre.taken) == 32


def test_a_full_buffer_says_so_and_takes_again_when_there_is_room(tmp_path: Path, authorities: Authorities) -> None:
    buffer = Buffer(tmp_path / "b", SHELLS[-1], authorities, buffer_mib=1)
    with buffer.running():
        for _ in range(6):
            assert buffer.push(os.urandom(200_000))[0] == 200
        buffer.wait(lambda: buffer.push(b"more")[0] == 503, "to be full")
        centre = buffer.centre()
        buffer.wait(lambda: buffer.push(b"again")[0] == 200, "to take pushes again")
        buffer.wait(buffer.empty, "for everything to arrive")
        centre.leave()
    assert len([push for push in centre.taken if len(push.body) == 200_000]) == 6
    assert "full: takes nothing more" in buffer.log()
    assert "takes pushes again" in buffer.log()


def test_before_it_ends_it_sends_what_is_left(buffer: Buffer) -> None:
    for order in (signal.SIGTERM, signal.SIGQUIT):
        with buffer.running() as process:
            centre = buffer.centre()
            buffer.push(b"last")
            process.send_signal(order)
            assert process.wait(10) == 0
            assert buffer.call("GET", "/") is None
            centre.leave()
        assert [push.body for push in centre.taken] == [b"last"]
        assert buffer.empty()


def test_renewed_certificates_count_at_once_and_only_the_centre_s_authority_does(
    buffer: Buffer, authorities: Authorities, tmp_path: Path
) -> None:
    other = Authority(tmp_path / "other", "another authority")
    theirs = buffer.folder / "authority" / "ca.crt"
    theirs.write_bytes(other.own.certificate.read_bytes())
    with buffer.running():
        centre = buffer.centre()
        buffer.push(b"profile")
        buffer.wait(lambda: "pushes wait" in buffer.log(), "to be told what waits")
        assert centre.tried == 0, "whom nobody vouches for gets nothing"
        theirs.write_bytes(authorities.centre.own.certificate.read_bytes())
        buffer.wait(buffer.empty, "for it to arrive")
        centre.leave()


def test_only_pushes_are_taken(buffer: Buffer) -> None:
    with buffer.running():
        assert buffer.call("GET", PROFILES_PATH)[0] == 403
        for path in ("/ingest?name=a", "/debuginfo.v1alpha1.DebuginfoService/ShouldInitiateUpload", "/"):
            assert buffer.call("POST", path, b"x")[0] == 404, "the entrance has no way for it either"
        assert buffer.push(b"x" * (16 * 1024 * 1024 + 1)) is None or buffer.bodies() == []
        assert buffer.empty()


def test_a_push_that_breaks_off_is_none(buffer: Buffer) -> None:
    with buffer.running():
        connection = http.client.HTTPConnection("127.0.0.1", buffer.port)
        connection.putrequest("POST", PROFILES_PATH)
        connection.putheader("Content-Type", "application/proto")
        connection.putheader("Content-Length", "100000")
        connection.endheaders(b"x" * 50_000)
        buffer.wait(buffer.bodies, "for the first half")
        connection.close()
        buffer.push(b"whole")
        centre = buffer.centre()
        buffer.wait(lambda: centre.taken, "for the whole one")
        time.sleep(1.5)
        centre.leave()
    assert [push.body for push in centre.taken] == [b"whole"]
