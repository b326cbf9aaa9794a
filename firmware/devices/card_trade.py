# SPDX-License-Identifier: Apache-2.0
"""CardTrade: what all devices that keep their state in records of the card have in common.

| setting | value |
|---|---|
| module | security module (firmware/module/opening.py) |
| record_key | KEY_USE/VERSION in hex of the record's key; SFI:KEY_USE/VERSION, several behind |
| | blanks, where records of several files are used |
| key_factor | pan:NN: the right 16 digits of card number and sequence number NN, which all cards |
| | of the city have: the card tells its own behind the GPO, where no key is derived any more |
| city, operator | as they are stamped |
| balance | card (default): as the card tells it; net: less the deposit offset that it owes, |
| | for three questions more before each tap, which the record keeps (QX-060, QX-061) |

A card that does not tell its number freely gives no factor: it is refused before the GPO.
"""

from collections import namedtuple

from firmware.capp import layouts
from firmware.capp import trip as rules_of_trips
from firmware.devices import options
from firmware.devices.trade import Trade
from firmware.errors import FormatError
from firmware.formats import lines
from firmware.kernel.capp import Change, Page

SHOWN = ("card", "net")
EVERY = None  # SFI of the key that stands for all files

# Keys of records by configuration of the city. names: {SFI or EVERY: (key use, version)};
# factor_of(page, pan): bytes that derive a card's key
Keys = namedtuple("Keys", ("names", "factor_of"))


class CardTrade(Trade):
    """`now`: local moment of the card at work, which stands still until the next one."""

    needs_number = True
    uses_records = True
    writes = ()  # SFI of records that a tap may write, in their order, where it is known
    records_only = True  # a plain debit has nothing that prices it (`extended: require`)

    def __init__(self, settings, parameters, clock, keys):
        """keys: Keys. FormatError for settings that mean nothing."""
        Trade.__init__(self, settings, parameters)
        if self.records_only and parameters.extended != "require":
            raise FormatError("parameters: `extended` has to be require for %s" % self.name)
        self.city = options.number(settings.more, "city", 0, 0, 9999)
        self.operator = options.number(settings.more, "operator", 0, 0, 65535)
        self.shows_offset = options.word(settings.more, "balance", "card", SHOWN) == "net"
        self.clock, self.keys = clock, keys
        self.now = clock.local_now()

    def here(self):
        """Here of the tap at work: this terminal, and the number that its record will have."""
        settings, number = self.settings, self.house.journal.next
        return rules_of_trips.Here(
            self.city, self.operator, settings.line, settings.stop, settings.terminal, number
        )

    def moment(self):
        """(year, month, day, hour, minute, second) of the tap at work."""
        return tuple(self.now[:6])

    def reads_first(self):
        return True  # the number derives the keys

    def begin(self):
        self.now = self.clock.local_now()

    def key_of(self, page, pages, pan):
        names = self.keys.names
        use, version = names.get(page.sfi) or names.get(EVERY) or (0, 0)
        return (use, version, self.keys.factor_of(page, pan))

    def keys_ahead(self, pan):
        found = []
        for sfi in self.writes:
            if sfi in self.keys.names or EVERY in self.keys.names:
                names = self.key_of(Page(sfi, 0, b""), (), pan)
                if names not in found:
                    found.append(names)
        return found


def changed(page, layout, fields):
    """Change of a page with these fields of its layout written, those that it has (QX-024).

    FormatError for values that do not fit.
    """
    after = layouts.write(layout, page.data, layouts.known(layout, fields))
    return Change(page.sfi, page.following, page.data, after, None)


def keys_from(more):
    """Keys of the settings. FormatError without a module or for names that are none."""
    if more.get("module", "none") == "none":
        raise FormatError("settings: records of cards want a `module`")
    names = {}
    for word in more.get("record_key", "").split():
        sfi, colon, name = word.rpartition(":")
        names[_octet(sfi) if colon else EVERY] = _key_named(name)
    if not names:
        raise FormatError("settings: `record_key` is missing: USE/VERSION")
    return Keys(names, factor_by(more.get("key_factor", "")))


def _octet(text):
    return lines.octets("settings", "record_key", text, 1)[0]


def _key_named(text):
    parts = text.split("/")
    if len(parts) != 2:
        raise FormatError("settings: `record_key: %s` is not USE/VERSION" % text)
    return _octet(parts[0]), _octet(parts[1])


def factor_by(text):
    """factor_of(page, pan) of the setting `key_factor`. FormatError."""
    rule, _, psn = text.partition(":")
    if rule != "pan" or len(psn) != 2 or [sign for sign in psn if not "0" <= sign <= "9"]:
        raise FormatError("settings: `key_factor: %s` is not pan:NN" % text)

    def factor_of(page, pan):
        """The right 16 digits of number and sequence number, b"" without a number."""
        return bytes.fromhex(("0" * 16 + pan + psn)[-16:]) if pan else b""

    return factor_of
