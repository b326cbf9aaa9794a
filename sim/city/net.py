# SPDX-License-Identifier: Apache-2.0
"""Lines between the terminals of a district and the collector, and what becomes of frames on them.

A line is the byte stream under a real Link. Whole frames that leave a terminal, and answers, may
be lost, doubled, late, damaged, cut short, or take the line with them. Frames that have come are
answered together, once in TICK_MS: one commit.
"""

from firmware.errors import LinkLost
from firmware.formats import batch, messages, record, session_key
from host_tools.collector import damaged
from sim.city.desk import ANSWERED, COMMIT, GONE, KILL

LATENCY_MS = 150
TICK_MS = 1000
LATE_MS = (20000, 300000)  # by which a late frame is late
GONE_MS = 60000
WAYS = ("lost", "doubled", "late", "damaged", "cut short", "line dies")
STATEMENTS = 9  # of a transaction of the collector, about
# what somebody sends who has listened: the numbers that come next without a signature, with one by
# another key, of a terminal that nobody has entered, an old frame once more, noise
FORGERIES = ("unsigned", "wrong key", "unknown terminal", "replayed", "rubbish")
FORGED_FEN = 9999


class Line:
    """One connection of one terminal; `client` and `server` find whole frames in its bytes."""

    reset = None

    def __init__(self, net, unit):
        self.net, self.unit = net, unit
        self.client, self.server = batch.FrameReader(), batch.FrameReader()
        self.inbox = b""
        self.is_open = True

    def write(self, data):
        self._check()
        for frame in self.client.feed(data):
            self.net.leaves(self, frame)

    def read(self, count, timeout_ms):
        self._check()
        data, self.inbox = self.inbox[:count], self.inbox[count:]
        return data

    def speed(self, baud):
        return True

    def close(self):
        self.is_open = False

    drop = close

    def _check(self):
        if not self.is_open:
            raise LinkLost("the line is gone")


class Net:
    """town: the district: now, at(ms, call), draws, units, wake(unit)."""

    def __init__(self, town, desk):
        self.town, self.desk = town, desk
        self.queue = []  # (line or None, frame) that have come and are not answered
        self.is_due = False
        self.gone_until_ms = 0
        self.frames = self.commits = 0
        self.refused = {}  # code name -> how often a terminal was told so
        self.heard_once = {}  # number -> the first frame of it, which somebody keeps
        self.broken_rules = []

    def connect(self, unit):
        """A line; LinkLost where there is no network."""
        if unit.in_tunnel:
            raise LinkLost("no network")
        return Line(self, unit)

    # --- on the way -----------------------------------------------------------------------------

    def leaves(self, line, frame):
        self.frames += 1
        if self.town.draws.hits("forged"):
            self._forge(line.unit)
        self.heard_once.setdefault(line.unit.number, frame)
        self._carry(line, frame, self.arrives)

    def _carry(self, line, data, deliver):
        """Let bytes arrive, or not."""
        draws, delay_ms = self.town.draws, LATENCY_MS
        if draws.hits("link"):
            way = draws.pick("link", WAYS)
            draws.note("link", way)
            if way == "lost":
                return
            if way == "doubled":
                self._later(delay_ms + 7, deliver, line, data)
            elif way == "late":
                delay_ms = LATE_MS[0] + draws.below("link", LATE_MS[1] - LATE_MS[0])
            elif way == "damaged":
                at = draws.below("link", len(data))
                bent = data[at] ^ 1 << draws.below("link", 8)
                data = data[:at] + bytes([bent]) + data[at + 1 :]
            elif way == "cut short":
                data = data[: draws.below("link", len(data))]
            elif way == "line dies":
                line.drop()
                if draws.below("link", 2):
                    return
        self._later(delay_ms, deliver, line, data)

    def _later(self, delay_ms, deliver, line, data):
        self.town.at(self.town.now.now_ms + delay_ms, lambda: deliver(line, data))

    # --- at the collector -----------------------------------------------------------------------

    def arrives(self, line, data):
        before = line.server.damaged
        frames = line.server.feed(data)
        for frame in frames:
            self._take(line, frame)
        if line.server.damaged > before and not frames:
            self._carry(line, damaged("half a frame or a wrong CRC"), self.heard)

    def _take(self, line, frame):
        self.queue.append((line, frame))
        if not self.is_due:
            self.is_due = True
            self.town.at(self.town.now.now_ms + TICK_MS, self._answer)

    def _answer(self):
        group, self.queue, self.is_due = self.queue, [], False
        order = self._order()
        self.commits += 1
        answers = self.desk.answers(self.town.now.utc_s, [frame for _, frame in group], order)
        if answers is None:
            self.town.draws.note("collector", f"killed, {_place(order[1])}")
            return
        for (line, frame), answer in zip(group, answers, strict=True):
            self._look_at(line, frame, answer)
            if line is not None:
                self._carry(line, answer, self.heard)

    def _order(self):
        """What befalls the next transaction; None: nothing."""
        draws, now_ms = self.town.draws, self.town.now.now_ms
        if now_ms < self.gone_until_ms:
            return GONE, 0
        where = (*range(STATEMENTS), COMMIT, ANSWERED)
        if draws.hits("collector"):
            return KILL, draws.pick("collector", where)
        if draws.hits("database"):
            self.gone_until_ms = now_ms + GONE_MS
            place = draws.pick("database", where[:-1])
            draws.note("database", _place(place))
            return GONE, place
        return None

    def _look_at(self, line, frame, answer):
        values = _fields_of(answer)
        if answer[3] == batch.REJECT:
            name = batch.reject_name(values["code"])
            whose = "" if line is not None else "forged: "
            self.refused[whose + name] = self.refused.get(whose + name, 0) + 1
        elif line is None and frame not in self.heard_once.values():
            self.broken_rules.append("a forged frame was answered as if it were a terminal's")

    # --- back -----------------------------------------------------------------------------------

    def heard(self, line, data):
        if line.is_open:
            line.inbox += data
            self.town.wake(line.unit)

    # --- by somebody else -----------------------------------------------------------------------

    def _forge(self, unit):
        """A frame that no terminal of ours sends now, by a line of somebody's own."""
        draws = self.town.draws
        how = draws.pick("forged", FORGERIES)
        number = unit.number
        frame = self.heard_once.get(number, b"")
        if how == "replayed" and not frame:
            return
        if how == "unknown terminal":
            number = 0xF0000000 + draws.below("forged", 1000)
        items = [(unit.journal.acknowledged + 1, self._record())]
        if how in ("wrong key", "unknown terminal"):
            session = unit.uploader.signed.session or bytes(session_key.SESSION_BYTES)
            values = {"terminal_id": number, "session": session, "turn": 1, "items": items}
            key = session_key.Key(draws.below("forged", 256).to_bytes(1, "big") * 32)
            frame = messages.seal(batch.BATCH, values, key)
        elif how != "replayed":
            frame = batch.pack_batch(number, items)
        if how == "rubbish":
            frame = frame[:6] + bytes([draws.below("forged", 256) for _ in frame[6:]])
        draws.note("forged", how)
        self._take(None, frame)

    def _record(self):
        """Bytes of a sale that nobody has made."""
        values = record.blank(record.APPROVED)
        values["amount_fen"], values["time_utc_s"] = FORGED_FEN, self.town.now.utc_s
        values["date"], values["time"], values["reason"] = "261123", "120000", "ok"
        values["tc"] = bytes([self.town.draws.below("forged", 256) for _ in range(8)])
        return record.pack(values)


def _fields_of(answer):
    """Fields of an answer of either version; whether it is authentic is the terminal's matter."""
    if answer[2] == messages.VERSION:
        return messages.fields_of(answer)
    return batch.unseal(answer)[1]


def _place(where):
    return f"statement {where}" if isinstance(where, int) else f"at {where}"
