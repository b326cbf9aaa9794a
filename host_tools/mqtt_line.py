# SPDX-License-Identifier: Apache-2.0
"""Frames over an MQTT broker, at the collector's end and at the vehicle's.

A terminal's frames come on `faretap/NUMBER/up`, its answers go to `faretap/NUMBER/down`, one frame
a message, QoS 1. The collector has a persistent session: what comes while it is away waits at the
broker. A message is acknowledged to the broker when its answer is on the way there, and that is
after the commit; so a collector that dies gets it again, and the ledger knows it by its numbers.
Correlation data of a message (MQTT 5) comes back with its answer.

The broker hands out at most AT_ONCE messages that are not acknowledged; the others wait there.
"""

import contextlib
import os
import queue
import ssl
import threading
import time
from abc import ABC, abstractmethod
from concurrent.futures import Future
from typing import NamedTuple
from urllib.parse import urlsplit

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from firmware.errors import FormatError
from firmware.formats.batch import FRAME_MOST
from host_tools.asking import Asking
from host_tools.collector import busy, damaged
from host_tools.trust import client_context

UP, DOWN = "faretap/%s/up", "faretap/%s/down"
QOS = 1  # at least once: a frame that comes twice is harmless
AT_ONCE = 64  # messages that the broker hands out unacknowledged, fewer than workers take
QUEUED_MOST = 256  # answers that the broker does not take
SESSION_S = 7 * 86400  # how long the broker keeps what came for a collector that is away
RETRY_S = (1, 30)  # between two tries to connect, doubled
ANSWER_S = 8.0  # a terminal waits 10 s
PASSWORD = "FARETAP_MQTT_PASSWORD"
PORTS = {"mqtt": 1883, "mqtts": 8883}


class Broker(NamedTuple):
    """Where a broker is, who we are there, TLS or None."""

    host: str
    port: int
    user: str
    password: str
    tls: ssl.SSLContext | None


def broker_of(url: str, ca: str | None = None, identity: tuple[str, str] | None = None) -> Broker:
    """Broker of mqtt://[USER@]HOST[:PORT] or mqtts://..; its password stands in the environment.

    `ca`: PEM file of who may have signed a broker's certificate, the system's otherwise;
    `identity`: PEM files of our own certificate and key. FormatError, OSError.
    """
    parts = urlsplit(url)
    try:
        port = parts.port or PORTS.get(parts.scheme, 0)
    except ValueError as wrong:
        raise FormatError(f"{url}: {wrong}") from wrong
    if parts.scheme not in PORTS or not parts.hostname or parts.path.strip("/") or parts.query:
        raise FormatError(f"{url}: not mqtt://[USER@]HOST[:PORT] or mqtts://..")
    if parts.password is not None:
        raise FormatError(f"a password in an address is seen by others: put it into {PASSWORD}")
    if parts.scheme == "mqtt" and (ca or identity):
        raise FormatError("certificates are for mqtts://")
    tls = None
    if parts.scheme == "mqtts":
        tls = client_context(ca, identity)
    password = os.environ.get(PASSWORD, "")
    return Broker(parts.hostname, port, parts.username or "", password, tls)


class Session(ABC):
    """A client of the broker that connects again by itself. `error`: why it is not connected, ""
    while it is.
    """

    def __init__(self, broker: Broker, name: str, topic: str):
        self.broker, self.topic = broker, topic
        self.error = "not connected yet"
        self.subscribed = threading.Event()
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2, name, protocol=mqtt.MQTTv5, manual_ack=True
        )
        client.on_connect = self._on_connect
        client.on_connect_fail = lambda *_: self._lost("no broker answers")
        client.on_disconnect = lambda *_: self._lost("the connection to the broker broke")
        client.on_subscribe = self._on_subscribe
        client.on_message = lambda _client, _userdata, message: self.take(message)
        client.reconnect_delay_set(*RETRY_S)
        client.max_queued_messages_set(QUEUED_MOST)
        if broker.user:
            client.username_pw_set(broker.user, broker.password)
        if broker.tls:
            client.tls_set_context(broker.tls)
        self.client = client

    @abstractmethod
    def take(self, message: mqtt.MQTTMessage) -> None:
        """By the client's thread: a message of the topic."""

    def start(self) -> None:
        """Connect in a thread of its own and stay connected until stop()."""
        wanted = Properties(PacketTypes.CONNECT)
        wanted.SessionExpiryInterval = SESSION_S
        wanted.ReceiveMaximum = AT_ONCE
        self.client.connect_async(
            self.broker.host, self.broker.port, clean_start=False, properties=wanted
        )
        self.client.loop_start()

    def stop(self) -> None:
        """Leave the broker; the session waits there."""
        self.client.disconnect()
        self.client.loop_stop()

    def say(self, topic: str, frame: bytes, correlation: bytes | None) -> bool:
        """Hand a frame to the broker, now or when it is back; False when too many wait."""
        more = Properties(PacketTypes.PUBLISH)
        if correlation is not None:
            more.CorrelationData = correlation
        return (
            self.client.publish(topic, frame, QOS, properties=more).rc != mqtt.MQTT_ERR_QUEUE_SIZE
        )

    def _on_connect(
        self, client: mqtt.Client, _: object, __: object, reason: ReasonCode, ___: object
    ) -> None:
        if reason.is_failure:
            self._lost(f"the broker refuses: {reason}")
            return
        self.error = ""
        client.subscribe(self.topic, QOS)

    def _on_subscribe(
        self, _: mqtt.Client, __: object, ___: int, reasons: list[ReasonCode], ____: object
    ) -> None:
        if any(reason.is_failure for reason in reasons):
            self._lost(f"the broker refuses {self.topic}: {reasons[0]}")
        else:
            self.subscribed.set()

    def _lost(self, why: str) -> None:
        self.subscribed.clear()
        self.error = self.error if self.error.startswith("the broker refuses") else why


def correlation_of(message: mqtt.MQTTMessage) -> bytes | None:
    """What the sender wants to see again."""
    return getattr(message.properties, "CorrelationData", None)


class MqttServer(Session):
    """The collector's end. `name` is the session at the broker: one collector each."""

    def __init__(self, asking: Asking, broker: Broker, name: str = "faretap-collector"):
        super().__init__(broker, name, UP % "+")
        self._asking = asking

    def start(self) -> None:
        """Serve until stop()."""
        self._asking.start()
        super().start()

    @property
    def alive(self) -> bool:
        """False before start(), after stop() and if a worker has died; a broker may be away."""
        return self._asking.alive

    def stop(self) -> None:
        """What is not answered yet comes again in the next session."""
        self._asking.stop()
        super().stop()

    def take(self, message: mqtt.MQTTMessage) -> None:
        """Have a frame answered; where too many wait the terminal is told to come later."""
        frame = bytes(message.payload)
        if len(frame) > FRAME_MOST:
            self._answer(message, damaged("longer than any frame"))
            return
        waiting = self._asking.ask(frame)
        if waiting is None:
            self._answer(message, busy())
        else:
            waiting.add_done_callback(lambda done: self._answered(message, done))

    def _answered(self, message: mqtt.MQTTMessage, done: "Future[bytes | None]") -> None:
        answer = done.result()
        self._answer(message, busy() if answer is None else answer)

    def _answer(self, message: mqtt.MQTTMessage, answer: bytes) -> None:
        terminal = message.topic.split("/")[1]
        self.say(DOWN % terminal, answer, correlation_of(message))
        self.client.ack(message.mid, message.qos)


class MqttCollector(Session):
    """A collector behind a broker, for a CollectorServer in the vehicle: answers() asks there.

    Nothing is kept here: where no answer comes in time the terminal hears REJECT later.
    """

    def __init__(self, broker: Broker, terminal: int, answer_s: float = ANSWER_S):
        super().__init__(broker, f"faretap-bridge-{terminal}", DOWN % terminal)
        self._terminal = terminal
        self._answer_s = answer_s
        self._heard: queue.Queue[tuple[bytes | None, bytes]] = queue.Queue(AT_ONCE)

    close = Session.stop

    def answers(self, frames: list[bytes]) -> list[bytes]:
        """The answer to each frame, in their order; waits for each."""
        return [self._ask(frame) for frame in frames]

    def take(self, message: mqtt.MQTTMessage) -> None:
        """An answer; what nobody waits for is dropped."""
        self.client.ack(message.mid, message.qos)
        with contextlib.suppress(queue.Full):
            self._heard.put_nowait((correlation_of(message), bytes(message.payload)))

    def _ask(self, frame: bytes) -> bytes:
        if not self.subscribed.is_set():
            return busy()
        with contextlib.suppress(queue.Empty):
            while True:  # late answers to earlier frames
                self._heard.get_nowait()
        mine = os.urandom(16)
        if not self.say(UP % self._terminal, frame, mine):
            return busy()
        end = time.monotonic() + self._answer_s
        with contextlib.suppress(queue.Empty):
            while True:
                said, answer = self._heard.get(timeout=max(end - time.monotonic(), 0))
                if said in (mine, None):
                    return answer
        return busy()
