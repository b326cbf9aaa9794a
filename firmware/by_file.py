# SPDX-License-Identifier: Apache-2.0
"""Upload without a line: records leave as a file of BATCH frames, and come back as one of answers.

The frames are those of any line (formats/batch.py); with a key they are signed under the
terminal's file keys, outside every session (formats/messages.py). Making them changes nothing. An
answer moves the cursor only when the very batch it names can be made again (CL-007, CL-018), so a
file that comes twice, late, in parts or for another terminal does no harm.

Pure over the journal; who reads and writes files is the caller.
"""

from firmware.errors import FormatError
from firmware.formats import batch, messages
from firmware.formats.session_key import NO_SESSION, file_keys
from firmware.upload import BYTES, accepted

ITEMS = 100  # records of a batch


class ByFile:
    """`key`: the terminal's Key, None for version 1. Batches of `limit_bytes` of records, the same
    for making and for taking answers where there is no key.
    """

    def __init__(self, journal, terminal_id, key=None, limit_bytes=BYTES):
        self.journal = journal
        self.terminal_id = terminal_id
        self.limit_bytes = limit_bytes
        self.up, self.down = file_keys(key, terminal_id) if key else (None, None)

    def frames(self):
        """Generator of (last number, frame) over all that could be sent, in order."""
        first = self.journal.acknowledged + 1
        while True:
            items = self.journal.unsent(self.limit_bytes, ITEMS, first)
            if not items:
                return
            first = items[-1][0] + 1
            yield items[-1][0], self._frame(items)

    def take(self, answer):
        """How many numbers the answer acknowledges that were not yet; the journal has moved then.

        FormatError, with a reason for people, when it says nothing about this journal.
        """
        items = self._named(answer) if self.up else self._plainly(answer)
        before = self.journal.acknowledged
        if items:
            self.journal.acknowledge(max(before, items[-1][0]))
        return self.journal.acknowledged - before

    def _named(self, answer):
        """The items that a signed answer acknowledges."""
        kind, values = messages.unseal(answer, self.down)
        if values["terminal_id"] != self.terminal_id:
            raise FormatError("for terminal %d" % values["terminal_id"])
        if kind == batch.REJECT:
            raise FormatError(refusal(values))
        if kind != batch.ACK:
            raise FormatError("no acknowledgement")
        first, last, upto = values["first"], values["last"], values["upto"]
        if not first <= last <= min(upto, self.journal.settled_upto()):
            raise FormatError("of numbers %d to %d, which were not given out" % (first, last))
        if last <= self.journal.acknowledged:
            return []
        if first > self.journal.acknowledged + 1:
            raise FormatError("begins at %d, the cursor is at %d: answers of earlier files are "
                              "missing" % (first, self.journal.acknowledged))  # fmt: skip
        items = self.journal.unsent(batch.FRAME_MOST, last - first + 1, first)
        if not items or messages.tag_of(self._frame(items)) != values["request"]:
            raise FormatError("of another batch of %d to %d" % (first, last))
        return items

    def _plainly(self, answer):
        """The items that an unsigned answer acknowledges."""
        kind, values = batch.unseal(answer)
        if values["terminal_id"] not in (0, self.terminal_id):
            raise FormatError("for terminal %d" % values["terminal_id"])
        if kind == batch.REJECT:
            raise FormatError(refusal(values))
        if kind == batch.ACK and values["upto"] <= self.journal.acknowledged:
            return []
        items = self.journal.unsent(self.limit_bytes, ITEMS)
        upto = accepted(self._frame(items), answer, self.terminal_id, items) if items else 0
        if not upto:
            raise FormatError("of another batch")
        return [one for one in items if one[0] <= upto]

    def _frame(self, items):
        if not self.up:
            return batch.pack_batch(self.terminal_id, items, batch.FRAME_MOST)
        head = {"terminal_id": self.terminal_id, "session": NO_SESSION, "turn": 0, "items": items}
        return messages.seal(batch.BATCH, head, self.up, batch.FRAME_MOST)


def refusal(values):
    """The words of a REJECT."""
    return "refused: %s, %s" % (batch.reject_name(values["code"]), values["text"])
