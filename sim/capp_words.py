# SPDX-License-Identifier: Apache-2.0
"""Commands and status words of a card with an extended application, with what makes it say them.

Rows of (word, commands, cause): a test holds them against the words that sim/capp_*.py sends.
6581 (memory failure) is in the standard and never comes from here: a row of capp_hostile says it.
"""

# name, CLA INS P1 P2, data, answer
COMMANDS = (
    (
        "READ CAPP DATA",
        "80 B4 00 SFI×8 (+1: next)",
        "ID 2, random 8 with R-MAC",
        "record, R-MAC 4",
    ),
    ("READ RECORD of 1E", "00 B2 n F4", "", "record, 1 the newest"),
    ("UPDATE CAPP DATA CACHE", "84 DE 00 SFI×8 (+1: next)", "record, MAC 4", "R-MAC 4 or nothing"),
    ("APPEND RECORD", "04 E2 00 SFI×8", "hidden key 16, record, MAC 4", ""),
    ("GET TRANS PROVE", "80 5A 00 00", "ATC 2", "cryptogram 8, zeros for a frozen sum"),
    ("GET DATA", "80 CA", "tag DF61, DF62, DF63 besides the others", "object"),
    ("PUT DATA", "04 DA", "tag 9F79 or DF62: 6 bytes, MAC 4", ""),
)

ALL = "READ CAPP, UPDATE, APPEND"
WORDS = (
    ("6700", ALL, "a length that cannot be: no data, no random where R-MACs are"),
    ("6971", "GPO, DF60 = 02", "three sums are frozen"),
    ("6972", "GPO, DF60 = 02", "the record read last has a frozen sum"),
    ("6973", "GPO, DF60 = 03", "the record read last has none"),
    ("6974", "last READ RECORD", "frozen or completed, and the record updated last is not the one"
     " read last: all is taken back"),
    ("6981", "READ CAPP, READ RECORD", "variable or cyclic, the other way round"),
    ("6985", "UPDATE", "not directly behind an approved GPO with DF60, or another UPDATE"),
    ("6985", "GPO", "DF60 that DF61 does not name, 02 or 03 without a record read, DF60 in the"
     " second currency"),
    ("6986", ALL, "no application selected; `strict`: UPDATE without a read"),
    ("6988", "UPDATE, APPEND, PUT DATA", "the MAC is not that of this key, command and ATC"
     " (assumption: the standard names no word)"),
    ("6A80", "UPDATE", "shorter than the record, or LEN is not its length"),
    ("6A80", "APPEND", "more than a record may have, or LEN is not its length"),
    ("6A80", "PUT DATA", "9F77 does not cover balance and frozen sums; DF62 below DF63; no BCD"),
    ("6A81", ALL, "P1, or low bits of P2 that are not 000 or 001"),
    ("6A82", ALL, "no such file"),
    ("6A83", ALL + ", READ RECORD", "no such record; the cyclic file is empty or never opened"),
    ("6A84", "UPDATE, APPEND", "longer than the record; the file is full"),
    ("6A88", "PUT DATA, GET DATA", "not this tag; the offset of a card without one"),
    ("9406", "GET TRANS PROVE", "not the last extended transaction that became final"),
    ("9407", ALL, "the application is blocked"),
)  # fmt: skip
