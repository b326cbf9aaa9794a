# SPDX-License-Identifier: Apache-2.0
"""Frames through a real MQTT broker, Debian's mosquitto: collector, bridge and what goes wrong
between them.
"""

import threading
import time

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from firmware import hal
from firmware.drive import drive
from firmware.errors import FormatError, LinkLost
from firmware.formats import batch
from firmware.journal import Journal
from firmware.link import Link
from firmware.upload import Uploader, upload
from host_tools.asking import Asking
from host_tools.collector import Collector
from host_tools.ledger import Ledger
from host_tools.mqtt_line import PASSWORD, MqttCollector, MqttServer, broker_of
from host_tools.server import CollectorServer
from sim.broker import MosquittoBroker, broker_program
from sim.flash import Flash
from tests.host.certificates import Authority
from tests.host.console import PATIENCE_S, started, stopped

pytestmark = pytest.mark.skipif(
    broker_program() is None, reason="no mosquitto: tools/clients.sh broker"
)
HOST = "127.0.0.1"
GOOD = batch.pack_batch(7, [(1, b"one")])


@pytest.fixture(scope="module")
def broker():
    with MosquittoBroker() as running:
        yield running


@pytest.fixture
def ledger(tmp_path):
    opened = Ledger(f"sqlite:///{tmp_path}/ledger.db", key=bytes(range(32)))
    yield opened
    opened.close()


@pytest.fixture
def parts():
    """parts(one) starts it; all are stopped at the end."""
    running = []

    def start(one):
        one.start()
        running.append(one)
        return one

    yield start
    for one in reversed(running):
        one.stop()


def url(broker):
    return f"mqtt://{HOST}:{broker.port}"


def until(condition):
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def journal_of(count):
    journal = Journal(Flash(14, 1024), 480, 480)
    for number in range(1, count + 1):
        journal.append(b"record %d" % number)
    return journal


class Neighbour:
    """A client of the broker that is none of ours: plain paho, MQTT 3.1.1."""

    def __init__(self, broker, terminal=7):
        self.heard, self.terminal = [], terminal
        self.ready = threading.Event()
        self.client = mqtt.Client(CallbackAPIVersion.VERSION2)
        self.client.on_message = lambda *said: self.heard.append(bytes(said[-1].payload))
        self.client.on_subscribe = lambda *_: self.ready.set()
        self.client.connect(HOST, broker.port)
        self.client.subscribe(f"faretap/{terminal}/down", 1)
        self.client.loop_start()
        assert self.ready.wait(PATIENCE_S)

    def say(self, frame):
        self.client.publish(f"faretap/{self.terminal}/up", frame, 1).wait_for_publish(PATIENCE_S)

    def answers(self, count):
        until(lambda: len(self.heard) >= count)
        return [batch.unseal(one) for one in self.heard]

    def stop(self):
        self.client.disconnect()
        self.client.loop_stop()


def test_a_journal_goes_up_through_bridge_broker_and_collector(broker, ledger, parts):
    collector = parts(MqttServer(Asking(Collector(ledger)), broker_of(url(broker)), "up"))
    there = parts(MqttCollector(broker_of(url(broker)), 7))
    until(lambda: collector.subscribed.is_set() and there.subscribed.is_set())
    bridge = parts(CollectorServer(there, tcp=(HOST, 0)))
    link = Link(hal.connect(HOST, bridge.port, 2000), hal)
    assert drive(upload(journal_of(20), 7), link.exchange) == 20
    link.close()
    assert [raw for _, raw in ledger.raw(7)] == [b"record %d" % n for n in range(1, 21)]


def test_a_frame_that_is_delivered_twice_is_stored_once(broker, ledger, parts):
    # CL-006, CL-018
    collector = parts(MqttServer(Asking(Collector(ledger)), broker_of(url(broker)), "twice"))
    until(collector.subscribed.is_set)
    client = Neighbour(broker)
    for frame in (GOOD, GOOD, b"noise", bytes(70000), GOOD):
        client.say(frame)
    said = client.answers(5)
    client.stop()
    assert [values.get("upto", values.get("code")) for _, values in said] == [
        1, 1, batch.DAMAGED, batch.DAMAGED, 1,
    ]  # fmt: skip
    assert len(ledger.raw(7)) == 1


def test_what_comes_while_the_collector_is_away_waits_at_the_broker(ledger):
    with MosquittoBroker() as broker:
        first = MqttServer(Asking(Collector(ledger)), broker_of(url(broker)))
        first.start()
        until(first.subscribed.is_set)
        first.stop()
        client = Neighbour(broker)
        client.say(GOOD)
        client.stop()
        broker.stop()
        broker.start()  # and while the broker itself is restarted
        second = MqttServer(Asking(Collector(ledger)), broker_of(url(broker)))
        second.start()
        until(lambda: ledger.last_sequence(7) == 1)
        second.stop()


class Dying(Collector):
    """A collector that is killed after `commits` commits, before it can say so."""

    def __init__(self, ledger):
        super().__init__(ledger)
        self.committed = threading.Event()
        self.go = threading.Event()

    def answers(self, frames):
        said = super().answers(frames)
        self.committed.set()
        assert self.go.wait(PATIENCE_S)
        return said


def test_a_message_is_acknowledged_behind_the_commit_and_comes_again_otherwise(
    broker, ledger, parts
):
    # CL-007: the first collector commits and is cut off before its answer
    dying = Dying(ledger)
    first = MqttServer(Asking(dying), broker_of(url(broker)), "dying")
    first.start()
    until(first.subscribed.is_set)
    client = Neighbour(broker, 9)
    client.say(batch.pack_batch(9, [(1, b"one")]))
    assert dying.committed.wait(PATIENCE_S)
    first.client._sock_close()  # as a cable that is pulled
    second = parts(MqttServer(Asking(Collector(ledger)), broker_of(url(broker)), "dying"))
    kind, values = client.answers(1)[0]
    assert (kind, values["upto"]) == (batch.ACK, 1) and len(ledger.raw(9)) == 1
    dying.go.set()
    first.stop()
    client.stop()
    assert second.alive


def test_a_broker_that_is_restarted_in_the_middle_costs_no_record(ledger, parts):
    with MosquittoBroker() as broker:
        collector = parts(MqttServer(Asking(Collector(ledger)), broker_of(url(broker))))
        there = parts(MqttCollector(broker_of(url(broker)), 7, answer_s=2))
        until(lambda: collector.subscribed.is_set() and there.subscribed.is_set())
        bridge = parts(CollectorServer(there, tcp=(HOST, 0)))
        journal = journal_of(20)

        def opener():
            return Link(hal.connect(HOST, bridge.port, 200), hal)

        idle = Uploader(journal, 7, opener, hal, hal.random_bytes, base_ms=20, top_ms=200)
        while idle.acknowledged < 8:
            idle.step()
        broker.stop()
        for _ in range(3):
            until(lambda: idle.step() and idle.failures)
        broker.start()
        until(lambda: idle.step() and not journal.waiting())
        assert len(ledger.raw(7)) == 20
        for one in (bridge, there, collector):
            one.stop()


def test_a_broker_may_want_a_password_and_tls(ledger, parts, tmp_path, monkeypatch):
    authority = Authority(tmp_path)
    tmp_path.chmod(0o755)
    with MosquittoBroker({"collector": "secret"}, authority.issue("broker")) as broker:
        where = f"mqtts://collector@{HOST}:{broker.secure_port}"
        monkeypatch.setenv(PASSWORD, "wrong")
        refused = parts(MqttServer(Asking(Collector(ledger)), broker_of(where, authority.path)))
        until(lambda: refused.error.startswith("the broker refuses"))
        monkeypatch.setenv(PASSWORD, "secret")
        taken = parts(MqttServer(Asking(Collector(ledger)), broker_of(where, authority.path)))
        until(taken.subscribed.is_set)
        stranger = Authority(tmp_path, "stranger")
        distrusting = parts(MqttServer(Asking(Collector(ledger)), broker_of(where, stranger.path)))
        until(lambda: distrusting.error == "no broker answers")
        assert not distrusting.subscribed.is_set()
        for one in (refused, taken, distrusting):
            one.stop()


@pytest.mark.parametrize(
    "text, why",
    [
        ("http://x", "not mqtt"),
        ("mqtt://", "not mqtt"),
        ("mqtt://x:99999", "out of range"),
        ("mqtt://me:secret@x", "seen by others"),
    ],
)
def test_an_address_that_is_none_is_said(text, why):
    with pytest.raises(FormatError, match=why):
        broker_of(text)


def test_the_commands_carry_a_terminal_through_a_broker(broker, tmp_path):
    collector = started(
        "collect", "--simulated", "--tcp", "none", "--mqtt", url(broker), "--mqtt-name", "command",
        "--database", tmp_path / "ledger.db",
    )  # fmt: skip
    assert url(broker) in collector.stdout.readline()
    bridge = started("bridge", "--terminal", 5, "--tcp", f"{HOST}:0", "--to", url(broker))
    port = int(bridge.stdout.readline().split("port ")[1].split()[0])
    journal = journal_of(9)
    link = Link(hal.connect(HOST, port, 2000), hal)
    end = time.monotonic() + PATIENCE_S
    while journal.waiting():
        assert time.monotonic() < end
        try:
            drive(upload(journal, 5), link.exchange)
        except LinkLost:  # the bridge is not subscribed yet: later
            time.sleep(0.1)
    link.close()
    assert stopped(bridge)[1] == stopped(collector)[1] == 0
