# SPDX-License-Identifier: Apache-2.0
"""Worlds: several terminals on the stage at one time, each a process with a world of its own.

    Worlds([one, other]).run([one.run, other.run])

Each world has a thread, and one of them is at work at a time: the one whose next event comes
first, the earlier in the list where two are at the same moment. So what one does to another,
through a line or by a rider who walks over, lies never in the other's past, and the same seed
makes the same day whatever the machine is doing besides.
"""

import threading
from concurrent.futures import ThreadPoolExecutor

from firmware.errors import LinkLost


class Worlds:
    """worlds: of world.World, none of them begun."""

    def __init__(self, worlds):
        self.alive = list(worlds)
        self.turns = {id(one): threading.Semaphore(0) for one in worlds}
        self.failed: list = []  # worlds, the first that failed first
        for one in worlds:
            one.together = self

    def run(self, calls):
        """calls: what each world does, in their order; returns when all have. What the first one
        that fails has raised goes up, the others are ended.
        """
        worlds = self.alive[:]
        with ThreadPoolExecutor(len(worlds)) as pool:
            ends = [pool.submit(self._live, *one) for one in zip(worlds, calls, strict=True)]
            try:
                self._hand_over()
                for end in ends:
                    end.exception()  # waits
            except KeyboardInterrupt:
                self.failed.append(None)  # whoever is at work next ends all
                raise
        for world in self.failed[:1]:
            ends[worlds.index(world)].result()

    def wait(self, world, until_us):
        """Called by a world that lets time pass: returns when nothing elsewhere comes before what
        comes next here. LinkLost when another one has failed.
        """
        world.target_us = until_us
        if self._first() is not world:
            self._hand_over()
            self.turns[id(world)].acquire()
        if self.failed:
            raise LinkLost("another terminal has failed")

    def _first(self):
        return min(self.alive, key=lambda one: one.next_us)

    def _hand_over(self):
        if self.alive:
            self.turns[id(self._first())].release()

    def _live(self, world, call):
        self.turns[id(world)].acquire()
        done = False
        try:
            if not self.failed:
                call()
            done = True
        finally:
            if not done:
                self.failed.append(world)
            self.alive.remove(world)
            self._hand_over()
