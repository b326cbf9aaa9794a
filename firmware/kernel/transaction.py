# SPDX-License-Identifier: Apache-2.0
"""The offline purchase: prepare() up to the gate, commit() behind it (JR/T 0025.12 §6.5, §7;
qpboc.md E, F, G, K).

The card makes the debit final just before it answers the last READ RECORD of the AFL (§7.7.19). So
everything that can refuse the card stands in prepare(), which never asks for that record; it ends
in an Outcome or in a Ready. The device makes the pending entry durable, and only commit(ready)
sends the last READ RECORD. gate() alone makes a Ready (QT-143).

Both are generators: they yield commands, Works and Asks (work.py) and return. Clock, random
number, limits, deny list are handed in by the Purchase.
"""

from collections import namedtuple

from firmware.errors import FormatError, LinkLost
from firmware.kernel import apdu, bcd, bits, dol, fdda, oda, outcome, tags
from firmware.kernel.chain import Chain
from firmware.kernel.tap import Tap
from firmware.kernel.work import Ask, Chore

# What a terminal brings to a purchase.
# values: dict tag -> bytes for the PDOL, 9F66, 9F02, 9F37, 9A, 9F21 among them
# today: (year, month, day); capks: tuple of capk.Capk; cache: oda.KeyCache
# refuse(pan, psn) -> reason word or "" (psn None: not known yet)
# editions: values of 9F08 that mean this edition of the standard (fdda.EDITIONS)
# sda: True to look at the static data of a card that cannot sign (sda.py)
# extension: capp.Extension of a purchase that changes records of the card, else None; DF60 among
# the values says its kind
Purchase = namedtuple(
    "Purchase", ("values", "today", "capks", "cache", "refuse", "editions", "sda", "extension")
)
MAX_RECORD_BYTES = 3072  # all before the last; cards of the book need half, memory is small

# A transaction that may be committed. last: (sfi, number) of the last record; opened: of
# open_sdad() of a suite
Ready = namedtuple("Ready", ("tap", "last", "opened"))

MANDATORY = (  # before the last record, beside what the suite of the chain needs (QT-144)
    tags.CAPK_INDEX,
    tags.ISSUER_CERTIFICATE,
    tags.ICC_CERTIFICATE,
    tags.SDAD,
    tags.EXPIRY,
)


class _Refusal(Exception):
    """Ends prepare(): carried to its one `except`, where it becomes an Outcome."""

    def __init__(self, reason, detail="", oda_result=outcome.NOT_PERFORMED):
        super().__init__(reason)
        self.reason = reason
        self.detail = detail
        self.oda = oda_result


def prepare(selected, purchase, before_fen=None, meanwhile=None):
    """Generator: Ready, or the Outcome that refuses. Nothing is debited when it ends (JR/T 0025.12
    §7.4.1).

    before_fen: the balance read before, None if it was not. meanwhile(tap): may be called once,
    behind the GPO answer, while the card reads; must not raise. A lost link before the end is an
    Outcome `try_again`: the card restores itself (QT-102, QT-124).
    """
    try:
        tap = Tap(selected, dol.fill(selected.pdol, purchase.values))
    except FormatError as wrong:
        return outcome.refused(outcome.OTHER_INTERFACE, "no_pdol_ttq", str(wrong))
    tap.before_fen = before_fen
    tap.extension = purchase.extension
    if tap.extension:
        refusal = _extended().refusal_before(tap, tap.extension)
        if refusal:
            return outcome.refused(outcome.DECLINED, *refusal)
    chain = Chain(tap, purchase)
    try:
        refusal = yield from initiate_application_processing(tap, purchase)
        if refusal:
            return refusal
        if tap.extension:  # behind a TC alone (QX-019), before every gate (QX-030)
            refusal = yield from _extended().update(tap, tap.extension)
            if refusal:
                raise _Refusal(*refusal)  # QX-028
        if meanwhile:
            yield Chore(meanwhile, tap)
        yield from read_application_data(tap, purchase, chain)
        return (yield from gate(tap, purchase, chain))
    except _Refusal as why:
        return outcome.refused(
            outcome.DECLINED, why.reason, why.detail, tap.decision, why.oda, None, tap
        )
    except FormatError as wrong:
        return outcome.refused(outcome.DECLINED, "card_data", str(wrong), tap.decision, tap=tap)
    except LinkLost as gone:
        return outcome.refused(outcome.TRY_AGAIN, "card_lost", str(gone), tap.decision, tap=tap)


def _extended():
    from firmware.kernel import capp_update  # a plain purchase needs none of it

    return capp_update


def initiate_application_processing(tap, purchase):
    """Generator: GPO and what its answer decides (JR/T 0025.12 §6.5, §7.8.1).

    None to go on, or the Outcome.
    """
    try:
        data, sw = apdu.split((yield apdu.get_processing_options(tap.sent)))
        if sw != apdu.SW_OK:
            return _gpo_refused(tap, sw)
        tap.take_gpo(data)
        pan = tap.pan()
        balance_fen = tap.balance_fen()
    except FormatError as wrong:
        return outcome.refused(outcome.OTHER_INTERFACE, "not_qpboc", str(wrong))
    if balance_fen is None:
        balance_fen = tap.balance_from_before()
    if tap.decision == outcome.TC:
        ttq = purchase.values[tags.TTQ]
        if bits.has(ttq, bits.TTQ_ONLINE_CRYPTOGRAM) and not bits.has(ttq, bits.TTQ_OFFLINE_ONLY):
            raise _Refusal("card_data", "TC where an online cryptogram was asked")  # QT-117
        yield from _refuse_listed(tap, purchase, pan)  # QT-116
        return None
    if tap.decision == outcome.AAC:  # QT-114
        return outcome.refused(
            outcome.DECLINED, "card_declined", "", outcome.AAC, balance_fen=balance_fen, tap=tap
        )
    offline_only = bits.has(purchase.values[tags.TTQ], bits.TTQ_OFFLINE_ONLY)
    kind, reason = (
        (outcome.DECLINED, "online_required")
        if offline_only
        else (outcome.ONLINE, "card_requested_online")
    )  # QT-115, QT-255
    return outcome.refused(kind, reason, "", outcome.ARQC, balance_fen=balance_fen, tap=tap)


def _gpo_refused(tap, sw):
    said = "SW %04X" % sw
    word = _extended().GPO_REFUSALS.get(sw) if tap.extension else None
    if word:
        return outcome.refused(outcome.DECLINED, word, said)  # QX-020, QX-050, QX-051
    return outcome.refused(outcome.OTHER_INTERFACE, "gpo_refused", said)  # QT-103


def read_application_data(tap, purchase, chain):
    """Generator: every record of the AFL but the last, each checked the moment it is read (JR/T
    0025.12 §7.4.3).
    """
    asked = None  # number and sequence number that purchase.refuse() was asked for last
    total = 0
    for sfi, number, _ in tap.read_list()[:-1]:
        record, sw = apdu.split((yield apdu.read_record(sfi, number)))
        if sw != apdu.SW_OK:
            raise _Refusal("card_data", "record %d.%d: SW %04X" % (sfi, number, sw))  # QT-125
        tap.take_record(sfi, number, record)
        total += len(record)
        if total > MAX_RECORD_BYTES:
            raise FormatError("records of more than %d bytes" % MAX_RECORD_BYTES)
        processing_restrictions(tap, purchase.today)
        card = tap.pan(), tap.value(tags.PSN)
        if card != asked:  # the gate asks once more
            yield from _refuse_listed(tap, purchase, card[0])  # QT-136
            asked = card
        yield from chain.advance()


def processing_restrictions(tap, today):
    """Expiry and effective date as soon as read (JR/T 0025.12 §7.7.20; QT-130, QT-134): nothing
    more is read then, and the card takes its debit back (QT-131). Usage control, versions and TAC
    play no part in qPBOC (QT-135).
    """
    expiry, effective = tap.data.get(tags.EXPIRY), tap.data.get(tags.EFFECTIVE)
    if expiry is not None and bcd.to_date(expiry) < today:
        raise _Refusal("expired", "5F24 " + expiry.hex())
    if effective is not None and bcd.to_date(effective) > today:
        raise _Refusal("not_yet_valid", "5F25 " + effective.hex())


def _refuse_listed(tap, purchase, pan):
    if not pan:
        return
    psn = tap.psn() if tags.PSN in tap.data else None
    reason = yield Ask(purchase.refuse, pan, psn)
    if reason:
        raise _Refusal(reason)


def gate(tap, purchase, chain):
    """Generator: everything that must hold before the last READ RECORD: Ready, or _Refusal
    (qpboc.md G).

    Nobody else makes a Ready, and commit() takes nothing else (QT-143).
    """
    if len(tap.read_list()) < 2:
        raise _Refusal("card_data", "AFL of one record", outcome.FAILED)  # QT-161
    if not tap.has_dda():
        raise _Refusal("oda_failed", chain.without_dda(), outcome.FAILED)  # QT-107, QT-145, QT-213
    for tag in MANDATORY + chain.mandatory():  # QT-186
        if not tap.value(tag):
            raise _Refusal("oda_failed", "%X missing" % tag, outcome.FAILED)
    pan = tap.pan()
    if not pan:
        raise _Refusal("card_data", "no card number")
    if not _sent_whole(tap, purchase, tags.TTQ):
        # A PDOL that cuts it would talk us down to version 00, which signs no amount.
        raise _Refusal("oda_failed", "PDOL cuts 9F66", outcome.FAILED)  # QT-006, QT-210
    if not _sent_whole(tap, purchase, tags.UN) or (
        fdda.may_be_version_01(tap) and not _sent_whole(tap, purchase, tags.CURRENCY)
    ):
        # Cut short, it would sign nothing that is new (QT-030).
        raise _Refusal("oda_failed", "PDOL lacks what fDDA signs", outcome.FAILED)  # QT-151
    if not _sent_whole(tap, purchase, tags.AMOUNT):
        raise _Refusal("card_data", "PDOL without 9F02")  # QT-153
    tap.balance_fen()  # well-formed, or FormatError while nothing is charged
    psn_refusal = yield Ask(purchase.refuse, pan, tap.psn())
    if psn_refusal:
        raise _Refusal(psn_refusal)  # QT-152
    try:
        opened = chain.finish()
        fdda.check_version_00(tap, opened, purchase.editions)
    except oda.OdaFailed as failed:
        raise _Refusal("oda_failed", str(failed), outcome.FAILED)
    sfi, number, _ = tap.read_list()[-1]
    return Ready(tap, (sfi, number), opened)


def _sent_whole(tap, purchase, tag):
    return tap.as_sent(tag) == purchase.values[tag]


def commit(ready):
    """Generator: the last READ RECORD.

    Returns its bytes, for the device to keep before conclude() goes on (QT-163); or the Outcome of
    a lost answer, whose `taken` is None: nobody knows. It is False where a card that changes
    records says that nothing has changed (QX-031).
    """
    sfi, number = ready.last
    try:
        record, sw = apdu.split((yield apdu.read_record(sfi, number)))
    except (LinkLost, FormatError) as gone:
        return torn(ready.tap, str(gone))
    if sw != apdu.SW_OK:
        known = _extended().lost(ready.tap, sw) if ready.tap.extension else None
        return known or torn(ready.tap, "last record: SW %04X" % sw)  # QT-166
    return record


def torn(tap, detail):
    """The Outcome of a lost last answer: unknown, the pending entry stays open.

    tap: None when it is not known whose.
    """
    return outcome.Outcome(
        outcome.TORN_PENDING,
        "last_record_lost",
        detail,
        tap.decision if tap else "",
        outcome.NOT_PERFORMED,
        None,
        None,
        tap,
    )


def conclude(ready, editions, record, kind=outcome.APPROVED, reason="ok"):
    """Outcome once the last record is here: the debit stands whatever follows (QT-164).

    kind, reason: what an approval is called; torn.py passes `recovered`. Raises nothing: the gate
    has proven every value that is used here, and the last record is not trusted.
    """
    tap = ready.tap
    sfi, number = ready.last
    balance_fen = tap.balance_fen()
    detail = ""
    try:
        tap.take_record(sfi, number, record)
        version = fdda.check_signature(tap, ready.opened, editions)  # QT-234, QT-235
        if tap.extension and version == outcome.FDDA_01:
            _extended().check_offer(tap)
    except (FormatError, oda.OdaFailed) as failed:
        kind, reason, detail = fdda.after_failure(tap), "oda_failed", str(failed)
        version = outcome.FAILED
    if balance_fen is None:
        balance_fen = _late_balance(tap)
    if balance_fen is None:
        balance_fen = tap.balance_from_before()
    return outcome.Outcome(kind, reason, detail, tap.decision, version, balance_fen, True, tap)


def _late_balance(tap):
    """9F5D may travel in the last record; a malformed one there changes no verdict."""
    try:
        return tap.balance_fen()
    except FormatError:
        return None
