# SPDX-License-Identifier: Apache-2.0
"""The re-tap dialogue: settle a torn transaction without a second GPO (qpboc.md H, QT-165..185).

The card is selected again. Its ATC, currency and balance say whether the debit stands; if it does,
the missing record is read again and the one original sale is closed by its signature. A card that
is not the one of the entry is left alone.

| 9F36 against stored | what the card tells | verdict |
|---|---|---|
| equal | GET TRANS PROVE gives the stored TC | debit stands: last record again, fDDA -> RECOVERED, else UNPROVEN |
| equal | balance = before - amount | likewise |
| equal | balance = before | NOT_DEBITED: the entry is void, a new transaction may begin |
| equal | balance is neither | SUSPECT: no GPO while the entry is open |
| equal | balance proves nothing, the log holds ATC and amount | debit stands, likewise |
| equal | balance proves nothing, no such log entry | SUSPECT |
| equal | no card number | SUSPECT, unless its 9F69 makes the signature verify, or its TC is the stored one |
| greater | stored TC, or the log holds ATC and amount | DEBITED_BEFORE: unproven, a new customer |
| greater | anything else | MOVED_ON: used elsewhere since; suspect, a new customer |
| smaller, or other card number or application | | OTHER card |

A balance proves nothing that cannot be read, that is of another currency, that has nothing to be
compared with, or beside which an allowance (CTTA) may have paid.
"""  # noqa: E501 - a table of the documentation

from firmware.errors import FormatError, LinkLost
from firmware.kernel import apdu, dol, get_data, oda, outcome, tags, tlv, transaction
from firmware.kernel.chain import Chain
from firmware.kernel.verdict import (
    DEBITED_BEFORE,
    LOST,
    MOVED_ON,
    NOT_DEBITED,
    OTHER,
    RECOVERED,
    SUSPECT,
    UNPROVEN,
    Verdict,
    is_signed_anew,
)

# Who is asked for GET TRANS PROVE: whose FCI shows DF61, everybody, nobody. For a plain purchase
# the answer is promised by nobody (JR/T 0025.14 A.4 speaks of the extended application).
PROVE_BY_FCI, PROVE_ALWAYS, PROVE_NEVER = "fci", "always", "never"
PROVE_WORDS = (PROVE_BY_FCI, PROVE_ALWAYS, PROVE_NEVER)

LOG_FILES = (11, 30)  # short file identifiers that may be a log's (JR/T 0025.5 §18.1)
MOST_LOGGED = 10  # records looked at; a card used ten times inside the window is nobody's rider


def resume(selected, tap, purchase, prove=PROVE_BY_FCI, proof=None):
    """Generator: Verdict on the pending `tap` (tap.Tap) for the card that is selected now. Never
    sends a GPO.

    purchase: transaction.Purchase; its amount plays no part, the entry's own values count
    (QT-179). proof: capp_torn.Proof for a tap that changed records, None where no stamp is looked
    for. LOST: the link went before anything new was learnt.
    """
    if selected.aid != tap.selected.aid:
        return Verdict(OTHER, None, "other application")
    try:
        atc = yield from get_data.number(tags.ATC, 2)
        if atc is not None and atc < tap.atc():  # QT-172
            return Verdict(OTHER, None, "ATC is smaller")
        same = yield from _is_same_card(tap)
        if same is False or (same is None and atc != tap.atc()):
            return Verdict(OTHER, None, "other card number")
        if atc is None:
            return Verdict(SUSPECT, None, "the card does not tell its ATC")
        if tap.extension:
            from firmware.kernel import capp_torn  # a plain purchase needs none of it

            newer = atc - tap.atc()
            return (yield from capp_torn.judge(tap, purchase, newer, same, proof, complete))
        proven = yield from _is_proven(selected, tap, prove)
        if atc > tap.atc():
            return (yield from _used_since(selected, tap, atc - tap.atc(), proven))
        verdict = yield from _as_it_was(selected, tap, purchase, proven)
        if same is None and not proven and not is_signed_anew(verdict):
            # It may be anybody's with the same counter, and says nothing about this entry.
            return Verdict(SUSPECT, None, "the card does not show its number")
        return verdict
    except LinkLost as gone:
        return Verdict(LOST, None, str(gone))


def _used_since(selected, tap, newer, proven):
    """The debit may be known; to complete it is too late, its last record has been overwritten."""
    if proven or (yield from _is_logged(selected, tap, newer)):
        return Verdict(DEBITED_BEFORE, None, "debited, and used elsewhere since")  # QT-177
    return Verdict(MOVED_ON, None, "the card was used elsewhere since")


def _as_it_was(selected, tap, purchase, proven):
    """Verdict where the card has not begun another transaction."""
    chain = Chain(tap, purchase)
    yield from chain.advance()  # computed while the card answers
    if proven:
        return (yield from complete(tap, purchase, chain, True))
    currency = tap.as_sent(tags.CURRENCY) or purchase.values[tags.CURRENCY]
    balance_fen = yield from get_data.balance(currency)
    afters = tap.balances_after()
    if balance_fen is not None and afters:
        return (yield from _by_balance(tap, purchase, chain, balance_fen, afters))
    if (yield from _is_logged(selected, tap, 0)):
        return (yield from complete(tap, purchase, chain, True))
    return Verdict(SUSPECT, None, "the balance proves nothing")  # QT-173, QT-175, QT-176


def _by_balance(tap, purchase, chain, balance_fen, afters):
    """QT-174. afters: what the balance is after the debit, by each source that told it.

    Sources that differ may still lead to a signature that verifies; they prove nothing else.
    """
    if balance_fen in afters:
        verdict = yield from complete(tap, purchase, chain, False)
        if verdict.verdict == RECOVERED or _all_are(afters, balance_fen):
            return verdict
    elif _all_are(afters, balance_fen - tap.amount_fen()):
        return Verdict(NOT_DEBITED, None, "the balance is as before")
    return Verdict(SUSPECT, None, "the balance is neither")


def _all_are(amounts, fen):
    return all(one == fen for one in amounts)


def complete(tap, purchase, chain, proven):
    """The debit stands: fetch the missing record and verify the original signature (QT-179).

    proven: True when the card's own log or TC says so; a balance alone is also shown by a card
    that takes the debit back at its next GPO (qpboc.md 3, point 1).
    """
    sfi, number, _ = tap.read_list()[-1]
    balance_fen = tap.balance_fen()  # from before the last record, which is not trusted
    record, sw = get_data.answered((yield apdu.read_record(sfi, number)))
    if sw != apdu.SW_OK:
        return _unproven(tap, "last record again: SW %04X" % sw, balance_fen, proven)
    try:
        ready = transaction.Ready(tap, (sfi, number), chain.finish())
    except oda.OdaFailed as failed:
        return _unproven(tap, str(failed), balance_fen, proven)
    result = transaction.conclude(
        ready, purchase.editions, record, outcome.RECOVERED, "torn_recovered"
    )
    if result.outcome == outcome.RECOVERED:
        return Verdict(RECOVERED, result, "")
    return _unproven(tap, result.detail, balance_fen, proven)


def conclude_kept(tap, purchase, record):
    """Outcome of a transaction whose last record had come when the power went (QT-163).

    The debit stands. What was computed is lost, so the certificates are opened once more; what no
    longer verifies by these parameters is debited and unproven.
    """
    chain = Chain(tap, purchase)
    for _ in chain.advance():
        pass  # nothing to wait for: finish() does the work
    sfi, number, _ = tap.read_list()[-1]
    try:
        ready = transaction.Ready(tap, (sfi, number), chain.finish())
    except oda.OdaFailed as failed:
        return _unproven(tap, str(failed), tap.balance_fen(), True).outcome
    return transaction.conclude(ready, purchase.editions, record)


def _unproven(tap, detail, balance_fen, proven):
    """Debited, but without a signature: never approved, never forgotten (QT-180)."""
    result = outcome.Outcome(
        outcome.TORN_PENDING,
        "last_record_lost",
        detail,
        tap.decision,
        outcome.FAILED,
        balance_fen,
        True if proven else None,
        tap,
    )
    return Verdict(UNPROVEN, result, "")


def _is_proven(selected, tap, prove):
    """True when GET TRANS PROVE returns the stored TC (QT-178; JR/T 0025.14 A.4).

    Any other answer proves nothing about a plain purchase. Zeros stand for a pre-authorisation.
    """
    shown = tags.EXTENDED_APPLICATION in selected.fci
    if prove == PROVE_NEVER or (prove == PROVE_BY_FCI and not shown):
        return False
    data, sw = get_data.answered((yield apdu.get_trans_prove(tap.value(tags.ATC))))
    return sw == apdu.SW_OK and data == tap.value(tags.CRYPTOGRAM) and data != bytes(8)


def _is_logged(selected, tap, newer):
    """True when the transaction log holds the stored ATC with the stored amount (QT-177).

    newer: how many transactions the card may have logged since. That nothing is found proves
    nothing: not every card logs (9F68), and its log is no longer than its file.
    """
    entry = selected.fci.get(tags.LOG_ENTRY, b"")
    if len(entry) != 2 or not LOG_FILES[0] <= entry[0] <= LOG_FILES[1]:
        return False
    layout = yield from get_data.value(tags.LOG_FORMAT)
    try:
        layout = dol.parse(layout or b"")
    except FormatError:
        return False
    for number in range(1, min(entry[1], newer + 1, MOST_LOGGED) + 1):
        record, sw = get_data.answered((yield apdu.read_record(entry[0], number)))
        if sw != apdu.SW_OK or len(record) != sum([length for _, length in layout]):
            return False
        if dol.taken(layout, record, tags.ATC) == tap.value(tags.ATC):
            return dol.taken(layout, record, tags.AMOUNT) == tap.as_sent(tags.AMOUNT)
    return False


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
    data, sw = get_data.answered((yield apdu.read_record(sfi, number)))
    if sw != apdu.SW_OK:
        return None
    try:
        found = tlv.find(tlv.parse_template(data, tags.RECORD), tag)
    except FormatError:
        return None
    return found.value if found else None
