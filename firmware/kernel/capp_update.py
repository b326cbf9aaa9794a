# SPDX-License-Identifier: Apache-2.0
"""UPDATE CAPP DATA CACHE: what a purchase writes into records of the card, between GPO and the
first READ RECORD (JR/T 0025.14 §5.2.2..5.2.4, A.2).

The card keeps the records beside the debit that it has set aside; the last READ RECORD makes both
final, and a card that is left before takes both back. So a refusal here costs nobody anything, as
long as the last record is not read (QX-028): prepare() ends.
"""

from firmware.errors import FormatError
from firmware.kernel import apdu, capp, oda, outcome, tags
from firmware.kernel.work import Ask

MAC_BYTES = 4
HEADERS = (4, 5)  # bytes of the command that its MAC covers
LONGEST = 255 - MAC_BYTES  # a record and its MAC go into one short command

# What GPO says of pre-authorisations: a word each (JR/T 0025.14 §6.2.2 (2); QX-020)
GPO_REFUSALS = {
    0x6971: "pre_authorised_thrice",
    0x6972: "pre_authorised",
    0x6973: "not_pre_authorised",
}
NOTHING_CHANGED = 0x6974  # at the last record (QX-031)
R_MAC_OVER = b"\x90\x00"  # an R-MAC answers for the status word alone
# What UPDATE says that no second tap will change: length, structure, file, MAC, function, class,
# application forbidden (JR/T 0025.14 table A.6; 6988 is the usual word for a MAC)
FOR_GOOD = (
    0x6700, 0x6981, 0x6986, 0x6988, 0x6A80, 0x6A81, 0x6A84, 0x6D00, 0x6E00, 0x9407,
)  # fmt: skip


def refusal_before(tap, extension):
    """(reason, detail) of an extension that must not be sent, None if it may: nothing has gone to
    the card yet, so that nothing can be half done.
    """
    kind = extension.kind
    if not capp.permits(extension.df61, kind) or extension.df61 not in capp.OFFERS:
        return "capp_unfit", "DF60 %d to DF61 %02X" % (kind, extension.df61)  # QX-017
    if tap.as_sent(tags.CAPP_INDICATOR) != bytes((kind,)):
        return "capp_unfit", "DF60 was not sent"
    if not extension.changes or extension.header not in HEADERS:
        return "capp_unfit", "nothing to change"
    for change in extension.changes:
        wrong = change_fault(change, kind)
        if wrong:
            return "capp_unfit", wrong
        if change.session is None:
            return "module_failed", "no session"  # QX-072
    return None


def change_fault(change, kind):
    """What is wrong with a Change, "" if nothing (QX-024)."""
    before, after = change.before, change.after
    if not 0 < len(after) <= LONGEST:
        return "a record of %d bytes" % len(after)
    if change.sfi == capp.CYCLIC_FILE:
        return "length changed" if before and len(before) != len(after) else ""
    if change.sfi not in capp.FILES:
        return "file %02X" % change.sfi
    if len(before) != len(after):
        return "length changed"
    if capp.header_fault(before, before[:2]) or before[:3] != after[:3]:
        return "no record"
    if before[4] != capp.RECORD_KIND[kind] or after[4:6] != before[4:6]:
        return "a record of kind %d" % before[4]  # QX-012
    return ""


def update(tap, extension):
    """Generator: None when the card has taken every change, else (reason, detail): the last record
    must not be read then (QX-028). Nothing comes between GPO and these (QX-022, QX-029).
    """
    if extension.kind == capp.PRE_AUTHORISATION and any(tap.value(tags.CRYPTOGRAM)):
        return "card_data", "a TC where a sum was frozen"  # QX-021
    initial = bytes(6) + tap.value(tags.ATC)  # of this GPO (QX-025)
    changes = extension.changes
    for number, change in enumerate(changes, 1):
        mac = yield Ask(change.session.mac, initial, _covered(change, extension))
        if mac is None or len(mac) != MAC_BYTES:
            return "module_failed", "no MAC"  # QX-073
        # the module computes while the card does, and is asked for it behind the answer
        if extension.df61 & capp.WITH_R_MAC:
            yield Ask(change.session.ahead, bytes(4) + mac, R_MAC_OVER)
        elif number < len(changes):
            later = changes[number]
            yield Ask(later.session.ahead, initial, _covered(later, extension))
        answer = yield update_capp_data_cache(change.sfi, change.following, change.after, mac)
        refusal = yield from _answered(answer, change, mac, extension.df61)
        if refusal:
            return refusal
    return None


def _covered(change, extension):
    """Bytes that the MAC of a Change covers (JR/T 0025.14 A.2.4)."""
    head = _head(change.sfi, change.following, len(change.after))
    return head[: extension.header] + change.after


def _head(sfi, following, count):
    return bytes((0x84, 0xDE, 0x00, sfi << 3 | following, count + MAC_BYTES))


def update_capp_data_cache(sfi, following, record, mac):
    """UPDATE CAPP DATA CACHE: a variable record whole, with ID and length, of the cyclic file the
    data alone (JR/T 0025.14 A.2; QX-023).
    """
    return _head(sfi, following, len(record)) + record + mac + b"\x00"


def _answered(answer, change, mac, df61):
    """Generator: None, or (reason, detail) of an answer to UPDATE."""
    try:
        data, sw = apdu.split(answer)
    except FormatError as wrong:
        return "update_failed", str(wrong)
    if sw != apdu.SW_OK:
        return _refusal_by(sw, change), "SW %04X" % sw  # QX-026, QX-027
    if df61 & capp.WITH_R_MAC:
        due = yield Ask(change.session.mac, bytes(4) + mac, R_MAC_OVER)
        if due is None:
            return "module_failed", "no R-MAC"  # QX-073
        if data != due:
            return "update_failed", "R-MAC"  # QX-026
    elif data:
        return "update_failed", "%d bytes without R-MAC" % len(data)
    return None


def _refusal_by(sw, change):
    """Word of a status word of UPDATE. Read, a cyclic file that nobody has opened looks like an
    empty one: only here does the card say that it has neither file nor key.
    """
    if sw in capp.MISSING or not change.before:
        return "record_missing"
    return "update_refused" if sw in FOR_GOOD else "update_failed"


def lost(tap, sw):
    """Outcome of a status word at the last record, None where nobody knows (QX-031).

    6974 is said of pre-authorisation and completion alone: nothing has changed. After a deduction
    the standard does not say what it means, so that stays unknown until the card is asked.
    """
    if sw != NOTHING_CHANGED or tap.extension.kind == capp.DEDUCTION:
        return None
    return outcome.refused(
        outcome.DECLINED, "update_failed", "last record: SW 6974", tap.decision, tap=tap
    )


def check_offer(tap):
    """9F69, which a signature of version 01 covers, against DF61 of the FCI: OdaFailed where they
    differ (JR/T 0025.14 §5.2.6, §6.2.6; QX-006, QX-032).
    """
    told = tap.value(tags.CARD_AUTHENTICATION_DATA)[7:8]
    if told != bytes((tap.extension.df61,)):
        raise oda.OdaFailed("9F69 and DF61 disagree")
