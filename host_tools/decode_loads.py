# SPDX-License-Identifier: Apache-2.0
"""A card's load log as READ RECORD with P1 = 00 gives it (JR/T 0025.13 tables 12, 13; QT-274)."""

from collections.abc import Iterator

from firmware.kernel import enquiry
from host_tools.decode_names import TAGS
from host_tools.decode_values import Row

HEAD, MAC = 3, 4


def explain_loads(data: bytes, depth: int = 0) -> Iterator[Row]:
    """Rows of ATC, each load, MAC. FormatError when the length does not fit the count."""
    atc, loads, mac = enquiry.parse_load_proof(data)
    yield Row(depth, "ATC", data[:2], "application transaction counter", str(atc))
    yield Row(depth, "count", data[2:HEAD], "loads that follow", str(len(loads)))
    for place, load in enumerate(loads):
        at = HEAD + place * enquiry.PROOF_ROW
        name = TAGS.get(load.tag, ("value", ""))[0]
        words = f"{name}: {load.old_fen} fen, then {load.new_fen} fen"
        yield Row(depth + 1, "%X" % load.tag, data[at : at + enquiry.PROOF_ROW], "load", words)
    yield Row(depth, "MAC", mac, "for the issuer, who alone can check it", "")
