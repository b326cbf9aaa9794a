# SPDX-License-Identifier: Apache-2.0
"""A card is subscribed to a trade: a new record and its key by APPEND RECORD (QX-069).

Generators of commands as the kernel has them, no I/O: run by firmware.drive.

    read number, record, ATC -> APPEND RECORD -> the record is read back

What the card holds afterwards decides, not what it answered: a card that says 9000 and holds no
record is not subscribed, and one that was lost is unknown until settle() has asked it again.
Nothing is debited at any step.
"""

from collections.abc import Callable, Generator
from typing import NamedTuple

from firmware.errors import LinkLost
from firmware.kernel import capp, get_data, outcome, selection, tags
from firmware.kernel.card_number import read_card_number
from host_tools.issue.keys import HEADERS, IssuingKeys

DONE, THERE, REFUSED, UNKNOWN = "done", "there", "refused", "unknown"
OK = 0x9000
# Words of the card for APPEND RECORD (JR/T 0025.14 A.3); 6988 is usual for a wrong MAC
WORDS = {
    0x6581: "memory", 0x6700: "length", 0x6981: "file_structure", 0x6986: "not_selected",
    0x6988: "mac", 0x6A80: "record_too_long", 0x6A81: "not_supported", 0x6A82: "no_such_file",
    0x6A83: "no_such_record", 0x6A84: "no_space", 0x9407: "forbidden",
}  # fmt: skip
Draw = Callable[[], bytes]  # 8 random bytes, new each time, for R-MACs


class Order(NamedTuple):
    """What is put onto a card. record: whole, as layouts.issued() makes it; key: (use, version) of
    its management key; psn: two digits, as terminals have them in `key_factor`; header: of keys.py
    """

    sfi: int
    record: bytes
    key: tuple[int, int]
    psn: str = "01"
    header: int = HEADERS[0]

    @property
    def wants(self) -> tuple:
        """As kernel.capp.read_pages() takes it."""
        cyclic = self.sfi == capp.CYCLIC_FILE
        return self.sfi, 1 if cyclic else self.record[:2]


class Result(NamedTuple):
    """state: DONE; THERE, it had such a record before; REFUSED, it has none; UNKNOWN. word: why;
    pan: digits, "" where the card did not tell them; atc: as sent, b"" before.
    """

    state: str
    word: str
    pan: str = ""
    atc: bytes = b""


def subscribe(
    order: Order, keys: IssuingKeys, aids: tuple, draw: Draw
) -> Generator[bytes, bytes, Result]:
    """Result. FormatError for keys that are not there, before anything is written; LinkLost only
    where nothing can have been written.
    """
    pan, df61, refused = yield from _opened(aids)
    if refused:
        return Result(REFUSED, refused, pan)
    found, word = yield from _read(order, keys, df61, pan, draw)
    if word:
        return Result(REFUSED, word, pan)
    if found is not None:
        return Result(THERE, "same" if found == order.record else "another", pan)
    atc = yield from get_data.value(tags.ATC, 2)
    if atc is None:
        return Result(REFUSED, "atc_unread", pan)
    factor = factor_of(pan, order.psn)
    command = keys.append_record(order.sfi, order.key, factor, atc, order.record, order.header)
    try:
        _, sw = get_data.answered((yield command))
        result = yield from _judged(order, keys, df61, pan, draw)
    except LinkLost as gone:
        return Result(UNKNOWN, str(gone), pan, atc)
    said = "" if sw == OK else WORDS.get(sw, f"sw_{sw:04X}")
    if result.state == REFUSED and result.word == "not_there" and said:
        result = result._replace(word=said)
    return result._replace(atc=atc)


def settle(
    order: Order, keys: IssuingKeys, aids: tuple, draw: Draw, pan: str
) -> Generator[bytes, bytes, Result]:
    """Result of a card that was lost: DONE or REFUSED by what it holds; UNKNOWN `other_card`."""
    found, df61, refused = yield from _opened(aids)
    if refused or found != pan:
        return Result(UNKNOWN, refused or "other_card", pan)
    return (yield from _judged(order, keys, df61, pan, draw))


def factor_of(pan: str, psn: str) -> bytes:
    """What a card's keys derive from: the right 16 digits of number and sequence number."""
    return bytes.fromhex(("0" * 16 + pan + psn)[-16:])


def _opened(aids: tuple) -> Generator[bytes, bytes, tuple[str, int, str]]:
    """(digits, DF61, why not)."""
    selected = yield from selection.select_application(aids)
    if isinstance(selected, outcome.Outcome):
        return "", 0, selected.reason or "not_accepted"
    df61 = capp.offered(selected)
    pan = yield from read_card_number()
    return pan, df61, "" if df61 and pan else "number_unread" if df61 else "capp_absent"


def _read(
    order: Order, keys: IssuingKeys, df61: int, pan: str, draw: Draw
) -> Generator[bytes, bytes, tuple[bytes | None, str]]:
    """(the record on the card, None for none; why it cannot be said)."""
    reads, word = yield from capp.read_pages(df61, (order.wants,), draw)
    if word == "record_missing" or not word and not reads:
        return None, ""
    if word:
        return None, word
    session = keys.session(order.key, factor_of(pan, order.psn))
    mac = session.mac(reads[0].random, reads[0].page.data) if reads[0].random else None
    if capp.forged(reads[0], mac):
        return None, "record_forged"  # another key than ours guards it, or nobody's
    return reads[0].page.data, ""


def _judged(
    order: Order, keys: IssuingKeys, df61: int, pan: str, draw: Draw
) -> Generator[bytes, bytes, Result]:
    """By what the card holds now."""
    found, word = yield from _read(order, keys, df61, pan, draw)
    if word:
        return Result(REFUSED, word, pan)
    if found is None:
        return Result(REFUSED, "not_there", pan)
    return Result(DONE, "", pan) if found == order.record else Result(REFUSED, "another", pan)
