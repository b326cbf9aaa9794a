# SPDX-License-Identifier: Apache-2.0
"""What a sale says to the acquirer: the fields of its message that card and terminal decide.

One dict a sale, field number -> text, field 55 as hex (clearing.md 3, 5, 6, 8). Merchant, batch,
trace number and MAC are the acquirer's and stand in no record. Nothing is converted and no
cryptogram input is rebuilt: what a card was not asked for and is no constant stays out.
"""

from firmware.errors import FormatError
from firmware.formats import record
from firmware.kernel import tags, tlv

# JR/T 0025.12 §6.1.2, QT-261: contactless chip, no PIN; a sale by the full path would say 98
ENTRY_MODE = "072"
OFFLINE_SALE, NETWORK, READS_CONTACTLESS, CHIP_GOOD = "36", "000", "6", "0"
FIELD_55 = (*record.CHIP_TAGS[:20], 0x9F63, 0x9F74, 0x8A)
# Not returned or not asked for in qPBOC, and the same in every offline sale.
CONSTANTS = {0x9F27: b"\x40", 0x95: bytes(5), 0x9F03: bytes(6), 0x9C: b"\x00", 0x8A: b"Y1"}
TTQ_QPBOC = 0x20
EXPIRY = 0x5F24


def sale_fields(raw: bytes, order: tuple[int, ...] = FIELD_55) -> dict[str, str]:
    """Fields of the message that clears one record; FormatError for all that is no qPBOC sale.

    A TC whose last record was not read is never among them: only an APPROVED record is (QT-159).
    Field 14 is there where the card gave its expiry, 5F24. order: tags of field 55.
    """
    values = record.unpack(raw)
    if values["kind"] != record.APPROVED:
        raise FormatError("a record of kind %s is no sale" % record.kind_name(values["kind"]))
    chip = {one.tag: one.value for one in tlv.parse(values["chip_data"])}
    if not (chip.get(tags.TTQ) or b"\x00")[0] & TTQ_QPBOC:
        raise FormatError("not a sale by qPBOC")
    if tags.CURRENCY not in chip:
        raise FormatError("a sale whose currency was not sent to the card")
    expiry = chip.get(EXPIRY, b"").hex()[:4]
    return {
        "2": record.pan_digits(values["pan"]),
        "3": "000000",
        "4": "%012d" % values["amount_fen"],
        "12": values["time"],
        "13": values["date"][2:],
        **({"14": expiry} if len(expiry) == 4 and expiry.isdecimal() else {}),
        "22": ENTRY_MODE,
        "23": "%03d" % values["psn"],
        "38": chip.get(tags.EC_APPROVAL_CODE, b"").decode("ascii", "replace"),  # QT-260
        "49": chip[tags.CURRENCY].hex()[-3:],  # QT-264
        "55": field_55(chip, order).hex().upper(),
        "60": OFFLINE_SALE + "000000" + NETWORK + READS_CONTACTLESS + CHIP_GOOD,
    }


def field_55(chip: dict[int, bytes], order: tuple[int, ...] = FIELD_55) -> bytes:
    """Chip data in the acquirers' order, bytes as sent and received (QT-258)."""
    found = [(tag, chip.get(tag, CONSTANTS.get(tag))) for tag in order]
    return b"".join(tlv.build(tag, value) for tag, value in found if value)
