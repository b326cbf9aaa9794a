# SPDX-License-Identifier: Apache-2.0
"""Where a terminal's own values come from: 9F37, TTQ, and what stays the same for every card."""

from firmware.devices.sources import (
    CONFIGURATION,
    Qualifiers,
    UnpredictableNumbers,
    standing_values,
)
from firmware.formats import parameters
from firmware.kernel import tags
from firmware.settings import parse
from tests.refusal import refusal

SETTINGS = "terminal: 4711\nreader: serial:none\njournal: file:none\nparameters: none\n"


def repeating(*samples):
    """A source of these samples in turn, each stretched; the last one for ever."""
    left = list(samples)

    def random_bytes(count):
        sample = left.pop(0) if len(left) > 1 else left[0]
        return (sample * count)[:count]

    return random_bytes


def counting():
    """A source that never repeats itself."""
    state = [0]

    def random_bytes(count):
        state[0] += 1
        return state[0].to_bytes(count, "big")

    return random_bytes


def test_numbers_should_be_new_each_time():
    """QT-030, QT-097: four bytes, none twice; another key gives others."""
    numbers = UnpredictableNumbers(counting())
    drawn = [numbers.draw() for _ in range(300)]
    assert len(set(drawn)) == 300 and all(len(one) == 4 for one in drawn)
    other = UnpredictableNumbers(repeating(b"\x05\x06", b"\x07\x08"))
    assert other.draw() not in drawn[:100]
    bits = [0] * 32  # no bit of it stands still
    for one in drawn:
        for place in range(32):
            bits[place] += one[place >> 3] >> (place & 7) & 1
    assert all(110 < count < 190 for count in bits), bits


def test_stuck_source_should_give_no_number():
    """QT-030: a repetition, one byte over and over, too few bytes; it may recover."""
    numbers = UnpredictableNumbers(repeating(b"\x01\x02", b"\x01\x02", b"\x03\x04", b"\x00"))
    assert numbers.draw() and not numbers.draw() and numbers.draw()
    assert numbers.draw() == b"" and numbers.draw() == b""
    assert UnpredictableNumbers(lambda count: b"\x01\x02").draw() == b""


def test_limits_should_be_those_of_the_application():
    """QT-026, QT-041: without a card one application that may be used is enough."""
    fleet = parameters.parse(
        "fare_fen: 200\naid: A0000003330101 partial\naid: A000000632010106 exact\n"
        "limit: A0000003330101 transaction 200\nlimit: A000000632010106 transaction 300\n"
    )
    qualify = Qualifiers(fleet).qualify
    union, transit = bytes.fromhex("A000000333010101"), bytes.fromhex("A000000632010106")
    for amount_fen, aid, reason in (
        (199, union, ""),
        (200, union, "over_transaction_limit"),
        (299, transit, ""),
        (300, transit, "over_transaction_limit"),
        (299, None, ""),
        (300, None, "over_transaction_limit"),
        (10001, None, "over_ceiling"),
        (None, None, "no_amount"),
    ):
        ttq, said = qualify(amount_fen, aid)
        assert said == reason and (ttq is None) is bool(reason), (amount_fen, aid)


def test_status_check_should_be_that_of_the_parameters():
    """QT-028: off by default; on, an offline-only terminal cannot sell at 1.00 (QT-046)."""
    for line, reason in (("", ""), ("status_check: yes\n", "needs_online_or_cvm")):
        fleet = parameters.parse("fare_fen: 100\n" + line)
        assert Qualifiers(fleet).qualify(100)[1] == reason
        assert Qualifiers(fleet).qualify(101)[1] == ""


def test_configuration_should_be_whole():
    """QT-010: each of the eight items missing, too short, too long; the start is refused."""
    settings, fleet = parse(SETTINGS), parameters.parse("fare_fen: 200")
    values = standing_values(settings, fleet)
    assert values[tags.TERMINAL_ID] == b"00004711" == values[tags.IFD_SERIAL]
    assert len(CONFIGURATION) == 8

    class Bent:
        """Parameters or settings with one item changed."""

        def __init__(self, tag, value):
            self.terminal_id, self.ifd_serial = settings.terminal_id, settings.ifd_serial
            self.standing, self.capks = dict(fleet.standing), ()
            if tag == tags.TERMINAL_ID:
                self.terminal_id = value.decode()
            elif tag == tags.IFD_SERIAL:
                self.ifd_serial = value.decode()
            elif value:
                self.standing[tag] = value
            else:
                del self.standing[tag]

    for tag, count in CONFIGURATION:
        good = Bent(tag, bytes(count))
        assert standing_values(good, good)[tag] == bytes(count)
        for value in (b"", bytes(count - 1), bytes(count + 1)):
            bent = Bent(tag, value)
            assert "configuration: %X" % tag in refusal(standing_values, bent, bent)
