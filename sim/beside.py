# SPDX-License-Identifier: Apache-2.0
"""What stands beside a terminal on the stage: the machines of each device, by its name.

One class a device, with as much of it as there is: verbs() for the steps of a scenario,
visited(..) what a person does behind his tap, balance(records) what must agree at the end.
"""


class Beside:
    """Nothing is beside it: the plain reader."""

    def __init__(self, play):
        self.play = play
        self.world = play.world

    def write_files(self):
        """Files of its own, into the folder of the play; the settings stand there already."""

    def verbs(self):
        """{verb of a step: function of its arguments}."""
        return {}

    def heard(self, event):
        """An event of the terminal."""

    def visited(self, name, message, after):
        """Generator: what somebody does after his tap ended with `message`; after: further
        arguments of the step.
        """
        yield from ()

    def evening(self):
        """Generator: what the staff does at the end."""
        yield from ()

    def balance(self, records):
        """(facts {words: number}, faults [sentence]) of records as dicts, oldest first."""
        return {}, []
