# SPDX-License-Identifier: Apache-2.0
"""The self-test of the firmware on a board, run over its prompt (TD-017)."""

from host_tools.flash.console import Console

# sys.exit at the prompt would start the board anew; its status is told instead
PROGRAM = """def tested():
 try:
  from firmware.main import main
 except ImportError as absent:
  print('{"event": "absent"}')
  return
 try:
  main(%r, True)
 except SystemExit as ended:
  print('{"event": "ended", "status": %%d}' %% (ended.args[0] if ended.args else 0))
tested()
"""


def tested(console: Console, settings: str) -> tuple[list[str], bool]:
    """(lines for people, whether every part is well). No firmware on the board: not well."""
    said, status = [], 1
    for event in console.events(PROGRAM % settings):
        kind = event["event"]
        if kind == "absent":
            said.append("self-test   no firmware is on this board: --image FOLDER puts it there")
        elif kind == "ended":
            status = int(event.get("status", 1))
        elif kind == "stopped":
            said.append(f"stopped     {event.get('text', '')}")
        elif kind == "self_test" and "code" in event:
            mark = f"fault {event['code']}" if event["code"] else "ok"
            said.append(f"self-test   {mark:9} {event.get('text', '')}")
    return said, status == 0
