# SPDX-License-Identifier: Apache-2.0
"""The page of a day by device and service, and of its car parks (ledger/report.py, parking.py).

Every record of the day is opened for it, so a city's day is left to the command.
"""

import sqlalchemy as sa

from host_tools.ledger import days, parking, report, settlement
from host_tools.ledger.schema import COUNTS, RECORDS
from host_tools.office.app import Missing, Office, Shown
from host_tools.office.asked import Asked

READ_MOST = 20_000  # records that a page opens; a second or two


def by_service(office: Office, asked: Asked) -> Shown:
    """What each device did on a day, and its car parks by lane."""
    number = asked.day("day")
    if number is None:
        raise Missing("there is no such day")
    ledger = office.ledger
    counted = sa.select(sa.func.count()).where(
        settlement.within(number, number), RECORDS.c.mark == COUNTS
    )
    with ledger.engine.connect() as connection:
        count = connection.execute(counted).scalar_one()
    values: dict = {"number": number, "count": count, "too_many": count > READ_MOST}
    values |= {"rows": [], "faults": [], "lanes": [], "lengths": []}
    if not values["too_many"]:
        rows = report.services(ledger, number)
        values["rows"] = rows
        values["faults"] = report.disagreements(ledger, number, rows)
        if any(one.device == parking.PARKING for one in rows):
            values["lanes"] = parking.lanes(ledger, number)
            values["lengths"] = parking.lengths(parking.stays(ledger, number))
    values |= {"before": days.shifted(number, -1), "behind": days.shifted(number, 1)}
    return Shown("services.html", values)
