# SPDX-License-Identifier: Apache-2.0
"""The two logs of a card: what was paid, what was loaded (qpboc.md 2.16).

JR/T 0025.5 18.1, .13 5.8: raw records without template or tags, number 1 the newest, 6A83 behind
the last; they may be read without a GPO and although the application is blocked. Where a log lies
stands in the FCI (9F4D, DF4D: SFI and how many are kept), its format in 9F4F or DF4F.
"""

from sim import card_risk, coding


class Logs:
    """Where the logs of an image lie; `sales` and `loads` are (SFI, records kept) or None."""

    def __init__(self, image):
        fci = bytes.fromhex(image["fci_contactless"])
        entries = coding.find(fci, 0x6F, 0xA5, 0xBF0C) or b""
        self.sales = _entry(coding.find(entries, 0x9F4D))
        self.loads = _entry(coding.find(entries, 0xDF4D))
        own = image["internal_data"]
        self.format = coding.dol(bytes.fromhex(own.get("9F4F", "")))
        self.load_format = coding.dol(bytes.fromhex(own.get("DF4F", "")))
        options = bytes.fromhex(own["9F68"])
        wanted = card_risk.has(options, card_risk.LOGGED)
        self.written = bool(self.sales and self.format and wanted)

    def holds(self, sfi):
        """True when this SFI is a log."""
        return sfi in [one[0] for one in (self.sales, self.loads) if one]

    def sale_record(self, terminal, atc):
        """[hex, records kept] of a sale with the GPO data `terminal`, None when none is written.

        An element that the PDOL does not ask for is filled with zeros.
        """
        if not self.written:
            return None
        values = {**terminal, 0x9F36: atc}
        return [_record(self.format, values).hex().upper(), self.sales[1]]

    def read(self, state, sfi, number, seal):
        """A record; None when there is none. `seal(data)` gives 4 bytes of MAC.

        Record 0 of the load log is all of it (JR/T 0025.13 tables 12, 13): ATC, count, so many
        times 22 bytes, MAC. What fills the 8 bytes behind old and new value is an assumption:
        date, time and ATC.
        """
        if self.sales and sfi == self.sales[0]:
            entries = [bytes.fromhex(one) for one in state["log"]]
            return entries[number - 1] if 1 <= number <= len(entries) else None
        loads = state["loads"][: self.loads[1]]
        if number == 0:
            rows = b"".join(_load_head(one) + _load_stamp(one) for one in loads)
            data = state["atc"].to_bytes(2, "big") + bytes([len(loads)]) + rows
            return data + seal(data)
        if number > len(loads):
            return None
        load = loads[number - 1]
        values = {int(tag, 16): bytes.fromhex(value) for tag, value in load[3].items()}
        return _load_head(load) + _record(self.load_format, values)

    def sales_told(self, state):
        """[(tag, hex)] of each sale that is logged, newest first."""
        for entry in state["log"]:
            yield _cut(self.format, bytes.fromhex(entry))

    def loads_told(self, state):
        """[(word or tag, hex)] of each load, newest first."""
        for tag, old, value, sent in state["loads"]:
            yield [(tag, value), ("was", old), *sent.items()]


def _cut(log_format, record):
    found, at = [], 0
    for tag, length in log_format:
        found.append((f"{tag:X}", record[at : at + length].hex().upper()))
        at += length
    return found


def _entry(value):
    return tuple(value) if value else None


def _record(log_format, values):
    return b"".join(
        values.get(tag, b"")[:length].ljust(length, b"\0") for tag, length in log_format
    )


def _load_head(load):
    return bytes.fromhex(load[0] + load[1] + load[2])


def _load_stamp(load):
    stamp = load[3]
    return bytes.fromhex(stamp.get("9A", "000000") + stamp.get("9F21", "000000") + stamp["9F36"])
