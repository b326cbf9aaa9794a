# SPDX-License-Identifier: Apache-2.0
"""fDDA: which version a signature has, whether it may have it, and what follows when it fails
(JR/T 0025.12 annex B, §7.8.1).
"""

from firmware.kernel import bits, oda, outcome, tags

EDITIONS = (b"\x00\x30",)  # 9F08 of cards of this edition (qpboc.md 3, point 5)
HASH_00, HASH_01 = "SDAD hash, version 00", "SDAD hash, version 01"
DOWNGRADE = "signature of version 00 from a card of this edition"


def check_version_00(tap, opened, editions):
    """What version 00 tells before the last record: it must fit where nothing else is possible
    (QT-150), and must not where this edition is due (QT-210). OdaFailed otherwise.
    """
    due = not may_be_version_01(tap) or _is_older(tap, editions)
    fits = opened.verify(tap.as_sent(tags.UN))
    oda.require(fits or not due, HASH_00)
    oda.require(due or not fits, DOWNGRADE)


def may_be_version_01(tap):
    """True when the TTQ that was sent allows version 01 (JR/T 0025.12 B.1)."""
    return bits.has(tap.as_sent(tags.TTQ), bits.TTQ_FDDA_01)


def _is_older(tap, editions):
    """True when 9F08 is of an older edition, whose cards can only sign version 00.

    Believed from signed records alone: anybody can write 9F08 into the others.
    """
    version = tap.value(tags.APPLICATION_VERSION)
    if not version or version in editions:
        return False
    return tap.is_signed(tags.APPLICATION_VERSION)


def check_signature(tap, opened, editions):
    """fDDA version word, or OdaFailed (JR/T 0025.12 B.2; QT-206..211).

    opened: of open_sdad() of either suite; version 01 also signs what is not 9F37 (QT-230).
    """
    related = tap.data.get(tags.CARD_AUTHENTICATION_DATA)
    un, currency = tap.as_sent(tags.UN), tap.as_sent(tags.CURRENCY)
    version = related[0] if related else 0  # QT-206
    oda.require(version in (0, 1), "9F69 of unknown version")
    if version == 0:
        if may_be_version_01(tap) and not _is_older(tap, editions):
            raise oda.OdaFailed(DOWNGRADE)  # QT-210
        oda.require(opened.verify(un), HASH_00)  # QT-207
        return outcome.FDDA_00
    oda.require(8 <= len(related) <= 16, "9F69 of %d bytes" % len(related))  # QT-208
    copy, qualifiers = related[5:7], tap.value(tags.CTQ) or b"\x00\x00"
    if copy != b"\x00\x00" and copy != qualifiers:
        # The laboratory cards leave the copy empty; a copy that is there must agree (qpboc.md 3,
        # point 4).
        raise oda.OdaFailed("9F69 and 9F6C disagree")  # QT-211
    if currency is None:
        raise oda.OdaFailed("signature of version 01 without a currency sent")
    signed = un + tap.as_sent(tags.AMOUNT) + currency + related
    oda.require(opened.verify(signed), HASH_01)  # QT-208, QT-209
    return outcome.FDDA_01


def after_failure(tap):
    """Outcome word when fDDA failed after the debit (JR/T 0025.12 §7.8.1; QT-236..238)."""
    ttq, ctq = tap.as_sent(tags.TTQ), tap.value(tags.CTQ)
    if bits.has(ctq, bits.CTQ_ONLINE_IF_ODA_FAILED) and not bits.has(ttq, bits.TTQ_OFFLINE_ONLY):
        return outcome.ONLINE
    if bits.has(ctq, bits.CTQ_CONTACT_IF_ODA_FAILED) and bits.has(ttq, bits.TTQ_CONTACT):
        return outcome.OTHER_INTERFACE
    return outcome.DECLINED
