# SPDX-License-Identifier: Apache-2.0
"""The card's decision at GET PROCESSING OPTIONS: card risk management, JR/T 0025.12 7.7.

`decide(card, terminal)` is pure: what the card knows and what the reader said go in, a Verdict
comes out. The order is that of the table in qpboc.md 2.17, rows 1 to 9. In the second currency
(DF71) the card's limits are DF72, DF76 and DF78; the allowance CTTA counts the first alone, so
that an option with it means low value there.
"""

from collections import namedtuple

# options 9F68 (4 bytes), currency 4 hex digits, amounts in fen, None for a limit that is absent
CardData = namedtuple(
    "CardData",
    "options currency balance_fen single_limit_fen threshold_fen cvm_limit_fen total_fen"
    " total_limit_fen total_upper_fen new pin_tries foreign_count foreign_limit",
)
Terminal = namedtuple("Terminal", "ttq amount_fen currency")
# kind TC, ARQC, AAC or REFUSED (6985); cvr 9F10 byte 6; ctq 9F6C byte 1, the CVM bits;
# charge_fen comes off the balance, total_fen adds to the allowance CTTA, foreign is 0 or 1
Verdict = namedtuple("Verdict", "kind cvr ctq charge_fen total_fen foreign")

TC, ARQC, AAC, REFUSED = "TC", "ARQC", "AAC", "6985"
CVR_PIN_TRIES, CVR_LIMIT, CVR_NEW_CARD = 0x40, 0x20, 0x10
CTQ_ONLINE_PIN, CTQ_SIGNATURE = 0x80, 0x40

# 9F66: (byte from 0, mask)
TTQ_QPBOC, TTQ_CONTACT, TTQ_OFFLINE_ONLY = (0, 0x20), (0, 0x10), (0, 0x08)
TTQ_ONLINE_PIN, TTQ_SIGNATURE = (0, 0x04), (0, 0x02)
TTQ_ONLINE_REQUIRED, TTQ_CVM_REQUIRED = (1, 0x80), (1, 0x40)
TTQ_FDDA_01 = (3, 0x80)
# 9F68; bits the table does not name (1.3, 3.8, 3.7, 3.5) as in JR/T 0025.12 C.1
LOW_VALUE, LOW_VALUE_AND_TOTAL, LOW_VALUE_OR_TOTAL = (0, 0x80), (0, 0x40), (0, 0x20)
ANY_LOW_VALUE = 0xE0
NEW_CARD_ONLINE, PIN_TRIES, FOREIGN_OFFLINE = (0, 0x10), (0, 0x08), (0, 0x04)
CONTACT_PREFERRED = (0, 0x02)
PREPAID, FOREIGN_FORBIDDEN, NEW_CARD_DECLINES = (1, 0x80), (1, 0x40), (1, 0x20)
PIN_HOME, PIN_FOREIGN, FOREIGN_CVM, SIGNATURE = (2, 0x80), (2, 0x40), (2, 0x20), (2, 0x10)
LOGGED = (1, 0x10)
OPTION_WORDS = (
    (LOW_VALUE, "low value"),
    (LOW_VALUE_AND_TOTAL, "low value and CTTA"),
    (LOW_VALUE_OR_TOTAL, "low value or CTTA"),
    (NEW_CARD_ONLINE, "new card goes online"),
    (PIN_TRIES, "PIN tries count"),
    (FOREIGN_OFFLINE, "foreign currency offline"),
    (CONTACT_PREFERRED, "contact preferred"),
    (PREPAID, "prepaid"),
    (FOREIGN_FORBIDDEN, "foreign currency forbidden"),
    (NEW_CARD_DECLINES, "new card declines offline"),
    (LOGGED, "sales are logged"),
    (PIN_HOME, "online PIN at home"),
    (PIN_FOREIGN, "online PIN abroad"),
    (FOREIGN_CVM, "holder check abroad"),
    (SIGNATURE, "signature"),
)


def card_data(own, state, currency):
    """Return (CardData, purse) for a sale in `currency` (4 hex digits).

    `own`: personalised data, tag to hex text; `state`: of card_money.py; purse 1 is the second
    currency.
    """

    def fen(tag):
        return int(own[tag]) if tag in own else None

    second = currency != own["9F51"] and currency == own.get("DF71")
    options = bytes.fromhex(own["9F68"])
    if second and options[0] & ANY_LOW_VALUE:
        options = bytes([options[0] & ~ANY_LOW_VALUE | LOW_VALUE[1]]) + options[1:]
    limits = ("DF78", "DF76", "DF72") if second else ("9F78", "9F6D", "9F6B")
    single_limit_fen, threshold_fen, cvm_limit_fen = [fen(tag) for tag in limits]
    known = CardData(
        options=options,
        currency=currency if second else own["9F51"],
        balance_fen=state["second_fen" if second else "balance_fen"],
        single_limit_fen=single_limit_fen,
        threshold_fen=threshold_fen or 0,
        cvm_limit_fen=cvm_limit_fen,
        total_fen=state["total_fen"],
        total_limit_fen=fen("9F54"),
        total_upper_fen=fen("9F5C"),
        new=not state["online_atc"],
        pin_tries=int(own.get("9F17", "03"), 16),
        foreign_count=state["foreign_count"],
        foreign_limit=int(own.get("9F53", "00"), 16),
    )
    return known, int(second)


def has(bits, mask):
    """True when the bit `mask` = (byte, mask) is set in `bits`."""
    return bool(bits[mask[0]] & mask[1])


def decide(card, terminal):
    """Return the card's Verdict on one sale."""
    offline_only = has(terminal.ttq, TTQ_OFFLINE_ONLY)
    foreign = terminal.currency != card.currency
    cvr = CVR_NEW_CARD if card.new else 0
    if foreign and has(card.options, FOREIGN_FORBIDDEN):  # row 1
        return _no_charge(AAC, cvr)
    if offline_only and card.new and has(card.options, NEW_CARD_DECLINES):  # row 2
        return _no_charge(AAC, cvr)
    if card.pin_tries == 0 and has(card.options, PIN_TRIES):  # row 3
        if offline_only:
            return _no_charge(AAC, cvr | CVR_PIN_TRIES)
        return _go_online(card, terminal, cvr | CVR_PIN_TRIES, 0)
    refused, ctq, online_pin = _verification(card, terminal, offline_only, foreign)  # row 4
    if refused:
        return _no_charge(REFUSED, cvr)
    if not offline_only and (online_pin or _wants_online(card, terminal, foreign)):  # row 5
        return _go_online(card, terminal, cvr, ctq)
    verdict = (_foreign if foreign else _limits)(card, terminal, offline_only)  # rows 6, 7
    if verdict is not None:
        return verdict._replace(cvr=cvr, ctq=ctq)
    cvr |= 0 if foreign else CVR_LIMIT
    return _no_charge(AAC, cvr) if offline_only else _go_online(card, terminal, cvr, ctq)


def _no_charge(kind, cvr):
    return Verdict(kind, cvr, 0, 0, 0, 0)


def _verification(card, terminal, offline_only, foreign):
    """Return (is it impossible, CTQ bits, does it ask for online PIN), row 4."""
    above = card.cvm_limit_fen is not None and terminal.amount_fen > card.cvm_limit_fen
    asked = has(terminal.ttq, TTQ_CVM_REQUIRED) or above
    if not asked and not (foreign and has(card.options, FOREIGN_CVM)):
        return False, 0, False
    card_pin = has(card.options, PIN_FOREIGN if foreign else PIN_HOME)
    if not offline_only and card_pin and has(terminal.ttq, TTQ_ONLINE_PIN):
        return False, CTQ_ONLINE_PIN, True
    if has(card.options, SIGNATURE) and has(terminal.ttq, TTQ_SIGNATURE):
        return False, CTQ_SIGNATURE, False
    return True, 0, False


def _wants_online(card, terminal, foreign):
    return (
        has(terminal.ttq, TTQ_ONLINE_REQUIRED)
        or (foreign and not has(card.options, FOREIGN_OFFLINE))
        or (card.new and has(card.options, NEW_CARD_ONLINE))
    )


def _limits(card, terminal, offline_only):
    """Return the TC of row 6, None when a limit, the balance or the options forbid it."""
    amount = terminal.amount_fen
    reserve = 0 if offline_only else card.threshold_fen
    if card.single_limit_fen is not None and amount > card.single_limit_fen:
        return None
    funds = amount <= card.balance_fen - reserve
    limit = card.total_limit_fen
    if offline_only and card.total_upper_fen is not None:
        limit = card.total_upper_fen
    room = limit is not None and amount + card.total_fen <= limit
    if has(card.options, LOW_VALUE):
        return Verdict(TC, 0, 0, amount, 0, 0) if funds else None
    if has(card.options, LOW_VALUE_AND_TOTAL):
        return Verdict(TC, 0, 0, amount, amount, 0) if funds and room else None
    if has(card.options, LOW_VALUE_OR_TOTAL) and (funds or room):
        charge = amount if funds else 0
        return Verdict(TC, 0, 0, charge, amount - charge, 0)
    return None


def _foreign(card, terminal, offline_only):
    """Return the TC of row 7: counted, not taken off a balance in another currency."""
    allowed = has(card.options, FOREIGN_OFFLINE) and card.foreign_count < card.foreign_limit
    return Verdict(TC, 0, 0, 0, 0, 1) if allowed else None


def _go_online(card, terminal, cvr, ctq):
    """Return the verdict where row 4, 5 or 6 leads online: rows 8 and 9."""
    if has(card.options, CONTACT_PREFERRED) and has(terminal.ttq, TTQ_CONTACT):
        return _no_charge(REFUSED, cvr)
    if has(card.options, PREPAID):
        if terminal.amount_fen == 0 or terminal.amount_fen > card.balance_fen:
            return _no_charge(AAC, cvr)
        return Verdict(ARQC, cvr, ctq, terminal.amount_fen, 0, 0)
    return Verdict(ARQC, cvr, ctq, 0, 0, 0)
