# SPDX-License-Identifier: Apache-2.0
"""`faretap ledger`: what each device did in a day, service by service; car parks."""

import time

import click

from firmware.devices.panel import yuan
from firmware.errors import FormatError
from host_tools.cli.ledger_open import DATABASE, open_ledger
from host_tools.cli.ledger_sheet import give, outputs
from host_tools.ledger import days, parking_inside
from host_tools.ledger import parking as parks
from host_tools.ledger import report as reports
from host_tools.ledger import transfers as rides

# of a stay, on the screen
STAY = (
    "card", "how", "entry_lane", "came", "exit_lane", "left", "minutes", "before_fen",
    "amount_fen",
)  # fmt: skip


@click.command(
    epilog="""\b
Examples:
  faretap ledger report 261122
  faretap ledger report 261122 --device toll --by stop      a toll road, by station and class
  faretap ledger report 261122 --device fuel --csv fuel.csv    litres and money
  faretap ledger report 261122 --device parking --all --json
"""
)
@DATABASE
@click.argument("day")
@click.option("--device", "devices", multiple=True, help="Of these devices only.")
@click.option("--by", multiple=True, type=click.Choice(reports.BY), help="In groups; several go.")
@click.option("--all", "everything", is_flag=True, help="Refused taps and plain events too.")
@outputs
def report(database, day, devices, by, everything, as_json, file):
    """What each device did on DAY, by the rule that made the price and the class that paid.

    Lines of `sale` are money to clear and add up to `faretap ledger settle DAY --by device`; where
    they do not, it ends with an error that says of which device.
    """
    ledger = open_ledger(database, True)
    number = days.read(day)
    lines = reports.services(ledger, number, devices, by, everything)
    rows = [
        dict(zip(by, one.of, strict=True)) | dict(list(one._asdict().items())[1:]) for one in lines
    ]
    give(rows, as_json, file, f"{days.shown(number)}: no device has a record that counts")
    faults = reports.disagreements(ledger, number, lines, devices)
    if faults:
        raise FormatError("the report is not the settlement: " + "; ".join(faults))
    if rows and not as_json and not file:
        sales = [one for one in lines if one.what == reports.SALE]
        fen = sum(one.amount_fen for one in sales)
        click.echo(
            f"sales: {sum(one.taps for one in sales)}, {yuan(fen)} yuan, as the settlement has it"
        )


@click.command(
    epilog="""\b
Examples:
  faretap ledger parking 261122                  takings by lane and pay station
  faretap ledger parking 261122 --stays --csv stays.csv
  faretap ledger parking --open                  cars that are inside, by age, and what to do
"""
)
@DATABASE
@click.argument("day", required=False)
@click.option("--stays", is_flag=True, help="Each car that left on DAY.")
@click.option("--open", "only_open", is_flag=True, help="Cars that nothing has let out.")
@click.option("--back", default=parks.BACK_DAYS, show_default=True, type=click.IntRange(1, 400),
              help="Of --open: days of entries in the lanes' store.")  # fmt: skip
@outputs
def parking(database, day, stays, only_open, back, as_json, file):
    """Car parks on DAY: takings, passes, lost entries, the attendant's decisions, stays.

    Entries in the lanes' store and on cards alike. Lines of `sale` add up to the settlement.
    """
    if only_open == bool(day):
        raise click.UsageError("say a DAY, or --open for who is inside now")
    ledger = open_ledger(database, True)
    short = not as_json and not file
    if only_open:
        cars = parking_inside.inside(ledger, back)
        offset_s = ledger.calendar.utc_offset_s
        give([_inside(one, offset_s) for one in cars], as_json, file, "nobody is inside")
        for line in parking_inside.told(cars) if short else ():
            click.echo(line)
        return
    number = days.read(day)
    if stays:
        rows = [one._asdict() for one in parks.stays(ledger, number)]
        rows = [{name: row[name] for name in STAY} for row in rows] if short else rows
    else:
        rows = [one._asdict() for one in parks.lanes(ledger, number)]
    give(rows, as_json, file, f"{days.shown(number)}: no lane has a record that counts")
    if short and rows and not stays:
        give(parks.lengths(parks.stays(ledger, number)), False, None, "no car has left")


@click.command(
    epilog="""\b
Examples:
  faretap ledger transfers 261122
  faretap ledger transfers 261122 --csv transfers.csv
"""
)
@DATABASE
@click.argument("day")
@outputs
def transfers(database, day, as_json, file):
    """Rides of DAY at a transfer's price: what it took off, and the ride before on the card.

    `known` no: the ledger has no such tap of this card. Its terminal may not have uploaded yet; a
    ride that stays unknown was perhaps made up, as the ring of a card is not protected.
    """
    found = rides.transfers(open_ledger(database, True), days.read(day))
    give([one._asdict() for one in found], as_json, file, "nobody went on at a transfer's price")
    for line in rides.summed(found) if not as_json and not file else ():
        click.echo(line)


def _inside(one, utc_offset_s):
    """A row of a car that is inside; when it came, local."""
    row = one._asdict()
    came = time.gmtime(row.pop("came_utc_s") + utc_offset_s)
    return {"came": time.strftime("%Y-%m-%d %H:%M", came), **row}


COMMANDS = (report, parking, transfers)
