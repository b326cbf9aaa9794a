# SPDX-License-Identifier: Apache-2.0
"""For the tests of cards with an extended application: its commands, and MACs written once more.

Neither sim's MACs nor the terminal's are used: the retail MAC stands here from JR/T 0025.7 11.1.2,
so that a mistake card and terminal share would show.
"""

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes

from sim.capp_profile import LAYOUTS, Extension
from sim.card import Card
from tests.host.card_reading import get_data, gpo_of, image, last_of, ok, select, tags

RANDOM = bytes.fromhex("0102030405060708")
FORMS = {"deduct": "01", "freeze": "02", "complete": "03", "plain": "00"}


def extended_card(*trades, path=None, rollback="select", profile=None, **extension):
    """A card of our own issuer with these trades, powered up and selected."""
    made = Extension(trades=trades or ("metro", "bike", "rides"), **extension)
    card = Card(image(extended=made, **(profile or {})), path=path, rollback=rollback)
    select(card)
    return card


def place(trade, layout="own"):
    """The Place or Ring of a trade."""
    return LAYOUTS[layout][trade]


def key_of(card, trade, layout="own"):
    """The key of a trade's record, as the card's file has it."""
    one = place(trade, layout)
    if trade == "rides":
        return bytes.fromhex(card.state["extended"]["ring"]["key"])
    return next(
        bytes.fromhex(key)
        for sfi, record, key in card.state["extended"]["records"]
        if (sfi, record[:4]) == (f"{one.sfi:02X}", one.id)
    )


def retail_mac(key, initial_value, data):
    """4 bytes: DES-CBC under the left half, D(right) and E(left) on the last block."""
    data += b"\x80" + bytes(-(len(data) + 1) % 8)
    left = Cipher(TripleDES(key[:8] * 3), modes.CBC(initial_value)).encryptor()
    last = left.update(data)[-8:]
    for half, step in ((key[8:], "decryptor"), (key[:8], "encryptor")):
        last = getattr(Cipher(TripleDES(half * 3), modes.ECB()), step)().update(last)
    return last[:4]


def read(card, trade, following=0, random=RANDOM):
    """The answer to READ CAPP DATA."""
    one = place(trade)
    data = bytes.fromhex(one.id) + (random if card.capp.r_mac else b"")
    header = bytes([0x80, 0xB4, 0, one.sfi << 3 | following, len(data)])
    return card.exchange(header + data + b"\0")


def ride(card, number=1):
    """The answer to READ RECORD of the cyclic file."""
    return card.exchange(bytes([0, 0xB2, number, 0xF4, 0]))


def written(card, trade, fill):
    """The record of a trade with its data filled with the byte `fill`."""
    one = place(trade)
    if trade == "rides":
        return bytes([fill]) * one.length
    header = bytes.fromhex(one.id) + bytes([one.length - 3, 1, one.kind, 0])
    return header.ljust(one.length, bytes([fill]))


def update_command(card, trade, record, following=0, atc=None, key=None):
    """An UPDATE CAPP DATA CACHE with its MAC; `atc` and `key` in place of the right ones."""
    sfi = 0x1E if trade == "rides" else place(trade).sfi
    header = bytes([0x84, 0xDE, 0, sfi << 3 | following, len(record) + 4])
    atc = card.atc if atc is None else atc
    sent = retail_mac(key or key_of(card, trade), atc.to_bytes(8, "big"), header + record)
    return header + record + sent + b"\0"


def update(card, trade, record, **odd):
    """The answer to update_command()."""
    return card.exchange(update_command(card, trade, record, **odd))


def gpo_as(card, form, amount_fen):
    """The answer to GPO; `form` a key of FORMS."""
    return card.exchange(gpo_of(card, amount_fen, capp=FORMS[form]))


def last(card):
    """The answer to the last READ RECORD."""
    return card.exchange(last_of(card))


def whole(card, form, amount_fen, trade="metro", fill=None):
    """A transaction from selection to the last record; tags of the GPO answer."""
    select(card)
    ok(read(card, trade))
    found = tags(ok(gpo_as(card, form, amount_fen)))
    ok(update(card, trade, written(card, trade, card.atc & 0xFF if fill is None else fill)))
    ok(last(card))
    return found


def told_fen(card, tag):
    """An amount that GET DATA gives."""
    return int(tags(ok(card.exchange(get_data(tag))))[tag].hex())


def money(card):
    """(balance, frozen, DF63) as the card's state has them."""
    more = card.state["extended"]
    return card.balance_fen, sum(row[2] for row in more["frozen"]), more["offset_used_fen"]
