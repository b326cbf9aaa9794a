# SPDX-License-Identifier: Apache-2.0
"""Screen: what stands on the panel, since when, and whether something else may take its place.

A result stands RESULT_MS unless the next card comes (TD-003), a request to come again as long as
the torn tap is kept (QT-168). What is no sale is counted by its message (QT-249).
"""

from firmware.devices import panel as panels

RESULT_MS = 1000
AGAIN = ("last_record_lost", "card_lost", "fare_changed", "torn_suspect")
COMMON = ("ready", "processing", "card_read", "ok", "concession", "torn_recovered")
KEPT_ROWS = 6  # of the messages shown last: finding one takes a Pico 2 ms, a tap shows three
STATES = ("reader_fault", "journal_full", "clock_not_set", "closed")  # and what is offered


class Screen:
    """The panel of one terminal; `trade` has its words, `again_ms` is how long AGAIN stand."""

    def __init__(self, panel, clock, trade, again_ms):
        self.panel = panel
        self.clock = clock
        self.trade = trade
        self.again_ms = again_ms
        self.list_shown = str  # text for {list} of the panel's table
        self.counts = {}  # message -> how often it was shown, all but those of COMMON
        self.shown = ""
        self.fare_fen = None
        self.idle = False  # what stands is no result
        self.since_ms = 0
        self._rows = {}  # message: row of the panel's table,
        self._words = ""  # by these words of the trade

    def show(self, message, fare_fen=None, balance_fen=None):
        """Show a message; a state that stands already is left alone."""
        if message == self.shown and message in STATES:
            return
        self.idle = message in STATES
        self.shown, self.fare_fen = message, fare_fen
        self.since_ms = self.clock.ticks_ms()
        words = self.trade.words
        if message not in COMMON:
            code = message if panels.is_known(message, words) else "other"
            self.counts[code] = self.counts.get(code, 0) + 1
        row = self._row_of(message, words)
        panels.show(self.panel, row, fare_fen, balance_fen, self.list_shown())

    def _row_of(self, message, words):
        if words is not self._words or len(self._rows) > KEPT_ROWS:
            self._rows, self._words = {}, words
        row = self._rows.get(message)
        if row is None:
            row = self._rows[message] = panels.row_of(message, words)
        return row

    def stand(self, message, fare_fen, hold_ms):
        """Show what is offered, or why nothing is; a result stands `hold_ms` before."""
        if (message, fare_fen) == (self.shown, self.fare_fen):
            return
        if self.idle or self.stood_ms() >= hold_ms:
            self.show(message, fare_fen)
            self.idle = True

    def clear(self):
        """Back to what is offered when a result has stood long enough."""
        offer = self.trade.offer()
        hold_ms = self.again_ms if self.shown in AGAIN else RESULT_MS
        self.stand(offer.message, offer.fare_fen, hold_ms)

    def stood_ms(self):
        """How long this message stands."""
        return self.clock.ticks_diff(self.clock.ticks_ms(), self.since_ms)
