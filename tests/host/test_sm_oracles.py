# SPDX-License-Identifier: Apache-2.0
"""SM2 and SM3 of the kernel against libraries of others, published vectors and the textbook.

SM3 by `cryptography`, SM2 signed and judged by `gmssl`. The vectors lie in a folder `shared`
beside the checkout and are shown as skipped where it is not.
"""

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from gmssl.sm2 import CryptSM2
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from firmware.kernel import sm2
from firmware.kernel.sm2_base import BASE
from firmware.kernel.sm2_curve import B, N, P, halves, packed
from firmware.kernel.sm3 import Sm3, sm3
from firmware.kernel.work import Work
from sim import textbook_sm2 as textbook

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "vectors"
SLOW = settings(deadline=None, max_examples=25)
# of full length as a rule, now and then at the edge; n - 1 is no private number
numbers = st.one_of(
    st.binary(min_size=32, max_size=32).map(lambda drawn: int.from_bytes(drawn) % (N - 2) + 1),
    st.integers(1, N - 2),
)


def made(slices):
    return Work(slices, sm2.BadSignature).finish()


def verdict(key, data, signature, tabled=False):
    """True, False or the reason why no message fits."""
    try:
        committed = made(sm2.commitment(signature, key, made(sm2.table(key)) if tabled else None))
    except sm2.BadSignature as bad:
        return str(bad)
    return sm2.matches(signature, committed, sm3(sm2.za(key) + data))


def gmssl(key, private=""):
    """Signer and judge. Its constructor would strip a key whose text begins with 04."""
    assume(not key.hex().startswith("04"))
    made = CryptSM2(private_key=private, public_key="")
    made.public_key = key.hex()  # it would take an X of 04.. for the mark of a point
    return made


def key_of(private):
    """The 64 bytes of a private number's point, by gmssl."""
    maker = CryptSM2(private_key="", public_key="")
    return bytes.fromhex(maker._kg(private, maker.ecc_table["g"]))


def signed(private, key, data, k):
    """64 bytes by gmssl over ZA (of the kernel) and data."""
    made = gmssl(key, "%064x" % private).sign(sm3(sm2.za(key) + data), "%064x" % k)
    assume(made)
    return bytes.fromhex(made)


def flipped(data, bit):
    """Data with one bit turned over."""
    return (int.from_bytes(data) ^ 1 << bit).to_bytes(len(data), "big")


def mirrored(private, k, signature, other):
    """True if the other s leads to -kG: a point has the x of its mirror, so both s are signatures.

    s (1 + d) + r d = k: who knows k and d finds the second s; others meet it by chance only.
    """
    step = int.from_bytes(other[32:]) - int.from_bytes(signature[32:])
    return signature[:32] == other[:32] and (2 * k + step * (1 + private)) % N == 0


@given(st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=5))
def test_sm3_is_that_of_another_library(data, cuts):
    other = hashes.Hash(hashes.SM3())
    other.update(data)
    pieces = Sm3()
    at = 0
    for cut in sorted([*cuts, len(data)]):
        pieces.update(data[at:cut])
        at = max(at, min(cut, len(data)))
    assert pieces.digest() == sm3(data) == other.finalize()


@SLOW
@given(numbers, numbers, st.binary(max_size=200))
def test_what_gmssl_signs_is_accepted(private, k, data):
    """QT-218: with and without a table; its own ZA agrees with ours."""
    key = key_of(private)
    signature = signed(private, key, data, k)
    assert verdict(key, data, signature) is True
    assert verdict(key, data, signature, tabled=True) is True
    assert gmssl(key).verify(signature.hex(), bytes.fromhex(gmssl(key)._sm3_z(data)))


@SLOW
@given(numbers, numbers, st.binary(min_size=1), st.integers(0, 511), st.integers(0, 639))
@example(1, 1, b"\x00\x00", 0, 0)
def test_a_flipped_bit_is_never_accepted(private, k, data, bit, data_bit):
    """QT-218, QT-232: one bit of the signature, the key or the message; but for the mirrored."""
    key = key_of(private)
    signature = signed(private, key, data, k)
    other = flipped(data, data_bit % (8 * len(data)))
    bent = flipped(signature, bit)
    assert (verdict(key, data, bent) is True) is mirrored(private, k, signature, bent)
    assert verdict(key, other, signature) is False
    assert verdict(flipped(key, bit), data, signature) == "key is not on the curve"


@SLOW
@given(numbers, numbers, numbers, st.integers(0, 2**256 - 1))
def test_the_point_is_that_of_the_textbook(private, r, s, digest):
    """Any r and s, not only those of signatures: all three ways and gmssl say the same."""
    t = (r + s) % N
    assume(t and (s + private * t) % N)
    key = key_of(private)
    x1 = textbook.jacobian_x1(s, t, halves(key))
    assert x1 == textbook.affine_x1(s, t, halves(key))
    signature = packed(r, s)
    for table in (None, made(sm2.table(key))):
        committed = made(sm2.commitment(signature, key, table))
        fits = ((r - x1) % N).to_bytes(32, "big")
        assert sm2.matches(signature, committed, fits)
        assert gmssl(key).verify(signature.hex(), fits)
        drawn = digest.to_bytes(32, "big")
        assert sm2.matches(signature, committed, drawn) == ((digest + x1) % N == r)


@given(st.binary(min_size=64, max_size=64))
def test_few_points_lie_on_the_curve(point):
    """QT-216, QT-232: as the equation says, and only coordinates below p."""
    x, y = halves(point)
    on = x < P and y < P and pow(y, 2, P) == (pow(x, 3, P) - 3 * x + B) % P
    assert sm2.on_curve(point) == on


@given(st.binary(max_size=130), st.one_of(st.binary(max_size=130), st.just(BASE)))
def test_any_bytes_end_in_a_verdict(signature, key):
    """QT-215, QT-232: any length, as signature and as key: no other exception, no acceptance."""
    assert verdict(key, b"", signature) is not True


def test_x1_above_the_order_of_the_group():
    """R = e + x1 mod n where x1 >= n: such a point is too rare to be met by chance."""
    x = N
    while True:
        square = (x**3 - 3 * x + B) % P
        y = pow(square, (P + 1) // 4, P)
        if y * y % P == square:
            break
        x += 1
    signature = packed(7, 1)
    for digest, fits in ((7 - x, True), (7 - x + 1, False), (7 - x + P - N, False)):
        digest = (digest % N).to_bytes(32, "big")
        assert sm2.matches(signature, (x, 1), digest) is fits
        assert sm2.matches(signature, (x * 25 % P, 25), digest) is fits


def cases(name, having):
    """Entries of a file of vectors; one skipped where it is not there."""
    file = FOLDER / name
    if not file.exists():
        mark = pytest.mark.skip(reason=f"{name} is not beside this checkout")
        return [pytest.param(None, marks=mark, id="absent")]
    found = json.loads(file.read_text(encoding="utf-8"))
    return [pytest.param(one, id=one["name"]) for one in found["cases"] if having(one)]


def is_sm2(one):
    return one["algorithm"] == "SM2" and "curve" not in one


@pytest.mark.parametrize(
    "one", cases("sm_standard.json", having=lambda one: one["algorithm"] == "SM3")
)
def test_published_digests(one):
    assert sm3(bytes.fromhex(one["message"])).hex().upper() == one["digest"]


@pytest.mark.parametrize("one", cases("sm_standard.json", having=is_sm2))
def test_published_signatures(one):
    """QT-218: the example of GB/T 32918.5 and its changed message."""
    key, signature = (
        bytes.fromhex(one[a] + one[b]) for a, b in (("public_x", "public_y"), ("r", "s"))
    )
    if "ZA" in one:
        assert sm2.za(key).hex().upper() == one["ZA"]
    wanted = one.get("expect_valid", True)
    for tabled in (False, True):
        assert verdict(key, bytes.fromhex(one["message"]), signature, tabled) is wanted


def test_published_chain():
    """QT-218: a CA key, an issuer and two ICC certificates and static data of test cards."""
    file = FOLDER / "oda_sm2.json"
    if not file.exists():
        pytest.skip("oda_sm2.json is not beside this checkout")
    chain = json.loads(file.read_text(encoding="utf-8"))
    ca = bytes.fromhex(chain["ca"]["x"] + chain["ca"]["y"])
    issuer = bytes.fromhex(chain["issuer_certificate_90"])
    static = bytes.fromhex(chain["icc_static_data"])
    second = bytes.fromhex(chain["second_signature_over_same_body"]["r_s"])
    signatures = [(ca, issuer[:-64], issuer[-64:]), (ca, issuer[:-64], second)]
    for text in (
        chain["icc_certificate_9F46"],
        chain["second_icc_certificate"]["certificate_9F46"],
        chain["ssad_93"],
    ):
        data = bytes.fromhex(text)
        signatures.append((issuer[14:78], data[:-64] + static, data[-64:]))
    for key, data, signature in signatures:
        for tabled in (False, True):
            assert verdict(key, data, signature, tabled) is True
            assert verdict(key, data + b"\x00", signature, tabled) is False
            assert verdict(issuer[14:78] if key == ca else ca, data, signature, tabled) is False
