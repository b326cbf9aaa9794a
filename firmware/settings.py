# SPDX-License-Identifier: Apache-2.0
"""This unit's identity and wiring, from one text file of `key: value` lines (formats/lines.py).

| key | value |
|---|---|
| terminal | number of the terminal, 1.. |
| terminal_id | 9F1C, 8 letters or digits; the number of the terminal when not given |
| ifd_serial | 9F1E, serial number of the reader, likewise |
| device | one of DEVICES, a module of firmware/devices; inspector shows what a card holds |
| reader | serial:PATH on a PC, serial:UART:tx=PIN,rx=PIN on a board; others: docs/porting.md |
| reader_baud | highest speed of the reader link |
| reader_engine | chip: the PN532's own ISO-DEP; own: ours, with RATS E0 80 (type A) |
| reader_speed | 106, 212 or 424 kbit/s on the air, where a card of type A allows it |
| link | tcp:ADDRESS:PORT, tls:ADDRESS:PORT, serial:PATH or none (docs/upload.md) |
| link_baud | speed of a serial link |
| journal | file:PATH; on a board flash:LABEL (ESP32 partition) or flash:end (rp2) |
| journal_blocks | 4 KiB blocks of the journal, 9.. |
| parameters | path of the parameter file (formats/parameters.py) |
| authority | RSA modulus in hex: only parameters under its seal count (formats/seal.py) |
| authority_sm2 | SM2 point X, Y in hex: signs tables and lists as well (formats/signed.py) |
| line, stop, vehicle, driver, shift | numbers that stand in every record (TD-032) |
| MORE | of the trade: docs/operation.md |
| watchdog_ms | longest the loop may be left alone, 2000..600000; an RP2 takes 8388 at the most |
| trace | yes: report each exchange, card number masked; full: in clear; frames: the chip's too |
"""

from collections import namedtuple

from firmware.errors import FormatError
from firmware.formats import lines

SINGLE = (
    "terminal", "terminal_id", "ifd_serial", "device", "reader", "reader_baud", "reader_engine",
    "reader_speed", "link", "link_baud", "journal", "journal_blocks", "parameters", "authority",
    "authority_sm2", "line", "stop", "vehicle", "driver", "shift", "trace",
    "watchdog_ms",
)  # fmt: skip
# Of the trades: whom they talk to and what they sell. Text; each device parses its own.
MORE = (
    "adjust_min", "allow", "announcer", "area", "balance", "bill_kind", "bills", "buttons",
    "categories", "city", "class_differs", "console", "day_cut", "day_fen", "days_ahead",
    "degraded", "deny_list", "departs", "display", "docks", "door", "fares", "floor_pins",
    "floors", "freeze_fen", "gate", "gate_kind", "gate_lane", "grace_min", "journal_hash",
    "journal_key", "key_factor", "kiosk_key", "lane", "layout", "least_fen", "least_min",
    "link_ca", "link_cert", "link_key", "link_name", "longest_min", "loop", "meal_taps", "meals",
    "menu", "meter", "meter_kind", "missing_entry", "missing_exit", "module", "module_baud",
    "module_failures", "module_keys", "module_profile", "module_secret", "module_trade",
    "most_fen", "operator", "outputs", "overtime", "pass_over", "passback_s", "passes",
    "pay_lines", "presold", "price_fen", "printer", "product", "products", "pulse_ms", "pump",
    "purpose", "record_key", "records", "refund_rules", "return_min", "riders", "riders_blocks",
    "same_station", "seats", "sells", "service", "store", "store_blocks", "subsidy", "sums",
    "ticket_group", "ticket_keys", "tickets", "too_fast", "transfer", "transfer_free_min",
    "transfer_from", "transfer_min", "trips", "turn_min", "twin", "u_turn", "unit_pack",
    "unit_price_fen", "upload_bytes", "upload_key", "upload_mac", "upload_signed", "valid_min",
    "vehicle_class", "voice",
)  # fmt: skip
SALES = ("reader", "journal", "parameters")
NEEDED = {
    "access": SALES + ("allow", "door"),
    "adjust": SALES + ("product", "fares"),
    "attendance": SALES,
    "bike": SALES + ("docks", "fares", "product", "freeze_fen"),
    "bus": SALES,
    "canteen": SALES,
    "coach": SALES + ("console", "fares", "product"),
    "fuel": SALES + ("pump", "freeze_fen"),
    "gate": SALES + ("gate",),
    "inspector": ("reader",),
    "kiosk": SALES + ("console", "printer", "kiosk_key", "products"),
    "lift": SALES + ("allow", "floors", "floor_pins"),
    "metro": SALES + ("lane", "product", "fares", "door"),
    "parking": SALES + ("lane", "product", "fares"),
    "shop": SALES,
    "stage": SALES + ("module", "record_key", "key_factor"),
    "taxi": SALES + ("meter",),
    "toll": SALES + ("lane", "product", "fares", "door"),
    "utilities": SALES + ("console",),
}
DEVICES = tuple(sorted(NEEDED))
TRACES = ("no", "yes", "full", "frames")
# who opens which: firmware/assemble.py
READER_KINDS = ("serial", "spi", "i2c", "pn532pi", "adafruit", "stage")

Settings = namedtuple(
    "Settings",
    (
        "terminal", "terminal_id", "ifd_serial", "device", "reader", "reader_baud",
        "reader_engine", "reader_speed", "link", "link_baud", "journal", "journal_blocks",
        "parameters", "authority", "authority_sm2", "line", "stop", "vehicle", "driver", "shift",
        "watchdog_ms", "trace", "more",
    ),
)  # fmt: skip


def parse(text, name="settings"):
    """Settings of a text. FormatError names file and fault."""
    found = lines.read(text, name, SINGLE + MORE)
    device = lines.word(found, name, "device", "bus", DEVICES)
    for key in NEEDED[device]:
        if key not in found:
            raise FormatError("%s: `%s` is missing" % (name, key))
    terminal = lines.whole(found, name, "terminal", 1 if device == "inspector" else None, 1)
    return Settings(
        terminal=terminal,
        terminal_id=_name(found, name, "terminal_id", terminal),
        ifd_serial=_name(found, name, "ifd_serial", terminal),
        device=device,
        reader=_where(found, name, "reader", READER_KINDS),
        reader_baud=lines.whole(found, name, "reader_baud", 921600, 9600, 1288000),
        reader_engine=lines.word(found, name, "reader_engine", "chip", ("chip", "own")),
        reader_speed=int(lines.word(found, name, "reader_speed", "106", ("106", "212", "424"))),
        link=_linked(found, name),
        link_baud=lines.whole(found, name, "link_baud", 115200, 9600, 4000000),
        journal=_where(found, name, "journal", ("file", "flash")) if "journal" in found else None,
        journal_blocks=lines.whole(found, name, "journal_blocks", 64, 9, 65536),
        parameters=found.get("parameters", ""),
        authority=_authority(found, name),
        authority_sm2=_point(found, name),
        line=lines.whole(found, name, "line", 0, 0, 0xFFFF),
        stop=lines.whole(found, name, "stop", 0, 0, 0xFFFF),
        vehicle=lines.whole(found, name, "vehicle", 0),
        driver=lines.whole(found, name, "driver", 0),
        shift=lines.whole(found, name, "shift", 0, 0, 0xFFFF),
        watchdog_ms=lines.whole(found, name, "watchdog_ms", 8000, 2000, 600000),
        trace=lines.word(found, name, "trace", "no", TRACES),
        more={key: found[key] for key in MORE if key in found},
    )


def _name(found, name, key, terminal):
    """8 letters and digits (an 8); the number of the terminal by default."""
    text = found.get(key, "%08d" % terminal)
    good = [c for c in text if "0" <= c <= "9" or "A" <= c <= "Z" or "a" <= c <= "z"]
    if len(text) != 8 or len(good) != 8:
        said = "`%s: %s` is not 8 letters or digits" % (key, text)
        raise lines.wrong(name, found.line(key), said)
    return text


def _authority(found, name):
    """Modulus of who seals the parameters, b"" where nobody does."""
    if "authority" not in found:
        return b""
    modulus = lines.octets(name, "authority", found["authority"], None, found.line("authority"))
    if not 256 <= len(modulus) <= 512 or not modulus[0] & 0x80 or not modulus[-1] & 1:
        raise lines.wrong(name, found.line("authority"), "`authority` is no RSA modulus")
    return modulus


def _point(found, name):
    """64 bytes of an SM2 key, b"" without one."""
    text, line = found.get("authority_sm2"), found.line("authority_sm2")
    return lines.octets(name, "authority_sm2", text, 64, line) if text else b""


def _linked(found, name):
    """(kind, the rest), None without a link; a network has an address and a port, TLS a CA."""
    if found.get("link", "none") == "none":
        return None
    kind, where = _where(found, name, "link", ("tcp", "tls", "serial"))
    address, _, port = where.rpartition(":")
    digits = 0 < len(port) < 6 and not [c for c in port if not "0" <= c <= "9"]
    if kind != "serial" and not (address and digits and 0 < int(port) < 65536):
        said = "`link: %s` is not %s:ADDRESS:PORT" % (found["link"], kind)
        raise lines.wrong(name, found.line("link"), said)
    if (kind == "tls") != ("link_ca" in found):
        said = "`link: tls:..` and `link_ca`, the certificates it trusts, go together"
        raise lines.wrong(name, found.line("link"), said)
    if ("link_cert" in found) != ("link_key" in found):
        raise lines.wrong(name, found.line("link"), "`link_cert` and `link_key` go together")
    return kind, where


def _where(found, name, key, kinds):
    """(kind, the rest) of `kind:rest`."""
    kind, colon, rest = found[key].partition(":")
    if not colon or kind not in kinds or not rest:
        said = "`%s: %s` is not %s:..." % (key, found[key], "|".join(kinds))
        raise lines.wrong(name, found.line(key), said)
    return kind, rest
