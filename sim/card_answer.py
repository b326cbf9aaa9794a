# SPDX-License-Identifier: Apache-2.0
"""What a card says about a transaction: the GPO answer, 9F10, 9F4B with 9F69.

JR/T 0025.12 tables 11, 12 and annexes B to E (qpboc.md 2.2 to 2.8). `card` is a sim.card.Card
whose state is already the one after the debit; only the signature is kept in it here.
"""

from sim import card_data, card_risk, cryptogram
from sim.card_money import PURSES
from sim.card_risk import AAC, ARQC, TC
from sim.coding import tlv

CVR_KINDS = {AAC: 0x80, TC: 0x90, ARQC: 0xA0}  # 9F10 byte 5
AIP_DDA = 0x20  # 82 byte 1 b6
CTQ_OWN_BITS = 0x30  # 9F6C byte 1, bits 6 and 5 are the issuer's; 8 and 7 the CVM's, the rest RFU
# 9F10 byte 10: what the amounts of the issuer discretionary data are
IDD_AMOUNTS = {
    1: ("balance",),
    2: ("total",),
    3: ("balance", "total"),
    4: ("total", "limit"),
    5: ("balance",),
}
DEFAULT_IAD = "07010103000000010A01"


def gpo_answer(card, verdict, terminal, told=None):
    """Return (content of template 77, 9F26), in the order of the published cards.

    An element travels once a transaction: what an AFL record holds is left out of a TC. `told`
    stands in the answer in place of 9F26 (b"": none is in it).
    """
    approved = verdict.kind == TC
    atc = card.atc.to_bytes(2, "big")
    iad = issuer_application_data(card, verdict, atc)
    face = card.face
    ac = cryptogram.application_cryptogram(face.cipher, face.udk_ac, terminal, face.aip, atc, iad)
    ctq = card_transaction_qualifiers(card, verdict)
    signs = approved and face.aip[0] & AIP_DDA
    sdad = _sign(card, terminal, atc, ctq) if signs else b""
    elsewhere = face.tags if approved else ()
    in_record = approved and face.sdad_record
    parts = (
        (0x82, face.aip),
        (0x94, face.afl if approved else b""),
        (0x9F36, atc),
        (0x57, _own(card, 0x57, elsewhere)),
        (0x9F10, iad),
        (0x9F26, ac if told is None else told),
        (0x9F4B, b"" if in_record else sdad),
        (0x5F34, _own(card, 0x5F34, elsewhere)),
        (0x9F6C, ctq),
        (0x9F63, _own(card, 0x9F63, elsewhere)),
    )
    body = b"".join(tlv(tag, value) for tag, value in parts if value)
    return (body if in_record else body + available(card)), ac


def _own(card, tag, elsewhere):
    """Return a personalised value, empty when the card has none or gives it elsewhere."""
    if tag in elsewhere:
        return b""
    if tag == 0x57:
        told = card.image.get("track2_in", "gpo")
        return bytes.fromhex(card.image["track2_57"]) if told else b""
    return bytes.fromhex(card.image["internal_data"].get(f"{tag:04X}", ""))


def issuer_application_data(card, verdict, atc):
    """Return 9F10; its balance is the one after the debit (qpboc.md 2.4, point 8)."""
    template = bytes.fromhex(card.image.get("iad_template", DEFAULT_IAD))
    face = card.face
    fixed = template[:4] + bytes([CVR_KINDS[verdict.kind], verdict.cvr, 0, face.cipher.code])
    names = IDD_AMOUNTS.get(template[9]) if len(template) > 9 else None
    if names is None or template[8] != 5 + 5 * len(names):
        return fixed + template[8:]  # nothing, or static data
    limit = card.image["internal_data"].get("9F54", "0")
    amounts = {
        "balance": card.state[PURSES[card.purse]],
        "total": card.state["total_fen"],
        "limit": int(limit),
    }
    return fixed + cryptogram.issuer_discretionary_data(
        face.cipher, face.udk_mac, atc, template[9], [amounts[name] for name in names]
    )


def card_transaction_qualifiers(card, verdict):
    """Return 9F6C, empty when the card has none."""
    own = card.image["internal_data"].get("9F6C")
    if own is None:
        return b""
    return bytes([int(own[:2], 16) & CTQ_OWN_BITS | verdict.ctq, 0])


def _sign(card, terminal, atc, ctq):
    """Return 9F4B and keep it; version 01 with a new 9F69 if the reader knows it."""
    dynamic = terminal.get(0x9F37, bytes(4))
    newest = card.image.get("fdda", "01")
    if newest == "01" and card_risk.has(terminal[0x9F66], card_risk.TTQ_FDDA_01):
        card_auth = b"\x01" + card.random(4) + (ctq or bytes(2))
        card_auth += bytes.fromhex(card.image.get("capp", "00"))  # JR/T 0025.14 5.2.6
        more = card.image.get("card_auth_bytes", 8) - len(card_auth)
        card_auth += card.random(more) if more else b""
        card.state["card_auth"] = card_auth.hex().upper()
        dynamic += terminal.get(0x9F02, b"") + terminal.get(0x5F2A, b"") + card_auth
    forged = card.image.get("oddities", {}).get("forged")
    sdad = card.key.sign_dynamic(atc, dynamic + b"\x00" * (forged == "hash"))
    if forged == "sdad":
        sdad = card.key.spoilt(sdad)
    card.state["sdad"] = sdad.hex().upper()
    return sdad


def available(card):
    """Return 9F5D as an object, nothing when the card does not give it."""
    value = card_data.data_object(card, 0x9F5D)
    return b"" if value is None else tlv(0x9F5D, value)
