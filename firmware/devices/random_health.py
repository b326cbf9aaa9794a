# SPDX-License-Identifier: Apache-2.0
"""Health of the source of 9F37: the two continuous tests of NIST SP 800-90B, 4.4, on every byte.

A sample is a byte. No more than H = 4 bits of entropy are claimed for it, half of what a sound
source has, so that a source that is only biased is seen before it is worthless. With a chance of a
false alarm of 2^-30 a sample:

| test | clause | fails when |
|---|---|---|
| repetition count | 4.4.1 | 1 + ceil(30 / H) = 9 equal bytes follow each other |
| adaptive proportion | 4.4.2 | the first of 512 bytes comes 71 times among them: 1 + critbinom |

At the start 1024 bytes are tested and thrown away (4.3). A failure stands until the next start:
9F37 is what makes a recorded answer of a card worthless, so without it nothing is sold (QT-030).
"""

STARTUP = 1024
PIECE = 64
REPETITIONS = 9
WINDOW = 512
PROPORTION = 71


class Health:
    """`fault`: what was seen, "" while the source is well."""

    def __init__(self):
        self.fault = ""
        self.last = -1
        self.run = 0
        self.first = -1  # of the window
        self.seen = 0
        self.equal = 0

    def take(self, samples):
        """Test further bytes of the source; False once it has failed."""
        if self.fault:
            return False
        for one in samples:
            if one == self.last:
                self.run += 1
                if self.run >= REPETITIONS:
                    self.fault = "%d equal bytes in a row" % self.run
            else:
                self.last, self.run = one, 1
            if self.seen == 0:
                self.first, self.equal = one, 0
            if one == self.first:
                self.equal += 1
                if self.equal >= PROPORTION:
                    self.fault = "%d equal bytes of %d" % (self.equal, self.seen + 1)
            self.seen = (self.seen + 1) % WINDOW
        return not self.fault

    def begin(self, random_bytes):
        """The test at the start; False where it fails."""
        for _ in range(0, STARTUP, PIECE):
            sample = random_bytes(PIECE)
            if len(sample) != PIECE:
                self.fault = "%d bytes for %d" % (len(sample), PIECE)
            if not self.take(sample):
                return False
        return True
