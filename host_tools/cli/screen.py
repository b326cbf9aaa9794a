# SPDX-License-Identifier: Apache-2.0
"""What the console shows of a terminal's events and of a balanced day: rich renderables only."""

from rich.cells import set_cell_size
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table

from firmware.devices.panel import yuan

LAMPS = {"green": "green", "amber": "yellow", "red": "red", "blue": "blue"}
PHASES = ("activate", "select", "get_data", "gpo", "read", "journal", "host")


class Screen:
    """Keeps the lamp and the two lines until the tap that goes with them is reported."""

    def __init__(self):
        self.lamp = "blue"
        self.lines = ("", "")

    def line(self, event):
        """Text for an event, None when there is nothing to show."""
        kind = event["event"]
        if kind == "lamp":
            self.lamp = event["lamp"]
        elif kind == "show":
            self.lines = (event["line1"], event["line2"])
        show = SHOWN.get(kind)
        return show(self, event) if show else None

    def _tap(self, event):
        phases = event["phases_us"]
        parts = " ".join(
            f"{name} {phases[name] / 1000:.0f}" for name in PHASES if phases.get(name, 0) >= 500
        )
        fen = event["amount_fen"] if event["taken"] else 0
        card = event["card"] or "-"
        return (
            f"{self._result()}  {card:<16} {fen:>4} fen {event['us'] / 1000:>5.0f} ms"
            f" [dim]({parts}) {escape(event['detail'])}[/dim]"
        )

    def _result(self):
        colour = LAMPS[self.lamp]
        stamp = f"[{colour}]●[/{colour}]"
        english, chinese = set_cell_size(self.lines[1], 34), set_cell_size(self.lines[0], 28)
        return f"{stamp} {escape(english)} {escape(chinese)}"

    def _collision(self, event):
        return self._result()

    def _plug(self, event):
        return "[magenta]plug pulled: the terminal starts again[/magenta]"

    def _upload(self, event):
        return f"[cyan]uploaded and committed up to record {event['acknowledged']}[/cyan]"

    def _link(self, event):
        return f"[magenta]upload: {escape(event['text'])}[/magenta]"

    def _note(self, event):
        return f"[bold]{escape(event['text'])}[/bold]"

    def _console(self, event):
        return f"[dim]console  {escape(event['text'])}[/dim]"

    def _machine(self, event):
        return f"[cyan]{event['machine']:<8} {escape(event['text'])}[/cyan]"

    def _reader(self, event):
        return f"[magenta]reader: {escape(event['text'])}[/magenta]"


SHOWN = {
    "tap": Screen._tap,
    "collision": Screen._collision,
    "plug": Screen._plug,
    "upload": Screen._upload,
    "reader": Screen._reader,
    "link": Screen._link,
    "note": Screen._note,
    "console": Screen._console,
    "machine": Screen._machine,
}


def heading(interpreter, rig):
    """Who plays: the interpreter's command and the parts."""
    return Panel(
        f"terminal  {escape(' '.join(interpreter.argv))} -m firmware.main\n"
        f"reader    virtual PN532 at {rig.chip_server.path}\n"
        f"collector 127.0.0.1:{rig.collector_server.port}, SQLite ledger\n"
        f"fare      {yuan(rig.fare_fen)}, {len(rig.cards)} simulated cards",
        title="faretap demo",
        expand=False,
    )


def balance_sheet(balance, rig):
    """The end of a day as a table; says in words whether it balances."""
    table = Table(title="reconciliation, yuan", title_justify="left")
    for name in ("", "cards", "journal", "ledger"):
        table.add_column(name, justify="left" if not name else "right")
    table.add_row("approved", "", yuan(balance.approved_fen), yuan(balance.ledger_approved_fen))
    table.add_row(
        "debited, refused: refund due",
        "",
        yuan(balance.refund_due_fen),
        yuan(balance.ledger_refund_due_fen),
    )
    table.add_row("pending", "", yuan(balance.pending_fen), yuan(balance.ledger_pending_fen))
    if balance.pending_fen != balance.pending_taken_fen:
        not_taken = balance.pending_fen - balance.pending_taken_fen
        table.add_row("  of it never taken from a card", "", "-" + yuan(not_taken), "")
    accounted = balance.approved_fen + balance.refund_due_fen + balance.pending_taken_fen
    table.add_section()
    table.add_row(f"taken, {balance.debits} debits", yuan(balance.cards_fen), yuan(accounted), "")
    verdict = (
        f"[green]balanced to the fen: {balance.records} records, {rig.restarts} restarts[/green]"
        if not balance.faults
        else "[red]NOT balanced:\n" + escape("\n".join(balance.faults)) + "[/red]"
    )
    table.caption = verdict
    table.caption_justify = "left"
    return table
