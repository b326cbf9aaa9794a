# SPDX-License-Identifier: Apache-2.0
"""GET PROCESSING OPTIONS on the card's side: what the reader said, the decision, the money.

JR/T 0025.12 6.5, 7.5, 7.7. `card` is a sim.card.Card, which saves itself after it.
"""

from firmware.errors import FormatError
from sim import capp_gpo, card_answer, card_money, card_risk, coding
from sim.card_risk import REFUSED, TC
from sim.status import Refused


def processing_options(card, data):
    """Return template 77 for the command data `data`; the card has taken the money if it is a TC.

    Refused: 6700 or 6A80 for the data, 6985 for everything the card will not do.
    """
    terminal = terminal_data(card.pdol, data)
    if not card_risk.has(terminal[0x9F66], card_risk.TTQ_QPBOC):
        raise Refused("6985")
    suite, sale = _suite(card, terminal), _sale(terminal)
    state = card.state
    card_money.roll_back(state)
    if state["atc"] >= card_money.MOST_ATC:  # used up for ever
        card.save()
        raise Refused("6985")
    state.update(atc=state["atc"] + 1, card_auth="", sdad="", suite=suite)
    own, card.purse = card_risk.card_data(card.image["internal_data"], state, sale.currency)
    extended = capp_gpo.asked(card, terminal) if card.capp else None
    verdict = extended.decide(own, sale) if extended else card_risk.decide(own, sale)
    if verdict.kind == REFUSED:
        card.save()
        raise Refused("6985")
    atc = state["atc"].to_bytes(2, "big")
    logged = card.logs.sale_record(terminal, atc)
    proof = [state["atc"], ""]
    if extended and verdict.kind == TC:
        return coding.tlv(0x77, extended.answer(verdict, sale, terminal, logged))
    card_money.take(state, verdict, sale.amount_fen, card.purse, logged, proof)
    answer, tc = card_answer.gpo_answer(card, verdict, terminal)
    proof[1] = tc.hex().upper()
    if card.capp:
        card.capp.keep_proof()
    card.save()
    return coding.tlv(0x77, answer)


def terminal_data(pdol, data):
    """Return {tag: value} of the GPO data, cut by the card's PDOL, a list of (tag, length)."""
    if data[:1] != b"\x83":
        raise Refused("6A80")
    if len(data) < 2 or data[1] != len(data) - 2:
        raise Refused("6700")
    if data[1] != sum(length for _, length in pdol):
        raise Refused("6700")
    values, at = {}, 2
    for tag, length in pdol:
        values[tag] = data[at : at + length]
        at += length
    if len(values.get(0x9F66, b"")) != 4:
        raise Refused("6985")
    return values


def _suite(card, terminal):
    """Return the suite to answer with; 6985 when the reader lacks it (JR/T 0025.12 7.5)."""
    wanted = "sm2" if terminal.get(0xDF69) == b"\x01" else "rsa"
    if wanted not in card.suites:
        if wanted == "rsa":
            raise Refused("6985")
        wanted = "rsa"
    return wanted


def _sale(terminal):
    try:
        amount_fen = coding.number(terminal.get(0x9F02, bytes(6)))
    except FormatError:
        raise Refused("6A80") from None
    currency = terminal.get(0x5F2A, bytes(2)).hex().upper()
    return card_risk.Terminal(terminal[0x9F66], amount_fen, currency)
