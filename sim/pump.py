# SPDX-License-Identifier: Apache-2.0
"""A virtual fuel pump: what a driver does with its nozzle, and its side of the line; no I/O.

    pump = Pump(price_fen=756)
    pump.do("lift"); ...; pump.do("fill 12000"); ...; pump.do("hang")
    pump.feed(data, now_ms) -> events; pump.outgoing(now_ms) -> bytes

It pours FLOW a second while somebody wants more and its limit allows it, and counts by itself:
`sales` of Sale, and a totalizer. Sale, totalizer and what is being poured outlast a cut of its
power; limit and release do not. Events: (word of what is asked, whether it was done), and
("poured", Sale) when the valve has closed.
"""

from dataclasses import dataclass

from firmware.errors import FormatError
from firmware.neighbours import pump as line

FLOW = 600  # ml or g a second
SPOILS = ("crc", "cut", "doubled", "noise")
MOST = 2**32


class PumpBusy(FormatError):
    """A command at the wrong moment: said to whoever gave it."""


@dataclass
class Sale:
    """What was poured at once. order: of the terminal, 0 for none."""

    number: int
    order: int
    limit_fen: int
    price_fen: int = 0
    quantity: int = 0
    amount_fen: int = 0
    cleared: bool = False


def amount_of(quantity, price_fen):
    """Fen of so many ml or g, rounded to the nearest."""
    return (quantity * price_fen + 500) // 1000


class Pump:
    """price_fen: a litre, or a kilogram of gas; first: number of its first sale."""

    def __init__(self, price_fen=756, unit=line.LITRES, first=1):
        self.price_fen, self.unit = price_fen, unit
        self.frames = line.Frames()
        self.state = line.IDLE
        self.lifted = False  # the nozzle is out
        self.order = self.limit_fen = 0
        self.sales = []
        self.next_sale = first
        self.wanted = 0  # ml that the driver still wants
        self.overrun = 0  # ml that the valve lets through when it closes the next time
        self.stopped = False  # the valve is closed while the nozzle is out
        self.began_ms, self.came = None, 0  # when what is wanted began to pour, and ml since
        self.total_fen = self.total_quantity = 0
        self.silent = self.broken = self.dark = False
        self.spoils = []  # of SPOILS, for the next answers
        self.answers = b""
        self.news = []  # events of what has happened without a word

    # --- what the driver does, and what goes wrong

    def do(self, text):
        """One command. PumpBusy at the wrong moment, FormatError for what is none."""
        word, _, rest = text.strip().partition(" ")
        take = getattr(self, "_do_" + word, None)
        if take is None:
            raise FormatError(f"`{text}` is no command of the pump")
        take(rest.strip())

    def _do_lift(self, _):
        if self.lifted:
            raise PumpBusy("the nozzle is out")
        self.lifted = True
        self._rest()

    def _do_fill(self, rest):
        if not rest.isascii() or not rest.isdigit() or not 0 < int(rest) <= 1_000_000:
            raise FormatError(f"`fill {rest}`: ml or g wanted")
        if self.dark or self.state not in (line.RELEASED, line.FILLING):
            raise PumpBusy("nothing comes: it is not released")
        if self.stopped:
            raise PumpBusy("nothing comes: the valve was closed")
        self.state, self.wanted, self.began_ms, self.came = line.FILLING, int(rest), None, 0

    def _do_hang(self, _):
        if not self.lifted:
            raise PumpBusy("the nozzle is in its place")
        self.lifted = False
        self._end()

    def _do_overrun(self, rest):
        if not rest.isascii() or not rest.isdigit() or int(rest) > 5000:
            raise FormatError(f"`overrun {rest}`: up to 5000 ml or g")
        self.overrun = int(rest)

    def _do_fault(self, rest):
        self.broken = _is_on("fault", rest)
        self.wanted = 0
        self._rest()

    def _do_silent(self, rest):
        self.silent = _is_on("silent", rest)

    def _do_power(self, rest):
        self.dark = not _is_on("power", rest)
        if self.dark:
            self.wanted = 0
            if self.state in (line.RELEASED, line.FILLING):
                self._end()
            self.order = self.limit_fen = 0
        self._rest()

    def _do_price(self, rest):
        if not rest.isascii() or not rest.isdigit() or not 0 < int(rest) < 100_000:
            raise FormatError(f"`price {rest}`: fen a litre or kilogram wanted")
        if self.state not in (line.IDLE, line.LIFTED):
            raise PumpBusy("a sale is open")
        self.price_fen = int(rest)

    def _do_spoil(self, rest):
        if rest not in SPOILS:
            raise FormatError(f"`spoil {rest}` is none of {', '.join(SPOILS)}")
        self.spoils.append(rest)

    # --- the nozzle

    @property
    def pours(self):
        """True while something flows."""
        return self.wanted > 0

    @property
    def released(self):
        """True while the nozzle may pour."""
        return self.state in (line.RELEASED, line.FILLING)

    def _rest(self):
        """The state without a sale at hand; an unsettled one stays."""
        if self.state in (line.RELEASED, line.FILLING, line.FILLED):
            return
        if self.broken:
            self.state = line.FAULT
        else:
            self.state = line.LIFTED if self.lifted else line.IDLE
        if not self.lifted:
            self.order = self.limit_fen = 0

    def _end(self):
        """Whoever was released is done: a sale, of nothing too; it waits for its CLEAR."""
        if self.state in (line.RELEASED, line.FILLING):
            self.state = line.FILLED
        self.wanted = 0
        self._rest()

    def pour(self, now_ms):
        """Let time pass."""
        if not self.pours:
            return
        if self.began_ms is None:
            self.began_ms = now_ms
        sale = self.sales[-1]
        room = (sale.limit_fen * 1000 + 499) // self.price_fen - sale.quantity
        got = min(self.wanted, (now_ms - self.began_ms) * FLOW // 1000 - self.came, room)
        self.wanted -= got
        self.came += got
        if got == room or not self.wanted:  # the valve closes
            self.wanted = 0
            got += self.overrun
            self.overrun = 0
            self.news.append(("poured", sale))
        before_fen = sale.amount_fen
        sale.quantity += got
        sale.amount_fen = amount_of(sale.quantity, self.price_fen)
        self.total_quantity += got
        self.total_fen += sale.amount_fen - before_fen

    # --- the line

    def feed(self, data, now_ms):
        """Events of what the terminal has said."""
        self.pour(now_ms)
        events, self.news = self.news, []
        if self.silent or self.dark:
            return events
        for number, kind, body in self.frames.feed(data):
            take = TAKES.get(kind)
            if take is None or len(body) != take[1]:
                continue
            done = take[2](self, body)
            if kind != line.ASK:
                events.append((take[0], done))
            self.answers += self._spoiled(line.frame(number, line.TOLD, self.body()))
        return events

    def outgoing(self, now_ms):
        """Bytes to say now."""
        self.pour(now_ms)
        data, self.answers = self.answers, b""
        return b"" if self.silent or self.dark else data

    def body(self):
        """Body of a STATUS."""
        last = self.sales[-1] if self.sales else Sale(self.next_sale - 1, 0, 0)
        at_sale = self.state in (line.RELEASED, line.FILLING, line.FILLED)
        shown = last if at_sale else Sale(last.number, self.order, self.limit_fen)
        return line.status_body(
            line.Status(
                line.FAULT if self.broken else self.state,
                self.unit,
                shown.order,
                shown.limit_fen,
                last.number,
                shown.amount_fen,
                shown.quantity,
                self.price_fen,
                self.total_fen % MOST,
                self.total_quantity % MOST,
            )  # fmt: skip
        )

    def _limit(self, body):
        if self.state != line.LIFTED:
            return False
        self.order, self.limit_fen = _number(body[:4]), _number(body[4:])
        return True

    def _release(self, body):
        if self.state != line.LIFTED or not self.order or _number(body) != self.order:
            return False
        self.state, self.stopped = line.RELEASED, False
        self.sales.append(Sale(self.next_sale, self.order, self.limit_fen, self.price_fen))
        self.next_sale += 1
        return True

    def _stop(self, body):
        self.wanted, self.stopped = 0, True
        if self.state == line.RELEASED:
            self.sales.pop()
            self.next_sale -= 1
            self.state, self.order, self.limit_fen = line.LIFTED, 0, 0
        return True

    def _clear(self, body):
        if self.state != line.FILLED or _number(body) != self.sales[-1].number:
            return False
        self.sales[-1].cleared = True
        self.state, self.order, self.limit_fen = line.IDLE, 0, 0
        self._rest()
        return True

    def _spoiled(self, frame):
        spoil = self.spoils.pop(0) if self.spoils else ""
        if spoil == "crc":
            return frame[:-1] + bytes((frame[-1] ^ 0x40,))
        if spoil == "cut":
            return frame[: len(frame) // 2]
        if spoil == "doubled":
            return frame + frame
        return b"\xf5\x05\x01\xf5\xf5" + frame if spoil == "noise" else frame


def _is_on(word, rest):
    if rest not in ("on", "off"):
        raise FormatError(f"`{word} on` or `{word} off`")
    return rest == "on"


def _number(body):
    return int.from_bytes(body, "big")


TAKES = {  # kind -> (word, bytes of its body, what is done)
    line.ASK: ("ask", 0, lambda pump, body: True),
    line.LIMIT: ("limit", 8, Pump._limit),
    line.RELEASE: ("release", 4, Pump._release),
    line.STOP: ("stop", 0, Pump._stop),
    line.CLEAR: ("clear", 4, Pump._clear),
}
