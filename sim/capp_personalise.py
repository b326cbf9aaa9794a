# SPDX-License-Identifier: Apache-2.0
"""The extended part of a card's image: files, record keys, opening keys (JR/T 0025.14 9).

    image["extended"] = {df61, cipher, withheld, strict, offset_limit_fen,
                         files {SFI: {opening, most_bytes, space_bytes}},
                         records [[SFI, record, key]], ring {length, kept, key, records}}

Bytes are hex texts, an SFI is two digits of hex. Keys derive from the test masters of capp_keys.
"""

from sim import capp_keys
from sim.capp_profile import CYCLIC_SFI, LAYOUTS, Ring, blank

MOST_RECORD_BYTES = 200  # with R-MAC, ID and header it still fits a short command
SPACE_BYTES = 600  # of one file


def extended(pan, psn, extension):
    """The dict of an image; `extension` of capp_profile.py."""
    cipher = capp_keys.CIPHERS[extension.cipher]
    factor = capp_keys.factor_of(pan, psn)

    def derived(key_use, version):
        master = capp_keys.known_master(key_use, version, extension.cipher)
        return _hex(capp_keys.record_key(cipher, master, factor))

    made = {
        "df61": extension.df61,
        "cipher": extension.cipher,
        "withheld": extension.withheld,
        "strict": extension.strict,
        "offset_limit_fen": extension.offset_fen,
        "files": {},
        "records": [],
        "ring": None,
    }
    # Files are made for every trade of the layout; a trade that is not opened has no record
    for place in LAYOUTS[extension.layout].values():
        sfi = getattr(place, "sfi", CYCLIC_SFI)
        made["files"][f"{sfi:02X}"] = {
            "opening": derived(capp_keys.OPENING_USE, sfi),
            "most_bytes": MOST_RECORD_BYTES,
            "space_bytes": SPACE_BYTES,
        }
    for place in extension.places:
        key = derived(place.key_use, place.version)
        if isinstance(place, Ring):
            made["ring"] = {"length": place.length, "kept": place.kept, "key": key}
        else:
            made["records"].append([f"{place.sfi:02X}", _hex(blank(place)), key])
    return made


def _hex(value):
    return value.hex().upper()
