# SPDX-License-Identifier: Apache-2.0
"""Certificates and signatures against keys and code of other people: `cryptography`, `gmssl`.

The simulator's issuer builds the blocks; it shares no line with the kernel (sim/rsa_keys.py,
sim/sm2_keys.py). Whatever one bit changes, in a certificate or in what it covers, is refused.
"""

import contextlib
from collections import namedtuple

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.kernel import capk, oda, oda_rsa, oda_sm2, sda
from firmware.kernel.rsa import recover
from firmware.kernel.work import Work
from sim.rsa_keys import RsaKey
from sim.sm2_keys import Sm2Key

RID = bytes.fromhex("A000000333")
PAN = "6228000100000010"
TODAY = (2026, 11, 21)
STATIC = bytes.fromhex("5A0862280001000000105F2403351231")
DATA = bytes.fromhex("A1B2C3D4000000000200015601A1B2C3D4000000")
ATC = b"\x00\x05"
SIZES = (  # CA, issuer and card in bits, exponents: with and without remainders (QT-016, QT-196)
    (1984, 1984, 1984, (3, 3, 3)),
    (1984, 1408, 1152, (3, 65537, 3)),
    (1984, 1696, 1024, (65537, 3, 65537)),
    (1152, 864, 512, (3, 3, 3)),
    (1024, 1024, 1024, (65537, 65537, 65537)),
    (1408, 1120, 784, (3, 3, 65537)),
)

# What a card and its issuer hold. `parts`: name -> bytes; `ca`: capk.Capk
Chain = namedtuple("Chain", ("suite", "ca", "parts"))


def chain_of(ca, issuer, card, suite, public):
    """Chain of three private keys; public: the key bytes of the CA."""
    owner, expiry = bytes.fromhex("622800ff"), bytes.fromhex("1249")
    certificate, remainder = ca.certify("issuer", owner, expiry, 1, issuer)
    digits = bytes.fromhex(PAN + "f" * 4)
    own, own_remainder = issuer.certify("icc", digits, bytes.fromhex("1235"), 1, card, STATIC)
    parts = {
        "90": certificate,
        "92": remainder,
        "9F32": issuer.exponent,
        "9F46": own,
        "9F48": own_remainder,
        "9F47": card.exponent,
        "static": STATIC,
        "9F4B": card.sign_dynamic(ATC, DATA),
        "data": DATA,
        "93": issuer.sign_static(b"\xda\xc1", STATIC),
    }
    exponent = int.from_bytes(ca.exponent, "big")
    return Chain(suite, capk.new(RID, 0xF1, suite, public, exponent), parts)


def opened(chain, **changed):
    """The OpenedSdad of a chain that holds; OdaFailed otherwise."""
    parts = {**chain.parts, **{name.strip("_"): value for name, value in changed.items()}}

    def steps():
        issuer = yield from chain.suite.issuer_key(
            chain.ca, parts["90"], parts["92"], parts["9F32"], oda.KeyCache()
        )
        oda.check_issuer(issuer, PAN, TODAY, ())
        icc = yield from chain.suite.icc_key(
            issuer, parts["9F46"], parts["9F48"], parts["9F47"], PAN, TODAY
        )
        chain.suite.check_static(icc, parts["static"])
        found = yield from chain.suite.open_sdad(icc, parts["9F4B"], ATC)
        oda.require(found.verify(parts["data"]), "not what was signed")
        check = sda.check_rsa if chain.suite is oda_rsa else sda.check_sm2
        assert (yield from check(issuer, chain.parts["93"], STATIC)) == b"\xda\xc1"
        return found

    return Work(steps(), oda.OdaFailed).finish()


@pytest.fixture(scope="module")
def rsa_chain():
    keys = [RsaKey.generate(bits, 3) for bits in (1152, 1024, 864)]
    return chain_of(*keys, oda_rsa, keys[0].modulus)


@pytest.fixture(scope="module")
def sm2_chain():
    keys = [Sm2Key.generate() for _ in range(3)]
    return chain_of(*keys, oda_sm2, keys[0].point)


@pytest.mark.parametrize("ca, issuer, card, exponents", SIZES)
def test_rsa_chain_of_any_size_should_hold(ca, issuer, card, exponents):
    """QT-016, QT-020, QT-196, QT-202: moduli up to 1984 bits, both exponents, remainders."""
    keys = [
        RsaKey.generate(bits, e) for bits, e in zip((ca, issuer, card), exponents, strict=True)
    ]
    chain = chain_of(*keys, oda_rsa, keys[0].modulus)
    assert bool(chain.parts["92"]) is (issuer > ca - 8 * 36)
    assert bool(chain.parts["9F48"]) is (card > issuer - 8 * 42)
    assert b"\x02" + ATC in opened(chain).signed
    with pytest.raises(oda.OdaFailed, match="not what was signed"):
        opened(chain, data=DATA[:-1] + b"\x01")


def test_sm2_chain_should_hold(sm2_chain):
    """QT-218, QT-219, QT-225, QT-229, QT-230, QT-231: signatures made by gmssl."""
    assert b"\x02" + ATC in opened(sm2_chain).signed
    with pytest.raises(oda.OdaFailed, match="not what was signed"):
        opened(sm2_chain, data=DATA[:-1] + b"\x01")


CHANGED = {
    "rsa_chain": ("90", "92", "9F32", "9F46", "9F48", "9F47", "static", "9F4B", "data"),
    "sm2_chain": ("90", "9F46", "static", "9F4B", "data"),
}


@pytest.mark.parametrize("suite", CHANGED)
@given(name=st.data())
@settings(max_examples=150, deadline=None)
def test_one_changed_bit_anywhere_should_be_refused(suite, name, request):
    """QT-191, QT-199, QT-224, QT-228, QT-230: a forgery ends in OdaFailed, nothing else."""
    chain = request.getfixturevalue(suite)
    part = name.draw(st.sampled_from(CHANGED[suite]))
    value = bytearray(chain.parts[part])
    bit = name.draw(st.integers(0, 8 * len(value) - 1))
    value[bit // 8] ^= 1 << bit % 8
    with pytest.raises(oda.OdaFailed):
        opened(chain, **{"_" + part: bytes(value)})


@pytest.mark.parametrize("suite", CHANGED)
@given(hostile=st.data())
@settings(max_examples=150, deadline=None)
def test_any_bytes_should_be_refused_without_a_crash(suite, hostile, request):
    """QT-215: any length, any content."""
    chain = request.getfixturevalue(suite)
    part = hostile.draw(st.sampled_from([one for one in CHANGED[suite] if one[0] == "9"]))
    value = hostile.draw(st.binary(max_size=256))
    if value != chain.parts[part]:
        with pytest.raises(oda.OdaFailed):
            opened(chain, **{"_" + part: value})


@given(message=st.binary(max_size=60), exponent=st.sampled_from((3, 65537)))
@settings(max_examples=20, deadline=None)
def test_recovered_block_should_be_what_was_signed(message, exponent):
    """QT-020: PKCS#1 blocks of `cryptography`, opened by the kernel's own recovery."""
    key = rsa.generate_private_key(public_exponent=exponent, key_size=1024)
    signature = key.sign(message, padding.PKCS1v15(), hashes.SHA1())
    modulus = key.public_key().public_numbers().n.to_bytes(128, "big")
    block = Work(recover(signature, modulus, exponent), oda.OdaFailed).finish()
    digest = hashes.Hash(hashes.SHA1())
    digest.update(message)
    assert block[:2] == b"\x00\x01" and block.endswith(b"\x04\x14" + digest.finalize())


@given(text=st.binary(max_size=100), bit=st.integers(0, 511))
@settings(max_examples=30, deadline=None)
def test_sm2_verdicts_should_be_those_of_gmssl(text, bit, sm2_chain):
    """QT-218: what a key signed and what one bit made of it."""
    key = Sm2Key.generate()
    good = key.sign(text)
    bent = bytearray(good)
    bent[bit // 8] ^= 1 << bit % 8
    signer = oda_sm2.SmKey(key.point)
    for signature in (good, bytes(bent)):
        mine = False
        with contextlib.suppress(oda.OdaFailed):
            committed = Work(signer.commitment(signature, "one"), oda.OdaFailed).finish()
            mine = signer.signed(signature, committed, text)
        assert mine is bool(key._engine.verify_with_sm3(signature.hex(), text))
