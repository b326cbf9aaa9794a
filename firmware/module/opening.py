# SPDX-License-Identifier: Apache-2.0
"""A Module of a unit's settings, checked; loaded where they name one.

| setting | value |
|---|---|
| module | software:FILE, pcsc, pcsc:READER, serial:PORT or none |
| module_secret | file with the secret that opens a software module's file |
| module_baud | speed of that serial line, 9600..921600 |
| module_profile | file with the bytes of the city's PSAM (profile.py), or those seen in public |
| module_trade | the trade whose keys a software module has to hold |
| module_keys | KEY_USE/VERSION in hex, several behind blanks: have to be there at the start |
| module_failures | failed calls in a row that lock the module, 1..255 |
"""

from firmware.errors import FormatError
from firmware.formats import lines
from firmware.module.module import LOOK_MS, MOST_FAILURES, Module

NAME = "settings"


def open_module(more, hal, clock, report):
    """Module, asked who it is (QX-071); None where the settings name none. FormatError for
    settings that fit nothing; a module that is not there is no error but a state.
    """
    text = more.get("module", "none")
    if text == "none":
        return None
    kind, _, where = text.partition(":")
    if kind not in HOLDERS or not where and kind != "pcsc":
        said = "software:FILE, pcsc:READER, serial:PORT or none"
        raise FormatError("%s: `module: %s` is not %s" % (NAME, text, said))
    most = lines.whole(more_of(more), NAME, "module_failures", MOST_FAILURES, 1, 255)
    look_ms = 0 if kind == "software" else LOOK_MS
    module = Module(HOLDERS[kind](more, where, hal, clock), clock, most, look_ms)
    module.on_state = lambda word: report({"event": "module", "state": word})
    module.check()
    return module


def more_of(more):
    """The settings as lines.whole() reads them."""
    found = lines.Found(())
    found.values = more
    return found


def key_names(text):
    """[(key use, version)] of `28/01 28/02`; FormatError."""
    found = []
    for word in text.split():
        parts = [lines.octets(NAME, "module_keys", one, 1) for one in word.split("/")]
        if len(parts) != 2:
            raise FormatError("%s: `module_keys`: %s is not USE/VERSION" % (NAME, word))
        found.append((parts[0][0], parts[1][0]))
    return found


def open_software(more, where, hal, clock):
    """Holder of a sealed file."""
    from firmware.module import software  # where settings ask for it

    if not hasattr(hal, "open_ciphers"):
        raise FormatError("%s: `module: software:..` is for CPython" % NAME)
    if "module_secret" not in more:
        raise FormatError("%s: `module: software:..` wants `module_secret`" % NAME)
    ciphers = hal.open_ciphers()
    load = software.from_file(where, more["module_secret"], hal.read_text, ciphers.unseal)
    keys = key_names(more.get("module_keys", ""))
    return software.Software(ciphers.CIPHERS, load, more.get("module_trade", ""), keys)


def open_pcsc(more, where, hal, clock):
    """Holder of a PSAM in a contact reader."""
    if not hasattr(hal, "open_pcsc"):
        raise FormatError("%s: `module: pcsc` is for CPython: take serial:PORT" % NAME)
    return open_psam(more, hal, hal.open_pcsc(where))


def open_serial(more, where, hal, clock):
    """Holder of a PSAM in a slot at a serial line."""
    from firmware.module.slot import Slot  # likewise

    baud = lines.whole(more_of(more), NAME, "module_baud", 115200, 9600, 921600)
    return open_psam(more, hal, Slot(lambda: hal.open_serial(where, baud), clock))


def open_psam(more, hal, slot):
    """Holder of a PSAM in a slot, with the bytes of its city."""
    from firmware.module import profile  # likewise
    from firmware.module.psam import Psam  # likewise

    path = more.get("module_profile")
    bytes_of = profile.parse(hal.read_text(path), path) if path else profile.parse("")
    hal.unload(("firmware.module.profile",))
    return Psam(slot, bytes_of, key_names(more.get("module_keys", "")))


HOLDERS = {"software": open_software, "pcsc": open_pcsc, "serial": open_serial}
