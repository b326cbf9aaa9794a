# SPDX-License-Identifier: Apache-2.0
"""Our own ISO-DEP against a chip that is a list of answers; tests/host has the whole card."""

from firmware.errors import FormatError, LinkLost
from firmware.reader.iso_dep import IsoDepCard, limit_index
from firmware.reader.targets import Target

THRU = 0x42
TARGET = Target(1, "A", b"\x04\x01\x02\x03", b"", 0x20)
ATS = "0002" + "00"  # FSC 16: 13 bytes of a command in a block


class ListedChip:
    """`sent`: raw frames and time limits in their order."""

    kbps = 106

    def __init__(self, *answers):
        self.answers = [bytes.fromhex(one) for one in answers]
        self.bus = self.clock = self
        self.sent = []

    def ticks_ms(self):
        return 0

    ticks_us = ticks_ms

    def ticks_diff(self, later, earlier):
        return 0

    def rest(self, duration_ms):
        self.sent.append("rest %d" % duration_ms)

    def command(self, code, data, timeout_ms, spare=None):
        if code == 0x06:
            return b"\x00\x18"  # RxNoErr stays, 212 of the last card goes
        self.sent.append("%02x %s" % (code, data.hex()))
        return self.answers.pop(0) if code == THRU else b""


def activated(*answers):
    """(card, its chip), what was sent until then forgotten."""
    chip = ListedChip("000200", *answers)
    card = IsoDepCard(chip, TARGET)
    assert card.activate()
    chip.sent[:] = []
    return card, chip


def test_activation_should_set_crc_and_the_time_of_the_card():
    """QT-057, QT-058, QT-060."""
    chip = ListedChip("000200")
    card = IsoDepCard(chip, TARGET)
    assert card.activate() and card.ats.hex() == "0200"
    assert chip.sent == [
        "08 630280630388", "32 02000b07", "42 e080", "32 02000b07", "rest 1",
    ]  # fmt: skip
    for answer in ("0000", "000300", "01"):
        chip = ListedChip(answer, answer, answer)
        assert not IsoDepCard(chip, TARGET).activate()


def test_time_limits_should_be_the_first_that_is_long_enough():
    for limit_us, index in ((0, 1), (100, 1), (101, 2), (5300, 7), (3276800, 16), (3276801, 0)):
        assert limit_index(limit_us) == index, limit_us


def test_long_commands_and_answers_should_be_chained():
    """QT-063: 13 bytes a block, block numbers in turn, R(ACK) each way."""
    card, chip = activated("00a2", "0003" + "70", "0012aa", "0003bb9000")
    chip.answers[1:] = [bytes.fromhex(one) for one in ("0013" + "6f01", "0002" + "9000")]
    assert card.exchange(bytes(range(20))).hex() == "6f019000"
    assert chip.sent == ["42 12" + bytes(range(13)).hex(), "42 03" + bytes(range(13, 20)).hex(),
                         "42 a2"]  # fmt: skip


def test_silence_damage_and_waiting_should_be_answered():
    """QT-064, QT-065."""
    card, chip = activated("01", "02", "00f205", "00029000")
    assert card.exchange(b"\x00").hex() == "9000"
    assert chip.sent == ["42 0200", "42 b2", "42 b2", "32 02000b0a", "42 f205", "32 02000b07"]


def test_block_that_never_came_should_be_sent_again_behind_two_failures():
    """PD-24, QT-065: R(NAK) twice at the most, and the R(ACK) that then says so is no failure."""
    for answers, failures in (
        (("01", "02", "00a3", "00029000"), 0),
        (("01", "00a3", "02", "00a3", "00029000"), 0),
        (("01", "00a3", "02", "00a3", "01"), 1),
        (("00a3", "00a3", "00029000"), 0),
        (("00a3", "00a3", "00a3"), 1),
    ):
        card, chip = activated(*answers)
        try:
            assert card.exchange(b"\x00").hex() == "9000" and not failures
        except LinkLost as lost:
            assert failures and str(lost).endswith("block lost 3 times")
        assert chip.sent.count("42 b2") <= 2 and chip.sent.count("42 0200") <= 3
        assert not chip.answers


def test_protocol_errors_should_be_lost_links():
    """QT-064, QT-065: three failures, S(WTX) of 0, a number out of turn, no status word."""
    for answers in (
        ("01", "01", "01"), ("00f200",), ("00039000",), ("000290",), ("00a2",), ("01", "00a2"),
        ("",), ("27",),
    ):  # fmt: skip
        card, chip = activated(*answers)
        try:
            card.exchange(b"\x00")
        except LinkLost:
            continue
        raise AssertionError(answers)
    for count in (0, 262):
        try:
            activated()[0].exchange(bytes(count))
        except FormatError:
            continue
        raise AssertionError(count)
