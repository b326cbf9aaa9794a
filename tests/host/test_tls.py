# SPDX-License-Identifier: Apache-2.0
"""TLS between terminal and collector: real handshakes, the terminal's end on both interpreters."""

import contextlib
import json
import socket
import ssl
import subprocess
import threading
import time

import click
import pytest

from firmware.errors import FormatError
from firmware.formats import batch
from host_tools.cli.collect_lines import tls_of
from host_tools.cli.runtime import runtime_command
from host_tools.collector import Collector
from host_tools.lines import tls_context
from host_tools.server import CollectorServer
from tests.host.certificates import Authority
from tests.host.console import PATIENCE_S, ROOT, RUNTIMES, started, stopped

HOST = "127.0.0.1"
GOOD = batch.pack_batch(7, [(1, b"one")])


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def stranger(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("other"), "other")


@pytest.fixture(scope="module")
def own(authority):
    """(certificate, key) of a collector that is all right."""
    return authority.issue("collector")


@pytest.fixture
def serving(ledger):
    """serving(certificate and key) -> the running server; more arguments are the server's."""
    running = []

    def start(pair, client_ca=None, **more):
        context = tls_context(*pair, client_ca)
        running.append(CollectorServer(Collector(ledger), tcp=(HOST, 0), tls=context, **more))
        running[-1].start()
        return running[-1]

    yield start
    for one in running:
        one.stop()


def settings(folder, port, trust, more=""):
    path = folder / "settings.txt"
    path.write_text(
        f"terminal: 7\nreader: serial:none\njournal: file:none\nparameters: none\n"
        f"link: tls:{HOST}:{port}\nlink_ca: {trust}\n{more}"
    )
    return path


def upload(runtime, path, records=5):
    """What the terminal's end says, in a process of its own."""
    argv, env, cwd, _ = runtime_command(runtime)
    done = subprocess.run(
        [*argv, str(ROOT / "tests/link_peer.py"), str(path), str(records), "20"],
        env=env, cwd=cwd, capture_output=True, text=True, timeout=PATIENCE_S * 2, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_records_go_up_over_tls_and_no_idle_turn_waits(
    runtime, serving, own, authority, ledger, tmp_path
):
    server = serving(own)
    said = upload(runtime, settings(tmp_path, server.port, authority.path), 20)
    assert (said["acknowledged"], said["error"]) == (20, "")
    assert said["longest_us"] < 1000000  # a handshake that is waited for takes its round trips
    assert [raw for _, raw in ledger.raw(7)] == [b"record %d" % n for n in range(1, 21)]


WRONG = [
    ({"names": ("else.test",)}, "", "not for the name 127.0.0.1"),
    ({}, "link_name: else.test\n", "not for the name else.test"),
    ({"first": -9, "last": -2}, "", "has expired"),
    ({"first": 2, "last": 9}, "", "not valid yet"),
]


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("made, more, why", WRONG)
def test_a_certificate_that_is_not_right_is_refused_by_name(
    runtime, made, more, why, serving, authority, ledger, tmp_path
):
    server = serving(authority.issue("made", **made))
    said = upload(runtime, settings(tmp_path, server.port, authority.path, more))
    assert why in said["error"] and said["acknowledged"] == 0
    assert ledger.last_sequence(7) == 0


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_collector_of_another_authority_is_refused(
    runtime, serving, own, stranger, ledger, tmp_path
):
    server = serving(own)
    said = upload(runtime, settings(tmp_path, server.port, stranger.path))
    assert "signed by no CA" in said["error"] and ledger.last_sequence(7) == 0


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_two_authorities_may_be_trusted_while_one_takes_over(
    runtime, serving, own, authority, stranger, tmp_path
):
    both = tmp_path / "both.pem"
    both.write_bytes(stranger.path.read_bytes() + authority.path.read_bytes())
    said = upload(
        runtime, settings(tmp_path, serving(own).port, both, "link_name: collector.test\n")
    )
    assert (said["acknowledged"], said["error"]) == (5, "")


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_collector_may_want_a_certificate_of_the_terminal(
    runtime, serving, own, authority, ledger, tmp_path
):
    server = serving(own, str(authority.path))
    assert upload(runtime, settings(tmp_path, server.port, authority.path))["error"]
    assert ledger.last_sequence(7) == 0
    certificate, key = authority.issue("terminal")
    more = f"link_cert: {certificate}\nlink_key: {key}\n"
    said = upload(runtime, settings(tmp_path, server.port, authority.path, more))
    assert (said["acknowledged"], said["error"]) == (5, "")


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("text", ["", "no PEM", "-----BEGIN CERTIFICATE-----\nAAAA\n"])
def test_a_file_without_certificates_is_refused_at_the_start(runtime, text, tmp_path):
    trust = tmp_path / "trust.pem"
    trust.write_text(text)
    said = upload(runtime, settings(tmp_path, 4755, trust))
    assert "trust.pem" in said["refused"]


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_missing_file_is_refused_at_the_start(runtime, tmp_path):
    said = upload(runtime, settings(tmp_path, 4755, tmp_path / "none.pem"))
    assert "none.pem" in said["refused"]


class Cutting:
    """Between terminal and collector: cuts after so many bytes of the collector."""

    def __init__(self, port, most):
        self.listener = socket.create_server((HOST, 0))
        self.port, self.there, self.most = self.listener.getsockname()[1], port, most
        self.thread = threading.Thread(target=self._carry, daemon=True)
        self.thread.start()

    def _carry(self):
        here, _ = self.listener.accept()
        there = socket.create_connection((HOST, self.there))
        threading.Thread(target=self._pump, args=(here, there), daemon=True).start()
        left = self.most
        while left > 0 and (data := there.recv(left)):
            here.sendall(data)
            left -= len(data)
        for one in (here, there):
            one.shutdown(socket.SHUT_RDWR)

    def _pump(self, one, other):
        try:
            while data := one.recv(4096):
                other.sendall(data)
        except OSError:
            pass


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("most", [0, 3, 300])
def test_a_cut_in_the_handshake_is_a_lost_link(
    runtime, most, serving, own, authority, ledger, tmp_path
):
    between = Cutting(serving(own).port, most)
    said = upload(runtime, settings(tmp_path, between.port, authority.path))
    assert said["error"] and said["acknowledged"] == 0 and ledger.last_sequence(7) == 0
    between.thread.join(PATIENCE_S)


def through(context, port):
    """A client's TLS socket, its handshake done."""
    line = context.wrap_socket(socket.create_connection((HOST, port), 5), server_hostname=HOST)
    line.settimeout(PATIENCE_S)
    return line


def answered(line):
    reader, frames = batch.FrameReader(), []
    while not frames:
        data = line.recv(4096)
        assert data, "closed"
        frames = reader.feed(data)
    return batch.unseal(frames[0])


def test_half_a_record_waits_for_its_other_half(serving, own, authority):
    server = serving(own)
    context = ssl.create_default_context(cafile=authority.path)
    coming, going = ssl.MemoryBIO(), ssl.MemoryBIO()
    secure = context.wrap_bio(coming, going, server_hostname=HOST)
    with socket.create_connection((HOST, server.port), 5) as line:
        while True:
            try:
                secure.do_handshake()
                break
            except ssl.SSLWantReadError:
                line.sendall(going.read())
                coming.write(line.recv(8192))
        line.sendall(going.read())
        secure.write(GOOD)
        record = going.read()
        line.sendall(record[:20])
        with through(context, server.port) as other:  # who is served meanwhile
            other.sendall(batch.pack_batch(8, [(1, b"one")]))
            assert answered(other)[0] == batch.ACK
        line.sendall(record[20:])
        while True:
            coming.write(line.recv(8192))
            try:
                assert batch.unseal(secure.read(4096))[0] == batch.ACK
                break
            except ssl.SSLWantReadError:
                pass


def test_handshakes_that_never_end_are_given_up_and_keep_nobody_out(serving, own, authority):
    server = serving(own, lines_most=4, handshake_s=0.5, stale_s=0.2)
    silent = [socket.create_connection((HOST, server.port), 5) for _ in range(6)]
    context = ssl.create_default_context(cafile=authority.path)
    with through(context, server.port) as line:
        line.sendall(GOOD)
        assert answered(line)[0] == batch.ACK
    began = time.monotonic()
    for one in silent:
        one.settimeout(PATIENCE_S)
        assert one.recv(1) == b""
    assert time.monotonic() - began < PATIENCE_S / 2
    for one in silent:
        one.close()


def test_bytes_that_are_no_tls_cost_that_peer_alone(serving, own):
    server = serving(own)
    with socket.create_connection((HOST, server.port), 5) as line:
        line.sendall(GOOD)
        line.settimeout(PATIENCE_S)
        with contextlib.suppress(ConnectionResetError):
            while line.recv(4096):  # an alert, then the end
                pass
    assert server.alive


def test_a_tcp_peer_that_says_nothing_but_noise_is_hung_up_on(ledger):
    server = CollectorServer(Collector(ledger), tcp=(HOST, 0))
    server.start()
    with socket.create_connection((HOST, server.port), 5) as line:
        line.settimeout(PATIENCE_S)
        line.sendall(b"FT\x01\x01\x00\x01" * 200)
        with contextlib.suppress(ConnectionResetError):
            while line.recv(4096):
                pass
    with socket.create_connection((HOST, server.port), 5) as line:
        line.sendall(GOOD)
        assert answered(line)[0] == batch.ACK
    server.stop()


def test_the_command_offers_tls_and_says_so(authority, tmp_path):
    certificate, key = authority.issue("collector")
    options = ["--tcp", f"{HOST}:0", "--tls-cert", certificate, "--tls-key", key]
    process = started("collect", "--simulated", "--database", tmp_path / "ledger.db", *options)
    said = process.stdout.readline()
    port = int(said.split("port ")[1].split()[0])
    with through(ssl.create_default_context(cafile=authority.path), port) as line:
        line.sendall(GOOD)
        assert answered(line)[0] == batch.ACK
    stopped(process)
    assert "with TLS" in said


def test_options_that_do_not_fit_are_refused_in_words(authority, stranger, tmp_path):
    certificate, _ = authority.issue("collector")
    _, key = stranger.issue("else")
    for options, wrong, word in (
        ((certificate, None, None), click.UsageError, "go together"),
        ((None, None, str(authority.path)), click.UsageError, "go together"),
        ((certificate, key, None), FormatError, "else.key"),
        (("none.pem", key, None), OSError, "none.pem"),
        ((*authority.issue("collector"), key), FormatError, "else.key"),
    ):
        with pytest.raises(wrong, match=word):
            tls_of(*options)
