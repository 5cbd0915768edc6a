"""`ampyard passport BAY`: what a charger proved that it can do; to probe it anew, to test its dead man."""

import json
import sys
import time
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from edge.cli import box, exits, terminal

STAGES = ("link-up", "link-cut", "reboot")
LOOK_EVERY_S = 0.5
LONG_S = 90  # a charger is asked several times

Json = dict[str, Any]


def declare(parser: ArgumentParser) -> None:
    """Its arguments."""
    parser.add_argument("bay", metavar="BAY", help="a bay as the page names it, or its charger")
    parser.add_argument("--probe", action="store_true", help="ask the charger anew what it can")
    parser.add_argument(
        "--self-test",
        action="store_true",
        help="test its dead man, with a car that draws more than the fallback; Ctrl-C ends it safely",
    )
    parser.add_argument(
        "--stage",
        choices=STAGES,
        action="append",
        help="test this alone (may be repeated); reboot restarts the charger, which may end the session",
    )
    parser.add_argument("--export", type=Path, metavar="FILE", help="write everything as one JSON document")
    parser.add_argument("--json", action="store_true", help="print JSON")
    box.declare(parser)


def run(options: Namespace) -> int:
    """Ask the running controller, print what it knows."""
    charger = options.bay.partition("/")[0]
    try:
        if options.probe:
            box.tell(options.socket, {}, "chargers", charger, "passport", "probe", timeout_s=LONG_S)
        if options.self_test:
            return _test(options, charger)
        shown: Json = box.ask(options.socket, "chargers", charger, "passport")
    except (box.BoxUnreachableError, box.BoxRefusedError) as wrong:
        return box.complain("passport", wrong)
    if options.export is not None:
        return _export(shown, options.export)
    if options.json:
        print(json.dumps(shown["passport"], indent=2, ensure_ascii=False))
    else:
        _print(shown)
    return exits.FINE


def _print(shown: Json) -> None:
    screen = terminal.of()
    print(screen.paint(f"{shown['passport']['charger']}: {shown['brief']}", "bold"))
    width = max(len(label) for label, _ in shown["rows"])
    for label, text in shown["rows"]:
        line = f"  {label:<{width}}  {text}"
        print(screen.paint(line, "red") if text.startswith("NO") else line)


def _export(shown: Json, path: Path) -> int:
    document = {
        "passport of": shown["passport"]["charger"],
        "in words": dict(shown["rows"]),
        **shown["passport"],
    }
    try:
        path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError as error:
        print(f"ampyard passport: {path}: {error.strerror}", file=sys.stderr)
        return exits.FAULTS
    print(f"{path} written.")
    return exits.FINE


def _test(options: Namespace, charger: str) -> int:
    """Begin, and tell how it goes until it is over; leaving early ends the test."""
    order = {"stages": options.stage or list(STAGES)}
    box.tell(options.socket, order, "chargers", charger, "passport", "self-test")
    try:
        shown = _followed(options, charger)
    except KeyboardInterrupt:
        box.tell(options.socket, {}, "chargers", charger, "passport", "self-test", "abort", timeout_s=LONG_S)
        print(f"{charger}: aborted; its limits are renewed.")
        return exits.FAULTS
    proofs: Json = shown["passport"]["proofs"]
    tested = [proofs[stage.replace("-", "_")] for stage in order["stages"]]
    for stage, found in zip(order["stages"], tested, strict=True):
        print(f"{charger}  {stage:<8}  {found['verdict']}: {found['evidence']}")
    return exits.FINE if all(found["verdict"] == "proven" for found in tested) else exits.FAULTS


def _followed(options: Namespace, charger: str) -> Json:
    told = None
    while True:
        shown: Json = box.ask(options.socket, "chargers", charger, "passport")
        test = shown["passport"]["test"]
        now = (test["stage"], test["sentence"])
        if test["is_over"]:
            return shown
        if now != told:
            told = now
            print(f"{charger}  {now[0]:<8}  {now[1]}", flush=True)
        time.sleep(LOOK_EVERY_S)
