# SPDX-License-Identifier: Apache-2.0
"""What must hold of cards, journals and people, reckoned from the cards' own logs and the bytes of
all records that were ever in a journal: nothing here asks a device.
"""

from collections import namedtuple

from firmware.capp import layouts
from firmware.devices import entries
from firmware.formats import extension, record
from tests.adversary import prices, trips
from tests.adversary.cards import finals, image_of

# One presentation. offset_s: by which its clock is wrong; event:
# the tap's, None where there was none; colours: of the lamp, in order;
# gone: the link or the power was cut; before, after: finals() of the card
Seen = namedtuple("Seen", "unit card began_ms offset_s event colours gone before after")

HAPPENED = (record.APPROVED, record.STAMPED, record.PREAUTHORISED)
UNKNOWN = (record.PENDING, record.DEBITED_REFUSED, record.DEBITED_UNPROVEN)
TWICE_S = 100  # nobody rides twice from the same stop in so short a time


class Line:
    """A record or an open entry that names a transaction of a card."""

    def __init__(self, unit, number, values, is_open):
        self.unit, self.number, self.is_open = unit, number, is_open
        self.kind = record.PENDING if is_open else values["kind"]
        self.amount_fen, self.atc = values["amount_fen"], values["atc"]
        self.pan = record.pan_digits(values["pan"])
        self.values = values
        told = extension.of(values)
        self.form = told["kind"] if told else 0
        self.changes = told["changes"] if told else []

    def __str__(self):
        name = "open" if self.is_open else record.kind_name(self.kind)
        return f"{self.unit.kind.name} {self.unit.number}/{self.number} {name}"


def lines_of(play):
    """All Lines of the city that a card may have changed its state for."""
    found = []
    for unit in play.units:
        closed = []
        for number, data in unit.books.items():
            values = record.unpack(data)
            closed.append(number)
            if values["kind"] not in (record.EVENT, record.REFUSED) and values["atc"]:
                found.append(Line(unit, number, values, False))
        for number, data in unit.journal.pending():
            if number not in closed:
                found.append(Line(unit, number, entries.unpack_pending(data), True))
    return found


def now(play):
    """Faults that can be seen behind every event."""
    return [
        f"other bytes: number {number} of terminal {unit.number}"
        for unit in play.units
        for number in unit.doubled
    ]


def tap(play, seen):
    """Faults of one presentation."""
    if seen.event is None or play.liars[seen.card]:
        return _green_without(seen)
    new = {atc: fen for atc, fen in seen.after.items() if atc not in seen.before}
    faults = _green_without(seen)
    faults += _let_through(play, seen)
    charged = [atc for atc, fen in new.items() if fen and fen != "frozen"]
    if len(new) > 1:
        faults.append(f"two transactions: {new} in one presentation")
    if charged and "green" not in seen.colours:
        faults += _red_and_charged(play, seen, charged[0])
    return faults


def _green_without(seen):
    if "green" not in seen.colours or not seen.event:
        return []
    number = seen.event["sequence"]
    if number and number in seen.unit.books:
        return []
    return [f"green without a record: {seen.event['message']} at {seen.unit.kind.name}"]


def _let_through(play, seen):
    """Whoever is let through by a gate of trips bears its stamp."""
    if seen.unit.kind.name == "bus out" and seen.event and seen.event["message"] == "re_entry":
        return []  # he has boarded elsewhere since
    name, _, side = seen.unit.kind.name.rpartition(" ")
    if "green" not in seen.colours or side not in ("in", "out") or seen.gone or not seen.event:
        return []
    sfi, _, _, layout = layouts.OWN[{"park": "parking"}.get(name, name)]
    values = layouts.read(layout, image_of(play.cards[seen.card], sfi))
    if side == "in":
        doors = name == "bus" and seen.event["message"] == "re_entry"  # any of the line's
        own = doors or values["entry_gate"] == seen.unit.number
        stands = values["state"] == layouts.INSIDE and own
    else:
        stands = values["state"] == layouts.CLOSED and values["exit_gate"] == seen.unit.number
    return [] if stands else [f"through without a stamp: {seen.event['message']} at {name} {side}"]


def _red_and_charged(play, seen, atc):
    pan = play.cards[seen.card].pan
    mine = [one for one in lines_of(play) if one.unit is seen.unit]
    mine = [one for one in mine if (one.pan, one.atc) == (pan, atc)]
    if any(one.is_open or one.kind in UNKNOWN for one in mine) or seen.gone:
        return []
    return [f"charged without green: {seen.colours}, {[str(one) for one in mine]}"]


def morning(play):
    """Faults of what stays when all works again: open entries, sums that nobody frees."""
    faults = [
        f"open for ever: {unit.kind.name} {number}"
        for unit in play.units
        for number, _ in unit.journal.pending()
    ]
    for at, card in enumerate(play.cards):
        if not play.liars[at] and play.case.family in ("bike", "fuel"):
            faults += _freed(play, at, card)
    return faults


def _freed(play, at, card):
    """A sum that is frozen is freed where nothing was had for it, and drawn for what was."""
    sfi, _, _, layout = layouts.OWN[play.case.family]
    values = layouts.read(layout, image_of(card, sfi))
    if values["state"] != layouts.FROZEN:
        return []
    unit = next(one for one in play.units if one.number == values["entry_gate"])
    number, before = values["entry_number"], finals(card)
    again = [one for one in play.taps if one.event and one.event["message"] == "re_entry"]
    long = ("wait", 90000) in play.case.events  # docks count 18 hours
    taken = (unit.number, number) in play.city.bikes_taken
    if play.case.family == "bike" and (again or long or taken):
        return []
    owed = unit.beside.poured.get(number, 0) if play.case.family == "fuel" else 0
    if unit.terminal.screen.shown == "clock_not_set":
        return []  # its clock was ahead when it last wrote: it sells nothing yet (QT-015)
    said = play.asks(unit, at)
    if said in ("re_entry", "stamp_ahead"):  # a bike is there for him; frozen by such a clock
        return []
    paid = {atc: fen for atc, fen in finals(card).items() if atc not in before}
    return [] if list(paid.values()) == [owed] else [f"held: {said}, owes {owed}, pays {paid}"]


def _sold(play, card, mine):
    """What was drawn of a sum is what was had for it."""
    faults = []
    for one in mine:
        if one.form != extension.COMPLETION or one.kind == record.VOID:
            continue
        values = layouts.read(layouts.FREEZE, one.changes[0][2])
        named = (values["entry_gate"], values["entry_number"])
        if play.case.family == "bike":
            had, nobody = named in play.city.bikes_taken, not play.city.bikes_taken
            free = one.values["rule"] == "not_given"
            if had and free or nobody and one.amount_fen:  # others may have brought theirs
                faults.append(f"bike or none: {one} takes {one.amount_fen} for {named}, {had}")
        if play.case.family == "fuel":
            unit = next(one for one in play.units if one.number == named[0])
            due = unit.beside.poured.get(named[1], 0)
            if one.amount_fen != due:
                faults.append(f"other fuel: {one} takes {one.amount_fen} instead of {due}")
    return faults


def evening(play):
    """Faults of the whole day."""
    lines, faults = lines_of(play), []
    for at, card in enumerate(play.cards):
        mine = sorted([one for one in lines if one.pan == card.pan], key=lambda one: one.atc)
        faults += _money(card, mine, play.liars[at])
        if not play.liars[at]:
            faults += _purse(play, at)
            faults += _stamps(card, mine)
            faults += _holds(card, mine)
            faults += _twice(play, card, mine)
            faults += _sold(play, card, mine)
            faults += prices.faults(mine)
            faults += trips.faults(play.case.family, card, mine)
    return faults


def _money(card, mine, lies):
    """Each debit that is final stands in exactly one line, each line that says so is a debit."""
    left, faults = finals(card), []
    for one in mine:
        taken = left.pop(one.atc, None)
        if taken is not None and taken != "frozen" and taken != one.amount_fen:
            faults.append(f"other amount: {one} says {one.amount_fen}, the card {taken}")
        if one.kind in (*HAPPENED, record.DEBITED_REFUSED) and taken is None:
            faults.append(f"not taken: {one}, amount {one.amount_fen}")
        if taken is not None and one.kind == record.VOID and not lies:
            faults.append(f"taken and void: {one}, {taken}")
        frozen = (taken == "frozen", one.kind == record.PREAUTHORISED)
        if taken is not None and one.kind in HAPPENED and frozen[0] != frozen[1]:
            faults.append(f"other kind: {one}, {taken}")
    return faults + [f"nowhere written: ATC {atc}, {fen}" for atc, fen in left.items()]


def _purse(play, at):
    """The balance is what was loaded less what was taken."""
    card, spent = play.cards[at], sum(f for f in finals(play.cards[at]).values() if f != "frozen")
    held = play.case.cards[at]["balance_fen"] + play.topped[at] - spent
    return [] if card.held_fen == held else [f"purse: {card.held_fen} instead of {held}"]


def _stamps(card, mine):
    """Records change from line to line without a gap, and stand as the last one says."""
    faults = []
    for sfi in {change[0] for one in mine for change in one.changes}:
        known = {None}  # what may stand on the card, None: not known yet
        for one in mine:
            for place, _, before, after in one.changes:
                if place != sfi or one.kind == record.VOID:
                    continue
                if None not in known and before not in known:
                    faults.append(f"gap: {one} found something else in file {sfi:02X}")
                known = known | {after} if one.kind == record.PENDING else {after}
        if None not in known and image_of(card, sfi) not in known:
            faults.append(f"other stamp: file {sfi:02X} is not what {mine[-1]} says")
    return faults


def _holds(card, mine):
    """What is frozen on a card stands open in the journals."""
    opened, doubtful = {}, {}
    for one in mine:
        if one.form == extension.PREAUTHORISATION and one.kind != record.VOID:
            number = (one.unit.number, one.number)
            books = opened if one.kind == record.PREAUTHORISED else doubtful
            books[number] = one.amount_fen
        elif one.form == extension.COMPLETION and one.kind != record.VOID:
            values = layouts.read(layouts.FREEZE, one.changes[0][2])
            number = (values["entry_gate"], values["entry_number"])
            if number not in opened and number not in doubtful:
                return [f"completion of nothing: {one} closes {number}"]
            if one.kind == record.PENDING and number in opened:
                doubtful[number] = opened.pop(number)
            elif one.kind != record.PENDING:
                opened.pop(number, None)
                doubtful.pop(number, None)
    before = (card.state["torn"] or {"before": card.state})["before"]
    more = before.get("extended", card.state["extended"])
    held = sum(row[2] for row in more["frozen"])
    least = sum(opened.values())
    if least <= held <= least + sum(doubtful.values()):
        return []
    return [f"holds: {held} on the card, {opened} open, {doubtful} doubtful"]


def _twice(play, card, mine):
    """Nobody pays twice at one stop in a short time, unless he was let through meanwhile."""
    moments, served = {}, []
    for seen in play.taps:
        if play.cards[seen.card] is not card:
            continue
        for atc, fen in seen.after.items():
            if atc not in seen.before and fen:
                moments[atc] = seen.began_ms, seen.offset_s
        if "green" in seen.colours:
            served.append(seen.began_ms)
    paid = [one for one in mine if one.atc in moments and not one.unit.kind.twice]
    paid = [one for one in paid if finals(card).get(one.atc) and one.kind != record.VOID]
    for first, second in zip(paid, paid[1:], strict=False):
        (began_ms, was_s), (again_ms, is_s) = moments[first.atc], moments[second.atc]
        begun = [one for one in mine if first.atc < one.atc < second.atc]
        if begun or [at for at in served if began_ms <= at < again_ms]:
            continue
        apart_ms, pays = again_ms - began_ms, first.unit.kind.name == "park pay"
        here = first.unit is second.unit and first.unit.kind.gate
        if here and first.kind == record.PENDING:
            return [f"paid again: {first}, then {second} behind {apart_ms} ms"]
        place = (first.unit.line, first.unit.stop) == (second.unit.line, second.unit.stop)
        if place and not pays and is_s - was_s < 20 and apart_ms < 1000 * TWICE_S:
            return [f"paid twice: {first}, then {second} behind {apart_ms} ms"]
    return []
