# SPDX-License-Identifier: Apache-2.0
"""Trade: what makes a bus reader, a taxi or a gate of the one terminal loop.

A device is its rules and its neighbours: one class, a `Trade` with other answers to the questions
that loop (terminal.py) and sale (sale.py) ask. This one is the simplest device: everybody pays
the fare of the parameters, classes less, nobody is beside it.

    what is sold now?                      offer()
    what does this card pay?               charge(pan), on what begin() has frozen
    may it pay? or need it not pay?        refuse(pan, psn)
    what stands in the record?             onto(values)
    what follows the result?               after(sold)
    what of the card's own records?        wants(), key_of(), keys_ahead(), trip_of(), stamped()
    what do the neighbours say?            turn(), each turn of the loop; never waits

The questions are asked again and again, the last two times with the card's money at stake; only
begin(), after() and turn() may change anything. None of them may raise.
"""

from collections import namedtuple

from firmware.devices import fare

# message: row of the panel's table that stands while nobody is there, or that says why nothing
# is sold; fare_fen: what a rider without a discount pays now, None where only the number tells it
# (needs_number); sells: whether cards are looked for
Offer = namedtuple("Offer", ("message", "fare_fen", "sells"))

# amount_fen: 0 when there is nothing to pay; full_fare_fen: before discounts; fare_class, rule:
# words of the record; riders: people the amount stands for
Charge = namedtuple("Charge", ("amount_fen", "full_fare_fen", "fare_class", "rule", "riders"))

# What a trade is given to work with. journal, stamp, torn_taps: of the terminal; show(message,
# fare_fen): the panel; busy(): True while a card has not been taken away; report(event); module:
# the security module (firmware/module), None without one
House = namedtuple(
    "House",
    ("journal", "stamp", "torn_taps", "show", "busy", "clock", "report", "module"),
)

# What trip_of() answers of a card that is asked for money or for its records. charge: Charge;
# kind: DF60, of kernel.capp; changes: tuple of kernel.capp.Change without session; least_fen:
# balance that is asked for before the GPO, None where nobody looks (QX-007)
# frozen_by: (9F1E, 9F16) of the terminal that froze what a completion takes, b"" for this one
Trip = namedtuple("Trip", ("charge", "kind", "changes", "least_fen", "frozen_by"))
OWN = (b"", b"")

# Messages of a card that is served without a debit; the others a trade refuses with.
PASSES = (
    "free_ride", "re_entry", "pass_valid", "staff", "driver", "present", "access_granted",
    "entry_noted", "free_exit", "ticket_again", "stay_asked", "prepaid",
    "came_in", "came_late", "went_out", "left_early",
)  # fmt: skip


class Trade:
    """The simplest device: one fare, less for classes by card number."""

    name = "bus"  # in records
    code = 2  # trade code (terminals.md 7)
    pays = True  # False: the card number is read, nothing is ever debited (TD-022)
    needs_number = False  # True: a card that does not tell its number freely is refused unasked
    words = ""  # rows of the panel's table for its own messages (panel.py)
    uses_records = False  # True: keeps its state in the card's records (JR/T 0025.14)
    told_fen = 0  # shown with the word that stops a card: what would be due
    shows_offset = False  # True: the balance is shown less what the card owes (QX-060)

    def __init__(self, settings, parameters):
        self.settings = settings
        self.parameters = parameters
        self.house = None

    def attach(self, house):
        """The terminal is there: before its start."""
        self.house = house

    def restore(self, recent):
        """At the start; recent(count): (sequence, record dict) of the journal, newest first."""

    def turn(self):
        """What the neighbours have said since the last turn."""

    def offer(self):
        """Offer of this moment."""
        return Offer("ready", self.parameters.fare_fen, True)

    def reads_first(self):
        """True when the number decides about the amount: it is read before the GPO."""
        return bool(self.parameters.classes) or not self.pays

    def begin(self):
        """A card is there: what charge() answers stays the same until the next one."""

    def charge(self, pan):
        """Charge of a card number; "": not known, nobody's discount."""
        known = fare.class_of(pan, self.parameters.classes) if pan else None
        full_fen = self.parameters.fare_fen
        return Charge(fare.price(full_fen, known), full_fen, fare.name(known), "flat", 1)

    def refuse(self, pan, psn):
        """Message of what keeps this card from paying, one of PASSES where it need not; "" else.

        psn None: not known yet. Asked before the GPO where the number was read, and again by the
        kernel up to the gate: nothing is debited behind a word.
        """
        return ""

    def pays_again(self, pan, psn):
        """True when a card that has just paid is asked to pay once more (TD-005). Never asked of
        one whose debit was refused, or that declined.
        """
        return False

    def thanks(self, charge, balance_fen=None):
        """Message of a debit that stands; balance_fen: what is left, None where not known."""
        return "concession" if charge.amount_fen < charge.full_fare_fen else "ok"

    def wants(self, selected):
        """What is read of the card before the GPO, where `uses_records`: tuple of (sfi, ID of 2
        bytes), (sfi, ID, reasons) for which it is left out, (CYCLIC_FILE, count) for the newest of
        that file; the record that a pre-authorisation changes stands last (QX-015). selected:
        selection.Selected.
        """
        return ()

    def key_of(self, page, pages, pan):
        """(key use, version, factor) for the security module, of the record `page` of a card
        number, "" where it is not known.
        """
        return (0, 0, b"")

    def keys_ahead(self, pan):
        """What key_of() will answer for records that a tap may write, in that order: their keys
        are derived while the card reads, from the last on. () is right as well.
        """
        return ()

    def trip_of(self, pages, pan):
        """Trip of the records read, kernel.capp.Page in the order of wants(), for a card number,
        "" where it is not known; or the message of what keeps this card out, one of PASSES where
        it is let through without a debit. Asked again at the gate for another number.
        """
        return "other"

    def stamped(self, page, change):
        """True when a record that was read after a tear shows what this device had written."""
        return page.data == change.after

    def onto(self, values):
        """Write what the trade knows into a record or pending dict."""
        values["device"] = self.name
        values["trade"] = self.code

    def after(self, sold):
        """The result is durable and shown: open, tell the meter, count. Must not wait."""

    def close(self):
        """Service ends: lines closed, outputs at rest."""
