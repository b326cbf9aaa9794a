# SPDX-License-Identifier: Apache-2.0
"""PUT DATA of a card with an extended application: what its issuer may set (JR/T 0025.14 5.2.7).

04 DA and a tag, Lc, value, MAC. Of the issuer's secure messaging only what decides here is
modelled: 4 bytes under the session key of this ATC over header, ATC and value, zeros in front.
"""

from firmware.errors import FormatError
from sim import capp_keys, capp_money, card_money, coding
from sim.status import Refused

BALANCE, OFFSET_LIMIT = 0x9F79, 0xDF62
AMOUNT_BYTES = 6


def put_mac(card, header, value):
    """The MAC that `card` wants behind `value`; `header` is CLA to Lc."""
    cipher = card.face.cipher
    atc = card.atc.to_bytes(2, "big")
    key = cipher.session_key(card.face.udk_mac, atc)
    return capp_keys.mac(cipher, key, bytes(8), header + atc + value)


def put_data(card, command):
    """Carry out PUT DATA; Refused 6A80 where frozen sums or the offset in use forbid it."""
    if not card.selected:
        raise Refused("6985")
    if len(command.data) != AMOUNT_BYTES + capp_keys.MAC_BYTES:
        raise Refused("6700")
    tag = command.p1 << 8 | command.p2
    value, sent = command.data[:AMOUNT_BYTES], command.data[AMOUNT_BYTES:]
    setters = {BALANCE: _set_balance, OFFSET_LIMIT: _set_limit}
    without_offset = card.state["extended"]["offset_limit_fen"] is None
    if tag not in setters or (tag == OFFSET_LIMIT and without_offset):
        raise Refused("6A88")
    header = bytes([0x04, 0xDA, command.p1, command.p2, len(command.data)])
    if put_mac(card, header, value) != sent:
        raise Refused("6988")
    try:
        amount_fen = coding.number(value)
    except FormatError:
        raise Refused("6A80") from None
    state = card.state
    card_money.roll_back(state)  # a script is no part of a debit that is still open
    setters[tag](card, state["extended"], amount_fen)
    card.save()
    return b""


def _set_balance(card, more, amount_fen):
    """An empty balance takes what the offset does not owe (5.2.7 (4)); 9F77 covers what is frozen
    as well (6.2.8).
    """
    state, ceiling = card.state, card.image["internal_data"].get("9F77")
    if ceiling is not None and amount_fen + capp_money.frozen_fen(more) > int(ceiling):
        raise Refused("6A80")
    if state["balance_fen"]:
        state["balance_fen"] = amount_fen
        return
    new = capp_money.paid_back(more["offset_used_fen"], 0, amount_fen)
    state["balance_fen"], more["offset_used_fen"] = new


def _set_limit(card, more, amount_fen):
    """DF62 is never below DF63 (5.2.7 (6))."""
    if amount_fen < more["offset_used_fen"]:
        raise Refused("6A80")
    more["offset_limit_fen"] = amount_fen
