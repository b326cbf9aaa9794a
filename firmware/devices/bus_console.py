# SPDX-License-Identifier: Apache-2.0
"""What the crew of a bus says and hears: commands of the console, and the second reader."""

from firmware.devices import panel
from firmware.devices.bus_trip import BACK, OUT, WORDS
from firmware.formats import record

SIGN_ON = "sign on first: on DRIVER"
VERDICTS = {"green": "OK", "amber": "AGAIN", "red": "NO", "blue": "KNOWN"}
TRIP_FIRST = "key the line first: line LINE"


def carry_out(bus, command):
    """One command of bus_words.COMMANDS: answered with ok or with what to do (TD-003)."""
    console = bus.console.protocol
    wrong, lines = KEYS[command.name](bus, *command.values)
    if wrong:
        console.error(wrong)
    elif command.name == "last":
        console.ok(bus.last)
    else:
        console.ok(_state(bus), lines)


def _state(bus):
    shift, trip = bus.shift, bus.trip
    who = "driver %d shift %d" % (shift.driver, shift.number) if shift.is_open else "signed off"
    keyed = " group %d" % trip.riders if trip.riders > 1 else ""
    keyed += " to %d" % trip.destination if trip.destination else ""
    return "%s, %s%s" % (who, trip.text(), keyed)


def _list_version(bus):
    """Of the deny list in force: a file's, or that of the parameters."""
    listed = bus.house.stamp.deny
    return listed.version if listed else bus.parameters.deny_list_version


def _on(bus, driver, number):
    wrong = bus.shift.open(driver, number)
    # TD-039: what is in force is said at sign-on
    versions = "parameters %d fares %d list %d" % (
        bus.parameters.version,
        bus.prices.version,
        _list_version(bus),
    )
    return wrong, (versions,)


def _off(bus):
    wrong = bus.shift.close()
    open_taps = len(bus.house.torn_taps.open)
    if not wrong and open_taps:
        bus.note("%d taps are not settled: their record may follow as late" % open_taps)
    bus.trip.clear()
    return wrong, () if wrong else _statement(bus)[1]


def _line(bus, line, direction):
    if bus.shift.is_open and bus.trip.riders > 1:
        return "take back what is keyed first: clear", ()
    bus.trip.go(line, BACK if direction == WORDS[BACK] else OUT)
    return "", ()


def _direction(bus, direction):
    return _line(bus, bus.trip.line, direction) if bus.trip.line else (TRIP_FIRST, ())


def _stop(bus, stop):
    if bus.trip.announced:
        return "the announcer tells the stop", ()
    bus.trip.stop = stop
    return "", ()


def _to(bus, stop):
    if not bus.shift.is_open:
        return SIGN_ON, ()
    before = bus.trip.destination
    bus.trip.pay_to(stop)
    if bus.offer().sells:
        return "", ()
    bus.trip.pay_to(before)
    return "no fare to stop %d: key another one" % stop, ()


def _group(bus, riders):
    if not bus.shift.is_open:
        return SIGN_ON, ()
    bus.trip.pay_for(riders)
    offer = bus.offer()
    if offer.sells and offer.fare_fen <= bus.parameters.ceiling_fen:
        return "", ()
    bus.trip.pay_for(1)
    return "no fare for %d riders by one card: take fewer" % riders, ()


def _clear(bus):
    bus.trip.clear()
    return "", ()


def _nothing(bus):
    return "", ()


def _statement(bus):
    if not bus.shift.number:
        return SIGN_ON, ()
    lines = list(bus.shift.statement())
    if bus.twin:
        count, sum_fen = bus.twin.protocol.totals
        lines.append("后门 Rear reader: %d 笔 %s" % (count, panel.yuan(sum_fen)))
    return "", lines


KEYS: dict = {
    "on": _on,
    "off": _off,
    "line": _line,
    "direction": _direction,
    "stop": _stop,
    "to": _to,
    "=": _to,
    "group": _group,
    "clear": _clear,
    "last": _nothing,
    "state": _nothing,
    "statement": _statement,
}


def verdict(bus, sold):
    """What the driver reads of a tap, the same as the rider's lamp says (TD-003, TD-023)."""
    lamp, _, _, english = panel.row_of(sold.message, bus.words)[:4]
    english = english.replace("{fare}", panel.yuan(sold.amount_fen))
    english = english.replace("{balance}", panel.yuan(sold.outcome.balance_fen))
    english = english.replace("{list}", str(_list_version(bus)))
    card = record.mask_pan(record.pan_bytes(sold.pan))
    return ("%s: %s %s" % (VERDICTS[lamp], english, card)).strip()


def hear_twin(bus, events):
    """Events of the second reader; the rear one follows the trip it was told (TD-037)."""
    link, shift, trip = bus.twin.protocol, bus.shift, bus.trip
    for event in events:
        if event == "lost":
            bus.note("the rear reader is silent: riders pay at the front")
        elif event == "found":
            bus.note("the rear reader is there")
    if link.is_front:
        driver, number = (shift.driver, shift.number) if shift.is_open else (0, 0)
        told = (shift.is_open, driver, number, trip.line, trip.direction, trip.stop)
        link.tell(type(link.trip)(*told))
        return
    link.totals = _taken(shift)
    told = link.trip
    if link.is_lost:
        return
    trip.line, trip.direction, trip.stop = told.line, told.direction or OUT, told.stop
    if shift.is_open and (told.driver, told.shift) != (shift.driver, shift.number):
        shift.close()
    if told.is_open and not shift.is_open:
        shift.open(told.driver, told.shift)


def _taken(shift):
    full, reduced = shift.sum_of("card"), shift.sum_of("reduced")
    return (full[0] + reduced[0], full[2] + reduced[2])
