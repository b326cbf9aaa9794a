# SPDX-License-Identifier: Apache-2.0
"""Hostile rows behind valid signatures: certificates and 9F4B with one field wrong, signed anew.

What a forger with the right key could make: hash and signature fit, so that each check of the
recovered layout has to find its own fault (JR/T 0025.7 tables 6, 12, 15; .17 tables 4, 8, 11).
rows() yields (name, bend, breaks, spared) as sim/hostile.py says; `authority` and `issuer` (both
of sim/issuer.py) are those of the cards that will be bent, of the default shape.
"""

import hashlib

from sim import card_gpo, coding
from sim.coding import objects, tlv
from sim.sm2_keys import ORDER

MORE_OR_LESS = {"more": 1, "less": -1}
# what is written where (offset in the block, from the end if negative), what of qpboc.md 1 it
# breaks; the last column: a terminal may accept it
ISSUER_RSA = (
    ("header", 0, "6B", (190,), False),
    ("format", 1, "04", (190,), False),
    ("issuer id", 2, "622801FF", (192,), False),
    ("issuer id of two digits", 2, "62FFFFFF", (192,), False),
    ("issuer id of eight digits", 2, "62280001", (192,), True),
    ("last month in the past", 6, "1025", (193,), False),
    ("month 13", 6, "1349", (193,), False),
    ("month no number", 6, "AA49", (193,), False),
    ("serial", 8, "ABCDEF", (194,), True),
    ("hash algorithm", 11, "02", (191,), False),
    ("hash algorithm SM3", 11, "07", (191,), False),
    ("key algorithm", 12, "02", (195,), False),
    ("key algorithm SM2", 12, "04", (188, 195), False),
    ("key length a byte short", 13, "less", (196,), False),
    ("key length a byte long", 13, "more", (196,), False),
    ("key length 0", 13, "00", (196, 215), False),
    ("key length 255", 13, "FF", (196, 215), False),
    ("exponent length 0", 14, "00", (196,), False),
    ("exponent length 3", 14, "03", (196,), False),
    ("modulus that begins with zero", 15, "00", (196, 215), False),
    ("padding", -22, "BA", (196,), False),
    ("trailer", -1, "BD", (190,), False),
)
ICC_RSA = (
    ("header", 0, "6B", (198,), False),
    ("format", 1, "02", (198,), False),
    ("card number", 2, "6228000100000028FFFF", (200,), False),
    ("card number a digit short", 2, "622800010000001FFFFF", (200,), False),
    ("last month in the past", 12, "1025", (201,), False),
    ("month 00", 12, "0035", (201,), False),
    ("serial", 14, "ABCDEF", (194,), True),
    ("hash algorithm", 17, "02", (199,), False),
    ("key algorithm", 18, "02", (202,), False),
    ("key length a byte short", 19, "less", (202,), False),
    ("key length a byte long", 19, "more", (202,), False),
    ("key length 0", 19, "00", (202, 215), False),
    ("key length 255", 19, "FF", (202, 215), False),
    ("exponent length 0", 20, "00", (202,), False),
    ("modulus that begins with zero", 21, "00", (202, 215), False),
    ("padding", -22, "BA", (202,), False),
    ("trailer", -1, "BD", (198,), False),
)
SDAD_RSA = (
    ("header", 0, "6B", (204,), False),
    ("format", 1, "04", (204,), False),
    ("format of another scheme", 1, "95", (204,), False),
    ("hash algorithm", 2, "02", (149,), False),
    ("length of the dynamic data 0", 3, "00", (149, 205), False),
    ("length of the dynamic data 2", 3, "02", (149, 205), False),
    ("length of the dynamic data 4", 3, "04", (149, 205), False),
    ("length of the dynamic data 255", 3, "FF", (149, 215), False),
    ("length of the number", 4, "03", (149, 205), False),
    ("another ATC", 5, "7777", (149, 205), False),
    ("padding", 12, "BA", (149,), False),
    ("trailer", -1, "BD", (204,), False),
)
# offsets in the clear part
ISSUER_SM2 = (
    ("format", 0, "13", (219,), False),
    ("issuer id", 1, "622801FF", (220,), False),
    ("last month in the past", 5, "1025", (221,), False),
    ("month 13", 5, "1349", (221,), False),
    ("serial", 7, "ABCDEF", (222,), True),
    ("signature algorithm", 10, "01", (217, 223), False),
    ("encryption algorithm", 11, "01", (223,), False),
    ("curve", 12, "01", (223,), False),
    ("key length", 13, "41", (223,), False),
    ("point off the curve", 14, "00" * 64, (232,), False),
)
ICC_SM2 = (
    ("format", 0, "12", (225,), False),
    ("card number", 1, "6228000100000028FFFF", (226,), False),
    ("last month in the past", 11, "1025", (227,), False),
    ("serial", 13, "ABCDEF", (222,), True),
    ("signature algorithm", 16, "01", (217, 228), False),
    ("encryption algorithm", 17, "01", (228,), False),
    ("curve", 18, "02", (228,), False),
    ("key length", 19, "20", (228,), False),
    ("point off the curve", 20, "FF" * 64, (232,), False),
)
SDAD_SM2 = (
    ("format", 0, "05", (229,), False),
    ("length of the dynamic data 0", 1, "00", (229,), False),
    ("length of the dynamic data 255", 1, "FF", (229, 215), False),
    ("length of the number", 2, "03", (229,), False),
    ("another ATC", 3, "7777", (149, 229), False),
)
SM2_NUMBERS = (
    ("r of zero", -64, 0),
    ("s of zero", -32, 0),
    ("r of the order", -64, ORDER),
    ("s of the order", -32, ORDER),
    ("r above the order", -64, ORDER + 1),
    ("s of all ones", -32, 2**256 - 1),
)


def rows(authority, issuer):
    """Every row of the suite that the keys are of."""
    if issuer.key.suite == "sm2":
        yield from _sm2_rows(authority, issuer)
        return
    for table, tag, key, hashed in (
        (ISSUER_RSA, 0x90, authority.key, _behind_issuer),
        (ICC_RSA, 0x9F46, issuer.key, _behind_icc),
        (SDAD_RSA, 0x9F4B, None, _behind_sdad),
    ):
        for words, at, text, breaks, spared in table:
            edit = _rsa_edit(key, at, text, hashed)
            yield f"{tag:X} signed with {words}", _bend(tag, edit), breaks, spared


def _bend(tag, edit):
    """edit(card, command, value) -> value of the one object `tag`, wherever it comes."""

    def bend(card, command, answer):
        if command[1] not in (0xA8, 0xB2) or answer[-2:] != b"\x90\x00":
            return answer
        ((template, body),) = objects(answer[:-2])
        parts = [
            (one, edit(card, command, value) if one == tag else value)
            for one, value in objects(body)
        ]
        return tlv(template, b"".join(tlv(*part) for part in parts)) + answer[-2:]

    return bend


def _put(block, at, value):
    changed = bytearray(block)
    at += len(block) if at < 0 else 0
    changed[at : at + len(value)] = value
    return bytes(changed)


# --- RSA ----------------------------------------------------------------------------------------


def _rsa_edit(key, at, text, hashed):
    """Open the block, change it, hash and sign it again; `key` None is the card's own."""

    def edit(card, command, signature):
        signer = key or card.key
        opened = pow(int.from_bytes(signature, "big"), signer.e, signer.n)
        block = opened.to_bytes(signer.length, "big")
        trailer = bytes.fromhex(text) if at == -1 else b"\xbc"
        if text in MORE_OR_LESS:
            block = _put(block, at, bytes([block[at] + MORE_OR_LESS[text]]))
        elif at != -1:
            block = _put(block, at, bytes.fromhex(text))
        digest = hashlib.sha1(block[1:-21] + hashed(card, command)).digest()
        return signer.sign(block[:-21] + digest + trailer)

    return edit


def _of_records(card, tag):
    """The value of a tag in the card's records, b"" when there is none."""
    for body in card.image["records"].values():
        value = coding.find(bytes.fromhex(body), 0x70, tag)
        if value is not None:
            return value
    return b""


def _behind_issuer(card, command):
    return _of_records(card, 0x92) + _of_records(card, 0x9F32)


def _behind_icc(card, command):
    return _of_records(card, 0x9F48) + _of_records(card, 0x9F47) + _static(card)


def _static(card):
    signed = bytes.fromhex(card.image["records"]["0301"])
    return coding.find(signed, 0x70) + card.face.aip


def _behind_sdad(card, command):
    """What the terminal sent and the card's 9F69; the command is the GPO that it answers."""
    sent = card_gpo.terminal_data(card.pdol, command[5 : 5 + command[4]])
    dynamic = sent[0x9F37]
    if card.state["card_auth"]:
        dynamic += sent[0x9F02] + sent[0x5F2A] + bytes.fromhex(card.state["card_auth"])
    return dynamic


# --- SM2 ----------------------------------------------------------------------------------------


def _sm2_rows(authority, issuer):
    for table, tag, key, signed in (
        (ISSUER_SM2, 0x90, authority.key, lambda card, command: b""),
        (ICC_SM2, 0x9F46, issuer.key, lambda card, command: _static(card)),
        (SDAD_SM2, 0x9F4B, None, _behind_sdad),
    ):
        for words, at, text, breaks, spared in table:
            edit = _sm2_edit(key, at, bytes.fromhex(text), signed)
            yield f"{tag:X} signed with {words}", _bend(tag, edit), breaks, spared
            unsigned = _bend(tag, _written(at, bytes.fromhex(text)))
            yield f"{tag:X} not signed again, {words}", unsigned, (224, 228, 230), False
        for words, at, number in SM2_NUMBERS:
            numbers = _bend(tag, _written(at, number.to_bytes(32, "big")))
            yield f"{tag:X} with {words}", numbers, (232,), False
        yield f"{tag:X} with r and s swapped", _bend(tag, _swapped), (224, 228, 230), False


def _written(at, value):
    return lambda card, command, signature: _put(signature, at, value)


def _swapped(card, command, signature):
    return signature[:-64] + signature[-32:] + signature[-64:-32]


def _sm2_edit(key, at, value, signed):
    def edit(card, command, signature):
        clear = _put(signature[:-64], at, value)
        return clear + (key or card.key).sign(clear + signed(card, command))

    return edit
