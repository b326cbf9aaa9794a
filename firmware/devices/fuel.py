# SPDX-License-Identifier: Apache-2.0
"""Fuel or gas pump: a sum is frozen, the nozzle pours up to it, the card pays what was poured
(JR/T 0025.14 §6.2; holds.py).

    nozzle lifted -> card: frozen, durable -> pump: limit, then release -> poured, hung up
                  -> written down -> pump: forget it -> same card: completed

The pump never gets more than what is frozen, and gets it behind the verdict and the record
(QX-033). What was poured is written down before the pump may forget it, so a driver who leaves
without a second tap pays when his card comes again: fuel_fills.py. A card whose fill nobody knows
of is neither charged nor freed here. What the pump may say: neighbours/pump.py.

| setting | value |
|---|---|
| pump | serial:PATH of the pump, 9600 baud |
| freeze_fen | sum that is frozen where nothing is keyed |
| most_fen | the most that may be keyed, and the pump's own limit; freeze_fen |
| product | word of what is sold, in each record: 92, diesel, cng |
| console | serial:PATH of the attendant's keys, optional |
| valid_min | minutes that are stamped on the card |
| store | serial:PATH to the hub of the station's pumps (fuel_station.py), optional: a sum that |
| | another pump froze is completed here. `stop` is the pump's number then, no two alike |
"""

from firmware.devices import fuel_fills, options
from firmware.devices.card_trade import keys_from
from firmware.devices.fuel_fills import Fill, Fills
from firmware.devices.fuel_words import COMMANDS, STATES, WORDS, receipt
from firmware.devices.holds import MOST_FEN, HoldTrade
from firmware.devices.trade import Offer, Trade
from firmware.errors import FormatError
from firmware.fares.trip import Fare
from firmware.neighbours import pump

BAUD = 9600


class Fuel(HoldTrade):
    """One pump."""

    name, code, area = "fuel", 0, "fuel"
    uses_records = True
    words = WORDS
    nothing_due = "fuel_none"

    def __init__(self, settings, parameters, clock, keys, link, line, report):
        """link: pump.PumpLink or another dialect of it; line: its Neighbour."""
        HoldTrade.__init__(self, settings, parameters, clock, keys)
        if not self.freeze_fen:
            raise FormatError("settings: `freeze_fen` is missing: the sum that is frozen")
        self.most_fen = options.number(
            settings.more, "most_fen", self.freeze_fen, self.freeze_fen, MOST_FEN
        )
        self.product = settings.more.get("product", "fuel")
        self.link, self.line, self.report = link, line, report
        self.console = self.desk = None  # the attendant's keys, and their line
        self.station = None  # fuel_station.Station
        self.keyed_fen = 0  # for the next card; 0: freeze_fen
        self.fills = None
        self.at_work = None  # Fill that the card at work completes
        self.last = None  # number of the fill at hand, until it is paid or the nozzle is out again
        self.alarmed = 0  # order that pours without being ours, and was said

    # --- the loop's questions

    def attach(self, house):
        self.house = house
        self.fills = Fills(house.journal, self.name, self.settings.terminal)

    def restore(self, recent):
        self.fills.restore()

    def turn(self):
        for word, value in self.line.turn():
            self._hear(word, value)
        self._note()
        if self.station:
            self._hear_station()
        fading = self.fills.fading()
        if fading:
            self._write(fading)
        self.line.flush()
        for command in self.desk.turn() if self.desk else ():
            self._key(command)

    def close(self):
        self.line.close()
        if self.station:
            self.station.close()
        if self.desk:
            self.desk.close()

    def offer(self):
        state = self._state()
        if state is None or state == pump.FAULT:
            message = "pump_silent" if state is None else "pump_fault"
            pays = bool(self.fills.due()) and not self.link.starting
            return Offer(message, None, pays)  # who has filled may pay
        if state == pump.IDLE and self.last:
            return Offer("fuel_due", None, True)
        return Offer(STATES[state], None, True)

    def begin(self):
        HoldTrade.begin(self)
        self.at_work = None

    def sum_to_freeze(self, values, pan):
        state = self._state()
        if state is None or state == pump.FAULT:
            return "pump_away", 0
        if state == pump.IDLE:
            return "pump_lift", 0
        if state != pump.LIFTED or self.link.wish:
            return "pump_busy", 0
        return "", self.keyed_fen or self.freeze_fen

    def waits(self, values):
        """Frozen a moment ago, and the pump has not been released: it is now (QX-042)."""
        fill = self.fills.find(values["entry_number"])
        return fill is not None and fill.amount_fen is None and self._state() == pump.LIFTED

    def price(self, values, pan, word, others):
        if values["entry_gate"] != self.settings.terminal:
            return self._elsewhere(values, pan)
        order = values["entry_number"]
        fill = self.fills.find(order)
        if fill is None or (fill.pan and pan and fill.pan != pan):
            return "fuel_unknown", None
        fen = fill.amount_fen
        if fen is None:  # nothing is known to have been poured: the pump has to say so itself
            why = self._unsure(order)
            if why:
                return why, None
            fen = 0
        self.at_work = fill
        return "", Fare(fen, fen, self.product, "fill", 1, 0)

    def _elsewhere(self, values, pan):
        """(word, Fare) of a sum that another pump has frozen, as that one has noted its fill."""
        own = values["entry_place"] == self.settings.stop  # then a stamp would not say whose it is
        if not self.station or own:
            return "other_pump", None
        word, fill, product = self.station.fill_of(values, pan)
        if fill is None:
            return word, None
        self.at_work = fill
        return "", Fare(fill.amount_fen, fill.amount_fen, product, "fill", 1, 0)

    def _hear_station(self):
        for order in self.station.turn():
            self.fills.over(order)  # paid at another pump
        if self.station.is_back:
            for fill in self.fills.due():
                self.station.note(fill)
            for gate, order in self.fills.elsewhere:
                self.station.pay(gate, order)

    def _unsure(self, order):
        """Word of why nobody can say yet that nothing was poured, "" where the pump does."""
        state = self._state()
        if state is None or state == pump.FAULT:
            return "pump_away"
        if self._is_at(order) or (self.link.wish and self.link.wish[0] == order):
            return "pump_hang"
        return ""

    def onto(self, values):
        Trade.onto(self, values)
        if self.at_work:
            values["reference"] = self.at_work.order
            values["trade_data"] = self.at_work.data

    # --- what follows a tap

    def after(self, sold):
        HoldTrade.after(self, sold)
        self.at_work = None

    def froze(self, sold, fields):
        order, frozen_fen = fields["entry_number"], fields["frozen_fen"]
        self.fills.froze(order, sold.pan, frozen_fen)
        self.keyed_fen = 0
        self._release(order, frozen_fen)

    def again(self, sold):
        for order in self.fills.unpoured():
            fill = self.fills.by_order[order]
            if fill.pan == sold.pan:
                self._release(order, fill.frozen_fen)

    def _release(self, order, frozen_fen):
        self.last = order
        if self._state() == pump.LIFTED:  # else he hung up, or is told of at his next tap
            self.link.release(order, min(frozen_fen, self.most_fen))
            self.line.flush()

    def completed(self, sold, fields):
        order, gate = fields["entry_number"], fields["entry_gate"]
        if gate == self.settings.terminal:
            fill = self.fills.by_order.get(order)
            self.fills.over(order)
            if self.last == order:
                self.last = None
        else:
            fill = Fill(order, sold.pan, fields["frozen_fen"], 0, sold.values["trade_data"], 0)
        if self.station:
            self.station.pay(gate, order)
        lines = receipt(sold.values["fare_class"], fill, sold)
        self.report({"event": "receipt", "lines": lines})
        for one in lines if self.console else ():
            self.console.note(one)

    # --- the pump

    def _state(self):
        """State of the pump, None while nobody knows it."""
        silent = self.link.silent or self.link.status is None
        return None if silent else self.link.status.state

    def _is_at(self, order):
        """True where the pump has this order, or a sale of it."""
        status = self.link.status
        return status.order == order and status.state in pump.POURS

    def _hear(self, word, value):
        if word == "not_released":
            self._tell("pump has not released the nozzle, order %d" % value)
        elif word != "status":
            self._tell("pump is %s" % ("silent" if word == "silent" else "there"))
        elif value.state in (pump.RELEASED, pump.FILLING):
            self._judge(value)
        elif value.state == pump.LIFTED:
            self.last = self.link.wish[0] if self.link.wish else None

    def _judge(self, status):
        """What pours has to be ours, and not above what is frozen."""
        fill = self.fills.by_order.get(status.order)
        if fill and fill.amount_fen is None and status.limit_fen <= fill.frozen_fen:
            return
        self.link.stop()
        if self.alarmed != status.order:
            self.alarmed = status.order
            self._tell("pump pours for order %d, which is not ours: stopped" % status.order)

    def _note(self):
        """Write down what was poured, before the pump may forget it; and that nothing was."""
        state, status = self._state(), self.link.status
        if state == pump.FILLED:
            known = self.fills.by_order.get(status.order)
            if known is None or fuel_fills.sale_of(known) != status.sale:
                pan, frozen_fen = (known.pan, known.frozen_fen) if known else ("", 0)
                data = fuel_fills.data_of(status, frozen_fen)
                fill = Fill(status.order, pan, frozen_fen, status.amount_fen, data, 0)
                if not self._write(fill):
                    return  # no room: the pump keeps it
                self.last = status.order
                text = "order %d: %d fen" % (status.order, status.amount_fen)
                self._tell(text + (" of %d frozen" % frozen_fen if known else ", nobody's"))
            self.link.clear(status.sale)
        elif state == pump.IDLE and not self.link.wish:
            for order in self.fills.unpoured():  # hung up before it was released
                known = self.fills.by_order[order]
                self._write(Fill(order, known.pan, known.frozen_fen, 0, b"", 0))

    def _write(self, fill):
        """True where `fuel_filled` is durable."""
        sequence = fuel_fills.write(self.house, fuel_fills.FILLED, fill)
        if sequence:
            self.fills.noted(fill.order, fill.amount_fen, fill.data, sequence)
            if self.station:
                self.station.note(fill)
        return bool(sequence)

    # --- the attendant

    def _key(self, command):
        """A line of the console; while a card is there no key changes the sum."""
        if command.name == "due":
            for one in self.fills.due():
                self.console.note("order %d: %d fen" % (one.order, one.amount_fen))
            self.console.ok("%d due" % len(self.fills.due()))
        elif self.house.busy():
            self.console.error("a card is there")
        elif command.values and command.values[0] > self.most_fen:
            self.console.error("the most is %d fen" % self.most_fen)
        else:
            self.keyed_fen = command.values[0] if command.values else 0
            self.console.ok("next sum: %d fen" % (self.keyed_fen or self.freeze_fen))

    def _tell(self, text):
        self.report({"event": "driver", "text": text})
        if self.console:
            self.console.note(text)


def make(settings, parameters, hal, clock, report):
    """Trade of a pump. FormatError for settings that cannot be used."""
    from firmware.neighbours.line import Neighbour  # when a unit is put together

    more, link = settings.more, pump.PumpLink()
    where = options.serial_path(more, "pump")
    line = Neighbour(lambda: hal.open_serial(where, BAUD), link, clock)
    trade = Fuel(settings, parameters, clock, keys_from(more), link, line, report)
    if "store" in more:
        from firmware.devices.far_store import line_to  # where settings ask for it
        from firmware.devices.fuel_station import Station  # likewise

        line = line_to("serial:" + options.serial_path(more, "store"), hal, clock)
        trade.station = Station(line, settings, trade.product, clock)
    if "console" in more:
        from firmware.neighbours.console import Console  # where settings ask for it

        path = options.serial_path(more, "console")
        trade.console = Console(COMMANDS)
        trade.desk = Neighbour(lambda: hal.open_serial(path, BAUD), trade.console, clock)
    return trade
