# SPDX-License-Identifier: Apache-2.0
"""Field 64 in its four forms: published values, and other implementations of the same."""

import pytest
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from gmssl import sm4 as gmssl_sm4
from hypothesis import given
from hypothesis import strategies as st

from firmware.errors import FormatError
from host_tools.acquirer import mac, message
from tests import published
from tests.skip import SkipTest

# The message of clearing.md 7, verified there step by step
FRAME = bytes.fromhex(
    "007F6000030000603210320072" "02003020048000C08015000000000000001234000002030099"
    "30303030303030313935323731383138323231373837353135360019260000010006000000000043"
    "5F01123238343431323334353637383930313233345F03063136303033365F04063230303832365C023031"
    "4233413039324145"
)  # fmt: skip
KEY = bytes.fromhex("0723C80DB5F4CD3D")


def test_a_seen_message_bears_this_mac():
    found = message.unpack(FRAME)
    data = message.protected(found)
    assert len(data) == 108
    assert bytes.fromhex(found.text(64)) == mac.field_64("ecb-cup", KEY, data) == b"B3A092AE"
    for whole in (False, True):  # both halves equal: 3DES is DES
        assert mac.field_64("ecb-cup", KEY + KEY, data, whole_key=whole) == b"B3A092AE"
    other = bytes(8)
    assert mac.field_64("ecb-cup", KEY + other, data) == b"B3A092AE"
    assert mac.field_64("ecb-cup", KEY + other, data, whole_key=True) != b"B3A092AE"


def values(name, key):
    try:
        return list(published.entries(name, key))
    except SkipTest as why:
        pytest.skip(str(why))


def test_published_macs_hold():
    tried = 0
    for one in values("mac_des", "mac"):
        key, data = bytes.fromhex(one["key"]), bytes.fromhex(one["data"])
        if "padding 2" in one["name"]:
            data += b"\x80"
        elif "padding 3" in one["name"]:
            data = (8 * len(data)).to_bytes(8, "big") + data
        if "alg 1" in one["name"]:
            found = mac.cbc(key, data)
        elif len(key) == 16 and ("alg 3" in one["name"]):
            found = mac.x9_19(key, data)
        else:
            continue  # other lengths of keys, CBC under 3DES: not ours
        assert found.hex().upper().startswith(one["expected"]), one["name"]
        tried += 1
    assert tried >= 4


def test_published_ciphertexts_hold():
    for one in values("mac_des", "des"):
        key, plain = bytes.fromhex(one["key"]), bytes.fromhex(one["plain"])
        if len(key) in (8, 16, 24) and len(plain) % 8 == 0:
            assert mac.encrypt(key, plain).hex().upper().startswith(one["cipher"].rstrip("."))
            assert mac.decrypt(key, mac.encrypt(key, plain)) == plain


@given(st.binary(min_size=16, max_size=16), st.binary(max_size=90))
def test_x9_forms_are_those_of_the_library(key, data):
    filled = data + bytes(-len(data) % 8)

    def chained(part, text):
        engine = Cipher(TripleDES(part * 3), modes.CBC(bytes(8))).encryptor()
        return ((engine.update(text) + engine.finalize()) or bytes(8))[-8:]

    assert mac.field_64("x9.9", key, data, "binary") == chained(key[:8], filled)
    last = chained(key[:8], filled[:-8]) if len(filled) > 8 else bytes(8)
    if filled:  # the last block alone under 3DES with both halves is what algorithm 3 says
        block = bytes(a ^ b for a, b in zip(last, filled[-8:], strict=True))
        engine = Cipher(TripleDES(key + key[:8]), modes.ECB()).encryptor()
        assert mac.field_64("x9.19", key, data, "binary") == engine.update(block)
    binary = mac.field_64("x9.19", key, data, "binary")
    assert mac.field_64("x9.19", key, data) == binary.hex().upper().encode()[:8]


@given(st.binary(min_size=16, max_size=16), st.binary(max_size=90))
def test_the_sm4_form_is_that_of_another_sm4(key, data):
    other = gmssl_sm4.CryptSM4(padding_mode=-1)
    other.set_key(key, gmssl_sm4.SM4_ENCRYPT)
    folded = bytes(16)
    filled = data + bytes(-len(data) % 16)
    for at in range(0, len(filled), 16):
        folded = bytes(a ^ b for a, b in zip(folded, filled[at : at + 16], strict=True))
    text = folded.hex().upper().encode()
    once = other.crypt_ecb(text[:16])[:16]
    twice = other.crypt_ecb(bytes(a ^ b for a, b in zip(once, text[16:], strict=True)))[:16]
    assert mac.field_64("sm4", key, data) == twice.hex().upper().encode()[:8]


def test_check_values_tell_keys_apart():
    both = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
    assert mac.check_value(both).hex().upper() == "08D7B4FB"
    assert mac.check_value(both, sm4=True) != mac.check_value(both)


@pytest.mark.parametrize(("kind", "size"), [("x9.19", 8), ("sm4", 8), ("ecb-cup", 5), ("x", 16)])
def test_keys_that_do_not_fit_are_refused(kind, size):
    with pytest.raises(FormatError):
        mac.field_64(kind, bytes(size), b"data")
