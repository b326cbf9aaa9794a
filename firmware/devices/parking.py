# SPDX-License-Identifier: Apache-2.0
"""Car park: one lane of it, entry or exit (terminals.md 6, parking).

Entry is a free read, no GPO: nothing is debited for driving in (TD-022). The number is all that
joins the two ends, so a card that hides it is sent to the attendant at both. The barrier opens
when the entry is durable, at the exit when the payment is (TD-001); whoever is open and does not
drive taps again, at the entry within minutes, at the exit within the time to leave, and is not
charged again. A pass is a card of the list `allow` whose hours hold when it leaves.

| setting | value |
|---|---|
| lane | entry or exit |
| stop | number of the lane, 1..255: stands in each entry |
| store | file:PATH or flash:LABEL, entries kept here; serial:PATH, kept by the exit lane |
| store_blocks | 4 KiB blocks of it, 8; 75 entries; 15 more with each block |
| twin | exit: serial:PATH to the entry lane, hub:PATH to the hub of many lanes (hub_store.py); |
| | none where the store is fed by this lane alone |
| pay_lines | exit: serial:PATH to a pay station (parking_pay.py), several behind blanks |
| product | word of the tariff in `fares` |
| fares | fare table (docs/fares.md) |
| allow | list of passes (`faretap allow`), optional |
| door, pulse_ms | output of the barrier |
| console | exit: serial:PATH of the attendant's keys (parking_attendant.py), optional |
| vehicle_class | 0..255, stands in each entry |
| missing_entry | maximum: the tariff's price of a lost entry (default); refuse (TD-068) |
| missing_exit | refuse: a card that is inside does not enter (default); replace (TD-068) |
"""

from firmware.devices import options


def make(settings, parameters, hal, clock, report):
    """Trade of a lane, as metro.py's: what keeps stays elsewhere is not loaded. FormatError for
    settings, tables or lists that cannot be used.
    """
    if options.word(settings.more, "trips", "store", ("store", "card")) == "card":
        if options.word(settings.more, "passes", "none", ("none", "card")) == "card":
            from firmware.devices import parking_pass  # where settings ask for it

            return parking_pass.make(settings, parameters, hal, clock, report)
        from firmware.devices import parking_card  # likewise

        return parking_card.make(settings, parameters, hal, clock, report)
    from firmware.devices import parking_store  # likewise

    return parking_store.make(settings, parameters, hal, clock, report)
