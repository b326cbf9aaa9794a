# SPDX-License-Identifier: Apache-2.0
"""Messages that an acquirer gets: sign-on, a sale, settlement, batch lists (clearing.md 6 to 8).

Pure. What card and terminal decide comes from the record by host_tools/clearing.py, bytes as the
card sent them (CL-002, CL-003); merchant, batch and trace come from here. Nothing here can build a
reversal: an offline sale is never taken back on the card (CL-009).
"""

from firmware.errors import FormatError
from host_tools import clearing
from host_tools.acquirer.message import Message
from host_tools.acquirer.profile import Merchant, Profile

SALE, SETTLEMENT, LIST, SIGN_ON = "0200", "0500", "0320", "0800"
MANAGEMENT = "00"  # field 60.1
BALANCED, UNBALANCED, BALANCED_LISTED = "201", "202", "207"  # field 60.3 of 0500 and of the end
CHIP_BALANCED, CHIP_UNBALANCED = "203", "205"  # field 60.3 of a sale that is listed
PURCHASE, CONDITION, CNY = "000000", "00", "156"
FIELD_55_MOST = 255
SERIAL = b"Sequence No12"  # then 12 characters


def sale_message(
    profile: Profile, merchant: Merchant, raw: bytes, batch: int, trace: int
) -> Message:
    """0200 of one record. FormatError for what cannot be cleared: no sale, no currency CNY."""
    said = clearing.sale_fields(raw, profile.rules.field_55)
    if said["49"] != CNY:
        raise FormatError(f"currency {said['49']}: sales in {CNY} are cleared, without conversion")
    if len(said["55"]) > 2 * FIELD_55_MOST:
        raise FormatError("chip data of more than 255 bytes")
    rules = profile.rules
    fields = {
        2: said["2"],
        3: PURCHASE,
        4: said["4"],
        11: digits(trace),
        22: rules.field_22,
        23: said["23"].rjust(4, "0"),
        25: CONDITION,
        41: merchant.terminal,
        42: merchant.merchant,
        49: CNY,
        55: said["55"],
        60: said["60"][:2] + digits(batch) + said["60"][8:],
        63: rules.field_63,
    }
    if "14" in said:
        fields[14] = said["14"]
    for number in rules.optional:  # CL-004: 38 is the card's own approval code, 9F74
        if len(said[str(number)]) == {12: 6, 13: 4, 38: 6}[number]:
            fields[number] = said[str(number)]
    return _message(profile, SALE, {n: text for n, text in fields.items() if text})


def listed_message(profile: Profile, sold: Message, balanced: bool) -> Message:
    """0320 that repeats a sale when a batch is listed: same trace, same chip data."""
    amount = "610000" + sold.text(4) + CNY
    kind = CHIP_BALANCED if balanced else CHIP_UNBALANCED
    fields = {number: sold.text(number) for number in (2, 4, 11, 22, 23, 41, 42, 55)}
    fields[60] = MANAGEMENT + sold.text(60)[2:8] + kind + sold.text(60)[11:]
    fields[62] = amount.encode().hex().upper()
    return _message(profile, LIST, fields)


def settlement_message(
    profile: Profile, merchant: Merchant, batch: int, trace: int, count: int, amount_fen: int
) -> Message:
    """0500: what this side has in the batch; all of it is debits in CNY (CL-012)."""
    if count > 999:
        raise FormatError("a batch of more than 999 sales cannot be told")
    ours = "%012d%03d%012d%03d0" % (amount_fen, count, 0, 0)
    fields = _plain(merchant, batch, trace, BALANCED)
    fields.update({48: ours + "0" * len(ours), 63: profile.rules.operator})
    return _message(profile, SETTLEMENT, fields)


def end_message(
    profile: Profile, merchant: Merchant, batch: int, trace: int, count: int, kind: str
) -> Message:
    """0320 that ends a batch; `kind` is BALANCED, UNBALANCED or BALANCED_LISTED."""
    fields = _plain(merchant, batch, trace, kind)
    fields[48] = "%04d" % count
    return _message(profile, LIST, fields)


def sign_on_message(profile: Profile, merchant: Merchant, batch: int, trace: int) -> Message:
    """0800: asks for working keys and the number of the batch."""
    fields = _plain(merchant, batch, trace, profile.rules.sign_on)
    fields[62] = (SERIAL + merchant.serial.encode()).hex().upper()
    fields[63] = profile.rules.operator
    return _message(profile, SIGN_ON, fields)


def balance_of(answer: Message, error_digit: str) -> tuple[bool, bool]:
    """(balanced, error) of field 48 in 0510; a part that is neither 1 nor empty counts as not."""
    text = answer.text(48)
    if len(text) != 62:
        raise FormatError("0510 without its 62 digits")
    parts = text[30], text[61]
    return all(one in "01" for one in parts) and "1" in parts[:1], error_digit in parts


def digits(number: int) -> str:
    """A trace or batch number of 6 digits."""
    if not 0 <= number <= 999999:
        raise FormatError(f"{number} does not fit six digits")
    return "%06d" % number


def _plain(merchant: Merchant, batch: int, trace: int, kind: str) -> dict[int, str]:
    return {
        11: digits(trace),
        41: merchant.terminal,
        42: merchant.merchant,
        60: MANAGEMENT + digits(batch) + kind,
    }


def _message(profile: Profile, mti: str, fields: dict[int, str]) -> Message:
    return Message(mti, dict(sorted(fields.items())), profile.host.tpdu, profile.host.header)
