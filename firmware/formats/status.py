# SPDX-License-Identifier: Apache-2.0
"""What a terminal says of itself in STATUS: versions, storage, backlog, taps, clock, tests.

A table of fields.py, carried by the first request of a session of the upload. `files` has a row
for each kind of file that this terminal takes, so that nobody offers another. Numbers of signed
files are those of formats/signed.py, PARAMETERS stands for a sealed text (formats/seal.py), with
which the CA keys travel.

Pure; FormatError alone.
"""

from firmware.formats.fields import U8, U16, U32, Number, Rows, Sized, Word

FIRMWARE = "0.1.0"  # version of the program on terminals; host_tools/cli says the same
RELEASE = 1  # its number: what is frozen or installed takes no update that is not newer
PARAMETERS, FARES, DENY_LIST, DENY_CHANGES, ALLOW_LIST, CARD_SUMS = 16, 1, 2, 3, 4, 5
PROGRAM = 6
FILE_KINDS = (
    (PARAMETERS, "parameters"),
    (FARES, "fares"),
    (DENY_LIST, "deny"),
    (DENY_CHANGES, "deny-changes"),
    (ALLOW_LIST, "allow"),
    (CARD_SUMS, "sums"),
    (PROGRAM, "firmware"),
)
FILES_MOST = 8
UNKNOWN_AGE = 0xFFFFFFFF

FILE_ROW = (
    ("kind", U8),
    ("in_force", U32),  # number of the file in force, 0: none
    ("laid", U32),  # of the one that waits for its moment or its judgement, 0: none
    ("refused", U32),  # of the last one that was offered and is not taken, 0: none
    ("why", U8),  # FAULTS
)
FAULTS = (
    (0, ""),
    (1, "disk full"),
    (2, "wrong hash"),
    (3, "not written"),
    (4, "not taken"),
    (5, "returned"),  # firmware: tried, never good, and left
)
CLOCKS = ((0, "good"), (1, "in doubt"), (2, "not set"))
RESETS = ((0, "unknown"), (1, "power"), (2, "program"), (3, "button"), (4, "watchdog"))

STATUS_V1 = (
    ("firmware", Word(24)),  # version of the program
    ("files", Rows(FILE_ROW, FILES_MOST)),  # a row for each kind that this terminal takes
    ("ca_keys", U8),  # CA keys that may be used
    ("wear_most", U32),  # erases of the block of the journal that has most
    ("wear_mean", U32),  # of all blocks, in hundredths
    ("fill_percent", Number(1, 100)),  # of the journal in use
    ("backlog", U32),  # records that wait for the collector
    ("oldest_s", U32),  # age of the oldest of them, FFFFFFFF: nobody knows
    ("taps", U16),  # of the last 256 that came to an end
    ("torn", U16),  # of these, torn away
    ("p95_ms", U16),  # of these, 95 in 100 were no longer
    ("clock", Number(1, len(CLOCKS) - 1)),  # 0 good, 1 in doubt, 2 not set
    ("reset", Number(1, len(RESETS) - 1)),  # why it started: RESETS
    ("self_test", Sized(8)),  # codes of the self-test that failed, a byte each
    ("disk_full", U16),  # downloads that found no room, since the start
    ("wrong_hash", U16),  # downloads that came whole and were not what was offered, likewise
)


def name_of(names, number):
    """The word for a number in one of the tables above."""
    for one, word in names:
        if one == number:
            return word
    return "%d" % number
