# SPDX-License-Identifier: Apache-2.0
"""Keys and tags of signed messages against values made with OpenSSL (RFC 2104, RFC 4231)."""

from firmware.formats import session_key
from firmware.formats.session_key import Key
from firmware.kernel import sm3, sm3_plain
from firmware.kernel.sm3 import Sm3

SECRET = bytes(range(32))
NONCE = bytes(range(0xC0, 0xD0))
SESSION = (1795305600000).to_bytes(6, "big") + bytes(range(0xA0, 0xB0))
SM3_TEXT = "2e87f1d16862e6d964b50a5200bf2b10b764faa9680a296a2405f24bec39f882"
SHA_TEXT = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"  # RFC 4231, 4.3


def finished(steps):
    """(slices, result) of a generator."""
    slices = 0
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return slices, end.value
        slices += 1


def test_a_mac_is_that_of_the_book():
    text = b"what do ya want for nothing?"
    assert Key(b"Jefe").mac(text).hex() == SHA_TEXT
    assert Key(b"Jefe", Sm3).mac(text).hex() == SM3_TEXT
    assert Key(b"Jefe").tag(text).hex() == SHA_TEXT[:32]


def test_a_tag_in_slices_is_the_same():
    data = bytes(range(200))
    blocks = 4 if sm3.twin is sm3_plain else 0  # the others do all of them in one slice
    for make_hash, least in ((Sm3, blocks), (None, 0)):
        key = Key(SECRET, make_hash) if make_hash else Key(SECRET)
        slices, tag = finished(key.tag_steps(data))
        assert slices >= least and tag == key.tag(data)


def test_every_purpose_and_direction_has_a_key_of_its_own():
    key = Key(SECRET)
    up, down = session_key.session_keys(key, 7, SESSION, NONCE)
    file_up, file_down = session_key.file_keys(key, 7)
    found = [session_key.hello_key(key, 7), up, down, file_up, file_down]
    assert [one.secret.hex() for one in found] == [
        "268d16ea7904085c33ff9c3658da77d52bb4fed8b5444590682addf408dc1cc6",
        "a4fa67a2e685f567cecc42317ae72d370335d14611dd47ceaf1c464841ccfb41",
        "ec823f9e8e5ccd44ca8484742914465eafd3e000dcdf23ff06fb462ad1ebe95a",
        "f4ee034031190f642df2fe9f74e9df9e9f59017c0a3dab4a75189f330b08b491",
        "2f21455eb30a3b309264f5c427c65667c389a5e261d945acfc0e4c39e56de78d",
    ]


def test_the_hash_goes_with_the_keys():
    up, down = session_key.session_keys(Key(SECRET, Sm3), 7, SESSION, NONCE)
    assert up.secret.hex() == "ba63a6f1c9886be42fadea167b9ea945685cf3c41ec8b99c22f1a435c43a7606"
    assert down.secret.hex() == "27b5d45ef9c909825d74eb1b5e14a35c6c5a2fa580023b214ff6c36b0b4c92fb"
    assert up.make_hash is Sm3


def test_another_terminal_session_or_nonce_gives_other_keys():
    key, known = Key(SECRET), []
    for terminal, session, nonce in (
        (7, SESSION, NONCE), (8, SESSION, NONCE), (7, SESSION[:-1] + b"\x00", NONCE),
        (7, b"\x00" + SESSION[1:], NONCE), (7, SESSION, NONCE[:-1] + b"\x00"),
    ):  # fmt: skip
        for one in session_key.session_keys(key, terminal, session, nonce):
            assert one.secret not in known
            known.append(one.secret)


def test_tags_are_compared_to_their_end():
    tag = bytes(range(16))
    assert session_key.same(tag, bytes(range(16)))
    for at in range(16):
        assert not session_key.same(tag, tag[:at] + bytes([tag[at] ^ 1]) + tag[at + 1 :])
    assert not session_key.same(tag, tag[:-1]) and not session_key.same(tag, tag + b"\x00")


def test_a_key_has_at_most_a_block():
    try:
        Key(bytes(65))
        raise AssertionError("too long a key was taken")
    except ValueError:
        pass
