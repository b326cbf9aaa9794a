# SPDX-License-Identifier: Apache-2.0
"""Messages: every lamp and tone is known, every reason has words of its own (QT-242, QT-243)."""

from firmware.devices import panel

BEEPS = ("", "ok", "double", "again", "known", "no")
REASONS = (  # of the kernel, the rules, pre-processing and the sale
    "ok", "concession", "torn_recovered", "last_record_lost", "torn_suspect", "card_lost",
    "fare_changed", "already_paid", "refund_due", "card_declined", "expired", "not_yet_valid",
    "deny_list", "oda_failed", "debited_refused", "debited_unproven", "online_required",
    "card_requested_online",
    "card_data", "no_ppse", "no_common_app", "app_blocked", "card_blocked",
    "app_missing", "app_refused", "no_pdol_ttq", "not_qpboc",
    "gpo_refused", "journal_full", "journal_low", "storage_fault", "clock_not_set", "random_stuck",
    "self_test_fault",
    "reader_fault", "several_cards", "ready", "processing", "card_read", "closed", "other",
    "free_ride", "number_unread",
    "no_amount", "amount_zero", "over_ceiling", "over_transaction_limit", "needs_online_or_cvm",
)  # fmt: skip


class Ram:
    """A panel that remembers."""

    def __init__(self):
        self.log = []

    def lamp(self, colour):
        self.log.append(colour)

    def beep(self, kind):
        self.log.append(kind)

    def show(self, line1, line2):
        self.log.append((line1, line2))

    def voice(self, number):
        self.spoken = number


def test_every_reason_should_have_its_message():
    assert sorted(REASONS) == sorted(panel.names())


def test_every_message_should_be_shown_in_full():
    for message in REASONS:
        ram = Ram()
        lamp, line1, line2 = panel.present(ram, message, 200, 9800, 7)
        assert lamp in panel.LAMPS and ram.log[:2] == [(line1, line2), lamp], message
        assert "{" not in line1 + line2 and line1 and line2
        beeps = ram.log[2:]
        assert len(beeps) <= 1 and all(beep in BEEPS for beep in beeps)
        assert beeps or message in ("ready", "processing", "card_read", "journal_low")


def test_paid_again_and_refused_should_never_be_taken_for_each_other():
    """TD-002, QT-169, QT-241: lamp and tone differ together."""
    tones = {}
    for message in REASONS:
        ram = Ram()
        panel.present(ram, message)
        tones.setdefault(ram.log[1], []).extend(ram.log[2:])
    assert all(beep in ("ok", "double") for beep in tones["green"])
    assert all(beep == "again" for beep in tones["amber"])
    assert all(beep == "no" for beep in tones["red"])
    assert all(beep == "known" for beep in tones["blue"])


def test_green_should_stand_for_paid_or_free_alone():
    paid = ("ok", "concession", "torn_recovered", "free_ride")
    for message in REASONS:
        lamp, _, english = panel.present(Ram(), message, 200, 9800)
        assert (lamp == "green") is (message in paid), message
        assert message in paid or "Paid 2" not in english


def test_unknown_message_should_be_a_refusal():
    ram = Ram()
    assert panel.present(ram, "never heard of")[0] == "red" and ram.log[2] == "no"


def test_amounts_should_be_yuan():
    """QT-244."""
    for fen, wanted in (
        (9800, "98.00"),
        (5, "0.05"),
        (0, "0.00"),
        (None, "--"),
        (123456, "1234.56"),
    ):
        assert panel.yuan(fen) == wanted
    assert panel.present(Ram(), "ok", 200, None)[2] == "Paid 2.00, balance --"
    assert panel.present(Ram(), "deny_list", deny_list_version=7)[2] == "No charge: list 7"


def test_report_panel_should_report_each_change():
    events = []
    panel.present(panel.ReportPanel(events.append), "expired")
    assert [one["event"] for one in events] == ["show", "lamp", "beep", "voice"]
    assert events[1]["lamp"] == "red" and events[2]["beep"] == "no" and events[3]["voice"] == 10
