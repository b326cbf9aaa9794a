# SPDX-License-Identifier: Apache-2.0
"""PC/SC programs, unmodified, on a simulated card: pcscd, vsmartcard's vpcd, `faretap vpcd`."""

import socket
import threading
import time
from contextlib import contextmanager, suppress

import pytest

from firmware.errors import LinkLost
from sim.field import Field
from sim.vpcd import Slot, atr_of, serve
from tests.clients import pcscd
from tests.clients.clients import LIMIT_S, OPENSC, PYSCARD, RAN
from tests.clients.stand import (
    LENGTHS,
    LONGEST_COMMAND,
    NO_SUCH_FILE,
    SELECT,
    SELECT_PPSE,
    card_with_records,
    read_record,
    record,
    recorded,
)
from tests.host.capp_reading import extended_card, update_command, written
from tests.host.card_reading import gpo_of, records_of
from tests.host.card_reading import read_record as read_of

LIST_READERS = "from smartcard.System import readers; print(readers())"
POWER_OFF_AND_ON = b""
NOT_SELECTED = b"\x69\x85"


@pytest.fixture(scope="module")
def port(tmp_path_factory):
    """pcscd with an empty reader, which pyscard and opensc are told of; the reader's port."""
    pcscd.needed()
    PYSCARD.needed()
    with pcscd.running(tmp_path_factory.mktemp("pcscd")) as (path, its_port):
        for client in (PYSCARD, OPENSC):
            client.environment["PCSCLITE_CSOCK_NAME"] = str(path)
        # pcscd answers when its readers are there, and only then does vpcd listen
        names = PYSCARD.run([PYSCARD.command[0], "-c", LIST_READERS]).stdout
        assert pcscd.READER in names, (path.parent / "pcscd.log").read_text()
        yield its_port


@contextmanager
def inserted(card, port):
    """The card in the reader, served by a thread of this process."""
    field = Field()
    field.place(card)

    def hold():
        with suppress(LinkLost):  # taken out in the middle of an answer
            serve(Slot(field, card), connection)

    with socket.create_connection(("127.0.0.1", port)) as connection:
        thread = threading.Thread(target=hold)
        thread.start()
        try:
            yield
        finally:
            connection.shutdown(socket.SHUT_RDWR)
            thread.join(LIMIT_S)
            assert not thread.is_alive()


def test_pyscard_should_read_the_card_and_find_it_new_after_power_off(port):
    """ATR, PPSE, SELECT, records of 5 to 258 bytes, a C-APDU of 261; a card that lost its power
    has nothing selected any more.
    """
    card = card_with_records()
    commands = [SELECT_PPSE, SELECT, *map(read_record, LENGTHS), LONGEST_COMMAND, SELECT]
    with inserted(card, port):
        heard = PYSCARD.talk(pcscd.READER, [*commands, POWER_OFF_AND_ON, read_record(258)])
    assert heard.never == ""
    assert heard.ats == atr_of(card)
    assert heard.answers[0][-2:] == heard.answers[1][-2:] == b"\x90\x00"
    assert heard.answers[2 : 2 + len(LENGTHS)] == [record(length) for length in LENGTHS]
    assert heard.answers[2 + len(LENGTHS)] == NO_SUCH_FILE
    assert heard.answers[-2:] == [atr_of(card), NOT_SELECTED]
    assert [one for one in card.sent if one in commands] == [*commands, read_record(258)]


def test_pyscard_should_carry_a_recorded_tap(port):
    """`faretap vpcd` as a process, with records of 256 and 257 bytes."""
    session, commands, expected = recorded("pboc-approved-longest-key")
    with pcscd.card_in_the_reader(port, "--session", str(session)) as said:
        heard = PYSCARD.talk(pcscd.READER, commands)
    assert heard.never == ""
    assert said.endswith("ATR " + heard.ats.hex().upper())
    assert heard.answers == expected
    assert max(map(len, expected)) > 255


def test_pyscard_should_carry_a_tap_that_changes_records(port):
    """READ CAPP DATA with R-MAC, GPO with DF60, two UPDATEs, the last record."""
    card, other = (extended_card("metro", "rides", r_mac=True) for _ in range(2))
    commands = []
    for command in dialogue(other):
        commands.append(command)
        assert other.exchange(command)[-2:] == b"\x90\x00"
    with inserted(card, port):
        heard = PYSCARD.talk(pcscd.READER, commands)
    assert heard.never == ""
    assert [answer[-2:] for answer in heard.answers] == [b"\x90\x00"] * len(commands)
    assert len(heard.answers[2]) == 64 + 4 + 2
    assert card.debits == [(1, 300, True)] and card.state["extended"] == other.state["extended"]


def dialogue(card):
    """The commands of a tap that pays 3.00 and writes the metro's record and a ride."""
    yield from (SELECT_PPSE, SELECT)
    yield bytes.fromhex("80B400A80A0221") + bytes(range(8)) + b"\0"
    yield gpo_of(card, 300, capp="01")
    for trade in ("metro", "rides"):
        yield update_command(card, trade, written(card, trade, 0x77))
    for one in records_of(card.afl):
        yield read_of(*one)


def test_opensc_tool_should_show_atr_and_ppse_and_see_the_card_leave(port):
    """opensc-tool --atr --send-apdu, and its list of readers when the card is out."""
    OPENSC.needed()
    RAN["opensc-tool"] = " ".join(OPENSC.run(OPENSC.probe).stdout.split()[:2])
    card = card_with_records()
    with inserted(card, port):
        assert listed("Yes")
        words = ["opensc-tool", "--reader", "0", "--atr", "--send-apdu", SELECT_PPSE.hex()]
        ended = OPENSC.run(words)
    assert ended.returncode == 0, ended.stderr
    assert atr_of(card).hex(":") in ended.stdout
    assert "SW1=0x90, SW2=0x00" in ended.stdout
    assert listed("No")


def listed(word):
    """True as soon as opensc-tool lists the reader with this word for a card."""
    end = time.monotonic() + LIMIT_S
    while time.monotonic() < end:
        rows = OPENSC.run(["opensc-tool", "--list-readers"]).stdout.splitlines()
        if any(row.split()[:2] == ["0", word] for row in rows):
            return True
    return False
