# SPDX-License-Identifier: Apache-2.0
"""The root for depots without a network, on a unit whose terminal does not run:

    python -m firmware.stick SETTINGS export FOLDER
    python -m firmware.stick SETTINGS confirm FILE..

export writes what is not acknowledged into a file of FOLDER, a stick or a card; the journal stays
as it is. confirm takes files of answers. Ends with status 0; with 1 when an answer could not be
used, which is said, while the others count; with 2 when nothing could be done.
"""

import sys

from firmware import hal
from firmware.assemble import open_journal
from firmware.by_file import ByFile
from firmware.errors import FormatError, JournalFull, LinkLost
from firmware.formats.batch import FRAME_LIMIT, FrameReader
from firmware.settings import parse

FRAMES = ".frames"
PIECE = 512  # bytes of a file read at a time


def carrier(path):
    """ByFile over the journal of a settings file. FormatError, OSError."""
    unit = parse(hal.read_text(path), path)
    key = None
    if "upload_key" in unit.more:
        from firmware.signed_setup import MACS, key_of  # where settings ask for it

        key = key_of(unit.more["upload_key"], unit.more.get("upload_mac", MACS[0]))
    return ByFile(open_journal(unit, hal), unit.terminal, key)


def export(by_file, folder):
    """Write the file; its path, "" when there is nothing to send."""
    journal = by_file.journal
    first, last = journal.acknowledged + 1, journal.settled_upto()
    if last < first:
        return ""
    path = "%s/%d-%d-%d%s" % (folder, by_file.terminal_id, first, last, FRAMES)
    at = 0
    for _, frame in by_file.frames():
        hal.write_at(path + ".part", at, frame)
        at += len(frame)
    hal.rename(path + ".part", path)
    return path


def confirm(by_file, path, say):
    """(numbers acknowledged, faults) of a file of answers; say(text) each fault. OSError."""
    reader, taken, faults, count = FrameReader(FRAME_LIMIT), 0, 0, 0
    blob = hal.open_blob(path)
    try:
        at = 0
        while True:
            piece = blob.read(at, PIECE)
            frames = reader.feed(piece) if piece else reader.stale()
            at += len(piece)
            for frame in frames:
                count += 1
                try:
                    taken += by_file.take(frame)
                except FormatError as wrong:
                    faults += 1
                    say("%s: answer %d: %s" % (path, count, wrong))
            if not piece:
                break
    finally:
        blob.close()
    if reader.damaged:
        faults += 1
        say("%s: torn or damaged; %d answers are whole" % (path, count))
    return taken, faults


def main(arguments):
    """Do what the arguments say; the exit status."""
    if len(arguments) < 3 or arguments[1] not in ("export", "confirm"):
        hal.write_line("SETTINGS export FOLDER, or SETTINGS confirm FILE..")
        return 2
    try:
        by_file = carrier(arguments[0])
        if arguments[1] == "export":
            path = export(by_file, arguments[2])
            hal.write_line(path or "nothing to send: all is acknowledged")
            return 0
        faults = 0
        for path in arguments[2:]:
            taken, wrong = confirm(by_file, path, hal.write_line)
            faults += wrong
            hal.write_line("%s: %d records acknowledged, up to %d"
                           % (path, taken, by_file.journal.acknowledged))  # fmt: skip
        return 1 if faults else 0
    except (FormatError, JournalFull, LinkLost, OSError, ValueError) as wrong:
        hal.write_line(str(wrong))
        return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
