# SPDX-License-Identifier: Apache-2.0
"""Self-test: at the start, and on demand with `python -m firmware.main SETTINGS test` (TD-016).

A part that fails has a code: on the panel, in the journal (event `self_test`), on the line of
events. What is out of order only for now, a cable or a full store, is found here before a rider
finds it. The table is all there is to say about a code; docs/operation.md and `faretap selftest`
print it. Loaded for the test alone, dropped behind it.
"""

import sys

from firmware.devices import known_answers
from firmware.devices import panel as panels
from firmware.devices.keys import note
from firmware.errors import LinkLost
from firmware.kernel import capk

# code|part|Chinese|English|what to do. A code once given never means anything else.
TABLE = """
10|reader|读卡器无应答|reader silent|check cable, power and `reader` in the settings
11|reader|读卡场故障|no field|the chip answers and its field does not switch: replace the reader
20|journal|存储打不开|storage fault|check `journal` in the settings, then the disk
21|journal|存储已用八成|storage 80% full|upload: see that the collector is reached
22|journal|存储将满|storage 95% full|upload now: a full storage stops sales
23|journal|存储已满|storage is full|upload, or collect the journal file; nothing is sold until then
24|journal|存储有坏块|storage damage|`faretap journal FILE` says where; replace the storage soon
25|flash|启动记录写不进|flash not kept|the board's flash does not keep what is written: replace it
26|journal|记录链中断|record chain|records were changed or taken out: keep the board as it is
30|clock|时钟未设|clock not set|set the clock of the board, or let it ask its host
31|clock|时钟不准|time in doubt|let it reach its host; riders have the benefit
40|keys|无公钥|no CA key|put `ca` lines into the parameters: no card can pay
41|fare|票价不可售|fare not sold|compare `fare_fen` with the limits beside it
42|keys|公钥损坏|CA key damaged|load the parameters anew: that key is not used
45|module|安全模块无应答|no key module|put it in, check `module`; no card memory until then
46|module|安全模块已锁|module locked|start anew; a PSAM that stays locked goes back to its trade
47|module|安全模块不符|wrong module|put in the module of this trade with the keys of `module_keys`
48|module|安全模块故障|module fault|check its secret or profile; replace it if it stays
50|line|外设断线|line is cut|check cable and path of the line that is named
60|output|输出故障|output fault|check wiring and setting of the output that is named
70|random|随机数故障|random source|start anew; replace the board if it stays
71|random|随机数不合格|random biased|nothing is sold; start anew, replace the board if it stays
72|crypto|算法自检错|crypto fails|nothing is sold; load the release anew, or replace the board
80|list|名单缺失|no deny list|lay the list at its path; the parameters alone judge
85|memory|内存不足|memory is low|start anew; a smaller set of parameters or lists helps
90|settings|设置文件错|settings fault|lay `settings.txt` anew: `faretap provision`
91|fleet|参数文件错|fleet parameters|lay the parameter file anew, sealed where a seal is asked for
92|files|文件系统坏|files damaged|load files anew: `faretap provision`; records are not among them
93|release|多次启动失败|starts failed|safe mode: see `errors` at its console, load another release
95|release|程序无法安装|release fault|the slot cannot be used: load the release anew
96|release|程序出错|program fault|see `errors` at the console of the safe mode, report the text
"""
STANDS_MS = 4000  # on the panel, unless a rider comes
MODULE = {"ready": 0, "absent": 45, "locked": 46, "fault": 48}  # state: code (QX-071)
WARN = ((95, 22), (80, 21))  # per cent of the journal in use, code (TD-010)
SEVERE = (10, 11, 20, 25, 26, 42, 70, 71, 72)  # a release on trial is not good with one of them
STOPS_SALES = ((71, "random_stuck"), (72, "self_test_fault"))  # code, message that stands
MOST_SHOWN = 4  # codes in one line of a display


def row_of(code):
    """[code, part, Chinese, English, what to do] of a code in TABLE."""
    at = TABLE.find("\n%d|" % code)
    return TABLE[at + 1 : TABLE.find("\n", at + 1)].split("|")


def show(panel, codes):
    """Put codes on a panel: one with its words, several as numbers."""
    if len(codes) == 1:
        chinese, english = row_of(codes[0])[2:4]
        said = "%d" % codes[0]
    else:
        said, chinese, english = " ".join(["%d" % one for one in codes[:MOST_SHOWN]]), "", ""
    # blue and silent: it is the result of no tap (TD-002)
    row = "\nself_test|blue||自检 %s %s|Self-test %s %s|\n" % (said, chinese, said, english)
    panels.present(panel, "self_test", words=row.replace(" |", "|"))


def failed(panel, report, code, text):
    """A part without which there is no terminal: said before the start fails."""
    show(panel, (code,))
    report({"event": "self_test", "code": code, "text": "%s: %s" % (row_of(code)[1], text)})


def at_start(terminal):
    """The terminal is assembled: its codes shown for a while, written down and reported."""
    found = [one for one in checks(terminal) if one[0]]
    codes = []
    for code, _ in found:
        if code not in codes:
            codes.append(code)
    terminal.codes = codes
    if codes:
        tell(terminal, found)


def tell(terminal, found):
    """Say what was found, (code, text) each, on panel and line and in the journal; what must not
    be sold with is not.
    """
    codes = []
    for code, _ in found:
        if code not in codes:
            codes.append(code)
    for code, message in STOPS_SALES:
        if code in codes:
            terminal.sale.fault = message
    parts = terminal.parts
    show(parts.panel, codes)
    # stands longer than a result would, and gives way to the next rider at once
    screen = terminal.screen
    screen.shown, screen.idle = "self_test", False
    screen.since_ms = parts.clock.ticks_ms() + STANDS_MS
    words = " ".join(["%d" % one for one in codes[:MOST_SHOWN]])
    note(parts.journal, terminal.sale.stamp, "self_test " + words)
    text = "; ".join(["%s: %s" % (row_of(code)[1], said) for code, said in found])
    parts.report({"event": "self_test", "codes": codes, "text": text})


def on_demand(terminal, said=()):
    """Every part with what it says, reported part by part; True when all are well (TD-017).

    said: (code, text) that are known already.
    """
    terminal.stop()
    well = True
    for code, text in list(checks(terminal, field=True)) + list(said):
        well = well and not code
        terminal.parts.report({"event": "self_test", "code": code, "text": text})
    return well


def checks(terminal, field=False):
    """Generator of (code, text), code 0 for a part that works; field: switch it on and off."""
    parts, sale = terminal.parts, terminal.sale
    yield reader(parts.reader, field)
    yield journal(parts.journal)
    yield _clock(sale.stamp)
    yield _keys(sale.keys.capks)
    yield _fare(terminal)
    wrong = [name for name, right in known_answers.quick(_signs(parts)) if not right]
    yield (72, "wrong answers: " + ", ".join(wrong)) if wrong else (0, "known answers")
    if terminal.health:
        fault = terminal.health.fault
        yield (71, "random source: " + fault) if fault else (0, "random source, tested")
    if field:  # at the start the loop finds out: each number drawn is one of a recorded session
        yield (0, "random source") if sale.draw_un() else (70, "random source stuck")
        yield from _twins()
    if parts.module:
        word = parts.module.state()
        yield MODULE.get(word, 47), "security module: " + word
    if "deny_list" in sale.stamp.settings.more:
        number = sale.deny.version
        yield (0, "deny list %d" % number) if sale.deny.full else (80, "no deny list in force")
    for name, line in lines_of(terminal.trade):
        fault = line.check()
        yield (50, "%s: %s" % (name, fault)) if fault else (0, name)
    for name, fault in getattr(parts.panel, "faults", {}).items():
        yield 60, "%s: %s" % (name, fault)


def reader(reader, field):
    """(code, text) of the chip; field: it is switched on and off."""
    version = getattr(reader, "version", None)
    said = "reader" if version is None else "reader %s" % (version,)
    try:
        for on in (True, False) if field else ():
            reader.power(on)
    except LinkLost as gone:
        return 11, "field: %s" % gone
    return 0, said


def _twins():
    """Which code hashes and checks for SM2 here (kernel/twins.py), where it was needed so far."""
    for name in ("sm3", "sm2"):
        loaded = sys.modules.get("firmware.kernel." + name)
        if loaded:
            yield 0, "%s: %s" % (name, loaded.twin.WORD)


def journal(journal):
    """(code, text) of a journal."""
    room, used = journal.room(), int(100 * journal.fill())
    said = "journal: %d per cent in use, room for %d" % (used, room)
    if not room:
        return 23, said
    full = [code for least, code in WARN if used >= least]
    return (full + [24 if journal.damaged else 0])[0], said


def _signs(parts):
    return bool(parts.uploader and parts.uploader.signed)


def _keys(capks):
    if not capks:
        return 40, "no CA key"
    for one in capks:
        if not capk.is_intact(one):
            return 42, "CA key %s %02X does not fit its check value" % (one.rid.hex(), one.index)
    return 0, "%d CA keys" % len(capks)


def _clock(stamp):
    said = "clock %04d-%02d-%02d %02d:%02d:%02d" % tuple(stamp.clock.local_now()[:6])
    if not stamp.trusted():
        return 30, said
    return (0 if stamp.exact() else 31), said


def _fare(terminal):
    """What the amount itself forbids; a trade that waits for a key or a driver is well."""
    offer = terminal.trade.offer()
    fen = offer.fare_fen
    if not (offer.sells and terminal.trade.pays) or fen is None:
        return 0, "fare: " + offer.message
    reason = terminal.sale.qualify(fen)[1]
    return (41 if reason else 0), "fare %d fen %s" % (fen, reason)


def lines_of(trade):
    """[(name, Neighbour)] beside a trade: among what it has, and what those have."""
    found = []
    for one in _had_by(getattr(trade, "trade", trade)):
        for line in [one] + (_had_by(one) if hasattr(one, "turn") else []):
            is_line = hasattr(line, "opener") and hasattr(line, "protocol")  # no relay
            if is_line and line not in [row[1] for row in found]:
                found.append((type(line.protocol).__name__, line))
    return found


def _had_by(one):
    values = []
    for value in getattr(one, "__dict__", {}).values():
        values += list(value) if isinstance(value, (tuple, list)) else [value]
    return values
