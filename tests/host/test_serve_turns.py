# SPDX-License-Identifier: Apache-2.0
"""The virtual PN532 as a stranger meets it: kinds of clients in turn, an ordinary user, what it
costs, whatever card lies on it.
"""

import os
import tempfile
import time

import pytest
import serial

from firmware import hal
from firmware.formats.session import parse
from firmware.reader.bus import Hsu
from firmware.reader.pn532 import Pn532
from sim.chip import Chip
from sim.field import Field
from sim.replay import ReplayCard
from tests.host.card_reading import own_card, purchase
from tests.host.console import SESSIONS
from tests.host.test_serve import Client, serving
from tests.host.virtual_host import (
    ACK,
    VERSION,
    VERSION_ANSWER,
    WAKE,
    FakeCard,
    VirtualHost,
    answer,
    command,
)


def raw_turn(path):
    """Thirty lines of os.read and os.write, then PowerDown."""
    with Client(path) as client:
        assert client.read(1, 0.02) == b"", "nothing of the client before"
        assert client.ask(WAKE + command("1401"), 15) == answer("15")
        assert client.ask(VERSION, 19) == VERSION_ANSWER
        client.ask(command("16f0"), 16)


def pyserial_turn(path):
    """pyserial as most drivers use it: a time-out, a flush, fixed reads."""
    with serial.Serial(path, 115200, timeout=1) as port:
        port.reset_input_buffer()
        port.write(WAKE + command("140100"))
        assert port.read(15) == answer("15")
        port.write(VERSION)
        assert port.read(19) == VERSION_ANSWER
        port.write(command("16f0"))
        assert port.read(16) == answer("1700")


def driver_turn(path):
    """Our own driver: it raises the speed, finds the card, and leaves the chip fast."""
    stream = hal.open_serial(path, 115200)
    try:
        pn532 = Pn532(Hsu(stream, hal), hal)
        pn532.open()
        assert [card.uid for card in pn532.find(500)] == [FakeCard().uid]
    finally:
        stream.close()


def back_to_115200(path):
    """What a rude client leaves behind a polite one has to undo."""
    with Client(path, 921600) as client:
        client.write(WAKE + command("1401"))
        client.read(15, 0.2)
        client.ask(command("1004"), 15)
        client.write(ACK)
        time.sleep(0.002)


def test_twelve_turns_of_three_kinds_of_client_should_work():
    """PS-01: open, talk, close, twelve times without a pause: no echo, no EIO."""
    with serving(FakeCard(), power="low_vbat") as server:
        for _ in range(4):
            for turn in (raw_turn, pyserial_turn, driver_turn):
                turn(server.path)
            back_to_115200(server.path)
        assert server.thread.is_alive()


NOBODY = 65534


def test_an_ordinary_user_should_be_able_to_serve():
    """PS-01: pty and link without rights; as root this process becomes another user for it."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o777)
        assert status_of_serving(os.path.join(folder, "pn532")) == 0


def status_of_serving(link):
    """Exit status of a process of another user that serves and asks; 1: an exception in it."""
    child = os.fork()
    if not child:
        status = 1
        try:
            if os.getuid() == 0:
                os.setgroups([])
                os.setgid(NOBODY)
                os.setuid(NOBODY)
            with (
                serving(FakeCard(), link=link) as server,
                Client(link) as client,
            ):
                heard = client.ask(VERSION, 19)
                status = 0 if heard == VERSION_ANSWER and os.getuid() and server.path else 2
        finally:
            os._exit(status)
    _, ended = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(ended)


# --- what the simulator costs ---
def quick_ms(act, count=400):
    """The quickest of so many tries: what a busy machine does not touch."""
    took = []
    for _ in range(count):
        begin = time.perf_counter()
        act()
        took.append((time.perf_counter() - begin) * 1000)
    return min(took)


@pytest.mark.parametrize("count", [5, 250])
def test_an_exchange_without_delays_should_cost_less_than_a_tenth_of_a_millisecond(count):
    """PS-18: the chip itself, frames, blocks and all; a pty adds what the kernel takes."""
    host = VirtualHost(Chip(Field(), power="awake"))
    host.chip.radio.field.place(Placed())
    host.ask(command("4a0100"))
    asked, wanted = command("4001", count.to_bytes(2, "big")), 16 + count

    def exchange():
        host.say(asked)
        assert len(host.chip.due(0) + host.chip.due(0)) == wanted

    exchange()
    assert quick_ms(exchange) < 0.1


def test_the_pty_should_add_little_to_a_bare_one():
    """PS-18: against a pty at whose other end the answer is ready at once."""
    with serving(FakeCard()) as server, Client(server.path) as client:
        client.ask(command("4a0100"), 39)
        served = quick_ms(lambda: client.ask(command("40010005"), 16 + 5))
    assert served < 0.5, "0.07 ms alone on a machine; the margin is for busy ones"


# --- whatever card ---
class Placed(FakeCard):
    def power_up(self):
        pass


def engine_a(host):
    """exchange(c_apdu) through InDataExchange."""
    host.ask(command("4a0100"))

    def exchange(c_apdu):
        heard = host.ask(command("4001", c_apdu))[6:]
        body = heard[8:-2] if heard[3:5] == b"\xff\xff" else heard[5:-2]
        assert body[:3] == b"\xd5\x41\x00", body.hex()
        return body[3:]

    return exchange


def engine_b(host):
    """exchange(c_apdu) through InCommunicateThru: short commands, R(ACK) for what is chained."""
    host.ask(command("1204"))
    host.ask(command("4a0100"))
    host.ask(command("42e080"))
    state = {"number": 0}

    def block(data):
        heard = host.ask(command("42", data))[6:]
        body = heard[8:-2] if heard[3:5] == b"\xff\xff" else heard[5:-2]
        assert body[:3] == b"\xd5\x43\x00", body.hex()
        return body[3:]

    def exchange(c_apdu):
        back, whole = block(bytes((2 | state["number"],)) + c_apdu), b""
        while True:
            whole += back[1:]
            state["number"] ^= 1
            if not back[0] & 0x10:
                return whole
            back = block(bytes((0xA2 | state["number"],)))

    return exchange


@pytest.mark.parametrize("engine", [engine_a, engine_b])
def test_any_card_should_do(engine):
    """PS-15: one that computes pays, a recorded one repeats, one echoes lengths; both styles."""
    field = Field()
    host = VirtualHost(Chip(field, power="awake"))
    money = own_card()
    before = money.balance_fen
    field.place(money)
    purchase(engine(host), 200)
    assert money.balance_fen == before - 200

    story = [path for path in SESSIONS if path.stem == "pboc-approved-extended-frame"][0]
    session = parse(story.read_text(encoding="utf-8"), story.name)
    field.place(ReplayCard(session))
    exchange = engine(host)
    for recorded in session.presentations[0]:
        assert exchange(recorded.command) == recorded.answer

    field.place(Placed())
    exchange = engine(host)
    for count in (0, 5, 250, 253, 258):
        assert len(exchange(count.to_bytes(2, "big"))) == count
