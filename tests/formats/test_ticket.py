# SPDX-License-Identifier: Apache-2.0
"""E-tickets as text: signed, checked bit by bit, hostile texts refused (TD-070)."""

from firmware.formats import signed, ticket
from tests.refusal import refusal
from tests.tickets import KEYS, MODULUS, TODAY, issued, signature_of, values


def test_base_32_should_be_that_of_the_rfc():
    """RFC 4648, 10, without padding."""
    for data, text in (
        (b"", ""), (b"f", "MY"), (b"fo", "MZXQ"), (b"foo", "MZXW6"), (b"foob", "MZXW6YQ"),
        (b"fooba", "MZXW6YTB"), (b"foobar", "MZXW6YTBOI"),
    ):  # fmt: skip
        assert ticket.base32(data) == text and ticket.from_base32(text) == data
    for text in ("M", "MZ", "m", "MY=", "0", "MZXW6Y "):
        refusal(ticket.from_base32, text)


def test_ticket_should_be_read_and_verified():
    found = ticket.read(issued(persons=3, kind=4), KEYS)
    ticket.verify(found, KEYS)
    assert (found.values["id"], found.values["persons"]) == (77, 3)
    assert ticket.KINDS[found.values["kind"]] == "group" and len(found.signed) == ticket.LENGTH


def test_every_flipped_bit_should_be_found():
    """TD-070: forged is what the issuer has not signed."""
    body = ticket.pack(values())
    whole = body + signature_of(body)
    for at in list(range(ticket.LENGTH)) + [ticket.LENGTH, len(whole) - 1]:
        for bit in range(8):
            bent = bytearray(whole)
            bent[at] ^= 1 << bit
            try:
                found = ticket.read(ticket.MARK + ticket.base32(bytes(bent)), KEYS)
            except ticket.FormatError:
                continue
            assert "signature" in refusal(ticket.verify, found, KEYS), (at, bit)


def test_ticket_of_another_issuer_should_be_refused():
    other = {1: (signed.RSA, bytes((MODULUS[0],)) + MODULUS[1:-1] + bytes((MODULUS[-1] ^ 2,)))}
    assert "signature" in refusal(ticket.verify, ticket.read(issued(), other), other)
    assert "key 1" in refusal(ticket.read, issued(), {2: (signed.RSA, MODULUS)})


def test_garbage_should_be_refused():
    """Hostile bytes: cut at every sign, foreign codes, too long."""
    text = issued()
    for end in range(0, len(text), 7):
        try:
            found = ticket.read(text[:end], KEYS)
        except ticket.FormatError:
            continue
        refusal(ticket.verify, found, KEYS)
    for wrong in (
        "",
        "FT1",
        "FT1:",
        "FT2:" + text[4:],
        "https://example.org",
        "FT1:" + "A" * 2000,
    ):
        refusal(ticket.read, wrong, KEYS)


def test_ticket_that_says_what_cannot_be_should_not_be_issued():
    for wrong in (
        {"version": 2}, {"last_day": 1}, {"last_day": 60000}, {"opens": 60, "closes": 59},
        {"groups": 0}, {"persons": 0}, {"persons": 51}, {"kind": 99}, {"entries": 128},
        {"id": 1 << 30}, {"closes": 1440},
    ):  # fmt: skip
        refusal(ticket.pack, values(**wrong))


def test_keys_should_be_read_or_refused():
    text = "key: 7 rsa " + "A5" * 256 + "\nkey: 8 sm2 " + "11" * 64
    keys = ticket.read_keys(text)
    assert keys[7] == (signed.RSA, b"\xa5" * 256) and keys[8][0] == signed.SM2
    for wrong in (
        "", "key: 7", "key: 7 rsa", "key: x rsa 00", "key: 7 rsa 00", "key: 7 sm2 " + "11" * 63,
        "key: 256 sm2 " + "11" * 64, text + "\nkey: 7 sm2 " + "11" * 64, "lock: 7",
    ):  # fmt: skip
        refusal(ticket.read_keys, wrong)


def test_bounded_key_should_sign_nothing_beyond_its_bounds():
    """What a stolen kiosk can forge: its own numbers, days, groups, entries, persons."""
    line = "key: 1 sm2 %s " % ("11" * 64)
    keys = ticket.read_keys(line + "ids=70-80 until=2026-11-22 groups=1,3 entries=2 persons=4")
    bounds = keys[1][2]
    assert bounds == ((70, 80), TODAY + 1, 5, 2, 4)
    ticket.check_bounds(values(), bounds)
    for wrong in (
        {"id": 69}, {"id": 81}, {"last_day": TODAY + 2}, {"groups": 2}, {"groups": 3},
        {"entries": 0}, {"entries": 3}, {"persons": 5},
    ):  # fmt: skip
        refusal(ticket.check_bounds, values(**wrong), bounds)
    bounded = {1: KEYS[1] + (bounds,)}
    ticket.verify(ticket.read(issued(), bounded), bounded)
    refusal(ticket.verify, ticket.read(issued(id=90), bounded), bounded)
    for wrong in (
        "ids=70", "ids=80-70", "ids=0-5", "until=2026-02-30", "until=26-1-1", "groups=17",
        "groups=", "entries=0", "persons=51", "persons=x", "colour=red", "ids=1-2 ids=1-2",
    ):  # fmt: skip
        refusal(ticket.read_keys, line + wrong)
