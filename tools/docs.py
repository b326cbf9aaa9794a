# SPDX-License-Identifier: Apache-2.0
"""Prints the tables of README and docs/ from the code, so that they cannot be wrong.

    python tools/docs.py            writes what has changed (`make docs`)
    python tools/docs.py --check    changes nothing, names the stale tables, exit status 1

A table stands between `<!-- printed: NAME -->` and `<!-- end -->`; NAME is a key of TABLES. What
stands between is thrown away and printed again. Meanings come from the code too: from the table in
a docstring, or the comment on the line of a field.
"""

import ast
import dataclasses
import inspect
import io
import re
import sys
import tokenize
from pathlib import Path
from types import SimpleNamespace

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from firmware import settings  # noqa: E402
from firmware.boot import record as boot_record  # noqa: E402
from firmware.devices import panel  # noqa: E402
from firmware.formats import batch, ca_keys, deny_list, fields, parameters  # noqa: E402
from firmware.formats import pending, record, release, session, signed, status  # noqa: E402
from firmware.journal import archive, delta, journal, ring  # noqa: E402
from firmware.kernel import outcome, torn  # noqa: E402
from host_tools.cli.main import command_files  # noqa: E402
from host_tools.decode_names import TAGS  # noqa: E402
from sim import fault_text, faults, hostile, kinds, morning, profile  # noqa: E402
from tools import conformance, docs_acquirer, docs_capp, docs_fares, docs_gate  # noqa: E402
from tools import docs_images, docs_messages  # noqa: E402
from tools.citations import identifiers  # noqa: E402
from tools.docs_words import FIELD_WORDS, WORDS  # noqa: E402

PAGES = ("README.md", "docs/*.md")
MARK = re.compile(r"(<!-- printed: ([\w-]+) -->\n)(.*?)(<!-- end -->)", re.S)

SMALLEST = "reader: serial:PATH\njournal: file:PATH\nparameters: PATH\nterminal: 1"
KERNEL_ORDER = (
    "preprocess", "selection", "card_number", "transaction", "chain", "fdda", "tap", "capk",
    "oda", "oda_rsa", "rsa", "torn", "get_data",
    "dol", "tlv", "bcd", "apdu", "bits", "tags", "outcome", "work",
)  # fmt: skip
PLAIN_ID = r"(?:QT|PD|PS|CL|TD)-\d+"


def table(head, rows):
    """Markdown of rows of texts; a bar inside a cell is escaped."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| %s |\n" % " | ".join(c.replace("|", "\\|") for c in row) for row in lines)


def of_docstring(module, nth=0):
    """The nth table of a module's docstring, as it stands there."""
    blocks = re.findall(r"(?:^\|.*\|$\n?)+", inspect.getdoc(module) + "\n", re.M)
    return re.sub(r" {2,}", " ", blocks[nth])


def rows_of(text):
    """Cells of a markdown table without its head."""
    lines = [line.strip().strip("|").split("|") for line in text.strip().split("\n")]
    return [[cell.strip() for cell in line] for line in lines[2:]]


def comments_in(module, name):
    """Dict field name -> comment on its lines, in the table `name` of a module."""
    source = inspect.getsource(module)
    notes = {}
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            notes[token.start[0]] = token.string.lstrip("# ")
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == name:
            added = node.value.right if isinstance(node.value, ast.BinOp) else node.value
            if isinstance(added, ast.Name):  # a table that others share
                return comments_in(module, added.id)
            return {
                row.elts[0].value: " ".join(
                    notes[n] for n in range(row.lineno, row.end_lineno + 1) if n in notes
                )
                for row in added.elts
            }
    raise KeyError(name)


def label(kind):
    """What a kind of fields.py takes in bytes."""
    if isinstance(kind, fields.Number):
        return "u%d" % (8 * kind.size)
    if isinstance(kind, fields.Fixed):
        return "%d bytes" % kind.size
    if isinstance(kind, fields.Digits):
        return "%d digits, BCD" % kind.count
    if isinstance(kind, fields.Rows):
        return "count (2) and rows of " + ", ".join([name for name, _ in kind.table])
    what = {fields.Word: "ASCII", fields.Text: "UTF-8"}.get(type(kind), "bytes")
    return "length (%d) and up to %d %s" % (kind.width, kind.limit, what)


def field_table(module, name, behind=()):
    """A table of fields.py as offset, field, bytes and meaning; offsets while they are fixed.

    behind: the table that it begins with, of which nothing is printed.
    """
    notes = comments_in(module, name)
    rows, at = [], None if behind else 0
    for field, kind in getattr(module, name)[len(behind) :]:
        rows.append(
            [
                "" if at is None else str(at),
                "`%s`" % field,
                label(kind),
                notes[field] or words_for(field),
            ]
        )
        fixed = isinstance(kind, (fields.Number, fields.Fixed, fields.Digits))
        at = None if at is None or not fixed else at + len(kind.pack(field, kind.blank))
    return table(["offset", "field", "bytes", "meaning"], rows)


def words_for(field):
    """Meaning of a field without a comment; the business numbers are those of the settings."""
    return FIELD_WORDS.get(field) or WORDS[field]


def row_table(format_table, field):
    """The columns of one row of a Rows field."""
    columns = dict(format_table)[field].table
    return table(["field", "bytes"], [["`%s`" % name, label(kind)] for name, kind in columns])


def named_numbers(pairs):
    return table(["number", "word"], [[str(number), name] for number, name in pairs])


def chip_tags():
    rows = [["%X" % tag, TAGS[tag][0] if tag in TAGS else ""] for tag in record.CHIP_TAGS]
    return table(["tag", "name"], rows)


def sizes():
    """Numbers that other pages rely on."""
    rows = (
        ("page of the journal", ring.PAGE),
        ("head of an entry", ring.HEAD_BYTES),
        ("largest pending entry", journal.PENDING_LIMIT),
        ("largest record the journal takes", journal.RECORD_LIMIT),
        ("largest fare record", record.RECORD_MOST_BYTES),
        ("largest frame", batch.FRAME_LIMIT),
        ("head and CRC of a frame", batch.HEADER_BYTES + batch.CRC_BYTES),
    )
    return table(["what", "bytes"], [[what, f"{count:,}"] for what, count in rows])


def session_headers():
    rows = [["`%s`" % one[0], shown(one[5]), shown(one[4])] for one in session.HEADERS]
    return table(["key", "mandatory", "repeatable"], rows)


def session_files():
    rows = []
    for path in sorted((ROOT / "sim/sessions").glob("*.session")):
        played = session.parse(path.read_text(encoding="utf-8"), path.name)
        rows.append([path.stem, played.expected("outcome") or "", played.note])
    return table(["session", "outcome", "what happens"], rows)


def messages():
    rows = []
    for name in panel.names():
        lamp, beep, chinese, english, voice = panel.row_of(name)
        rows.append(["`%s`" % name, lamp, beep or "-", chinese, english, str(voice or "-")])
    return table(["message", "lamp", "sound", "line 1", "line 2", "voice"], rows)


def meanings(module):
    """Dict key -> meaning, of the docstring's table where it says it, else of WORDS."""
    found = {}
    for keys, words in rows_of(of_docstring(module)):
        for key in re.split(r", ", keys):
            found[key] = WORDS.get(key, words)
    return found


def shown(value):
    if isinstance(value, bytes):
        return value.hex().upper()
    if value is None:
        return "none"
    return ("no", "yes")[value] if isinstance(value, bool) else str(value)


def settings_keys():
    standard = settings.parse(SMALLEST)
    words = meanings(settings)
    must = dict(line.split(": ") for line in SMALLEST.split("\n"))
    rows = []
    for key in settings.SINGLE:
        default = "must be given" if key in must else shown(getattr(standard, key))
        rows.append(["`%s`" % key, default, words[key]])
    return table(["key", "default", "value"], rows)


def parameter_keys():
    standard = parameters.parse("fare_fen: 1\nversion: 1")
    words = meanings(parameters)
    rows = []
    standing = {one[0]: one[-1] for one in parameters.STANDING}
    for key in parameters.SINGLE:
        value = shown(standing.get(key) or getattr(standard, key, None))
        value = "must be given" if key in ("version", "fare_fen") else value
        rows.append(["`%s`" % key, value, words[key]])
    aid = parameters.DEFAULT_AID.aid.hex().upper() + " partial"
    for key in parameters.MANY:
        rows.append(["`%s`" % key, aid if key == "aid" else "none", words[key]])
    return table(["key", "default", "value"], rows)


def fault_knobs():
    notes = fault_text.meanings()
    rows = [
        ["`%s`" % one.name, fault_text.takes(one.name), shown(one.default) or "-", notes[one.name]]
        for one in dataclasses.fields(faults.Fault)
    ]
    return table(["knob", "takes", "at rest", "meaning"], rows)


def cards():
    return table(
        ["card", "kind", "in the demo", "card number begins", "ends with", "debited"],
        [
            [
                "`%s`" % one.name,
                one.kind,
                shown(one in kinds.KINDS),
                one.prefix,
                "`%s`" % one.reason,
            ]
            + [shown(one.taken)]
            for one in kinds.ALL_KINDS
        ],
    )


def hostile_rows():
    """How many rows of each group; the keys are not needed to count."""
    counted = []
    for suite, remainder in (("rsa", ""), ("rsa", "00"), ("sm2", "")):
        keys = SimpleNamespace(key=SimpleNamespace(suite=suite), remainder=remainder)
        for words, found in hostile.groups(keys, keys):
            stricter = len([row for row in found if not row.spared])
            counted.append([words, suite.upper(), str(len(found)), str(stricter)])
    sums = [sum(int(row[column]) for row in counted) for column in (2, 3)]
    counted.append(["all", "", *map(str, sums)])
    return table(["rows", "suite", "number", "that must never be approved"], counted)


def visits():
    rows = [[one.title, ", ".join("`%s`" % end for end in one.ends)] for one in morning.MORNING]
    return table(["who comes", "message at the end"], rows)


def commands():
    return table(
        ["command", "what it does"], [["`faretap %s`" % n, w] for n, w in command_files()]
    )


def kernel_functions(name):
    """(function or class, first sentence, ids) of a kernel file, ids in it and right above it."""
    source = (ROOT / "firmware/kernel" / (name + ".py")).read_text(encoding="utf-8")
    lines = source.split("\n")
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            ids = sorted(identifiers("\n".join(lines[node.lineno - 1 : node.end_lineno])))
            words = (ast.get_docstring(node) or "").partition("\n\n")[0].replace("\n", " ")
            yield node.name, re.sub(r" ?\((?=[^)]*%s)[^)]*\)" % PLAIN_ID, "", words), ids


def kernel_files():
    """Names of the kernel's files: in the order of a tap, what it does not name behind."""
    there = {path.stem for path in (ROOT / "firmware/kernel").glob("*.py")} - {"__init__"}
    return [*KERNEL_ORDER, *sorted(there - set(KERNEL_ORDER))]


def kernel_steps():
    """One table a file of the kernel: function, what it does, requirements."""
    parts = []
    for name in kernel_files():
        rows = [
            ["`%s`" % function, words, ", ".join(ids)]
            for function, words, ids in kernel_functions(name)
            if ids
        ]
        if rows:
            head = ["function", "what it does", "requirements"]
            parts.append("### `firmware/kernel/%s.py`\n\n%s" % (name, table(head, rows)))
    return "\n".join(parts)


TABLES = {
    **(conformance.TABLES | docs_acquirer.printed(of_docstring)),
    "field-kinds": lambda: of_docstring(fields),
    **{"journal-" + m.__name__[17:]: lambda m=m: of_docstring(m) for m in (archive, delta, ring)},
    "frame": lambda: of_docstring(batch),
    "batch": lambda: field_table(batch, "BATCH_V1"),
    "batch-item": lambda: row_table(batch.BATCH_V1, "items"),
    "ack": lambda: field_table(batch, "ACK_V1"),
    "reject": lambda: field_table(batch, "REJECT_V1"),
    "ask-time": lambda: field_table(batch, "ASK_TIME_V1"),
    "time": lambda: field_table(batch, "TIME_V1"),
    "status": lambda: field_table(status, "STATUS_V1"),
    "status-files": lambda: row_table(status.STATUS_V1, "files"),
    "reject-codes": lambda: named_numbers(batch.REJECT_NAMES),
    **docs_messages.tables(of_docstring, field_table, row_table),
    **(docs_images.tables(table) | docs_capp.tables(field_table, row_table, table, of_docstring)),
    "record": lambda: field_table(record, "RECORD_V1"),
    "record-2": lambda: field_table(record, "RECORD_V2", record.RECORD_V1),
    "record-3": lambda: field_table(record, "RECORD_V3", record.RECORD_V2),
    "record-kinds": lambda: named_numbers(record.KINDS),
    "chip-tags": chip_tags,
    "pending": lambda: field_table(pending, "PENDING_V1"),
    "pending-2": lambda: field_table(pending, "PENDING_V2", pending.PENDING_V1),
    "pending-record": lambda: row_table(pending.PENDING_V1, "records"),
    "signed": lambda: of_docstring(signed),
    "signed-kinds": lambda: named_numbers(signed.KINDS),
    "release": lambda: of_docstring(release),
    "bodies": lambda: of_docstring(release, 1),
    "manifest": lambda: field_table(release, "MANIFEST"),
    "boot-record": lambda: of_docstring(boot_record),
    "boot-fields": lambda: field_table(boot_record, "FIELDS"),
    "boot-faults": lambda: named_numbers(boot_record.FAULTS),
    "deny-list": lambda: of_docstring(deny_list),
    "deny-list-head": lambda: of_docstring(deny_list, 1),
    "deny-list-leaf": lambda: of_docstring(deny_list, 2),
    "fares": lambda: docs_fares.sections(comments_in, label, table),
    **docs_fares.card_sums(of_docstring),
    **{name: lambda one=one: of_docstring(one) for name, one in docs_gate.MODULES.items()},
    "sizes": sizes,
    "session-headers": session_headers,
    "session-files": session_files,
    "messages": messages,
    "settings": settings_keys,
    "selftest": docs_gate.selftest,
    "flash-faults": docs_gate.flash_faults,
    "parameters": parameter_keys,
    "ca-keys": lambda: of_docstring(ca_keys),
    "faults": fault_knobs,
    "cards": cards,
    "hostile": hostile_rows,
    "profile": lambda: of_docstring(profile.Profile),
    "visits": visits,
    "commands": commands,
    "outcomes": lambda: of_docstring(outcome),
    "torn": lambda: of_docstring(torn),
    "kernel-steps": kernel_steps,
}


def pages(root=ROOT):
    """Every page that may hold tables."""
    return sorted(path for pattern in PAGES for path in root.glob(pattern))


def printed(text):
    """(text with every table printed anew, names of those that were stale). KeyError: no such."""
    stale = []

    def fresh(match):
        new = "\n" + TABLES[match[2]]() + "\n"
        if new != match[3]:
            stale.append(match[2])
        return match[1] + new + match[4]

    return MARK.sub(fresh, text), stale


def main(arguments):
    """Exit status: 0, or 1 when --check finds a stale table."""
    check = "--check" in arguments
    worst = 0
    for path in pages():
        text = path.read_text(encoding="utf-8")
        new, stale = printed(text)
        for name in stale:
            print("%s: %s %s" % (path.relative_to(ROOT), name, "is stale" if check else "printed"))
        if check:
            worst = max(worst, len(stale))
        elif stale:
            path.write_text(new, encoding="utf-8")
    return 1 if worst else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
