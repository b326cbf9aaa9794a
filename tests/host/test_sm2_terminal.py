# SPDX-License-Identifier: Apache-2.0
"""A whole terminal with an SM2 key as a process, simulated cards of both suites in its field."""

import subprocess

import pytest

from firmware.formats import parameters
from firmware.kernel import capk, tags, tlv
from host_tools.cli.runtime import runtime_command
from sim.kinds import ALL_KINDS
from sim.replaying import until
from sim.rig import Rig
from sim.timing import Timing
from sim.wallet import Wallet
from tests.cards import present, purchase_from
from tests.host.console import RUNTIMES
from tests.kernel import test_fdda, test_gate, test_oda, test_restrictions
from tests.sm_card import CAPK as SM_CAPK
from tests.sm_card import SmCard
from tests.small_card import TODAY, SmallCard, values
from tests.stand import Stand

# The SM2 modules, their base table and up to four tables of keys need more than an RSA terminal
# has on the smallest board (docs/porting.md).
SM2_HEAP_KIB = 576  # 64 bits, code in RAM
PLAIN = values() | {0x9F1A: b"\x01\x56", 0x9C: b"\x00"}
ENDS = {  # card: outcome, oda, is money taken
    "adult-1": ("approved", "fdda01", True),
    "sm2": ("approved", "fdda01", True),
    "sm2-v00": ("approved", "fdda00", True),
    "both-suites": ("approved", "fdda01", True),
    "sm2-certificate": ("declined", "failed", False),
    "sm2-signature": ("declined", "failed", False),
    "sm2-hash": ("declined", "failed", True),
}


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_terminal_with_an_sm2_key_should_take_both_suites(runtime, tmp_path):
    """QT-009, QT-099, QT-164, QT-233: DF69 is offered, 9F10 says SM4, forgeries are refused."""
    kinds = [one for one in ALL_KINDS if one[0] in ENDS]
    interpreter = runtime_command(runtime, SM2_HEAP_KIB)[:3]
    with Rig(tmp_path, interpreter, Timing.none(), kinds, same_card_s=0, trace=True) as rig:
        for name, card in rig.cards.items():
            rig.field.place(card)
            seen = until(rig.firmware, "tap")
            rig.field.remove()
            tap = seen[-1]
            assert (tap["outcome"], tap["oda"], tap["taken"]) == ENDS[name], (name, tap)
            if name in ("sm2", "both-suites"):
                (gpo,) = [one for one in seen if one.get("command", "").startswith("80a8")]
                assert gpo["command"].endswith("0100")  # DF69 stands last in its PDOL, then Le
                (answer,) = tlv.parse(bytes.fromhex(gpo["answer"])[:-2])
                assert tlv.find(answer.children, tags.IAD).value[7] == 4
            until(rig.firmware, "ready")


ALONE = """
import sys
from firmware.formats import parameters
import firmware.main, firmware.assemble
capks = parameters.parse("fare_fen: 1\\nca: RSA A000000333 F1 03 " + "C1" * 128).capks
print(len(capks), [name for name in sys.modules if name.split(".")[-1][:2] in ("sm", "sd")])
parameters.parse("fare_fen: 1\\nca: SM2 A000000333 57 " + {point!r})
print("firmware.kernel.sm2" in sys.modules)
"""
POINT = (  # laboratory key 57 of the network, as published
    "E8105E77861FD2EB727C84E36D3D4A5666BD0ADCE8781F0145D3D82D72B92748"
    "E22D5404C6C41F3EC8B790DE2F61CF29FAECB168C79F5C8666762D53CC26A460"
)


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_terminal_with_rsa_keys_should_never_load_sm2(runtime):
    """What few terminals need is not in the heap of the others (docs/design.md)."""
    argv, env, cwd, _ = runtime_command(runtime, SM2_HEAP_KIB)
    script = ALONE.format(point=POINT)
    done = subprocess.run(
        [*argv, "-c", script], env=env, cwd=cwd, capture_output=True, text=True, check=False
    )
    assert done.stdout.split("\n")[:2] == ["1 []", "True"], done.stdout + done.stderr


def test_card_of_sm2_alone_should_end_at_a_terminal_without_it(tmp_path):
    """QT-233: DF69 = 00 is answered 6985: another interface, nothing was debited."""
    kinds = [one for one in ALL_KINDS if one[0] in ("sm2", "both-suites")]
    wallet = Wallet.create(tmp_path / "wallet", kinds)
    (rsa,) = [line for line in wallet.parameters()["ca"] if line.startswith("RSA")]
    fleet = parameters.parse("fare_fen: 200\nca: " + rsa)
    assert not capk.offers_sm(fleet.capks)
    for entry, card in zip(wallet.entries, wallet.cards(), strict=True):
        card.path = None
        result = present(card, purchase_from({**PLAIN, 0xDF69: b"\x00"}, TODAY, fleet.capks))
        if entry.name == "sm2":
            assert (result.outcome, result.reason) == ("other_interface", "gpo_refused")
            assert result.detail == "SW 6985" and not card.debits
        else:
            assert (result.outcome, result.oda) == ("approved", "fdda01")
            assert result.tap.value(tags.IAD)[7] == 1


def test_sm2_should_be_offered_while_its_key_may_be_used():
    """QT-023, QT-099: from the day a key is withdrawn a card of both suites pays by RSA."""
    line = "ca: SM2 A000000333 57 %s 20261122\n" % SM_CAPK.key.hex()
    stand = Stand(line)
    offered = []

    def tap(card):
        inner = card.exchange

        def exchange(command, spare=None):
            if command[1] == 0xA8:
                offered.append(command[-2])  # DF69 stands last in its PDOL, then Le
            return inner(command, spare)

        card.exchange = exchange
        return stand.tap(card)

    def card_of_both(pan):
        """Answers as the SM card when it is asked for SM, else as the RSA card."""
        card = SmallCard(pan)
        card.fci = SmCard().fci
        return card

    assert tap(SmCard())["outcome"] == "approved" and offered == [1]
    stand.clock.now = (2026, 11, 23, 10, 15, 0)
    event = tap(card_of_both("6228000100000028"))
    assert (event["outcome"], offered) == ("approved", [1, 0])
    event = tap(SmCard("6228000100000036"))
    assert (event["outcome"], event["detail"]) == ("declined", "CA key 57 is out of use")
    assert offered == [1, 0, 0]


RSA_SUITE = [
    pytest.param(module, name, id=f"{module.__name__.rpartition('.')[2]}-{name}")
    for module in (test_gate, test_fdda, test_oda, test_restrictions)
    for name in sorted(dir(module))
    if name.startswith("test_")
]


@pytest.mark.parametrize("module, name", RSA_SUITE)
def test_rsa_suite_should_pass_with_an_sm2_key_held(module, name, monkeypatch):
    """QT-009: every RSA test of the kernel again, at a terminal that offers SM2."""

    def purchase_with_both(values, today, capks, *more):
        offered = {**values, 0xDF69: b"\x01"}
        return purchase_from(offered, today, (SM_CAPK, *capks), *more)

    monkeypatch.setattr(module, "purchase_from", purchase_with_both)
    getattr(module, name)()
