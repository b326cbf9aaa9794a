# SPDX-License-Identifier: Apache-2.0
"""SM2: the published example, what must be refused, and that nothing but the message is left to
the end.
"""

from firmware.kernel import sm2
from firmware.kernel.sm2_base import BASE, BASE_TABLE
from firmware.kernel.sm2_comb import comb_table
from firmware.kernel.sm2_curve import B, N, P, halves
from firmware.kernel.sm3 import sm3

# GB/T 32918.5-2017 Annex A.2
MESSAGE = b"message digest"
KEY = bytes.fromhex(
    "09F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020"
    "CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13"
)
ZA = "b2e14c5c79c6df5b85f4fe7ed8db7a262b9da7e07ccb0ea9f4747b8ccda8a4f3"
R = "F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3"
S = "B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA"
SIGNATURE = bytes.fromhex(R + S)
G = halves(BASE)


def done(slices):
    """What a generator returns; it is run to its end."""
    while True:
        try:
            next(slices)
        except StopIteration as end:
            return end.value


def fits(signature, key, message, tabled=False):
    """True when the signature is the key's over the message; BadSignature as it comes."""
    table = done(sm2.table(key)) if tabled else None
    made = done(sm2.commitment(signature, key, table))
    return sm2.matches(signature, made, sm3(sm2.za(key) + message))


def refused(signature, key, tabled=False):
    """Why no message fits, "" when one may."""
    try:
        fits(signature, key, MESSAGE, tabled)
    except sm2.BadSignature as bad:
        return str(bad)
    return ""


def pair(r, s):
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def test_published_example():
    """QT-218: GB/T 32918.5 Annex A.2, with and without a table; another message fails."""
    assert sm2.za(KEY).hex() == ZA
    for tabled in (False, True):
        assert fits(SIGNATURE, KEY, MESSAGE, tabled)
        assert not fits(SIGNATURE, KEY, b"message digesU", tabled)
        assert not fits(SIGNATURE, KEY, b"", tabled)


def test_za_is_the_hash_of_what_the_clause_names():
    """QT-218: user id and curve come from the standard, not from the constant in the code."""
    head = b"\x00\x80" + b"12345678" * 2 + pair(P - 3, B) + BASE
    for key in (KEY, BASE):
        assert sm2.za(key) == sm3(head + key)


def test_numbers_out_of_range_are_refused():
    """QT-232: r and s of 0, n, n + 1 and the largest that 32 bytes hold."""
    for number in (0, N, N + 1, 2**256 - 1):
        assert refused(pair(number, int(S, 16)), KEY) == "r or s is out of range"
        assert refused(pair(int(R, 16), number), KEY) == "r or s is out of range"
    assert refused(pair(1, N - 1), KEY) == "t is zero"
    for length in (0, 63, 65):
        assert refused((SIGNATURE + b"\x00")[:length], KEY) == "signature length"


def test_keys_off_the_curve_are_refused():
    """QT-216, QT-232: a bit flipped, zeros, coordinates of p and more, another length."""
    x, y = int.from_bytes(KEY[:32], "big"), int.from_bytes(KEY[32:], "big")
    assert sm2.on_curve(KEY) and sm2.on_curve(pair(x, P - y)) and sm2.on_curve(BASE)
    wrong = [pair(x ^ 1, y), pair(x, y ^ 1), pair(y, x), bytes(64), pair(0, 1), b"\xff" * 64]
    wrong += [KEY[:63], KEY + b"\x00", b"", pair(P, y), pair(x, P)]
    for key in wrong:
        assert not sm2.on_curve(key)
        assert refused(SIGNATURE, key) == "key is not on the curve"
        assert refused(SIGNATURE, key, tabled=True) == "key is not on the curve"


def test_a_coordinate_written_in_another_way_is_refused():
    """QT-216: the same number modulo p in 32 bytes is no second name of a point."""
    small = 0
    for x in range(1, 64):  # p is so near 2^256 that only small x have a second form
        square = (x * x * x - 3 * x + B) % P
        y = pow(square, (P + 1) // 4, P)
        if y * y % P == square:
            assert sm2.on_curve(pair(x, y))
            assert not sm2.on_curve(pair(x + P, y))
            small += 1
    assert small > 10


def test_sum_at_infinity_is_refused():
    """QT-232: [s]G + [t]P = 0 for P = -G and s = t is impossible with r > 0; P = -2G and s = 2t
    is not.
    """
    minus_two = N - 2
    key = multiple(minus_two)
    t = 5
    s = 2 * t
    r = (t - s) % N
    for tabled in (False, True):
        assert refused(pair(r, s), key, tabled) == "sum is the point at infinity"


def multiple(count):
    """[count]G as 64 bytes, by the affine textbook; cheap for a count near 0 or n."""
    if count > N // 2:
        mirrored = multiple(N - count)
        return mirrored[:32] + (P - int.from_bytes(mirrored[32:], "big")).to_bytes(32, "big")
    total, power = None, G
    while count:
        if count & 1:
            total = affine_sum(total, power)
        power = affine_sum(power, power)
        count >>= 1
    return pair(total[0], total[1])


def affine_sum(one, other):
    if one is None or other is None:
        return one or other
    if one[0] == other[0]:
        if (one[1] + other[1]) % P == 0:
            return None
        rise, run = 3 * (one[0] * one[0] - 1), 2 * one[1]
    else:
        rise, run = other[1] - one[1], other[0] - one[0]
    slope = rise * pow(run % P, P - 2, P) % P
    x = (slope * slope - one[0] - other[0]) % P
    return x, (slope * (one[0] - x) - one[1]) % P


def test_steps_that_double_or_cancel_on_the_way():
    """Keys that are small multiples of G: sums meet their own summands and negatives."""
    for of_key in (1, 2, 3, 16, N - 1, N - 2, N - 3):
        key = multiple(of_key)
        for r, s in ((1, 1), (2, 1), (1, 2), (16, 15), (N - 2, 1), (3, N - 1)):
            sum_of = (s + of_key * (r + s)) % N
            if (r + s) % N == 0 or sum_of == 0:
                continue
            x1 = int.from_bytes(multiple(sum_of)[:32], "big")
            digest = ((r - x1) % N).to_bytes(32, "big")
            other = ((r - x1 + 1) % N).to_bytes(32, "big")
            for tabled in (False, True):
                table = done(sm2.table(key)) if tabled else None
                made = done(sm2.commitment(pair(r, s), key, table))
                assert sm2.matches(pair(r, s), made, digest)
                assert not sm2.matches(pair(r, s), made, other)


def test_table_of_the_base_point_is_its_comb():
    assert done(comb_table(BASE)) == BASE_TABLE


def test_the_point_comes_in_slices():
    """So that a board is back at its card in time: a doubling or less than a sum each in plain
    Python, some columns each in C.
    """
    table = done(sm2.table(KEY))
    least = (36 + 73, 250 + 2 * 70, 222 + 2 * 63) if sm2.twin.WORD == "plain" else (8, 50, 80)
    assert len(list(sm2.commitment(SIGNATURE, KEY, table))) >= least[0]
    assert len(list(sm2.commitment(SIGNATURE, KEY))) >= least[1]
    assert len(list(sm2.table(KEY))) >= least[2]
