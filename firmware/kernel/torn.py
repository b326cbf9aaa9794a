# SPDX-License-Identifier: Apache-2.0
"""The re-tap dialogue: settle a torn transaction without a second GPO (qpboc.md H, QT-165..185).

The card is selected again. Its ATC, currency and balance say whether the debit stands; if it does,
the missing record is read again and the one original sale is closed by its signature. A card that
is not the one of the entry is left alone.

| 9F36 against stored | 9F79 | verdict |
|---|---|---|
| equal | before - amount | debit stands: last record again, fDDA -> RECOVERED, else UNPROVEN |
| equal | before | NOT_DEBITED: the entry is void, a new transaction may begin |
| equal | neither, or unreadable | SUSPECT: no GPO while the entry is open (QT-185) |
| equal, but no card number shown | any | SUSPECT, unless its signature verifies |
| greater, same card number | any | MOVED_ON: used elsewhere since; suspect, a new customer |
| smaller, or other card number, application | | OTHER card |
"""

from collections import namedtuple

from firmware.errors import FormatError, LinkLost
from firmware.kernel import apdu, bcd, oda, outcome, tags, tlv, transaction
from firmware.kernel.chain import Chain

RECOVERED = "recovered"
UNPROVEN = "unproven"
NOT_DEBITED = "not_debited"
SUSPECT = "suspect"
MOVED_ON = "moved_on"
OTHER = "other"
LOST = "lost"

# verdict: a word above; outcome: the Outcome of RECOVERED and UNPROVEN, else None; detail for
# people
Verdict = namedtuple("Verdict", ("verdict", "outcome", "detail"))


def resume(selected, tap, purchase):
    """Generator: Verdict on the pending `tap` (tap.Tap) for the card that is selected now. Never
    sends a GPO.

    purchase: transaction.Purchase; its amount plays no part, the entry's own values count
    (QT-179). LOST: the link went before anything new was learnt.
    """
    if selected.aid != tap.selected.aid:
        return Verdict(OTHER, None, "other application")
    try:
        atc = yield from _number(tags.ATC, 2)
        if atc is not None and atc < tap.atc():
            return Verdict(OTHER, None, "ATC is smaller")
        same = yield from _is_same_card(tap)
        if same is False or (same is None and atc != tap.atc()):
            return Verdict(OTHER, None, "other card number")
        if atc is None:
            return Verdict(SUSPECT, None, "the card does not tell its ATC")
        if atc > tap.atc():
            return Verdict(MOVED_ON, None, "the card was used elsewhere since")
        verdict = yield from _by_balance(tap, purchase)
        if same is None and verdict.verdict != RECOVERED:
            # Only its own signature proves a card that hides its records; without it, it may be
            # anybody's with the same counter, and says nothing about this entry.
            return Verdict(SUSPECT, None, "the card does not show its number")
        return verdict
    except LinkLost as gone:
        return Verdict(LOST, None, str(gone))


def _by_balance(tap, purchase):
    currency = yield from _value(tags.CARD_CURRENCY, 2)
    if currency is not None and currency != tap.as_sent(tags.CURRENCY):
        return Verdict(SUSPECT, None, "balance is in another currency")  # QT-173
    balance_fen = yield from _number_bcd(tags.EC_BALANCE, 6)
    after_fen, amount_fen = tap.balance_fen(), tap.amount_fen()
    if after_fen is None or amount_fen == 0 or not tap.paid_from_balance():
        return Verdict(SUSPECT, None, "the balance proves nothing")  # QT-175, QT-176
    if balance_fen == after_fen:
        return (yield from _complete(tap, purchase, after_fen))
    if balance_fen == after_fen + amount_fen:
        return Verdict(NOT_DEBITED, None, "the balance is as before")
    return Verdict(SUSPECT, None, "the balance is neither")


def _complete(tap, purchase, balance_fen):
    """The debit stands: fetch the missing record and verify the original signature (QT-179,
    QT-180).
    """
    sfi, number, _ = tap.read_list()[-1]
    record, sw = _split((yield apdu.read_record(sfi, number)))
    if sw != apdu.SW_OK:
        refusal = "last record again: SW %04X" % sw
        return Verdict(UNPROVEN, _unproven(tap, refusal, balance_fen), "")
    chain = Chain(tap, purchase)
    yield from chain.advance()
    try:
        opened = chain.finish()
    except oda.OdaFailed as failed:
        return Verdict(UNPROVEN, _unproven(tap, str(failed), balance_fen), "")
    ready = transaction.Ready(tap, (sfi, number), opened)
    result = transaction.conclude(
        ready, purchase.editions, record, outcome.RECOVERED, "torn_recovered"
    )
    if result.outcome == outcome.RECOVERED:
        return Verdict(RECOVERED, result, "")
    return Verdict(UNPROVEN, _unproven(tap, result.detail, balance_fen), "")


def _unproven(tap, detail, balance_fen):
    """Debited, but without proof: never approved, never forgotten (QT-180).

    balance_fen: from before the last record, which is not trusted.
    """
    return outcome.Outcome(
        outcome.TORN_PENDING,
        "last_record_lost",
        detail,
        tap.decision,
        outcome.FAILED,
        balance_fen,
        True,
        tap,
    )


def _is_same_card(tap):
    """True or False by reading a record that names the card again; None when it cannot be read."""
    for sfi, number, record in tap.records:
        objects = tlv.parse_template(record, tags.RECORD)
        for tag in (tags.PAN, tags.ICC_CERTIFICATE):
            known = tlv.find(objects, tag)
            if known:
                again = yield from _read_again(sfi, number, tag)
                return None if again is None else again == known.value
    return None


def _read_again(sfi, number, tag):
    """Value of `tag` in a record as it reads now; None when the card does not give it."""
    data, sw = _split((yield apdu.read_record(sfi, number)))
    if sw != apdu.SW_OK:
        return None
    try:
        found = tlv.find(tlv.parse_template(data, tags.RECORD), tag)
    except FormatError:
        return None
    return found.value if found else None


def _value(tag, length):
    """GET DATA: the value, or None when the card does not give it in the right form (QT-177)."""
    data, sw = _split((yield apdu.get_data(tag)))
    if sw != apdu.SW_OK:
        return None
    try:
        objects = tlv.parse(data)
    except FormatError:
        return None
    if len(objects) != 1 or objects[0].tag != tag or len(objects[0].value) != length:
        return None
    return objects[0].value


def _number(tag, length):
    value = yield from _value(tag, length)
    return None if value is None else int.from_bytes(value, "big")


def _number_bcd(tag, length):
    value = yield from _value(tag, length)
    try:
        return None if value is None else bcd.to_int(value)
    except FormatError:
        return None


def _split(answer):
    """Data and status word; an answer without one counts as refused."""
    try:
        return apdu.split(answer)
    except FormatError:
        return b"", 0
