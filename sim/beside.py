# SPDX-License-Identifier: Apache-2.0
"""What stands beside a terminal on the stage: the machines of each device, by its name.

One class a device, with as much of it as there is: verbs() for the steps of a scenario,
visited(..) what a person does behind his tap, balance(records) what must agree at the end.
"""

from firmware.devices import shift
from firmware.formats import fields, record

KEYED_MS = 600  # from the cashier's last key to the rider's card
ANSWERED_MS = 3000
MOST_SAID = 8000


class Keys:
    """A console at the other end of its line: keys go in, what the terminal says is kept."""

    def __init__(self, tell):
        """tell(text): hears each line, `> ` before what is typed."""
        self.tell = tell
        self.out = b""
        self.line = b""  # not ended yet
        self.said = b""
        self.mark = 0  # how much had been said before the last key
        self.heard = 0  # bytes since the start

    def feed(self, data, now_ms):
        """From the terminal."""
        self.said = (self.said + data)[-MOST_SAID:]
        self.heard += len(data)
        *lines, self.line = (self.line + data)[-MOST_SAID:].split(b"\n")
        for line in lines:
            self.tell(line.decode("utf-8", "replace").rstrip("\r"))

    def outgoing(self, now_ms):
        """To the terminal."""
        data, self.out = self.out, b""
        return data

    def key(self, text):
        """A line as it is typed."""
        self.tell("> " + text)
        self.out += text.encode() + b"\r\n"
        self.mark = self.heard

    def answer(self):
        """What has been said since that line was typed."""
        return self.said[-max(1, self.heard - self.mark) :].decode("utf-8", "replace")


class Beside:
    """A console, where the settings say `console: serial:console`; nothing else."""

    def __init__(self, play):
        self.play = play
        self.world = play.world
        self.keys = Keys(lambda text: play.tell({"event": "console", "text": text}))
        self.world.lines.peers["console"] = self.keys

    def write_files(self):
        """Files of its own, into the folder of the play; the settings stand there already."""

    def verbs(self):
        """{verb of a step: function of its arguments}."""
        return {"key": self.key, "buy": self.buy}

    def key(self, text, told=""):
        """A line is typed at the console; told: what its answer must hold."""
        self.keys.key(text)
        if told:
            self.world.spawn(self._listen(text, told))

    def _listen(self, text, told):
        yield ANSWERED_MS
        answer = self.keys.answer()
        if told not in answer:
            said = " / ".join(answer.split("\r\n")).strip(" /")
            self.play.wrong.append(f"{self.play.when()}: {text!r} was answered {said!r}")

    def buy(self, card, text, **how):
        """The cashier keys `text`, somebody pays with a card."""
        self.play.do_tap(card, first=(lambda: self.keys.key(text), KEYED_MS), **how)

    def tell(self, machine, text):
        """Say what a machine does, for those who look on."""
        self.play.tell({"event": "machine", "machine": machine, "text": text})

    def heard(self, event):
        """An event of the terminal."""

    def may_end(self):
        """Messages with which any visit may end here, whatever card it was."""
        return ()

    def before(self):
        """Generator: what keeps somebody from the reader who has come to it."""
        yield from ()

    def visited(self, name, message, after):
        """Generator: what somebody does after his tap ended with `message`; after: further
        arguments of the step.
        """
        yield from ()

    def handed(self):
        """{name: text of a code}: what people carry to the terminal that `then` tells of."""
        return {}

    def evening(self):
        """Generator: what the staff does at the end."""
        yield from ()

    def balance(self, records):
        """(facts {words: number}, faults [sentence]) of records as dicts, oldest first."""
        return shift_balance(records)


def shift_balance(records):
    """Shift totals = sum of the records of that shift (TD-032)."""
    facts, faults = {}, []
    for values in records:
        if values["kind"] != record.EVENT or values["reason"] not in (shift.CLOSED, shift.FORCED):
            continue
        told = fields.unpack(shift.CHECKPOINT, values["trade_data"])["rows"]
        said_fen = told[0][2] + told[1][2]  # count, riders, fen: full fare, reduced
        who = (values["driver"], values["shift"])
        mine = [
            one["amount_fen"]
            for one in records
            if one["kind"] == record.APPROVED and (one["driver"], one["shift"]) == who
        ]
        facts[f"shift {who[1]} of {who[0]}, fen by card"] = said_fen
        if said_fen != sum(mine):
            faults.append(f"shift {who[1]} says {said_fen} fen, its records {sum(mine)}")
    return facts, faults
