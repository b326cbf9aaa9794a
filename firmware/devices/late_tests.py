# SPDX-License-Identifier: Apache-2.0
"""What a self-test looks at when nobody is there, a slice at a time: the slow algorithms where
they are used, the chain of the journal. Loaded behind the start, dropped behind the last slice.
"""

from firmware.devices import known_answers
from firmware.kernel import capk


def steps(terminal, said):
    """Generator, None a slice; what is found is told at its end, and whether the terminal is
    sound. said: (code, text) that the caller knows already.
    """
    found = [one for one in said if one[0]]
    for one in checks(terminal):
        if one and one[0]:
            found.append(one)
        yield
    from firmware.devices import selftest  # its table, and its words for the panel

    for code, _ in found:
        if code not in terminal.codes:
            terminal.codes.append(code)
    if found:
        selftest.tell(terminal, found)
    terminal.sound = not [code for code in terminal.codes if code in selftest.SEVERE]


def checks(terminal):
    """Generator of (code, text), and of None between two slices."""
    parts = terminal.parts
    signed = parts.uploader.signed if parts.uploader else None
    archive = getattr(parts.journal, "archive", None)
    sm2 = capk.offers_sm(terminal.sale.keys.capks)
    hashes = [signed.key.make_hash] if signed else []
    hashes += [archive.chain.make_hash] if archive else []
    sm3 = sm2 or bool([one for one in hashes if hasattr(one, "steps")])
    for one in known_answers.slow(sm3, sm2):
        yield one and (0 if one[1] else 72, one[0])
    if archive:
        from firmware.journal.chain_check import chain_steps  # of large journals

        good, faults = yield from chain_steps(archive)
        said = "journal: %d records in the chain, %d packs do not fit" % (good, faults)
        yield (26 if faults else 0), said
