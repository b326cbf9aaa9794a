# SPDX-License-Identifier: Apache-2.0
"""The twins of SM3 and of the SM2 curve: each that this interpreter has against the textbook, with
numbers at the edges, and what the compiled ones do with buffers that are not what they should be.
"""

import random
from array import array

from firmware.devices import selftest
from firmware.kernel import rsa, rsa_plain, sm2, sm2_plain, sm3, sm3_plain, twins
from firmware.kernel.sm2_base import BASE, BASE_TABLE
from firmware.kernel.sm2_curve import N, P, halves, packed
from sim import textbook_sm2, textbook_sm3
from tests.kernel import test_sm2 as of_sm2
from tests.kernel import test_sm3 as of_sm3
from tests.skip import SkipTest

try:
    import faretap_sm
except ImportError:
    faretap_sm = None

EDGES = (0, 1, 2, P - 2, P - 1, P, P + 1, N, 2**32 - 1, 2**64, 2**96, 2**224 - 1, 2**255)
DRAWN = random.Random(20261122) if hasattr(random, "Random") else random


def c_module():
    if faretap_sm is None:
        raise SkipTest("no module faretap_sm in this interpreter")
    return faretap_sm


def octets(count):
    return bytes([DRAWN.getrandbits(8) for _ in range(count)])


def below(limit):
    return int.from_bytes(octets(264), "big") % limit


def done(slices):
    while True:
        try:
            next(slices)
        except StopIteration as end:
            return end.value


def affine(number):
    """[number]G as 64 bytes, by the textbook."""
    x, y, z = textbook_sm2.jacobian_multiple(number, textbook_sm2.G)
    by_z = textbook_sm2.inverse(z)
    return packed(x * by_z * by_z % P, y * by_z * by_z * by_z % P)


def test_the_first_right_twin_is_taken():
    """C where the interpreter has it, plain Python at the end of each list."""
    of_sm3, of_sm2 = list(twins.each_sm3()), list(twins.each_sm2())
    assert sm3.twin is of_sm3[0] and of_sm3[-1] is sm3_plain
    assert sm2.twin is of_sm2[0] and of_sm2[-1] is sm2_plain
    if faretap_sm:
        assert sm3.twin.WORD == sm2.twin.WORD == "c"


def test_the_self_test_tells_which_twins_run():
    """TD-017."""
    told = [text for code, text in selftest._twins() if code == 0]
    assert told == ["sm3: " + sm3.twin.WORD, "sm2: " + sm2.twin.WORD]


def test_a_twin_that_computes_wrongly_is_not_taken():
    class Wrong:
        @staticmethod
        def steps(state, data, whole):
            state[15] ^= 1
            yield

        @staticmethod
        def by_point(s, t, point):
            return 1, 1
            yield

        @staticmethod
        def at_infinity(s, t, point):
            return 0, 0
            yield

    assert not twins.hashes_rightly(Wrong)
    assert not twins.sums_rightly(Wrong)
    Wrong.by_point = Wrong.at_infinity
    assert not twins.sums_rightly(Wrong)


def test_every_twin_of_sm3_hashes_as_the_textbook():
    chosen = sm3.twin
    try:
        for twin in twins.each_sm3():
            sm3.twin = twin
            for name in dir(of_sm3):
                if name.startswith("test_"):
                    getattr(of_sm3, name)()
            for length in (0, 1, 55, 56, 64, 119, 128, 1100):
                data = octets(length)
                assert sm3.sm3(data) == textbook_sm3.sm3(data), (twin.WORD, length)
            for extreme in (b"\x00", b"\xff"):
                assert sm3.sm3(extreme * 130) == textbook_sm3.sm3(extreme * 130), twin.WORD
    finally:
        sm3.twin = chosen


def test_every_twin_of_sm2_passes_the_tests_of_sm2():
    """QT-218, QT-232: the published signature, keys and numbers that must be refused, sums that
    meet their own summands.
    """
    chosen = sm2.twin
    try:
        for twin in twins.each_sm2():
            sm2.twin = twin
            for name in dir(of_sm2):
                if name.startswith("test_"):
                    getattr(of_sm2, name)()
    finally:
        sm2.twin = chosen


def test_every_twin_of_sm2_sums_as_the_textbook():
    for twin in twins.each_sm2():
        assert bytes(done(twin.table(BASE))) == BASE_TABLE
        for _ in range(3):
            s, t, key = below(N), below(N), affine(below(N))
            wanted = textbook_sm2.jacobian_x1(s, t, halves(key))
            for x, zz in (
                done(twin.by_point(s, t, key)),
                done(twin.by_table(s, t, done(twin.table(key)))),
            ):
                assert zz and (wanted * zz - x) % P == 0, (twin.WORD, s, t)


def test_every_twin_of_rsa_makes_what_pow_makes():
    """QT-020: lengths of keys in use and around a word, the largest and the smallest numbers."""
    powers = list(twins.each_power())
    assert powers[-1] is rsa_plain.plain_power and twins.power() is powers[0]
    assert len(powers) == (2 if faretap_sm else 1)
    for count in (4, 5, 31, 32, 33, 144, 176, 248, 256):
        for modulus in (octets(count - 1) + b"\x01", b"\xff" * count, bytes(count - 1) + b"\x0b"):
            n = int.from_bytes(modulus, "big")
            for number in (b"\x00" * count, b"\xff" * count, octets(count)):
                wanted = pow(int.from_bytes(number, "big"), 65537, n).to_bytes(count, "big")
                for power in powers:
                    assert done(power(number, modulus, 16)) == wanted


def test_a_modulus_that_c_does_not_take_is_left_to_python():
    """QT-020: even, or longer than its buffer; both come from cards and files."""
    for modulus in (b"\xc4" * 128, b"\xc5" * 516):
        number = octets(len(modulus))
        wanted = pow(int.from_bytes(number, "big"), 65537, int.from_bytes(modulus, "big"))
        made = done(rsa.recover(number, modulus, 65537))
        assert int.from_bytes(made, "big") == wanted and len(made) == len(modulus)


def test_a_power_that_is_wrong_is_not_taken():
    def wrong(signature, modulus, squarings):
        yield
        return bytes(len(modulus))

    assert not twins.raises_rightly(wrong)


def test_sums_that_take_turns_do_not_mix():
    """A check that is finished while another one rests, and one that is dropped half way."""
    for twin in twins.each_sm2():
        alone = done(twin.by_point(3, 5, BASE)), done(twin.by_table(7, 11, BASE_TABLE))
        resting, dropped = twin.by_point(3, 5, BASE), twin.table(BASE)
        for _ in range(6):
            next(resting)
            next(dropped)
        assert done(twin.by_table(7, 11, BASE_TABLE)) == alone[1]
        del dropped
        assert done(resting) == alone[0]


def test_a_product_in_c_is_the_product():
    c = c_module()
    out = bytearray(32)
    pairs = [(a, b) for a in EDGES for b in EDGES + (2**256 - 1,)] + [
        (below(P), below(P)) for _ in range(200)
    ]
    for a, b in pairs:
        c.product(out, a.to_bytes(32, "big"), b.to_bytes(32, "big"))
        assert int.from_bytes(out, "big") == a * b % P, (a, b)


def test_wrong_buffers_raise_in_c():
    """Each argument too short by one, misplaced, not to be written to, or no buffer at all."""
    c = c_module()
    work, state, point, number = bytearray(c.WORK), array("H", bytes(32)), bytes(64), bytes(32)
    table = bytearray(4096)
    calls = (
        (c.compress, (state, bytes(64), 0, 1)),
        (c.begin, (work, number, number, point)),
        (c.columns, (work, table, table, 1)),
        (c.result, (work, bytearray(64))),
        (c.begin_table, (work, point)),
        (c.table_step, (work, table)),
        (c.product, (bytearray(32), number, number)),
        (c.rsa_product, (bytearray(36), bytes(36), b"\x01" * 36)),
    )
    for call, right in calls:
        call(*right)
        for at in range(len(right)):
            if isinstance(right[at], int):
                wrong = ("x", None, -1, 2**20)
            else:
                wrong = (5, "", b"", bytearray(memoryview(right[at])[:-1]), bytes(7))
            for one in wrong:
                if call is c.columns and isinstance(one, int) and at == 3:
                    continue  # any count ends with the columns
                given = right[:at] + (one,) + right[at + 1 :]
                try:
                    call(*given)
                except (ValueError, TypeError):
                    continue
                raise AssertionError("%s takes %r as argument %d" % (call, one, at))
    shifted = memoryview(bytearray(c.WORK + 1))[1:]
    try:
        c.begin(shifted, number, number, point)
    except ValueError:
        return
    raise AssertionError("a buffer that no word can be read from")


def test_a_spoilt_work_ends():
    """Whatever stands in it: the columns and the steps come to an end."""
    c = c_module()
    table = bytearray(4096)
    for fill in (b"\x00", b"\xff", b"\x80", b"\x7f", b"\x01"):
        work = bytearray(fill * c.WORK)
        for _ in range(300):
            left = c.columns(work, table, None, 7)
        assert left == 0
        work = bytearray(fill * c.WORK)
        for _ in range(3):
            c.table_step(work, table)
        c.result(work, bytearray(64))
