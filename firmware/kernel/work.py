# SPDX-License-Identifier: Apache-2.0
"""Work: a computation done a slice at a time while the card answers (docs/design.md, background
work).

The outcome never depends on how many slices ran: `finish()` does the rest.
"""


class Work:
    """A generator that yields between slices and returns the result.

    What it raises is raised by finish().
    """

    def __init__(self, slices, failure):
        """slices: the generator; failure: the exception class it may raise."""
        self.slices = slices
        self.failure = failure
        self.error = None
        self.result = None

    def step(self):
        """Do one slice; False when nothing is left."""
        if self.slices is None:
            return False
        try:
            next(self.slices)
            return True
        except StopIteration as end:
            self.result = end.value
        except self.failure as wrong:
            self.error = wrong
        self.slices = None
        return False

    def finish(self):
        """Do what is left and return the result."""
        while self.step():
            pass
        if self.error:
            raise self.error
        return self.result


class Ask:
    """A call that is made at once by whoever drives the steps; its result is their reply. Made
    deep down in them, it would not fit on the stack of a Pico.
    """

    def __init__(self, call, *values):
        self.call = call
        self.values = values


class Chore:
    """A call that may be made while the card answers, and may be left out; nobody asks for its
    result.
    """

    def __init__(self, chore, *values):
        self.chore = chore
        self.values = values

    def step(self):
        """Make it; False: nothing is left."""
        self.chore(*self.values)
        return False
