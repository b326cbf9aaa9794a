# SPDX-License-Identifier: Apache-2.0
"""The fare tables of a unit: files that `fares` of its settings names, the next one beside it.

    fares: city.fares                 or two with a blank between: the one in force and the next

A unit with an authority takes signed tables only (formats/signed.py), where only one is named
PATH.next is the next, and PATH.new takes its place (next_files.py); one without takes a table as
it is. A next table that is damaged, foreign or no newer keeps nobody from riding: it is
reported and the one in force stays (TD-020).
"""

from firmware.errors import FormatError
from firmware.fares import layout
from firmware.fares.cutover import Cutover
from firmware.fares.engine import Fares
from firmware.formats import signed


def open_tables(settings, parameters, hal, report):
    """Cutover of the files; FormatError where none of them is good, or none is named."""
    authority = signed.Authority(settings.authority, settings.authority_sm2)
    paths = settings.more.get("fares", "").split()[:2]
    if authority.rsa or authority.sm2:
        from firmware.devices import next_files  # for units whose files are signed

        paths = next_files.fare_paths(settings, hal)
    good, fault = [], "`fares` of the settings names no file"
    for path in paths:
        try:
            blob = payload(hal.open_blob(path), authority)
            good.append(_newer(Fares(blob, parameters.ceiling_fen), good))
        except (FormatError, OSError) as wrong:
            fault = "%s: %s" % (path, wrong)
            report({"event": "fares_refused", "why": fault})
    if not good:
        raise FormatError(fault)
    return Cutover(good)


def payload(blob, authority):
    """The table within a file as a blob. FormatError when it is not by the authority."""
    if not (authority.rsa or authority.sm2):
        if blob.read(0, len(layout.MAGIC)) == layout.MAGIC:
            return blob
        head = signed.read_head(blob, (signed.FARES,))
        return signed.Part(blob, head.start, head.length)
    head, part = signed.opened(blob, authority, (signed.FARES,))
    if head.format != layout.LAYOUT:
        raise FormatError("fare table of layout %d, %d is known" % (head.format, layout.LAYOUT))
    return part


def _newer(fares, held):
    """The Fares, if it is a later table than the one that is held."""
    for one in held:
        if fares.version <= one.version or fares.effective <= one.effective:
            raise FormatError("version %d is no later than %d" % (fares.version, one.version))
    return fares
