# SPDX-License-Identifier: Apache-2.0
"""A hand with cards before the reader: brings them together, holds one, tears one away.

Everything goes on in threads of its own, HANDS at a time; who asks while all are busy is told
False. `taps` of the owner counts results, so that a card goes when its tap is over.
"""

import threading
from concurrent.futures import ThreadPoolExecutor

RESULT_S = 8.0
LINGER_S = 0.35  # a card stays so long behind the result, as in a hand
HANDS = 4
TRIES = 4  # a hand that reads "tap again" leaves its card there for so many results
AGAIN = ("card_lost", "last_record_lost")
LOG_MOST = 200  # of the field's commands
TEARS = {  # what the hand does -> where the card leaves (sim/field.py)
    "late": {"last": True, "acted": True},
    "early": {"at_apdu": 2},
    "middle": {"last": True, "acted": False},
}


class Hand:
    """field: sim/field.py; cards: {name: Card}; moved() after each change; torn(name, moment,
    debit_fen, was_torn, frozen_fen) when a card was torn away: what has left it, and how much more
    is frozen on it.
    """

    def __init__(self, field, cards, moved, torn):
        self.field = field
        self.cards = cards
        self.moved = moved
        self.torn = torn
        self.over = threading.Event()
        self._results = 0
        self._says_again = False
        self._change = threading.Condition()
        self._pool = ThreadPoolExecutor(HANDS)
        self._busy = 0
        self.tearing = 0  # cards that are being torn away: what becomes of them is told by torn()

    def close(self):
        """Let go."""
        self.over.set()
        with self._change:
            self._change.notify_all()
        self._pool.shutdown(cancel_futures=True)

    def result(self, message=""):
        """A tap is over, and this is what the panel says."""
        with self._change:
            self._results += 1
            self._says_again = message in AGAIN
            self._change.notify_all()
        del self.field.log[:-LOG_MOST]

    def there(self):
        """Names of the cards in reach."""
        field = self.field.cards()
        return [name for name, card in self.cards.items() if any(card is one for one in field)]

    def tap(self, names):
        """Cards come together, stay until the result, and go. KeyError; False: hands full."""
        return self._do(self._present, [self.cards[name] for name in names])

    def tear(self, name, moment):
        """A card comes and leaves in the midst of it; moment: a key of TEARS."""
        return self._do(self._tear_off, name, moment, self.cards[name], TEARS[moment])

    def hold(self, name):
        """A card comes and stays; True."""
        self._enter([self.cards[name]])
        return True

    def leave(self, name):
        """A card that is held goes; True."""
        self.field.leave(self.cards[name])
        self.moved()
        return True

    def _do(self, action, *arguments):
        with self._change:
            if self._busy >= HANDS or self.over.is_set():
                return False
            self._busy += 1
        self._pool.submit(self._work, action, *arguments)
        return True

    def _work(self, action, *arguments):
        try:
            action(*arguments)
        finally:
            with self._change:
                self._busy -= 1
            self.moved()

    def _present(self, cards):
        before = self._results
        self._enter(cards)
        for number in range(1, TRIES + 1):
            self._await_result(before + number - 1)
            if not self._says_again or len(cards) > 1:
                break
        self.over.wait(LINGER_S)
        for card in cards:
            self.field.leave(card)

    def _tear_off(self, name, moment, card, where):
        before, torn = self._results, self.field.torn
        had_fen, frozen_fen = card.held_fen, frozen_on(card)
        self.tearing += 1
        self.field.tear(**where)
        self._enter([card])
        self._await_result(before)
        self.field.forget_tears()
        self.field.leave(card)
        self.tearing -= 1
        more_fen = frozen_on(card) - frozen_fen
        self.torn(name, moment, had_fen - card.held_fen, self.field.torn > torn, more_fen)

    def _enter(self, cards):
        if not self.field.cards():
            self.field.place(*cards)
        else:
            for card in cards:
                self.field.leave(card)
                self.field.enter(card)
        self.moved()

    def _await_result(self, before):
        with self._change:
            self._change.wait_for(lambda: self._results > before or self.over.is_set(), RESULT_S)


def frozen_on(card):
    """Fen that are frozen on a card, of transactions that are final."""
    return card.capp.frozen_fen if card.capp else 0
