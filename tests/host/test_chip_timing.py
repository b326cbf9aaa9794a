# SPDX-License-Identifier: Apache-2.0
"""The time model against the tables of section 6, the chip against the model (PS-13, PS-18)."""

import pytest

from sim.timing import Timing, frame_ms, rf_blocks
from tests.host.virtual_host import ACK, FakeCard, FakeField, answer, command, listed, started

TYPICAL = [(20, 70), (14, 95), (44, 200), (5, 62), (5, 182), (5, 250), (5, 150)]
SMALL = [(20, 60), (14, 75), (42, 72), (5, 180), (5, 220), (5, 110)]
LARGE = [(20, 90), (14, 120), (44, 80), (5, 100), (5, 256), (5, 256), (5, 200), (5, 180)]


def near(ms):
    """The tables are printed to a tenth."""
    return pytest.approx(ms, abs=0.06)


def test_frames_on_air_should_last_as_the_book_says():
    for count, ms in ((3, 0.27), (64, 5.46), (256, 21.8)):
        assert frame_ms(count) == pytest.approx(ms, abs=0.05)


@pytest.mark.parametrize(
    "divisor, fsd, ms",
    [
        (1, 64, 122.3),
        (1, 256, 103.5),
        (2, 64, 69.6),
        (2, 256, 54.5),
        (4, 64, 43.2),
        (4, 256, 30.1),
    ],
)
def test_radio_of_the_typical_profile_should_equal_the_table(divisor, fsd, ms):
    model = Timing()
    assert sum(model.rf_ms(c, r, fsd=fsd, divisor=divisor) for c, r in TYPICAL) == near(ms)


@pytest.mark.parametrize(
    "baud, ms", [(115200, 111.9), (230400, 55.9), (460800, 28.0), (921600, 14.0), (1288000, 10.0)]
)
def test_link_of_the_typical_profile_should_equal_the_table(baud, ms):
    assert sum(Timing().link_ms(c, r, baud) for c, r in TYPICAL) == near(ms)


@pytest.mark.parametrize(
    "profile, card_ms, at_115200, at_921600",
    [(SMALL, 97, 268, 195), (TYPICAL, 184, 418, 320), (LARGE, 312, 602, 481)],
)
def test_whole_profiles_should_equal_the_table(profile, card_ms, at_115200, at_921600):
    model = Timing()
    for baud, ms in ((115200, at_115200), (921600, at_921600)):
        parts = sum(model.rf_ms(c, r) + model.link_ms(c, r, baud) for c, r in profile)
        assert parts + card_ms == pytest.approx(ms, abs=0.6)


def test_blocks_should_be_counted_by_fsc_and_fsd():
    """PS-13: the model's count."""
    assert rf_blocks(5, 61) == 2
    assert rf_blocks(5, 62) == 3
    assert rf_blocks(261, 258, fsd=64, fsc=32) == 9 + 5


class Profile(FakeCard):
    """A card that answers with the lengths of a profile."""

    def __init__(self, profile, busy_ms):
        super().__init__(busy_ms=busy_ms)
        self.lengths = [received for _, received in profile]

    def exchange(self, c_apdu):
        return bytes(self.lengths.pop(0))


@pytest.mark.parametrize("code, baud", [(4, 115200), (7, 921600)])
def test_tap_over_the_chip_should_take_the_time_of_the_formula(code, baud):
    """PS-18: the typical tap within 0.1 ms of the formula, where 3 % would be allowed."""
    model = Timing(firmware_ms=2)
    host = started(field=FakeField(Profile(TYPICAL, 184 / 7)), timing=model)
    host.ask(command("10", bytes((code,))))
    host.ask(ACK)
    host.baud = baud
    host.ask(command("4a0100"))
    begin_us = host.now_us
    for sent, received in TYPICAL:
        assert len(host.ask(command("4001", bytes(sent)))) >= 6 + 10 + received
    formula = 184 + sum(model.rf_ms(c, r) + model.link_ms(c, r, baud) + 2 for c, r in TYPICAL)
    assert (host.now_us - begin_us) / 1000 == pytest.approx(formula, abs=0.1)


def test_listing_should_take_nine_milliseconds_and_the_link():
    host = started(FakeCard(), timing=Timing())
    count = len(command("4a0100")) + len(host.ask(command("4a0100")))
    assert host.now_us / 1000 == pytest.approx(9 + count * 10 / 115.2, abs=0.01)


def test_bytes_should_leave_one_by_one_at_their_time():
    host = started(timing=Timing(rf=False, card=False))
    host.ask(command("02"))
    times = [at_us for at_us, came in host.arrivals for _ in came]
    assert len(times) == 6 + 13
    steps = [later - earlier for earlier, later in zip(times, times[1:], strict=False)]
    assert set(steps) <= {86, 87}


def test_abort_should_cut_a_paced_answer_in_its_middle():
    """PS-05: nothing of the old answer follows."""
    host = started(timing=Timing())
    host.say(command("0000", bytes(range(200))))
    begun = host.hear(19 + 5)
    assert len(ACK) < len(begun) < 6 + 200
    host.say(ACK)
    rest = host.hear(100)
    assert len(rest) <= len(ACK) + 1, "what leaves while the ACK is still arriving"
    assert host.ask(command("02")) == answer("0332010607")


def test_lost_card_should_be_waited_for():
    host = listed(field=FakeField(FakeCard(), cut=(0, "before")), timing=Timing(link=False))
    begin_us = host.now_us
    assert host.ask(command("40010001")) == answer("4101")
    assert (host.now_us - begin_us) / 1000 == pytest.approx(3 * 0.302 * 2**8, rel=0.01)  # FWI 8


def test_nothing_should_take_time_without_terms():
    host = listed(FakeCard(busy_ms=50), timing=Timing.none())
    host.ask(command("40010100"))
    assert host.now_us == 0


def test_scale_should_stretch_everything():
    assert Timing(scale=2).rf_ms(5, 62) == 2 * Timing().rf_ms(5, 62)
    assert Timing(scale=2).byte_us(115200) == 2 * Timing().byte_us(115200)


def test_activation_should_hold_rats_once_whoever_sends_it():
    """PS-18: 9 ms from the look to the ATS, by the chip itself or by the host behind it."""
    spent = []
    for parameters in ("1214", "1204"):
        host = started(FakeCard(), timing=Timing(link=False))
        host.ask(command(parameters))
        began_us = host.now_us
        host.ask(command("4a0100"))
        if parameters == "1204":
            assert host.ask(command("42e050")).find(FakeCard().ats) > 0
        spent.append(host.now_us - began_us)
    assert spent[0] == pytest.approx(9000, abs=2) and spent[1] == pytest.approx(9000, abs=3)
