# SPDX-License-Identifier: Apache-2.0
"""Short days that show how much heap a device needs: one row of DAYS each, played on the stage.

    play = play_of("gate", folder, runtime); result = play.run()

Every day has what makes a terminal large: cards of both suites (RSA with keys of 1984 and 1408
bits, SM2), a signed deny list in a file, sealed updates, a journal of 64 blocks as the settings
give a board. In it cards pay, one is refused by the list, two are torn and settled, the plug is
pulled while an entry is open, and at the end everything is uploaded. What stands beside the device
comes with the row.
"""

from collections import namedtuple
from datetime import datetime

from sim import scenario
from sim.announcer import AnnouncerBox
from sim.scenario_play import Play

SEED = 32
BLOCKS = 64  # of the journal, what the settings give a board
TEAR = {"ins": 0xB2, "last": True, "acted": True}
DENIED = "adult#denied"
TICKETS_S = (27, 95)  # an e-ticket is shown; the second one behind the cut

# words: of the table; device; settings, files: more than those of every day; pays: verb of whoever
# pays; how: its arguments; keys: (second, text) typed at a console; peers(play) -> {line: machine}
# besides those that the stage has
Day = namedtuple("Day", ("words", "device", "settings", "files", "pays", "how", "keys", "peers"))

CONSOLE = {"console": "serial:console"}
ON = ((4, "on 12"),)

BUS_FARES = """
version = 3
effective = 2026-01-01T00:00:00
ceiling_fen = 1000
[classes]
student = ["62280002"]
[products.12]
kind = "stage"
unknown = 500
most_riders = 3
places = [[1, 1], [2, 2], [3, 3], [4, 4], [5, 5], [6, 6], [7, 7], [8, 8], [9, 9], [10, 10]]
steps = [ { over = 0, fen = 200 }, { over = 3, fen = 300 }, { over = 6, fen = 400 } ]
"""
STAY_FARES = """
version = 3
effective = 2026-01-01T00:00:00
ceiling_fen = 8000
[products.car]
kind = "time"
free_minutes = 0
lost_fen = 500
windows = [ { times = "00:00-24:00", step_minutes = 60, step_fen = 500 } ]
"""
BIKE_FARES = STAY_FARES.replace("products.car", "products.bike")
SPOT_FARES = """
version = 12
effective = 2026-01-01T00:00:00
ceiling_fen = 6000
[products.spot]
kind = "flat"
group = "spot"
fen = 6000
[classes]
student = ["62280002"]
[[discounts]]
class = "student"
percent = 50
"""
METRO_FARES = """
version = 6
effective = 2026-01-01T00:00:00
ceiling_fen = 2000
[products.metro]
kind = "matrix"
unknown = 900
stops = [1, 2, 3, 4]
fares = [[200], [300, 200], [400, 300, 200], [500, 400, 300, 200]]
"""
TOLL_FARES = METRO_FARES.replace("products.metro", "products.toll-1")
COACH_FARES = """
version = 5
effective = 2026-01-01T00:00:00
ceiling_fen = 8000
[products.c1]
kind = "matrix"
stops = [1, 2, 3, 4]
fares = [[1000], [1000, 1000], [2500, 1800, 1000], [4000, 3200, 1500, 1000]]
"""
DOOR = "version: 4\nhours: always daily 00:00-24:00\n" + "".join(
    f"card: {{pan {name}}} always\n" for name in ("adult#1", "sm2#1", "adult#2", "sm2#2")
)
STAFF = DOOR + "".join(f"card: {{pan {name}}} always\n" for name in ("adult#3", "sm2#3"))


KIOSK_KEY = "7 ids=70001-70060 until=2026-12-31 groups=1 entries=1 persons=5"


def announced(play):
    """A stop announcer that says where the bus is from the start on."""
    box = AnnouncerBox(12)
    box.arrive(5)
    return {"announcer": box}


GATE = {
    "gate": "open=g_open passed=g_passed beam=g_beam fire=g_fire",
    "gate_kind": "relay",
    "gate_lane": "lane=3 direction=entry grace_s=120",
}
STAGE = {
    "module": "serial:psam",
    "module_profile": "{folder}/psam.txt",
    "record_key": "1E:28/01 15:28/02 16:28/03 1B:28/09",
    "key_factor": "pan:01",
    "stop": 2,
    "transfer": "60 1 100 3",
    "transfer_from": "bus metro",
    "passes": "card",
}

DAYS = {
    "bus": Day("bus, flat fare", "bus", {}, {}, "tap", {}, (), None),
    "bus-signed": Day(
        "bus, uploads signed", "bus", {"upload_key": "5a" * 32}, {}, "tap", {}, (), None
    ),
    "bus-crew": Day(
        "bus: console, announcer, fare table by stages", "bus",
        {**CONSOLE, "announcer": "serial:announcer", "fares": "{folder}/bus.fares", "line": 12},
        {"bus.fares": {"fares": BUS_FARES}}, "tap", {},
        ((4, "on 4711 8"), (5, "line 12 out"), (60, "line 12 out")), announced,
    ),
    "taxi": Day(
        "taxi: meter by JT/T 905, console", "taxi",
        {**CONSOLE, "meter": "serial:meter", "meter_kind": "jtt905"}, {}, "trip", {"hm": 35},
        (), None,
    ),
    "gate": Day("gate on a relay", "gate", GATE, {}, "tap", {}, (), None),
    "gate-tickets": Day(
        "gate with a TPW board: e-tickets by SM2, fare table, console, a second lane", "gate",
        {**CONSOLE, "gate": "serial:gate", "gate_kind": "tpw", "gate_lane": GATE["gate_lane"],
         "tickets": "serial:scanner", "ticket_keys": "{folder}/keys.txt", "twin": "serial:twin",
         "product": "spot", "fares": "{folder}/spot.fares"},
        {"keys.txt": {"ticket_keys": [1, 2]}, "spot.fares": {"fares": SPOT_FARES}}, "tap", {},
        (), None,
    ),
    "shop": Day("shop: keyed amounts", "shop", CONSOLE, {}, "buy", {"text": "12.50"}, ON, None),
    "canteen": Day(
        "canteen: menu, subsidies by class and list, day report", "canteen",
        {**CONSOLE, "menu": "1=1200 2=850 3=300", "subsidy": "student=500,1,11000 1:staff=30%,2",
         "allow": "{folder}/staff.allow", "meals": "0600-2200", "day_fen": 50000},
        {"staff.allow": {"allow": STAFF}}, "buy", {"text": "item 1 2 3"}, ON, None,
    ),
    "parking": Day(
        "car park, exit lane: store, the other lane, tariff", "parking",
        {"lane": "exit", "stop": 2, "store": "file:{folder}/store.bin", "twin": "serial:twin",
         "product": "car", "fares": "{folder}/car.fares", "door": "barrier"},
        {"car.fares": {"fares": STAY_FARES}}, "park", {"minutes": 1}, (), None,
    ),
    "metro": Day(
        "metro, exit gate: shared store, the other stations, matrix", "metro",
        {"lane": "exit", "stop": 3, "store": "file:{folder}/store.bin", "twin": "serial:twin",
         "product": "metro", "fares": "{folder}/metro.fares", "door": "barrier"},
        {"metro.fares": {"fares": METRO_FARES}}, "ride", {"station": 1, "minutes": 1}, (), None,
    ),
    "metro-card": Day(
        "metro, exit gate: trips on the card, a module at a serial slot, matrix", "metro",
        {"trips": "card", "lane": "exit", "stop": 3, "product": "metro",
         "fares": "{folder}/metro.fares", "door": "barrier", "module": "serial:psam",
         "module_profile": "{folder}/psam.txt", "record_key": "28/02", "key_factor": "pan:01"},
        {"metro.fares": {"fares": METRO_FARES}}, "tap", {}, (), None,
    ),
    "adjust": Day(
        "metro, fare adjustment: trips on the card, a module at a serial slot, console", "adjust",
        {**CONSOLE, "trips": "card", "lane": "exit", "stop": 3, "product": "metro",
         "fares": "{folder}/metro.fares", "module": "serial:psam",
         "module_profile": "{folder}/psam.txt", "record_key": "28/02", "key_factor": "pan:01"},
        {"metro.fares": {"fares": METRO_FARES}}, "adjust",
        {"wrong": "adjust_entry", "takes_fen": 900,
         "ends": ["adjusted", "torn_recovered", "deny_list"]}, ON, None,
    ),
    "parking-card": Day(
        "car park, exit lane: stays and passes on the card, a module, tariff", "parking",
        {"trips": "card", "lane": "exit", "stop": 2, "product": "car",
         "fares": "{folder}/car.fares", "door": "barrier", "module": "serial:psam",
         "module_profile": "{folder}/psam.txt", "passes": "card",
         "record_key": "18:28/05 1B:28/0B", "key_factor": "pan:01"},
        {"car.fares": {"fares": STAY_FARES}}, "park", {"minutes": 1}, (), None,
    ),
    "stage": Day(
        "stage bus, rear door: stages, transfers, passes, a module", "stage",
        {**STAGE, "lane": "exit", "fares": "{folder}/bus.fares", "product": "12", "line": 12},
        {"bus.fares": {"fares": BUS_FARES}}, "tap", {}, (), None,
    ),
    "toll": Day(
        "toll, exit lane: shared store, the other stations, matrix, collector, loop", "toll",
        {**CONSOLE, "lane": "exit", "stop": 3, "store": "file:{folder}/store.bin",
         "twin": "serial:twin", "vehicle_class": 1, "loop": "loop", "product": "toll",
         "fares": "{folder}/toll.fares", "door": "barrier"},
        {"toll.fares": {"fares": TOLL_FARES}}, "ride", {"station": 1, "minutes": 1}, (), None,
    ),
    "toll-card": Day(
        "toll, exit lane: journeys on the card, a module, matrix, collector, loop", "toll",
        {**CONSOLE, "trips": "card", "lane": "exit", "stop": 3, "vehicle_class": 1,
         "loop": "loop", "product": "toll", "fares": "{folder}/toll.fares", "door": "barrier",
         "module": "serial:psam", "module_profile": "{folder}/psam.txt", "record_key": "28/04",
         "key_factor": "pan:01"},
        {"toll.fares": {"fares": TOLL_FARES}}, "drive", {}, (), None,
    ),
    "fuel": Day(
        "fuel pump: a sum frozen and completed, a module at a serial slot, console", "fuel",
        {**CONSOLE, "pump": "serial:pump", "freeze_fen": 3000, "product": "92",
         "module": "serial:psam", "module_profile": "{folder}/psam.txt", "record_key": "28/08",
         "key_factor": "pan:01"},
        {}, "car", {"ml": 3000, "ends": ["frozen", "torn_recovered", "deny_list"]}, (), None,
    ),
    "bike": Day(
        "bikes: docks at a line, sums frozen on the card, a module at a serial slot", "bike",
        {"stop": 31, "docks": "serial:docks", "product": "bike", "fares": "{folder}/bike.fares",
         "freeze_fen": 3000, "valid_min": 600, "transfer_min": 30, "transfer_free_min": 60,
         "module": "serial:psam", "module_profile": "{folder}/psam.txt", "record_key": "28/07",
         "key_factor": "pan:01"},
        {"bike.fares": {"fares": BIKE_FARES}}, "hire",
        {"ends": ["frozen", "torn_recovered", "deny_list"]}, (), None,
    ),
    "coach": Day(
        "coach: seats by a matrix", "coach",
        {**CONSOLE, "product": "c1", "fares": "{folder}/coach.fares", "seats": 45},
        {"coach.fares": {"fares": COACH_FARES}}, "buy", {"text": "sell 1 3"}, ON, None,
    ),
    "access": Day(
        "door: allow list", "access",
        {"allow": "{folder}/door.allow", "door": "door", "lane": "in"},
        {"door.allow": {"allow": DOOR}}, "tap", {}, (), None,
    ),
    "attendance": Day(
        "attendance: allow list, who is here", "attendance",
        {**CONSOLE, "allow": "{folder}/door.allow"}, {"door.allow": {"allow": DOOR}}, "tap", {},
        ((90, "report"),), None,
    ),
    "lift": Day(
        "lift: allow list, two floors", "lift",
        {"allow": "{folder}/door.allow", "floors": "1=3,4", "floor_pins": "3=f3 4=f4"},
        {"door.allow": {"allow": DOOR}}, "tap", {}, (), None,
    ),
    "kiosk": Day(
        "kiosk: tickets signed by SM2, seats counted, printer", "kiosk",
        {**CONSOLE, "printer": "serial:printer", "kiosk_key": "{folder}/kiosk.key",
         "seats": 20, "departs": 2330, "products": "1=adult,200 2=family,1500,4"},
        {"kiosk.key": {"kiosk_key": KIOSK_KEY}}, "buy", {"text": "choose 1"}, ON, None,
    ),
    "utilities": Day(
        "utilities: bills by number", "utilities", {**CONSOLE, "bills": "serial:bills"}, {}, "pay",
        {}, ON, None,
    ),
    "utilities-meter": Day(
        "utilities: units onto the card of a meter, a module at a serial slot", "utilities",
        {**CONSOLE, "sells": "units", "bill_kind": "gas", "unit_price_fen": "263",
         "module": "serial:psam", "module_profile": "{folder}/psam.txt", "record_key": "28/0A",
         "key_factor": "pan:01"},
        {}, "purchase", {"packs": 1, "ends": ["units_written", "torn_recovered", "deny_list"]},
        ON, None,
    ),
    "inspector": Day(
        "inspector: shows what a card holds", "inspector", {}, {}, "tap", {"again": False}, (),
        None,
    ),
}  # fmt: skip


def play_of(name, folder, runtime, watch=None):
    """Play of a row of DAYS; folder: empty; runtime: (argv, env, cwd); watch(event)."""
    day = DAYS[name]
    play = Play(scenario.made(name, _told(day)), folder, runtime, watch)
    if day.device == "inspector":  # writes none; an empty one says that nobody has paid
        (play.folder / "journal.bin").write_bytes(b"\xff" * BLOCKS * 4096)
    if day.peers:
        play.world.lines.peers.update(day.peers(play))
    return play


def _told(day):
    """The day as a scenario file would say it."""
    steps = [{"at": f"+{at}", "do": "key", "text": text} for at, text in day.keys]
    if "tickets" in day.settings:
        steps += [
            {"at": f"+{at}", "do": "ticket", "card": f"adult#{number}"}
            for number, at in enumerate(TICKETS_S)
        ]
    if day.device == "taxi":
        steps.append({"at": "+4", "do": "sign_in"})
    if "passes" in day.settings and day.device == "parking":
        steps += [{"at": "+4", "do": "sell", "holder": card, **PASS} for card, _ in PEOPLE if card]
    moment = 12
    for card, torn in PEOPLE:
        if card is None:
            steps.append({"at": f"+{moment}", "do": "plug"})
        else:
            step = {"at": f"+{moment}", "do": day.pays, "card": card, **day.how}
            if torn and day.device not in READ_ONLY:
                step["tear"] = dict(TEAR)
            steps.append(step)
        moment += SPACE_S.get(day.device, 7)
    ends = ENDS.get(day.device, ["ok", "torn_recovered"])
    likes = ("adult-1", "sm2")
    if "module" in day.settings:
        likes = LIKES.get(day.device, ("metro-1", "metro-sm2"))
    trades = TRADES.get(day.settings.get("record_key"), {})
    return {
        "title": day.words,
        "device": day.device,
        "seed": SEED,
        "start": datetime(2026, 11, 21, 8, 0),
        "until": f"+{moment + 15}",
        "settings": {"deny_list": "{folder}/deny.bin", "vehicle": 8061, **day.settings},
        "parameters": {"fare_fen": 200, "class": ["student 62280002 50"], "same_card_s": 2,
                       "ceiling_fen": 50000, "merchant": "104310055110001"},
        "files": {"deny.bin": {"deny": f"{{pan {DENIED}}}\n", "number": 41}, **day.files},
        "world": {"authority": "sm2", "suites": ["rsa", "sm2"], "journal_blocks": BLOCKS},
        "kinds": {
            "adult": {"like": likes[0], "ends": [*ends, "deny_list"], **trades},
            "sm2": {"like": likes[1], "ends": ends, **trades},
        },
        "step": steps,
        "beside": BESIDE.get(day.device, {}),
    }  # fmt: skip


# by their keys: records that a card of another device has not
TRADES = {
    "28/04": {"capp_trades": "toll"},
    "18:28/05 1B:28/0B": {"capp_trades": "parking, parking_pass"},
}
PASS = {"days": [20261101, 20261130], "price_fen": 150}
# cards of devices that use their records, where a metro's will not do
LIKES = {
    "fuel": ("bike-1", "bike-sm2"), "bike": ("bike-1", "bike-sm2"),
    "parking": ("park-1", "park-sm2"),
    "stage": ("stage-1", "stage-sm2"), "utilities": ("meter-1", "meter-sm2"),
}  # fmt: skip
READ_ONLY = ("access", "attendance", "inspector", "lift")  # without a GPO: nothing can be torn
ENDS = {  # how a visit ends there
    "access": ["access_granted", "not_listed"],
    "attendance": ["came_in", "not_listed"],
    "canteen": ["concession", "torn_recovered"],
    "inspector": [""],
    "lift": ["access_granted", "not_listed"],
    "parking": ["ok", "pass_ride", "torn_recovered"],
}
BESIDE = {  # what the machines there know
    "canteen": {"paid_for": ["adult 30% 2 9999999 staff", "sm2 30% 2 9999999 staff"]},
    "lift": {"homes": ["adult 3 4", "sm2 3 4"]},
}
# from card to card; 7 elsewhere
SPACE_S = {"taxi": 60, "gate": 10, "inspector": 30, "toll": 12, "fuel": 40}


# (card, torn) one behind the other; a card that is None: the plug is pulled, an entry is open
PEOPLE = (
    ("adult#1", False), ("sm2#1", False), (DENIED, False), ("adult#2", True), (None, False),
    ("sm2#2", True), ("adult#3", False), ("sm2#3", False),
)  # fmt: skip
