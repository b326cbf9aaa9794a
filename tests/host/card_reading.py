# SPDX-License-Identifier: Apache-2.0
"""For the card tests: commands, a terminal that knows no rules, and signatures opened by pow().

Neither the kernel nor sim's own signing is used here: the mathematics is written a third time,
from JR/T 0025.7 5.3, so that a mistake card and terminal share would show.
"""

import hashlib
import json
from functools import cache
from pathlib import Path

import pytest

from sim.card import Card
from sim.issuer import Authority, Profile

SHARED = Path(__file__).resolve().parents[2].parent / "shared"
PPSE = bytes.fromhex("00A404000E325041592E5359532E444446303100")
SELECT = bytes.fromhex("00A4040008A00000033301010100")


def shared(*path):
    """A file of the shared folder; the test is skipped, visibly, when it is not there."""
    found = SHARED.joinpath(*path)
    if not found.exists():
        pytest.skip(f"no shared/{'/'.join(path)} beside the checkout")
    return found


def shared_json(*path):
    return json.loads(shared(*path).read_text(encoding="utf-8"))


@cache
def authority():
    """One test CA for the whole run."""
    return Authority.generate()


@cache
def issuer():
    return authority().issue_issuer()


@cache
def image(pan="6228000100000010", **profile):
    """A personalised image; the same terms give the same one, which nobody may change."""
    return issuer().personalise(pan, Profile(**profile))


def own_card(path=None, rollback="select", **profile):
    """A card of our own issuer, powered up."""
    card = Card(image(**profile), path=path, rollback=rollback)
    card.power_up()
    return card


def gpo(amount_fen, ttq="28000080", currency="0156", un="A1B2C3D4"):
    """A GPO command for the 33-byte PDOL all cards here have."""
    data = f"{ttq}{amount_fen:012d}{0:012d}0156{0:010d}{currency}26112100{un}"
    return bytes.fromhex(f"80A80000238321{data}00")


def gpo_of(card, amount_fen, **sent):
    """A GPO command for whatever PDOL the card has; `sent` is hex by name, the rest is zero."""
    values = {"amount": f"{amount_fen:012d}", "ttq": "28000080", "currency": "0156", **sent}
    names = {0x9F66: "ttq", 0x9F02: "amount", 0x5F2A: "currency", 0x9F1A: "country", 0x9A: "date"}
    names.update({0x9F21: "time", 0x9F37: "un", 0x9F4E: "merchant", 0xDF69: "sm", 0x9C: "type"})
    names[0xDF60] = "capp"
    data = b""
    for tag, length in card.pdol:
        value = bytes.fromhex(values.get(names.get(tag, ""), ""))
        data += value.ljust(length, b"\0")
    return bytes.fromhex(f"80A80000{len(data) + 2:02X}83{len(data):02X}{data.hex()}00")


def get_data(tag):
    return bytes.fromhex(f"80CA{tag}00")


def read_record(sfi, number):
    return bytes([0x00, 0xB2, number, sfi << 3 | 4, 0x00])


def ok(answer):
    """The data of an answer that must be 9000."""
    assert answer[-2:] == b"\x90\x00", answer.hex()
    return answer[:-2]


def tags(data):
    """Every TLV object at any depth, constructed ones opened; a tag twice is a failure."""
    found, at = {}, 0
    while at < len(data):
        length = 2 if data[at] & 0x1F == 0x1F else 1
        tag, constructed = data[at : at + length].hex().upper(), data[at] & 0x20
        at += length
        size = data[at]
        at += 1
        if size > 0x80:
            count, at = size - 0x80, at + size - 0x80
            size = int.from_bytes(data[at - count : at], "big")
        value = data[at : at + size]
        assert len(value) == size, "cut short"
        at += size
        fresh = tags(value) if constructed else {tag: value}
        assert not found.keys() & fresh.keys(), "an element came twice"
        found.update(fresh)
    return found


def records_of(afl):
    """(SFI, number) of each record the AFL names, in order."""
    for at in range(0, len(afl), 4):
        for number in range(afl[at + 1], afl[at + 2] + 1):
            yield afl[at] >> 3, number


def pay(card, amount_fen, **sent):
    """A whole debit, no checks: the tags of the GPO answer."""
    card.power_up()
    select(card)
    found = tags(ok(card.exchange(gpo_of(card, amount_fen, **sent))))
    for record in records_of(found.get("94", b"")):
        ok(card.exchange(read_record(*record)))
    return found


def value_of(card, tag):
    """What GET DATA of `tag` (hex) gives, as hex; None for 6A88."""
    answer = card.exchange(get_data(tag))
    return None if answer == b"\x6a\x88" else tags(ok(answer))[tag].hex().upper()


def select(card):
    ok(card.exchange(PPSE))
    return ok(card.exchange(SELECT))


def last_of(card):
    *_, (sfi, number) = records_of(card.afl)
    return read_record(sfi, number)


def purchase(exchange, amount_fen, aid=SELECT, **terms):
    """A whole tap without a thought; all elements, and the static data of the signed records."""
    ok(exchange(PPSE))
    ok(exchange(aid))
    found = tags(ok(exchange(gpo(amount_fen, **terms))))
    static = b""
    for sfi, number in records_of(found.get("94", b"")):
        record = ok(exchange(read_record(sfi, number)))
        assert len(record) <= 256
        fresh = tags(record)
        assert not found.keys() & fresh.keys(), "an element came twice"
        found.update(fresh)
        signed = next(
            found["94"][at + 3] > number - found["94"][at + 1]
            for at in range(0, len(found["94"]), 4)
            if found["94"][at] >> 3 == sfi and found["94"][at + 1] <= number <= found["94"][at + 2]
        )
        if signed:  # JR/T 0025.7 5: with template from SFI 11 on
            start = 0 if sfi > 10 else 2 if record[1] < 0x80 else 3
            static += record[start:]
    if "9F4A" in found:
        assert found["9F4A"] == b"\x82"
        static += found["82"]
    return found, static


def opened(signature, modulus, exponent):
    """The block inside a signature: m = s^e mod n."""
    assert len(signature) == len(modulus)
    n = int.from_bytes(modulus, "big")
    return pow(int.from_bytes(signature, "big"), exponent, n).to_bytes(len(modulus), "big")


def recovered(signature, modulus, exponent, form, also_hashed):
    """A block whose frame and hash hold, without header, hash and trailer; else AssertionError."""
    block = opened(signature, modulus, exponent)
    assert block[:2] == bytes([0x6A, form]) and block[-1:] == b"\xbc"
    assert hashlib.sha1(block[1:-21] + also_hashed).digest() == block[-21:-1], "hash"
    return block[1:-21]


def verify_chain(found, static, ca_modulus, ca_exponent):
    """Modulus and exponent of the card's key, after both certificates."""
    remainder = found.get("92", b"")
    fields = recovered(found["90"], ca_modulus, ca_exponent, 2, remainder + found["9F32"])
    size = fields[12]
    modulus = (fields[14:] + remainder)[:size] if remainder else fields[14 : 14 + size]
    assert found["5A"].hex().startswith(fields[1:5].hex().rstrip("f"))
    exponent = int.from_bytes(found["9F32"], "big")
    remainder = found.get("9F48", b"")
    fields = recovered(found["9F46"], modulus, exponent, 4, remainder + found["9F47"] + static)
    assert fields[1:11].hex().rstrip("f") == found["5A"].hex().rstrip("f")
    size = fields[18]
    modulus = (fields[20:] + remainder)[:size] if remainder else fields[20 : 20 + size]
    return modulus, int.from_bytes(found["9F47"], "big")


def verify_fdda(found, modulus, exponent, dynamic):
    """9F4B over `dynamic`, the terminal's part; 9F69 is added when the card gave it."""
    fields = recovered(found["9F4B"], modulus, exponent, 5, dynamic + found.get("9F69", b""))
    assert fields[1:6] == bytes.fromhex("010302") + found["9F36"]
    assert set(fields[6:]) == {0xBB}
