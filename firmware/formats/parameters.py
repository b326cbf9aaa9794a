# SPDX-License-Identifier: Apache-2.0
"""Parameters of a fleet: fares, concessions, applications, CA keys, deny list, time windows.

Text of `key: value` lines (lines.py). What an operator may change without touching a terminal's
wiring stands here; the wiring stands in settings.py.

| key | value |
|---|---|
| version, fare_fen | whole numbers |
| effective | YYYYMMDD HHMMSS, local: a sealed set counts from then on (seal.py) |
| class | repeatable: NAME PAN-PREFIX PERCENT of the fare, 1..100 |
| aid | repeatable: AID in hex, `partial` or `exact` |
| ca, ca_expiry, withdrawn, revoked | CA keys: ca_keys.py |
| deny | repeatable: PAN [PSN] |
| deny_list_version | whole number |
| deny_growth_percent, deny_growth_least | what a list in a file may grow by (devices/deny.py) |
| deny_hits_percent | of the last cards that paid, a list in a file may stop so many |
| ttq | 9F66 in hex, byte 2 is made for each amount |
| currency, country, currency_exponent | 5F2A, 9F1A, 5F36 in hex |
| terminal_type, transaction_type | 9F35, 9C in hex |
| capabilities, more_capabilities | 9F33, 9F40 in hex: no keys, no holder check, SDA and DDA |
| mcc, acquirer | 9F15, 9F01 in hex, zeros when not given |
| merchant, merchant_name | 9F16, 9F4E: ASCII, or hex: and the bytes in hex (Chinese in GBK) |
| ceiling_fen | no fare above it, whatever the table says (TD-006) |
| transaction_limit_fen, cvm_limit_fen, floor_limit_fen | absent = not checked (QT-026) |
| limit | repeatable: AID transaction, cvm or floor FEN: of this AID instead of the above |
| floor_limit_9f1b | 9F1B in hex, 4 bytes, binary fen: counts where no floor limit does (QT-044) |
| status_check | yes: 1.00 asks for an online cryptogram (QT-028, QT-037) |
| torn_window_s, torn_count | life and number of open torn entries (QT-168) |
| torn_prompt_s | who is asked for the same card again has so long for it (QT-168) |
| trans_prove | GET TRANS PROVE after a tear: fci, always or never (QT-178) |
| balance_before | yes: GET DATA of the balance before each GPO, for torn taps (QT-175) |
| torn_over_restart | yes: an entry still inside its window survives a restart (QT-183) |
| clock_from_year | a clock that shows an earlier year was never set: no sales (QT-015) |
| sda | yes: look at the static data of cards that cannot sign, before refusing them (QT-008) |
| clock_back_s | a clock that went back further is not trusted: no sales; 0: not checked (QT-015) |
| clock_step_s | a host whose time differs by more is not followed; 0: it is not asked (TD-008) |
| clock_bound_s | beyond it the time is in doubt: records say so; 0: not checked (TD-008) |
| extended | records of the card: off; plain: without them a plain purchase; require (QX-001) |
| capp_header_bytes | bytes of UPDATE that its MAC covers: 5, or 4 without Lc |
| stamp_lets_pass | yes: a stamp under R-MAC lets pass whose signature is lost (QX-041) |
| service | open; free: nobody pays; closed: nobody is served (devices/duty.py, TD-066) |
| same_card_s | within it a card that has paid is not charged again (TD-005, TD-035) |
| rest_after_s | without a card for so long the field rests, 0: never (QT-070) |
"""

from collections import namedtuple

from firmware.errors import FormatError
from firmware.formats import ca_keys, lines
from firmware.kernel import preprocess, selection, tags, torn

# What stays the same for every card: key, tag, bytes, default in hex; None: not given, zeros
STANDING = (
    ("currency", tags.CURRENCY, 2, "0156"),
    ("country", tags.COUNTRY, 2, "0156"),
    ("currency_exponent", tags.CURRENCY_EXPONENT, 1, "02"),
    ("terminal_type", tags.TERMINAL_TYPE, 1, "26"),
    ("transaction_type", tags.TRANSACTION_TYPE, 1, "00"),
    ("capabilities", tags.CAPABILITIES, 3, "0008C0"),
    ("more_capabilities", tags.MORE_CAPABILITIES, 5, "6000001001"),
    ("mcc", tags.MCC, 2, None),
    ("acquirer", tags.ACQUIRER, 6, None),
)
TEXTS = (("merchant", tags.MERCHANT, 15), ("merchant_name", tags.MERCHANT_NAME, 20))
LIMITS = ("transaction", "cvm", "floor")
SINGLE = (
    "version", "effective", "fare_fen", "deny_list_version", "ttq", "ceiling_fen",
    "transaction_limit_fen",
    "cvm_limit_fen", "floor_limit_fen", "floor_limit_9f1b", "status_check", "torn_window_s",
    "torn_count", "torn_prompt_s", "trans_prove", "balance_before", "torn_over_restart",
    "same_card_s", "clock_from_year", "clock_back_s", "rest_after_s", "sda",
    "deny_growth_percent", "deny_growth_least", "deny_hits_percent",
    "clock_step_s", "clock_bound_s", "service", "extended", "capp_header_bytes", "stamp_lets_pass",
) + tuple([one[0] for one in STANDING + TEXTS])  # fmt: skip
MANY = ("class", "aid", "limit", "deny")

NO_SALES = "fare_fen: 1"  # of a device that sells nothing: the rest is standard
DEFAULT_AID = selection.ListedAid(bytes.fromhex("A0000003330101"), True)  # QT-025
DEFAULT_TTQ = "28000080"  # qPBOC, offline only, fDDA 01 (QT-003, QT-006)
MAX_NAME = 16  # of a fare class, as records carry it
MAX_SAME_CARD_S = 600  # the guard holds 64 cards (devices/rules.py): longer would promise too much
CEILING_FEN = 10000  # no table and no typing error charges more than this (TD-006)

# name text, prefix of the PAN as digits, percent of the full fare
FareClass = namedtuple("FareClass", ("name", "prefix", "percent"))

# standing: dict tag -> bytes; limits: preprocess.Limits; aid_limits: dict listed AID -> its own
Parameters = namedtuple(
    "Parameters",
    (
        "version", "fare_fen", "classes", "aids", "capks", "deny", "deny_list_version", "ttq",
        "standing", "ceiling_fen", "limits", "aid_limits", "status_check", "torn_window_s",
        "torn_count", "torn_prompt_s", "trans_prove", "balance_before", "torn_over_restart",
        "clock_from_year", "clock_back_s", "same_card_s", "rest_after_s", "sda",
        "deny_growth_percent", "deny_growth_least", "deny_hits_percent",
        "clock_step_s", "clock_bound_s", "service", "extended", "capp_header_bytes",
        "stamp_lets_pass",
    ),
)  # fmt: skip


def parse(text, name="parameters"):
    """Parameters of a text. FormatError names file, line and fault; a bad file changes nothing."""
    found = lines.read(text, name, SINGLE + ca_keys.SINGLE, MANY + ca_keys.MANY)
    ttq = _octets(found, name, "ttq", DEFAULT_TTQ, 4)
    if preprocess.check_ttq(ttq):
        raise lines.wrong(name, found.line("ttq"), "`ttq`: " + preprocess.check_ttq(ttq))
    if "effective" in found:
        from firmware.formats import seal  # only sealed sets have one

        try:
            seal.check_moment(found["effective"])
        except FormatError as bad:
            raise lines.wrong(name, found.line("effective"), str(bad))
    aids = tuple([_aid(name, *line) for line in found["aid"]]) or (DEFAULT_AID,)
    limits = _limits(found, name)
    ceiling_fen = lines.whole(found, name, "ceiling_fen", CEILING_FEN, 1)
    return Parameters(
        version=lines.whole(found, name, "version", 1),
        fare_fen=lines.whole(found, name, "fare_fen", None, 1, ceiling_fen),
        classes=tuple([_class(name, *line) for line in found["class"]]),
        aids=aids,
        capks=ca_keys.read(found, name),
        deny=_deny(name, found["deny"]),
        deny_list_version=lines.whole(found, name, "deny_list_version", 0),
        ttq=ttq,
        standing=_standing(found, name),
        ceiling_fen=ceiling_fen,
        limits=limits,
        aid_limits=_aid_limits(found["limit"], name, aids, limits),
        status_check=lines.flag(found, name, "status_check", False),
        torn_window_s=lines.whole(found, name, "torn_window_s", 60, 1, 3600),
        torn_count=lines.whole(found, name, "torn_count", 3, 1, 8),
        torn_prompt_s=lines.whole(found, name, "torn_prompt_s", 10, 1, 60),
        trans_prove=lines.word(found, name, "trans_prove", torn.PROVE_BY_FCI, torn.PROVE_WORDS),
        balance_before=lines.flag(found, name, "balance_before", False),
        torn_over_restart=lines.flag(found, name, "torn_over_restart", True),
        clock_from_year=lines.whole(found, name, "clock_from_year", 2025, 1970, 2099),
        sda=lines.flag(found, name, "sda", True),
        clock_back_s=lines.whole(found, name, "clock_back_s", 3600),
        same_card_s=lines.whole(found, name, "same_card_s", 60, 0, MAX_SAME_CARD_S),
        rest_after_s=lines.whole(found, name, "rest_after_s", 0, 0, 86400),
        deny_growth_percent=lines.whole(found, name, "deny_growth_percent", 25, 0, 10000),
        deny_growth_least=lines.whole(found, name, "deny_growth_least", 1000),
        deny_hits_percent=lines.whole(found, name, "deny_hits_percent", 5, 0, 100),
        clock_step_s=lines.whole(found, name, "clock_step_s", 0, 0, 86400),
        clock_bound_s=lines.whole(found, name, "clock_bound_s", 0, 0, 86400),
        service=lines.word(found, name, "service", "open", ("open", "free", "closed")),
        extended=lines.word(found, name, "extended", "require", ("off", "plain", "require")),
        capp_header_bytes=lines.whole(found, name, "capp_header_bytes", 5, 4, 5),
        stamp_lets_pass=lines.flag(found, name, "stamp_lets_pass", False),
    )


def _octets(found, name, key, default, count):
    return lines.octets(name, key, found.get(key, default), count, found.line(key))


def _standing(found, name):
    values = {}
    for key, tag, count, default in STANDING:
        if default or key in found:
            values[tag] = _octets(found, name, key, default, count)
    for key, tag, count in TEXTS:
        if key in found:
            values[tag] = _text(found, name, key, count)
    return values


def _text(found, name, key, most):
    """ASCII, or the bytes behind `hex:`, at most so many; the DOL rules fill them up."""
    text = found[key]
    plain = [sign for sign in text if " " <= sign <= "~"]
    value = text.encode()
    if text.startswith("hex:"):
        value = lines.octets(name, key, text[4:], None, found.line(key))
    elif len(plain) < len(text):
        raise lines.wrong(name, found.line(key), "`%s` is not ASCII: give hex:" % key)
    if len(value) > most:
        raise lines.wrong(name, found.line(key), "`%s` has more than %d bytes" % (key, most))
    return value


def _limits(found, name):
    values = []
    for kind in LIMITS:
        key = kind + "_limit_fen"
        values.append(lines.whole(found, name, key) if key in found else None)
    floor = "floor_limit_9f1b"
    values.append(_octets(found, name, floor, None, 4) if floor in found else None)
    return preprocess.Limits(*values)


def _aid_limits(entries, name, aids, limits):
    """Dict listed AID -> Limits, for those that have lines of their own (QT-026)."""
    own = {}
    for number, value in entries:
        words = value.split()
        if len(words) != 3 or words[1] not in LIMITS or not lines.is_digits(words[2]):
            raise lines.wrong(name, number, "limit is AID transaction|cvm|floor FEN")
        aid = lines.octets(name, "limit", words[0], None, number)
        if aid not in [one.aid for one in aids]:
            raise lines.wrong(name, number, "no `aid` line lists " + words[0])
        values = list(own.get(aid, limits))
        values[LIMITS.index(words[1])] = int(words[2])
        own[aid] = preprocess.Limits(*values)
    return own


def _class(name, number, value):
    words = value.split()
    if len(words) != 3 or not lines.is_digits(words[1]) or not lines.is_digits(words[2]):
        raise lines.wrong(name, number, "class is NAME PAN-PREFIX PERCENT")
    if len(words[0]) > MAX_NAME or not all(" " < sign < "\x7f" for sign in words[0]):
        raise lines.wrong(name, number, "a class name has 1 to %d ASCII signs" % MAX_NAME)
    percent = int(words[2])
    if not 1 <= percent <= 100:
        # A fare of nothing cannot be debited by an offline-only terminal (QT-039).
        raise lines.wrong(name, number, "percent of the fare must be 1..100")
    return FareClass(words[0], words[1], percent)


def _aid(name, number, value):
    words = value.split()
    if len(words) != 2 or words[1] not in ("partial", "exact"):
        raise lines.wrong(name, number, "aid is HEX partial|exact")
    aid = lines.octets(name, "aid", words[0], None, number)
    if not 5 <= len(aid) <= 16:
        raise lines.wrong(name, number, "an AID has 5 to 16 bytes")
    return selection.ListedAid(aid, words[1] == "partial")


def _deny(name, entries):
    """Dict PAN -> tuple of PAN sequence numbers; an empty tuple stands for all (QT-029)."""
    deny = {}
    for number, value in entries:
        words = value.split()
        right = len(words) in (1, 2) and 11 <= len(words[0]) <= 19
        for word in words:
            right = right and lines.is_digits(word)
        right = right and (len(words) < 2 or len(words[1]) <= 2)
        if not right:
            raise lines.wrong(name, number, "deny is PAN [PSN]")
        listed = deny.get(words[0])
        if len(words) == 1 or listed == ():
            deny[words[0]] = ()
        else:
            deny[words[0]] = (listed or ()) + (int(words[1]),)
    return deny
