# SPDX-License-Identifier: Apache-2.0
"""What a tabletop device needs whose state lies in records of the cards: a simulated PSAM in a
slot at its line, cards with records, and other terminals that have written into them before.

    module = Module()                               the slot, a part: pulled out, put in, slow
    Beside(module.settings("toll") + more, {.., "module": module})
    Shown(.., kinds=RECORD_KINDS, same_card_s=0)    cards for it (tabletop_devices.py)

    class Gates(OtherTerminals): ..                 writes into the card that is picked

All keys are the test masters, which everybody can compute. What another terminal has written is
put into the card's record as its issuer could do it: no transaction, no MAC, the ATC stays; the
terminal on the table sees the record alone, as it would that of a real other terminal.
"""

from datetime import datetime, timedelta
from typing import Any

from firmware.capp import layouts
from firmware.capp import trip as rules_of_trips
from firmware.errors import FormatError
from sim import capp_files, capp_keys, card_money
from sim.capp_profile import CYCLIC_SFI, KEY_USE, LAYOUTS, VERSIONS, Extension
from sim.kinds import ADULT, SENIOR, STUDENT, Kind
from sim.profile import Profile
from sim.psam import PROFILE, Psam
from sim.psam_slot import PsamSlot
from sim.tabletop_beside import LinePart, Part

CITY, OPERATOR = 3100, 7
OTHER_GATE = 40  # number of the terminals at the other stations
MINUTE_S = 60
TRADES = tuple(LAYOUTS["own"])


def _card(name, word, prefix=ADULT, /, reason="ok", trades=TRADES, **profile):
    """Kind of a card with records of these trades."""
    more = {one: profile.pop(one) for one in ("r_mac", "offset_fen") if one in profile}
    made = Profile(extended=Extension(trades, **more), **profile)
    return Kind(name, word, prefix, made, reason, reason == "ok")


# Every one has a record of each trade of the own layouts; rider-2 and rider-sm2 answer with R-MACs
RECORD_KINDS = (
    _card("rider-1", "adult", balance_fen=20000),
    _card("rider-2", "r_mac", balance_fen=20000, r_mac=True),
    _card("rider-3", "adult", kind="B", uid="B1B2C3D4"),
    _card("rider-sm2", "sm2", suite="sm2", r_mac=True),
    _card("rider-student", "student", STUDENT),
    _card("rider-senior", "senior", SENIOR),
    _card("rider-owes", "offset", balance_fen=150, offset_fen=2000),
    _card("rider-poor", "low_balance", reason="card_declined", balance_fen=150),
    _card("rider-denied", "deny_listed", reason="deny_list"),
    Kind("plain-1", "plain", ADULT, Profile(), "capp_absent", False),
)


class Module(LinePart):
    """A simulated PSAM with the test masters of all trades, in a slot at a pty."""

    kind = "psam"
    keys = (
        ("pull", "拔出安全模块", "Pull it out of its slot"),
        ("midst", "下次刷卡中途拔出", "Pull it in the midst of the next tap"),
        ("put", "插入安全模块", "Put it in", "Out of service"),
    )

    def __init__(self):
        names = [(KEY_USE, version) for version in VERSIONS.values()]
        self.psam = Psam({name: capp_keys.known_master(*name) for name in names})
        super().__init__(PsamSlot(self.psam))
        self.seen: tuple = ()

    def settings(self, folder, *trades):
        """Lines of the settings: module, the keys of these trades, and whose stamps they are."""
        keys = {trade: f"{KEY_USE:02X}/{VERSIONS[trade]:02X}" for trade in trades}
        named = " ".join(f"{sfi_of(trade):02X}:{key}" for trade, key in keys.items())
        return (
            f"module: {self.where}\nmodule_profile: {folder.resolve()}/psam.txt\n"
            f"module_keys: {' '.join(keys.values())}\nrecord_key: {named}\nkey_factor: pan:01\n"
            f"city: {CITY}\noperator: {OPERATOR}\n"
        )

    def prepare(self, wallet, folder):
        """The bytes of this PSAM, for the terminal."""
        (folder / "psam.txt").write_text(PROFILE, encoding="utf-8")

    def say(self, word):
        self.known(word)
        with self.line.lock:
            self.psam.pulled = word == "pull"
            self.psam.deaf_after = 1 if word == "midst" else None
        self.changed()

    def heard(self, events):
        """Commands came; told are those that can be seen."""
        with self.line.lock:
            self.machine.asked.clear()
            seen = (self.psam.pulled, *self.psam.counts.values())
        if seen != self.seen:
            self.seen = seen
            self.changed()

    def state(self):
        with self.line.lock:
            made = self.psam.counts
            return {
                "pulled": self.psam.pulled,
                "derived": made.get(0x1A, 0),
                "macs": made.get(0xFA, 0),
            }


class OtherTerminals(Part):
    """Terminals elsewhere that have written into a card's record; `trade` of the own layouts.

    A subclass has `keys` and fields(word) -> what the word writes, as layouts.py names it; or its
    own write(). Shown of each card is what row_of(card) says.
    """

    kind = "others"
    picks = True
    trade = ""
    title = ("", "")

    def __init__(self):
        super().__init__()
        self.table: Any = None

    def meet(self, table):
        self.table = table

    def tapped(self, name, message):
        self.changed()

    def told(self):
        return {**super().told(), "title": self.title}

    def fields(self, word):
        """{name of a field: value} of one of the keys; FormatError."""
        raise FormatError(f"{word}: nothing of the kind is here")

    def write(self, name, word):
        """Write into the card what one of the keys says; FormatError."""
        put(self.table, name, self.trade, **self.fields(word))

    def row_of(self, card):
        """(Chinese, English) of a card, None for one with nothing to tell."""
        values = read_record(card, self.trade)
        return row_of_trip(values) if values else None

    def say(self, word):
        what, _, name = word.rpartition(" ")
        self.write(name, self.known(what))
        self.changed()

    def state(self):
        """rows: [card, Chinese, English]."""
        cards = self.table.hand.cards if self.table else {}
        told = {name: self.row_of(card) for name, card in cards.items()}
        return {"rows": [[name, *said] for name, said in told.items() if said]}


def sfi_of(trade):
    """Of the own layouts."""
    return getattr(LAYOUTS["own"][trade], "sfi", CYCLIC_SFI)


def read_record(card, trade):
    """Fields of a simulated card's record of a trade, final ones, None where it has none."""
    row = _row_of(card, trade)
    return layouts.read(layouts.OWN[trade][3], bytes.fromhex(row[1])) if row else None


def _row_of(card, trade):
    """Of the card's own list, by file and ID: two trades may share a file; None without."""
    sfi, name = f"{sfi_of(trade):02X}", layouts.OWN[trade][1].hex().upper()
    rows = card.capp.more["records"] if card.capp else ()
    return next((row for row in rows if row[0] == sfi and row[1].upper().startswith(name)), None)


def put(table, name, trade, **fields):
    """Write fields into a card's record of a trade and save it; FormatError for a card that is not
    there, has no such record, or lies at the reader.
    """
    card = _away(table, name)
    row = _row_of(card, trade)
    if row is None:
        raise FormatError(f"{name} has no record for this trade")
    row[1] = layouts.write(layouts.OWN[trade][3], bytes.fromhex(row[1]), fields).hex().upper()
    card.save()


def push(table, name, **fields):
    """A ride more in a card's ring, as put(); without fields the ring is emptied."""
    card = _away(table, name)
    ring = card.capp.more["ring"] if card.capp else None
    if ring is None:
        raise FormatError(f"{name} has no ring of rides")
    if fields:
        blank = bytes(layouts.OWN["rides"][2])
        capp_files.push(ring, layouts.write(layouts.RIDE, blank, fields).hex().upper())
    else:
        ring["records"] = []
    card.save()


def read_ring(card):
    """Fields of the newest ride, None where there is none."""
    ring = card.capp.more["ring"] if card.capp else None
    if not ring or not ring["records"]:
        return None
    return layouts.read(layouts.RIDE, bytes.fromhex(ring["records"][0]))


def _away(table, name):
    """The card of that name, which is not at the reader; what is open on it is taken back."""
    card = table.hand.cards.get(name)
    if card is None:
        raise FormatError("which card?")
    if name in table.hand.there():
        raise FormatError(f"{name} lies at the reader: take it away first")
    card_money.roll_back(card.state)  # does not outlive another command
    return card


def minutes_ago(minutes):
    """(year, month, day, hour, minute, second), local, as stamps are."""
    return tuple((datetime.now() - timedelta(seconds=minutes * MINUTE_S)).timetuple()[:6])


def begun(place, minutes, city=CITY):
    """Fields of a trip that began at another station so long ago (trip.entered())."""
    here = rules_of_trips.Here(city, OPERATOR, 0, place, OTHER_GATE, 1)
    return rules_of_trips.entered(here, minutes_ago(minutes))


def row_of_trip(values):
    """(Chinese, English) of a trip's record, None for one that nobody has written."""
    if values["locked"]:
        return "记录已锁", "record is locked"
    inside = values["state"] == layouts.INSIDE
    if not inside and values["state"] != layouts.CLOSED:
        return None
    side = "entry" if inside else "exit"
    at = values[side + "_time"]
    when = "%02d:%02d" % at[3:5] if at else "--:--"
    place = values[side + "_place"]
    if inside:
        return f"{when} 从{place}站进入", f"came in at {place}, {when}"
    return f"{when} 从{place}站离开", f"left at {place}, {when}"


class Places(Part):
    """What the terminal is: each key starts it anew with other settings, on the same journal.

    A subclass has `places`: {word: (Chinese, English, {setting: value})} and `title`.
    """

    kind = "place"
    title = ("", "")
    places: dict[str, tuple[str, str, dict]] = {}

    def __init__(self):
        super().__init__()
        self.keys = tuple((word, *row[:2]) for word, row in self.places.items())
        self.table: Any = None
        self.at = next(iter(self.places), "")

    def meet(self, table):
        self.table = table

    def told(self):
        return {**super().told(), "title": self.title}

    def settings(self):
        """Lines of the settings that it begins with."""
        return "".join(f"{key}: {one}\n" for key, one in self.places[self.at][2].items() if one)

    def say(self, word):
        settings = self.places[self.known(word)][2]
        self.table.turn(**settings)
        self.at = word
        self.changed()

    def state(self):
        """said: Chinese and English of the place `at`."""
        return {"at": self.at, "said": self.places[self.at][:2]}
