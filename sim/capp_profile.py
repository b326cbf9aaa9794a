# SPDX-License-Identifier: Apache-2.0
"""What an extended application is personalised with: trades, their records, offset, R-MAC.

    Extension(trades=("metro", "rides"), r_mac=True, offset_fen=40000)

What a record says is the trade's own business (firmware/capp/layouts.py): a card knows its place,
its header and its length. Lengths in bytes are whole records, ID and length byte included.
"""

from collections import namedtuple
from dataclasses import dataclass

from firmware.capp import layouts
from sim import capp_keys

DEDUCTION, PRE_AUTHORISATION = 1, 2  # byte 5 of a record (JR/T 0025.14 B.1)
CYCLIC_SFI = 0x1E
# SFI, ID, length of a variable record, kind, key use and version of its master key
Place = namedtuple("Place", "sfi id length kind key_use version")
# length of a cyclic record, how many are kept, key of the file
Ring = namedtuple("Ring", "length kept key_use version")

KEY_USE = 0x28  # the one seen in public reader code (capp.md 2.6)
# Versions of the masters, by trade
VERSIONS = {
    "rides": 0x01, "metro": 0x02, "bus": 0x03, "toll": 0x04, "parking": 0x05, "rail": 0x06,
    "bike": 0x07, "fuel": 0x08, "pass": 0x09, "meter": 0x0A,
    "parking_pass": 0x0B,
}  # fmt: skip
RINGS = {"own": 10, "t-union": 30}  # records that the cyclic file keeps


def _places(profile):
    """{trade: Place or Ring} of a profile of record layouts."""
    found: dict[str, Place | Ring] = {}
    for trade, (sfi, name, length, fields) in layouts.PROFILES[profile].items():
        key = KEY_USE, VERSIONS[trade]
        if sfi == CYCLIC_SFI:
            found[trade] = Ring(length, RINGS[profile], *key)
        else:
            kind = PRE_AUTHORISATION if fields is layouts.FREEZE else DEDUCTION
            found[trade] = Place(sfi, name.hex(), length, kind, *key)
    return found


LAYOUTS = {profile: _places(profile) for profile in layouts.PROFILES}


@dataclass(frozen=True)
class Extension:
    """The extended application of a card.

    | field | values |
    |---|---|
    | `trades` | names of LAYOUTS[`layout`]; "rides" is the cyclic file |
    | `layout` | own or t-union |
    | `r_mac` | answers carry an R-MAC: b8 of DF61 |
    | `pre_authorisation` | DF61 = 02 instead of 01; follows of the trades where it is None |
    | `offset_fen` | DF62, None for a card without deposit offset |
    | `cipher` | 3des or sm4, of record keys and MACs |
    | `withheld` | 9F26 of an approved pre-authorisation: absent or zero (capp.md 3, point 10) |
    | `strict` | as seen: 6986 for UPDATE without a read, 6974 for a deduction without UPDATE |
    """

    trades: tuple = ("metro",)
    layout: str = "own"
    r_mac: bool = False
    pre_authorisation: bool | None = None
    offset_fen: int | None = None
    cipher: str = "3des"
    withheld: str = "absent"
    strict: bool = False

    def __post_init__(self):
        known = LAYOUTS.get(self.layout)
        if known is None:
            raise ValueError(f"no record layouts {self.layout!r}; there are {', '.join(LAYOUTS)}")
        for trade in self.trades:
            if trade not in known:
                raise ValueError(
                    f"no trade {trade!r} in the layouts {self.layout!r}; there are"
                    f" {', '.join(known)}"
                )
        if not self.trades or len(set(self.trades)) != len(self.trades):
            raise ValueError("an extended application has trades, each once")
        if self.cipher not in ("3des", "sm4") or self.withheld not in ("absent", "zero"):
            raise ValueError("cipher is 3des or sm4, withheld is absent or zero")

    @property
    def places(self):
        """The Place or Ring of each trade."""
        return [LAYOUTS[self.layout][trade] for trade in self.trades]

    @property
    def df61(self):
        """DF61 as hex: 01, 02, 81 or 82."""
        asked = self.pre_authorisation
        if asked is None:
            asked = any(getattr(one, "kind", 0) == PRE_AUTHORISATION for one in self.places)
        return f"{(2 if asked else 1) | (0x80 if self.r_mac else 0):02X}"


def blank(place):
    """A record that no trade has written: header, and zeros."""
    header = bytes.fromhex(place.id) + bytes([place.length - 3, 1, place.kind, 0])
    return header.ljust(place.length, b"\0")


def known_key_rows(cipher="3des"):
    """The test masters of all trades as rows of a module's key file: `28/02 3des KEY  # metro`."""
    for trade, version in sorted(VERSIONS.items(), key=lambda one: one[1]):
        master = capp_keys.known_master(KEY_USE, version, cipher).hex()
        yield f"{KEY_USE:02X}/{version:02X} {cipher} {master}  # {trade}"


def opening_key_rows(cipher="3des"):
    """The test masters of opening keys, by file: rows for an issuing tool, for no terminal."""
    for sfi in sorted({getattr(one, "sfi", CYCLIC_SFI) for one in LAYOUTS["own"].values()}):
        master = capp_keys.known_master(capp_keys.OPENING_USE, sfi, cipher).hex()
        yield f"{capp_keys.OPENING_USE:02X}/{sfi:02X} {cipher} {master}  # opens file {sfi:02X}"


def trade_rows():
    """(layout, trade, SFI, ID, bytes, what for, key use/version) of all trades, as texts."""
    for layout, trades in LAYOUTS.items():
        for trade, one in trades.items():
            key = f"{one.key_use:02X}/{one.version:02X}"
            if isinstance(one, Ring):
                sizes = f"{one.kept} x {one.length}"
                yield layout, trade, f"{CYCLIC_SFI:02X}", "", sizes, "cyclic file", key
            else:
                use = "pre-authorisation" if one.kind == PRE_AUTHORISATION else "deduction"
                yield layout, trade, f"{one.sfi:02X}", one.id, str(one.length), use, key
