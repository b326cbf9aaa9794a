# SPDX-License-Identifier: Apache-2.0
"""Each foreign driver lists the card and reads it through the virtual chip, as far as it can;
where it cannot, the way it fails is asserted, so that a change is noticed.
"""

import pytest

from sim.faults import Fault, Faults
from sim.timing import Timing
from tests.clients.clients import ADAFRUIT, LIBNFC, NFCPY, NODE_PN532, PN532PI, until
from tests.clients.stand import (
    LENGTHS,
    LONGEST_COMMAND,
    NO_SUCH_FILE,
    SELECT,
    SELECT_PPSE,
    Stand,
    card_with_records,
    chip_process,
    read_record,
    record,
    recorded,
)
from tests.host.virtual_host import ACK, command
from tests.small_card import SmallCard

ALL = (LIBNFC, NFCPY, PN532PI, ADAFRUIT, NODE_PN532)
EXTENDED = (LIBNFC, NFCPY)  # those that know extended frames
NORMAL_ONLY = (PN532PI, ADAFRUIT, NODE_PN532)
OPENING = [SELECT_PPSE, SELECT]
SHORT = [length for length in LENGTHS if length <= 252]
LONG = [length for length in LENGTHS if length > 252]
BRIEF_MS = 1500  # how long the Node program waits where no answer is expected


def named(client):
    return client.name


def opened():
    """What the card answers to OPENING."""
    card = SmallCard()
    return [card.exchange(one) for one in OPENING]


def reads(*lengths):
    return OPENING + [read_record(length) for length in lengths]


def answers(*lengths):
    return opened() + [record(length) for length in lengths]


def whole(heard):
    return not heard.never and not any(isinstance(one, str) for one in heard.answers)


def begins_well(count):
    """True for a dialogue whose first `count` answers came."""
    return lambda heard: whole(heard._replace(answers=heard.answers[:count]))


@pytest.mark.parametrize("client", ALL, ids=named)
@pytest.mark.parametrize("timing", [Timing.none(), Timing()], ids=["no delays", "paced"])
def test_driver_should_list_the_card_and_read_it(client, timing):
    """PS-24..27: the UID, the PPSE and records that fit a normal frame; libnfc by its C calls."""

    def talk():
        with Stand(timing=timing) as stand:
            heard = client.talk(stand.path, reads(*SHORT))
            assert heard.never or heard.uid == stand.card.uid
            assert heard.ats in (None, stand.card.ats[1:])
            return heard

    heard = until(whole, talk)
    assert heard.never == ""
    assert heard.answers == answers(*SHORT)


@pytest.mark.parametrize("client", EXTENDED, ids=named)
def test_driver_should_read_long_records_and_send_a_long_command(client):
    """PS-24, PS-14: 250 to 258 bytes, and a C-APDU of 261 that arrives whole."""

    def talk():
        with Stand() as stand:
            heard = client.talk(stand.path, [*reads(*LENGTHS), LONGEST_COMMAND])
            assert not whole(heard) or stand.card.sent[-1] == LONGEST_COMMAND
            return heard

    assert until(whole, talk).answers == [*answers(*LENGTHS), NO_SUCH_FILE]


def test_libnfc_should_read_at_424_kbit_s():
    """PS-17: selecting with NBR_424 sends InListPassiveTarget, then InPSL."""

    def talk():
        card = card_with_records()
        card.ats = bytes.fromhex("0578b37002")  # TA(1): 212 and 424 kbit/s, the same both ways
        with Stand(card, timing=Timing()) as stand:
            talk.heard = LIBNFC.talk(stand.path, reads(*LENGTHS), speed=3)
            talk.said = stand.stream()
        return talk.heard

    assert until(whole, talk).answers == answers(*LENGTHS)
    assert command("4a0100") + command("4e010202") in talk.said


def test_nfcpy_should_raise_the_speed_and_ask_for_the_longest_blocks():
    """PS-06, PS-11, PS-24: at 921600, where the echo of 262 bytes comes first; RATS E0 80."""

    def talk():
        with Stand() as stand:
            talk.heard = NFCPY.talk(stand.path, OPENING)
            talk.slow, talk.fast = stand.stream(115200), stand.stream(921600)
            talk.at_the_end = stand.chip.baud
        return talk.heard

    assert whole(until(whole, talk))
    assert talk.slow.startswith(bytes(10) + command("02") + bytes(10) + command("14010000"))
    assert command("1007") in talk.slow
    echo = command("0000", bytes(at & 0xFF for at in range(262)))
    assert talk.fast.removeprefix(ACK).startswith(echo)
    assert command("42e080") in talk.fast
    assert talk.at_the_end == 115200, "it puts the speed back"


def test_nfcpy_should_sense_nothing_on_an_empty_field():
    """PS-10: it reads 6339 behind the look and takes the WUPA in it for "no SENS_RES"."""

    def talk():
        with Stand() as stand:
            stand.field.remove()
            talk.heard = NFCPY.talk(stand.path, OPENING)
            talk.said = stand.stream()
        return talk.heard

    heard = until(lambda heard: "sense" in heard.never, talk)
    assert heard.never == "LookupError: sense found no card"
    assert command("4a0100") + command("066339") in talk.said


@pytest.mark.parametrize("length", LONG)
def test_pn532pi_should_fail_at_long_answers_and_at_all_behind_them(length):
    """PS-25: it takes FF FF for LEN and LCS, gives (False, b""), leaves the rest in the buffer and
    drops one byte of it a command, so that nothing works any more.
    """
    commands = reads(252, length, 5, 5, 5)

    def talk():
        with Stand() as stand:
            return PN532PI.talk(stand.path, commands)

    heard = until(begins_well(3), talk)
    assert heard.answers[:3] == answers(252)
    assert heard.answers[3:] == ["LookupError: inDataExchange gave False, 0 bytes"] * 4


def test_pn532pi_should_break_off_a_long_command():
    """LEN goes into one byte: ValueError when the preamble is out, and the chip drops the rest."""

    def talk():
        with Stand() as stand:
            heard = PN532PI.talk(stand.path, [*OPENING, LONGEST_COMMAND])
            assert LONGEST_COMMAND not in stand.card.sent
            return heard

    heard = until(begins_well(2), talk)
    assert heard.answers == [*opened(), "ValueError: byte must be in range(0, 256)"]


@pytest.mark.parametrize("length", LONG)
def test_adafruit_should_fail_at_long_answers_and_go_on(length):
    """PS-26: FF FF is LEN and LCS to it too; it empties its buffer before each command."""
    commands = reads(252, length, 5)

    def talk():
        with Stand() as stand:
            return ADAFRUIT.talk(stand.path, commands)

    refused = "RuntimeError: Response length checksum did not match length!"
    heard = until(lambda heard: begins_well(3)(heard) and heard.answers[-1] == record(5), talk)
    assert heard.answers == [*answers(252), refused, record(5)]


def test_adafruit_should_refuse_a_long_command():
    """It sends normal frames only, and says so before it sends anything."""

    def talk():
        with Stand() as stand:
            heard = ADAFRUIT.talk(stand.path, [*OPENING, LONGEST_COMMAND, SELECT])
            assert LONGEST_COMMAND not in stand.card.sent
            return heard

    heard = until(begins_well(2), talk)
    refused = "AssertionError: Data must be array of 1 to 255 bytes."
    assert heard.answers == [*opened(), refused, opened()[1]]


@pytest.mark.parametrize("length", [253, 258])
def test_node_driver_should_wait_for_ever_at_long_answers(length):
    """It knows normal frames only: the answer stays in its buffer, and all that come behind it."""
    commands = reads(252, length, 5)

    def talk():
        with Stand() as stand:
            return NODE_PN532.talk(stand.path, commands, wait_ms=BRIEF_MS)

    heard = until(begins_well(3), talk)
    assert heard.answers == [*answers(252), *["Error: no answer within the limit"] * 2]


def test_node_driver_should_fail_where_the_checksum_is_zero():
    """It sends DCS 01 where 00 is right, one command in 256, and the chip does not take it."""
    unlucky = bytes.fromhex("00b2251400")

    def talk():
        with Stand() as stand:
            talk.heard = NODE_PN532.talk(stand.path, [*OPENING, unlucky], wait_ms=BRIEF_MS)
            talk.said = stand.stream()
        return talk.heard

    heard = until(begins_well(2), talk)
    right = command("4001", unlucky)
    assert right.endswith(b"\x00\x00") and right not in talk.said
    assert right[:-2] + b"\x01\x00" in talk.said
    assert heard.answers == [*opened(), "Error: no answer within the limit"]


LATE = Faults(always=Fault(ack_delay_ms=16))


@pytest.mark.parametrize("client", [LIBNFC, NFCPY, ADAFRUIT, NODE_PN532], ids=named)
def test_driver_should_stand_an_ack_after_16_ms(client):
    """PS-26: the manual allows 15 ms, so a host waits longer than that."""

    def talk():
        with Stand(faults=LATE) as stand:
            return client.talk(stand.path, reads(252))

    assert until(whole, talk).answers == answers(252)


def test_pn532pi_should_not_stand_an_ack_after_16_ms():
    """PS-25: it waits 10 ms."""

    def talk():
        with Stand(faults=LATE) as stand:
            return PN532PI.talk(stand.path, OPENING)

    assert until(lambda heard: heard.never, talk).never == (
        "LookupError: getFirmwareVersion gave nothing"
    )


@pytest.mark.parametrize("client", [LIBNFC, ADAFRUIT, NODE_PN532], ids=named)
def test_driver_should_open_a_chip_that_waits_for_sam_configuration(client):
    """PS-07: LowVbat, where a chip answers nothing else."""

    def talk():
        with Stand(power="low_vbat") as stand:
            return client.talk(stand.path, OPENING)

    assert until(whole, talk).answers == opened()


@pytest.mark.parametrize(
    "client, never",
    [
        (NFCPY, "TimeoutError: [Errno 110] Connection timed out"),
        (PN532PI, "LookupError: getFirmwareVersion gave nothing"),
    ],
    ids=["nfcpy", "pn532pi"],
)
def test_driver_that_asks_for_the_version_first_should_not_open_such_a_chip(client, never):
    """PS-07: they begin with GetFirmwareVersion."""

    def talk():
        with Stand(power="low_vbat") as stand:
            return client.talk(stand.path, OPENING)

    assert until(lambda heard: heard.never, talk).never == never


@pytest.mark.parametrize("client", ALL, ids=named)
def test_driver_should_carry_a_recorded_tap_through_the_served_chip(client):
    """`faretap pn532` as a process, at a chip's pace: a whole purchase, GPO and all records."""
    session, commands, expected = recorded("pboc-approved-v01")

    def talk():
        with chip_process("--session", session) as path:
            return client.talk(path, commands)

    assert until(whole, talk).answers == expected
    assert len(expected) > 5


@pytest.mark.parametrize("client", EXTENDED, ids=named)
def test_driver_should_carry_a_tap_with_long_records_through_the_served_chip(client):
    """Keys of 1984 bits: certificates in records of 256 and 257 bytes."""
    session, commands, expected = recorded("pboc-approved-longest-key")

    def talk():
        with chip_process("--session", session) as path:
            return client.talk(path, commands)

    assert until(whole, talk).answers == expected
    assert max(map(len, expected)) > 255


def test_drivers_should_take_turns_on_one_chip():
    """PS-01, PS-07: twelve opens and closes by up to four, the chip as the last one left it.

    nfcpy leaves automatic RATS off, so libnfc, which sets it, comes behind it: to the two others a
    chip would show a card without ATS until its power goes.
    """
    turns = [one for one in (NFCPY, LIBNFC, PN532PI, ADAFRUIT) if not one.absent()]
    if len(turns) < 3 or LIBNFC not in turns:
        pytest.skip("fewer than three foreign drivers, or no libnfc; see tools/clients.sh")
    with Stand() as stand:
        for client in (turns * 4)[:12]:
            heard = until(whole, lambda client=client: client.talk(stand.path, OPENING))
            assert heard.answers == opened(), client.name


def test_chip_should_keep_what_nfcpy_has_set():
    """Behind nfcpy listing brings no RATS: pn532pi finds the card and cannot talk to it."""

    def talk():
        with Stand() as stand:
            assert whole(until(whole, lambda: NFCPY.talk(stand.path, OPENING)))
            return PN532PI.talk(stand.path, OPENING)

    heard = until(lambda heard: not heard.never, talk)
    assert heard.answers == ["LookupError: inDataExchange gave False, 0 bytes"] * 2
