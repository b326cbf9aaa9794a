# SPDX-License-Identifier: Apache-2.0
"""Console: the driver's or cashier's keypad or terminal, a line of text for each command.

    on 4711                 ->  ok shift 8
    group 30                ->  error RIDERS is 2 to 9: group RIDERS
    (a tap)                 ->  note Paid 2.00, balance 48.00

Strategy: one line is one command, a line gets one answer, `ok ..` or `error ..` with what to do;
text that an answer is made of stands before it, each line behind two blanks. Nothing else is said
but `note ..`, at any time between. The device gives its commands as a table of text, a row each:

    NAME|ARGUMENTS|WHAT IT DOES

    ARGUMENTS  NAME:LEAST..MOST  a whole number      NAME:one/two  one of these words
               NAME:yuan         12, 12.5 or 12.50, given in fen
               behind NAME a ? for an argument that may be left out: then None
    the command `=` is a line that begins with a digit: what a keypad without letters sends

`help` is answered here. One line is taken in a turn and the others wait, so that answers come in
the order of the commands; who sends more than is kept is told to wait. ASCII, lines end with CR,
LF or both; backspace takes a sign back, a line that is not finished is forgotten.

    feed(data, now_ms)   [Command] or []; the caller says ok() or error() before the next turn
    outgoing(now_ms)     at most CHUNK bytes, so that a slow line never holds up a rider
"""

from collections import namedtuple

MOST_LINE = 64  # signs of a line, its end not counted
MOST_HELD = 512  # bytes of lines that wait for their turn
MOST_WAITING = 6144  # bytes of answers for a line that is slow or not there: a day report
MOST_ERRORS = 2048  # bytes in which errors do: a line of noise makes nothing but these
MOST_NOTES = 1024  # bytes in which notes still find room
CHUNK = 128
FORGET_MS = 30000  # for so long a line may be unfinished
ENDS, BACKSPACES = b"\r\n", b"\x08\x7f"
DIGITS = "0123456789"

# name: of the table; values: one for each of its arguments
Command = namedtuple("Command", ("name", "values"))


class Console:
    """commands: table of text; `help` is added to it."""

    def __init__(self, commands):
        self.commands = commands
        self.others = {}  # name -> what carries out a command of add()
        self.held = bytearray()  # whole lines and the beginning of one
        self.said = bytearray()  # still to be sent
        self.heard_ms = 0
        self.asked = False  # a command has not been answered yet

    def add(self, row, carry_out):
        """One command more, answered here; carry_out(*values) says what to do, "" when done."""
        self.commands = self.commands.rstrip() + "\n" + row + "\n"
        self.others[row.split("|")[0]] = carry_out

    # what has come

    def feed(self, data, now_ms):
        """The next Command as a list of one; [] where there is none or it was answered here."""
        if data:
            self.heard_ms = now_ms
            self.held += data
        self.asked = False
        line = self._next_line()
        if line is None and len(self.held) > MOST_HELD:
            self.held = bytearray()
            self.error("the line is too long: at most %d signs" % MOST_LINE)
        elif line is None and self.held and now_ms - self.heard_ms >= FORGET_MS:
            self.held = bytearray()
            self.error("the line was not finished: type it again")
        return self._command(line) if line else []

    def _next_line(self):
        """Bytes of the next line that is not empty, None where there is none.

        More than MOST_HELD is cut off behind it: a burst is never worked through for ever.
        """
        at = 0
        while at < len(self.held) and self.held[at] in ENDS:
            at += 1
        end = at
        while end < len(self.held) and self.held[end] not in ENDS:
            end += 1
        if end == len(self.held):
            self.held[:at] = b""
            return None
        line = bytes(self.held[at:end])
        self.held[: end + 1] = b""
        if len(self.held) > MOST_HELD:
            self.held = bytearray()
            self.note("too fast: wait for each answer")
        return line

    def _command(self, line):
        text, fault = _typed(line)
        if fault:
            self.error(fault)
            return []
        words = text.split()
        if not words:
            return []
        if words[0] == "help":
            self.ok("", self._help())
            return []
        if words[0][0] in DIGITS:
            words.insert(0, "=")
        row = _row(self.commands, words[0])
        if row is None:
            self.error("no command %s: type help" % words[0])
            return []
        values, fault = _values(row[1].split(), words[1:])
        if fault:
            self.error("%s: %s" % (fault, _usage(row)))
            return []
        if row[0] in self.others:
            fault = self.others[row[0]](*values)
            self.error(fault) if fault else self.ok(" ".join(words))
            return []
        self.asked = True
        return [Command(row[0], values)]

    def _help(self):
        for line in self.commands.strip().split("\n"):
            row = line.split("|")
            yield "%s - %s" % (_usage(row), row[2])

    # what is said

    def ok(self, text="", lines=()):
        """The command was carried out; lines: text that stands before the answer."""
        for line in lines:
            self._say("  " + line)
        self._say(("ok " + text).strip())
        self.asked = False

    def error(self, what_to_do):
        """The command was not carried out."""
        self._say("error " + what_to_do, MOST_ERRORS)
        self.asked = False

    def note(self, text):
        """What nobody has asked for; not kept where nobody reads."""
        if len(self.said) < MOST_NOTES:
            self._say("note " + text)

    def _say(self, line, most=MOST_WAITING):
        data = line.encode() + b"\r\n"
        if len(self.said) + len(data) <= most:
            self.said += data

    def outgoing(self, now_ms):
        """Bytes to send now."""
        data = bytes(self.said[:CHUNK])
        self.said[: len(data)] = b""
        return data


def _typed(line):
    """(text, "") of a line as it was meant, or ("", what to do)."""
    meant = bytearray()
    for byte in line:
        if byte in BACKSPACES:
            meant[-1:] = b""
        elif not 0x20 <= byte <= 0x7E:
            return "", "the line was not readable: type it again"
        else:
            meant.append(byte)
    if len(meant) > MOST_LINE:
        return "", "the line is too long: at most %d signs" % MOST_LINE
    return bytes(meant).decode().lower(), ""


def _row(commands, name):
    """[name, arguments, what it does] of the table, None where there is no such command."""
    for line in commands.strip().split("\n"):
        if line.startswith(name + "|"):
            return line.split("|")
    return None


def _usage(row):
    """The command as it is typed: NAME ARGUMENT [ARGUMENT]."""
    words = [] if row[0] == "=" else [row[0]]
    for argument in row[1].split():
        name, _, kind = argument.partition(":")
        shown = kind if "/" in kind else name.rstrip("?")
        words.append("[%s]" % shown if name.endswith("?") else shown)
    return " ".join(words)


def _values(arguments, words):
    """(one value for each argument, "") or ((), what is wrong)."""
    if len(words) > len(arguments):
        return (), "too many words"
    values = []
    for at, argument in enumerate(arguments):
        name, _, kind = argument.partition(":")
        if at >= len(words):
            if not name.endswith("?"):
                return (), name + " is missing"
            values.append(None)
            continue
        value, wanted = _value(kind, words[at])
        if value is None:
            return (), "%s is %s" % (name.rstrip("?"), wanted)
        values.append(value)
    return tuple(values), ""


def _value(kind, word):
    """(value, "") or (None, what it should be)."""
    if "/" in kind:
        return (word, "") if word in kind.split("/") else (None, kind.replace("/", " or "))
    if kind == "yuan":
        fen = fen_of(word)
        return (fen, "") if fen is not None else (None, "an amount in yuan, as 12.50")
    least, most = kind.split("..")
    whole = _whole(word)
    if whole is None or not int(least) <= whole <= int(most):
        return None, "%s to %s" % (least, most)
    return whole, ""


def _whole(word):
    """Whole number of up to ten digits, None for anything else."""
    good = 0 < len(word) <= 10 and not [sign for sign in word if sign not in DIGITS]
    return int(word) if good else None


def fen_of(word):
    """Fen of an amount in yuan with up to two decimals and six digits before; None else."""
    yuan, point, decimals = word.partition(".")
    whole = _whole(yuan) if len(yuan) <= 6 else None
    if whole is None or (point and not 1 <= len(decimals) <= 2):
        return None
    part = _whole(decimals + "0" * (2 - len(decimals))) if point else 0
    return None if part is None else whole * 100 + part
