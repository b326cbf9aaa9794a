# SPDX-License-Identifier: Apache-2.0
"""Frames over HTTP and HTTPS: the server as it runs, peers that misbehave."""

import http.client
import socket
import ssl
import threading
import time

import pytest

from firmware import hal
from firmware.drive import drive
from firmware.errors import FormatError, LinkLost
from firmware.formats import batch
from firmware.journal import Journal
from firmware.link import Link
from firmware.upload import upload
from host_tools import http_line
from host_tools.asking import Asking
from host_tools.collector import Collector
from host_tools.http_caller import HttpCollector
from host_tools.http_line import CONTENT_TYPE, HttpServer
from host_tools.lines import tls_context
from sim.flash import Flash
from tests.host.certificates import Authority
from tests.host.console import PATIENCE_S, started, stopped

HOST = "127.0.0.1"
GOOD = batch.pack_batch(7, [(1, b"one")])
SECOND = batch.pack_batch(7, [(2, b"two")])


@pytest.fixture
def serving(ledger):
    running = []

    def start(collector=None, most=128, **more):
        asking = Asking(collector or Collector(ledger), most=most)
        running.append(HttpServer(asking, (HOST, 0), **more))
        running[-1].start()
        return running[-1]

    yield start
    for one in running:
        one.stop()


def post(port, body, kind=CONTENT_TYPE, path="/frames", method="POST", tls=None):
    """(status, headers, answers)."""
    if tls:
        line = http.client.HTTPSConnection(HOST, port, timeout=PATIENCE_S, context=tls)
    else:
        line = http.client.HTTPConnection(HOST, port, timeout=PATIENCE_S)
    line.request(method, path, body, {"Content-Type": kind})
    answer = line.getresponse()
    said = answer.read()
    line.close()
    found = (
        batch.FrameReader().feed(said) if answer.headers["content-type"] == CONTENT_TYPE else []
    )
    return answer.status, answer.headers, [batch.unseal(one) for one in found]


def test_each_frame_of_a_body_is_answered_in_its_order(serving, ledger):
    server = serving()
    status, headers, answers = post(server.port, GOOD + SECOND + GOOD)
    assert (status, headers["content-type"]) == (200, CONTENT_TYPE)
    assert [(kind, values["upto"]) for kind, values in answers] == [
        (batch.ACK, 1), (batch.ACK, 2), (batch.ACK, 1),
    ]  # fmt: skip
    assert [raw for _, raw in ledger.raw(7)] == [b"one", b"two"]  # CL-007: on disk by then


@pytest.mark.parametrize("body", [b"", b"x", GOOD[:-1], GOOD + b"x", b"x" + GOOD, GOOD + GOOD[:9]])
def test_a_body_that_is_no_row_of_frames_is_refused_whole(body, serving, ledger):
    status, _, answers = post(serving().port, body)
    assert status == 400 and answers[0][1]["code"] == batch.DAMAGED
    assert ledger.last_sequence(7) == 0


def test_what_does_not_fit_has_its_status(serving, monkeypatch):
    port = serving().port
    assert post(port, GOOD, kind="text/plain")[0] == 415
    assert post(port, GOOD, path="/else")[0] == 404
    assert post(port, None, method="GET")[0] == 405
    assert post(port, GOOD * (http_line.FRAMES_MOST + 1))[0] == 413
    assert post(port, bytes(http_line.BODY_MOST + 1))[0] == 413


def test_a_body_without_a_length_is_bounded_too(serving):
    with socket.create_connection((HOST, serving().port), PATIENCE_S) as line:
        line.sendall(b"POST /frames HTTP/1.1\r\nHost: x\r\nContent-Type: %b\r\n"
                     b"Transfer-Encoding: chunked\r\n\r\n" % CONTENT_TYPE.encode())  # fmt: skip
        for _ in range(http_line.BODY_MOST // 16384 + 1):
            line.sendall(b"4000\r\n" + bytes(16384) + b"\r\n")
        assert line.recv(12) == b"HTTP/1.1 413"


class Held(Collector):
    """A collector whose ledger is slow: it answers when `go` is set."""

    def __init__(self, ledger):
        super().__init__(ledger)
        self.go, self.begun = threading.Event(), threading.Event()

    def answers(self, frames):
        self.begun.set()
        assert self.go.wait(PATIENCE_S)
        return super().answers(frames)


def test_where_too_much_waits_a_terminal_is_told_when_to_come_again(serving, ledger):
    held = Held(ledger)
    server = serving(held, most=1)
    done = []

    def ask():
        done.append(post(server.port, GOOD)[0])

    askers = [threading.Thread(target=ask) for _ in range(2)]
    askers[0].start()
    assert held.begun.wait(PATIENCE_S)
    askers[1].start()
    end = time.monotonic() + PATIENCE_S
    while server._asking._workers._waiting.qsize() < 1:
        assert time.monotonic() < end
        time.sleep(0.01)
    status, headers, answers = post(server.port, GOOD)
    assert (status, headers["retry-after"]) == (503, "5")
    assert answers[0][1]["code"] == batch.LATER
    held.go.set()
    for one in askers:
        one.join()
    assert done == [200, 200]


class Stumbling(Collector):
    def answers(self, frames):
        raise ValueError("of one frame")


def test_a_fault_of_the_collector_is_a_status_and_the_server_goes_on(serving, ledger):
    server = serving(Stumbling(ledger))
    assert post(server.port, GOOD)[0] == 500
    assert server.alive


def test_slow_peers_are_given_up_and_keep_nobody_out(serving):
    server = serving(request_s=0.3, body_s=0.3, lines_most=8)
    head = b"POST /frames HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\nContent-Type: %b\r\n\r\n"
    slow = [socket.create_connection((HOST, server.port), PATIENCE_S) for _ in range(12)]
    slow[0].sendall(b"POST /fr")
    slow[1].sendall(head % CONTENT_TYPE.encode() + GOOD[:5])
    assert slow[1].recv(12) == b"HTTP/1.1 408"
    for one in [slow[0], *slow[2:]]:
        assert one.recv(1) == b""
    for one in slow:
        one.close()
    assert post(server.port, GOOD)[0] == 200


def test_https_has_the_certificate_of_the_options(serving, tmp_path):
    authority = Authority(tmp_path)
    server = serving(tls=tls_context(*authority.issue("collector"), str(authority.path)))
    trust = ssl.create_default_context(cafile=authority.path)
    with pytest.raises((ssl.SSLError, ConnectionError, http.client.RemoteDisconnected)):
        post(server.port, GOOD, tls=trust)  # no certificate of its own
    trust.load_cert_chain(*authority.issue("terminal"))
    assert post(server.port, GOOD, tls=trust)[0] == 200


def journal_of(count):
    journal = Journal(Flash(14, 1024), 480, 480)
    for number in range(1, count + 1):
        journal.append(b"record %d" % number)
    return journal


def port_of(process):
    said = process.stdout.readline()
    return int(said.split("port ")[1].split()[0])


def test_the_commands_carry_a_terminal_that_speaks_tcp_to_an_http_collector(tmp_path):
    database = tmp_path / "ledger.db"
    collector = started(
        "collect", "--simulated", "--tcp", "none", "--http", f"{HOST}:0", "--database", database
    )
    where = f"http://{HOST}:{port_of(collector)}/frames"
    bridge = started("bridge", "--terminal", 7, "--tcp", f"{HOST}:0", "--to", where)
    journal = journal_of(20)
    link = Link(hal.connect(HOST, port_of(bridge), 2000), hal)
    assert drive(upload(journal, 7), link.exchange) == 20
    said, status = stopped(collector)
    assert status == 0 and "acknowledged is in the ledger" in said
    journal.append(b"one more")
    with pytest.raises(LinkLost, match="later"):
        drive(upload(journal, 7), link.exchange)
    link.close()
    assert stopped(bridge)[1] == 0


def test_a_caller_without_an_answer_says_later_and_why(ledger, serving):
    server = serving(Stumbling(ledger))
    caller = HttpCollector(f"http://{HOST}:{server.port}/frames")
    for where, why in ((caller, "500"), (HttpCollector(f"http://{HOST}:1/frames"), "refused")):
        kind, values = batch.unseal(where.answers([GOOD])[0])
        assert (kind, values["code"]) == (batch.REJECT, batch.LATER) and why in where.error
        where.close()


@pytest.mark.parametrize("url", ["ftp://x/frames", "http:///frames", "http://x", "frames"])
def test_an_address_that_is_none_is_said(url):
    with pytest.raises(FormatError, match="not http://"):
        HttpCollector(url)
