# SPDX-License-Identifier: Apache-2.0
"""The tests of SP 800-90B 4.4 on the source of 9F37."""

import hashlib

from firmware.devices.random_health import PROPORTION, REPETITIONS, WINDOW, Health
from firmware.devices.sources import UnpredictableNumbers


def sound(seed=b""):
    """A source that is as good as one can be, the same in each run."""
    state = [0]

    def random_bytes(count):
        drawn = b""
        while len(drawn) < count:
            state[0] += 1
            drawn += hashlib.sha256(seed + b"%d" % state[0]).digest()
        return drawn[:count]

    return random_bytes


def test_a_sound_source_should_stay_well():
    """QT-030: start-up and 2,000 numbers."""
    health = Health()
    source = sound()
    assert health.begin(source)
    for _ in range(2000):
        assert health.take(source(16)), health.fault


def test_repetitions_should_be_counted_over_draws():
    """QT-030; SP 800-90B 4.4.1: nine equal bytes, wherever a draw ends; eight are well."""
    health = Health()
    assert health.take(b"\x07" * (REPETITIONS - 1)) and health.take(b"\x08")
    assert health.take(b"\x07" * 4) and health.take(b"\x07" * 4)
    assert not health.take(b"\x07") and "9 equal bytes" in health.fault
    assert not health.take(sound()(64))  # it stands until the next start


def test_a_bias_should_be_seen_in_a_window():
    """QT-030; SP 800-90B 4.4.2: the first byte of a window 71 times in it; 70 are well."""
    others = bytes([one for one in range(256) if one != 5])
    window = (b"\x05" + others[:5]) * (PROPORTION - 1)
    fill = (others * 3)[: WINDOW - len(window)]
    health = Health()
    assert len(window) < WINDOW and health.take(window + fill), health.fault
    assert health.take(window) and not health.take(b"\x05" + others[:5])
    assert "71 equal bytes" in health.fault


def test_a_bit_that_stands_still_should_be_seen_at_the_start():
    """QT-030: a source of which only two bits move; too few bytes; one value."""
    source = sound()
    for bad in (
        lambda count: bytes([one & 3 for one in source(count)]),
        lambda count: source(count)[:-1],
        bytes,
    ):
        health = Health()
        assert not health.begin(bad) and health.fault


def test_a_source_that_fails_in_service_should_give_no_number_again():
    """QT-030: nothing is sold from then on, also when the source looks well again."""
    source, stuck = sound(), []
    health = Health()
    numbers = UnpredictableNumbers(lambda count: bytes(8) + source(count - 8) if stuck else
                                   source(count), health)  # fmt: skip
    assert numbers.draw() and numbers.draw()
    stuck.append(True)
    drawn = [numbers.draw() for _ in range(12)]
    assert drawn[0] and not drawn[-1] and health.fault
    del stuck[:]
    assert numbers.draw() == b""
