# SPDX-License-Identifier: Apache-2.0
"""The stories of make_sessions.py: what each card does and what has to come of it.

A card that no issuer would make is a good one whose commands or answers are bent on the way.
"""

from collections import namedtuple

from firmware.kernel import apdu
from sim import coding
from sim.recording import LAST, Loss

ONLINE_CAPABLE = bytes.fromhex("26000080")
VERSION_00_ONLY = bytes.fromhex("28000000")
TORN_LAST = Loss(apdu.INS_READ_RECORD, LAST, True)
TORN_LAST_UNHEARD = Loss(apdu.INS_READ_RECORD, LAST, False)

# told: other headers; card: a dict for _card(); losses, between: as for recording.record()
Story = namedtuple("Story", "name note expects told card losses between")


def instead(start, change):
    """A bend of the answers to commands that start with hex `start`: change(card, answer)."""
    head = bytes.fromhex(start)
    return lambda card, command, answer: (
        change(card, answer) if command.startswith(head) else answer
    )


def record_with(extra):
    """A bend that adds hex objects to a record of template 70."""
    return lambda card, answer: (
        coding.tlv(0x70, coding.find(answer[:-2], 0x70) + bytes.fromhex(extra)) + answer[-2:]
    )


def _flip_certificate(card, answer):
    """The last byte of the record, the last of its one object."""
    return answer[:-3] + bytes([answer[-3] ^ 1]) + answer[-2:]


def _format_1(card, answer):
    body = coding.find(answer[:-2], 0x77)
    return coding.tlv(0x80, coding.find(body, 0x82) + coding.find(body, 0x94)) + answer[-2:]


def _sign_other_atc(card, answer):
    """The card signs the ATC after its own: everything else, the hash too, is right."""
    signed = bytes.fromhex("A1B2C3D4") + coding.n12(200) + b"\x01\x56"
    signed += bytes.fromhex(card.state["card_auth"])
    wrong = card.key.sign_dynamic((card.atc + 1).to_bytes(2, "big"), signed)
    return answer.replace(bytes.fromhex(card.state["sdad"]), wrong)


def _say_online_capable(command):
    """So that a card asks for an online cryptogram at a terminal that has no line."""
    return command.replace(bytes.fromhex("28000080"), ONLINE_CAPABLE)


def _in_hong_kong_dollars(card):
    card.image["internal_data"]["9F51"] = "0344"


def story(name, note, outcome, reason, told=None, losses=(None,), between=None, **rest):
    """One Story; `rest` is expected fields (cryptogram, oda, balance_fen, debits) and `card`."""
    card = rest.pop("card", {})
    expects = [("outcome", outcome), ("reason", reason)]
    expects += [(field, str(value)) for field, value in rest.items()]
    return Story(name, note, expects, told or {}, card, losses, between)


PAID = {"cryptogram": "TC", "oda": "fdda01", "balance_fen": 9800, "debits": 1}
FORGED = {"cryptogram": "TC", "oda": "failed", "debits": 0}
UNCHECKED = {"cryptogram": "TC", "oda": "not_performed", "debits": 0}
LEFT = {"oda": "not_performed", "debits": 0}

STORIES = (
    story("approved-v01", "a usual card, signature of version 01", "approved", "ok", **PAID),
    story(
        "approved-v00",
        "a terminal without version 01 (9F66 byte 4 bit 8 clear)",
        "approved",
        "ok",
        told={"ttq": VERSION_00_ONLY},
        **{**PAID, "oda": "fdda00"},
    ),
    story(
        "approved-long-key",
        "ICC key of 1152 bits: 9F4B travels in a record, 9F48 holds the rest of the key",
        "approved",
        "ok",
        card={"bits": 1152, "exponent": 65537},
        **PAID,
    ),
    story(
        "approved-extended-frame",
        "CA key of 1984 bits: the record of the issuer certificate has 254 bytes, more than a"
        " normal PN532 frame takes",
        "approved",
        "ok",
        card={"ca": "long"},
        **PAID,
    ),
    story(
        "approved-concession",
        "a student card, 62280002; it pays half of 2.00; 57 can be read without a GPO",
        "approved",
        "ok",
        told={"amount_fen": 100},
        card={"pan": "62280002"},
        **{**PAID, "balance_fen": 9900},
    ),
    story(
        "declined-low-balance",
        "0.50 on the card, the fare is 2.00: AAC",
        "declined",
        "card_declined",
        card={"balance_fen": 50},
        cryptogram="AAC",
        balance_fen=50,
        **LEFT,
    ),
    story(
        "declined-arqc-offline-only",
        "the card asks for an online cryptogram, the terminal has no line",
        "declined",
        "online_required",
        card={"single_limit_fen": 100, "ask": _say_online_capable},
        cryptogram="ARQC",
        **LEFT,
    ),
    story(
        "online-arqc",
        "more than the single limit of the card, at an online-capable terminal",
        "online",
        "card_requested_online",
        told={"ttq": ONLINE_CAPABLE},
        card={"single_limit_fen": 100},
        cryptogram="ARQC",
        **LEFT,
    ),
    story(
        "declined-expired",
        "5F24 is the day before",
        "declined",
        "expired",
        card={"effective": "150101", "expiry": "261120"},
        **UNCHECKED,
    ),
    story(
        "declined-not-yet-valid",
        "5F25 is the day after",
        "declined",
        "not_yet_valid",
        card={"effective": "261122"},
        **UNCHECKED,
    ),
    story(
        "declined-deny-list",
        "listed by the PAN in 57 of the GPO answer: no record is read",
        "declined",
        "deny_list",
        card={"denied": True},
        **UNCHECKED,
    ),
    story(
        "declined-deny-list-5a",
        "no 57 in the GPO answer: the PAN comes with 5A, in a record before the last",
        "declined",
        "deny_list",
        card={"denied": True, "track2_57": ""},
        **UNCHECKED,
    ),
    story(
        "declined-unknown-ca",
        "8F names a CA key the terminal does not hold",
        "declined",
        "oda_failed",
        card={"ca_index": 0xF2},
        **FORGED,
    ),
    story(
        "declined-forged-issuer",
        "one bit of the issuer certificate is wrong",
        "declined",
        "oda_failed",
        card={"answer": instead("00B20114", _flip_certificate)},
        **FORGED,
    ),
    story(
        "declined-forged-certificate",
        "one bit of the ICC certificate is wrong",
        "declined",
        "oda_failed",
        card={"forged": "certificate"},
        **FORGED,
    ),
    story(
        "declined-forged-signature",
        "9F4B does not open under the key of the card: refused before the debit is final",
        "declined",
        "oda_failed",
        card={"forged": "sdad"},
        **FORGED,
    ),
    story(
        "declined-forged-hash",
        "9F4B opens, its hash is wrong: seen when 9F69 is there, and the debit is final",
        "declined",
        "oda_failed",
        card={"forged": "hash"},
        **{**FORGED, "debits": 1},
    ),
    story(
        "declined-other-atc",
        "9F4B signs another ATC than 9F36",
        "declined",
        "oda_failed",
        card={"answer": instead("80A8", _sign_other_atc)},
        **FORGED,
    ),
    story(
        "torn-last-committed",
        "the answer to the last record is lost; second tap: same ATC, balance 98.00: the record is"
        " read again and the first transaction is completed",
        "recovered",
        "torn_recovered",
        losses=(TORN_LAST, None),
        **PAID,
    ),
    story(
        "torn-last-rolled-back",
        "the last READ RECORD never arrives; second tap: balance as before: void, a new"
        " transaction",
        "approved",
        "ok",
        losses=(TORN_LAST_UNHEARD, None),
        **PAID,
    ),
    story(
        "torn-last-long-key",
        "as torn-last-committed, with 9F4B in a record",
        "recovered",
        "torn_recovered",
        card={"bits": 1152},
        losses=(TORN_LAST, None),
        **PAID,
    ),
    story(
        "torn-last-twice",
        "the answer is lost twice, the second time when the record is read again",
        "recovered",
        "torn_recovered",
        losses=(TORN_LAST, Loss(apdu.INS_READ_RECORD, 1, True), None),
        **PAID,
    ),
    story(
        "torn-last-alone",
        "the answer to the last record is lost and the card does not come back",
        "torn_pending",
        "last_record_lost",
        losses=(TORN_LAST,),
        cryptogram="TC",
        debits=1,
    ),
    story(
        "torn-last-hidden",
        "the card gives records after a GPO only: it cannot show who it is, the entry stays open",
        "torn_pending",
        "last_record_lost",
        card={"records_need_gpo": True},
        losses=(TORN_LAST, None),
        cryptogram="TC",
        debits=1,
    ),
    story(
        "torn-other-currency",
        "at the second tap 9F51 is another currency and there is no log: suspect, no GPO",
        "torn_pending",
        "last_record_lost",
        card={"log": False},
        losses=(TORN_LAST, None),
        between=_in_hong_kong_dollars,
        cryptogram="TC",
        debits=1,
    ),
    story(
        "torn-gpo",
        "the answer to the GPO is lost and the card does not come back: it restores itself",
        "try_again",
        "card_lost",
        losses=(Loss(apdu.INS_GPO, 0, True),),
        **LEFT,
    ),
    story(
        "torn-middle",
        "torn at the second record, then presented again: one debit",
        "approved",
        "ok",
        losses=(Loss(apdu.INS_READ_RECORD, 1, True), None),
        **PAID,
    ),
    story(
        "other-no-ppse",
        "a card without payment applications",
        "other_interface",
        "no_ppse",
        card={"answer": instead("00A404000E", lambda card, answer: b"\x6a\x82")},
        **LEFT,
    ),
    story(
        "other-foreign",
        "only an application of another scheme",
        "other_interface",
        "no_common_app",
        card={"aid": "A0000000031010"},
        **LEFT,
    ),
    story(
        "other-blocked",
        "the application is blocked: 6283",
        "other_interface",
        "app_blocked",
        card={"blocked": "application"},
        **LEFT,
    ),
    story(
        "other-no-ttq",
        "the PDOL does not ask for 9F66",
        "other_interface",
        "no_pdol_ttq",
        card={
            "answer": instead(
                "00A4040008",
                lambda card, answer: answer.replace(b"\x9f\x66\x04", b"\x9f\x1c\x04"),
            )
        },
        **LEFT,
    ),
    story(
        "other-gpo-refused",
        "the ATC is used up: 6985",
        "other_interface",
        "gpo_refused",
        card={"atc": "FFFF"},
        **LEFT,
    ),
    story(
        "other-format-1",
        "the GPO is answered with template 80",
        "other_interface",
        "not_qpboc",
        card={"answer": instead("80A8", _format_1)},
        **LEFT,
    ),
    story(
        "declined-bad-tlv",
        "an object of a record is cut short",
        "declined",
        "card_data",
        card={"answer": instead("00B2021C", record_with("5F3009 01"))},
        **UNCHECKED,
    ),
    story(
        "declined-twice-same-tag",
        "5F34 in the GPO answer and again in a record",
        "declined",
        "card_data",
        card={"answer": instead("00B2021C", record_with("5F340101"))},
        **UNCHECKED,
    ),
    story(
        "declined-no-record",
        "a record of the AFL is not there: 6A83",
        "declined",
        "card_data",
        card={"answer": instead("00B2021C", lambda card, answer: b"\x6a\x83")},
        **UNCHECKED,
    ),
    story(
        "declined-one-record",
        "the AFL names one record: it would be the last, nothing can be checked before it",
        "declined",
        "card_data",
        card={"afl": "18030300"},
        **{**FORGED},
    ),
)
