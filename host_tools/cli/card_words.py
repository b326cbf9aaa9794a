# SPDX-License-Identifier: Apache-2.0
"""A simulated card in words, a line a thing: what `faretap card show` prints."""

from firmware.devices.panel import yuan
from firmware.formats.record import mask_pan
from sim.card_face import records_of
from sim.card_risk import OPTION_WORDS

# What the limits of a card are called, by currency
LIMITS = (
    ("ceiling", "9F77", "DF77"),
    ("most for one sale", "9F78", "DF78"),
    ("online below", "9F6D", "DF76"),
    ("holder check above", "9F6B", "DF72"),
)
ALLOWANCE = (("allowance (CTTA) up to", "9F54"), ("with an offline-only reader up to", "9F5C"))


def described(name, card):
    """Lines about a sim.card.Card; the card number is masked."""
    own = card.image["internal_data"]
    masked, uid = mask_pan(bytes.fromhex(card.pan)), card.uid.hex().upper()
    yield f"{name}: {masked}, UID {uid}, type {card.kind}"
    yield f"application {card.image['aid']}, {_keys(card)}"
    for face in card.faces:
        records = ", ".join(f"{sfi}.{number}" for sfi, number in records_of(face.afl))
        yield f"  {face.suite}: AIP {face.aip.hex().upper()}, records {records}"
    yield _money("balance", card.balance_fen, own["9F51"])
    if card.capp and card.capp.more["frozen"]:  # QX-056
        held_fen = sum(amount_fen for _, _, amount_fen, _ in card.capp.more["frozen"])
        yield f"  without what is frozen, {yuan(held_fen)}"
    yield from _limits(own, 1)
    if "DF71" in own:
        yield _money("balance in the second currency", card.second_fen, own["DF71"])
        yield from _limits(own, 2)
    yield from _allowance(card, own)
    options = bytes.fromhex(own["9F68"])
    words = [words for (at, mask), words in OPTION_WORDS if options[at] & mask]
    yield f"options {own['9F68']}: {', '.join(words) or 'none'}"
    yield f"ATC {card.atc}, last online {card.state['online_atc'] or 'never: a new card'}"
    oddities = [f"{key} {value}" for key, value in card.image.get("oddities", {}).items() if value]
    if oddities:
        yield "oddities: " + ", ".join(oddities)
    yield "torn: a debit is open, taken back at its next tap" if card.torn else "not torn"
    if card.capp:
        yield from _extended(card)
    yield from _debits(card)
    yield from _logs(card)


def _keys(card):
    return " and ".join(
        f"SM2 key (point {face.key.point.hex().upper()[:8]}..)"
        if face.suite == "sm2"
        else f"RSA key of {face.key.length * 8} bits, exponent {face.key.e}"
        for face in card.faces
    )


def _money(words, amount_fen, currency):
    return f"{words} {yuan(amount_fen)} (currency {currency})"


def _limits(own, column):
    for row in LIMITS:
        if row[column] in own:
            yield f"  {row[0]}: {yuan(int(own[row[column]]))}"


def _allowance(card, own):
    for words, tag in ALLOWANCE:
        if tag in own:
            yield f"{words} {yuan(int(own[tag]))}, used {yuan(card.state['total_fen'])}"
    if int(own.get("9F53", "0"), 16):
        yield f"foreign sales in a row: {card.state['foreign_count']} of {int(own['9F53'], 16)}"


def _extended(card):
    own, more = card.capp.own, card.capp.more
    words = "with R-MAC" if card.capp.r_mac else "without R-MAC"
    yield f"extended application: DF61 {own['df61']}, {words}, keys of {own['cipher']}"
    for sfi, record, _ in more["records"]:
        yield f"  file {sfi} record {record[:4]}: {record[6:]}"
    if more["ring"]:
        yield f"  file 1E, the last {more['ring']['kept']}, newest first:"
        yield from (f"    {record}" for record in more["ring"]["records"])
    for sfi, name, amount_fen, atc in more["frozen"]:
        yield f"  frozen by file {sfi} record {name}: {yuan(amount_fen)}, ATC {atc}"
    if more["offset_limit_fen"] is not None:
        limit, used = more["offset_limit_fen"], more["offset_used_fen"]
        yield f"  deposit offset up to {yuan(limit)}, used {yuan(used)}"


def _debits(card):
    yield "debits:" if card.state["debits"] else "no debits"
    for atc, amount_fen, final, purse, charge_fen, *frozen in card.state["debits"]:
        words = "final" if final else "taken back or open"
        words += ", second currency" if purse else ""
        if frozen:
            amount_fen, words = charge_fen, f"frozen, {words}"
        words += "" if charge_fen == amount_fen else f", {yuan(charge_fen)} of it off the balance"
        yield f"  ATC {atc}: {yuan(amount_fen)} {words}"


def _logs(card):
    for title, entries in (
        ("log of sales", list(card.logs.sales_told(card.state))),
        ("log of loads", list(card.logs.loads_told(card.state))),
    ):
        yield f"{title}, newest first:" if entries else f"{title}: empty"
        for values in entries:
            yield "  " + " ".join(f"{tag} {value}" for tag, value in values)
