"""`ampyard need BAY`: say what the driver of the running session needs, and by when.

Every call says everything anew: what is left out is open again.
"""

import re
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from datetime import datetime, timedelta

from edge.cli import box, exits

_IN = re.compile(r"(?:(\d{1,3})h)?(?:(\d{1,4})m)?")


def declare(parser: ArgumentParser) -> None:
    """Its arguments."""
    parser.add_argument("bay", metavar="BAY", help="a bay as the page names it: bay-7, or bay-7/2")
    parser.add_argument(
        "--kwh",
        type=float,
        metavar="KWH",
        help="the energy of the whole session; without --leaves as if it stayed 8 h",
    )
    parser.add_argument("--leaves", type=_stay_s, metavar="WHEN", help="07:30, or from now: 2h, 90m, 1h30m")
    parser.add_argument("--priority", type=int, metavar="0-9", help="high first; above that of card and bay")
    box.declare(parser)


def run(options: Namespace) -> int:
    """Tell the running controller."""
    order = {"energy_kwh": options.kwh, "leaves_in_s": options.leaves, "priority": options.priority}
    try:
        box.tell(options.socket, order, "needs", options.bay)
    except box.BoxUnreachableError as lost:
        print(f"ampyard need: {lost}", file=sys.stderr)
        return exits.UNREACHABLE
    except box.BoxRefusedError as refused:
        print(f"ampyard need: {'; '.join(filter(None, (refused.error, refused.remedy)))}", file=sys.stderr)
        return exits.FAULTS
    said = [f"{options.kwh:g} kWh" if options.kwh is not None else ""]
    said += [f"leaves in {_span(options.leaves)}" if options.leaves is not None else ""]
    said += [f"priority {options.priority}" if options.priority is not None else ""]
    print(f"{options.bay}: {', '.join(filter(None, said)) or 'nothing said any more'}")
    return exits.FINE


def _stay_s(text: str) -> int:
    """Seconds from now on; a time of day is the next one of this machine's clock."""
    span = _IN.fullmatch(text)
    if text and span is not None:
        return int(span[1] or 0) * 3600 + int(span[2] or 0) * 60
    now = datetime.now().astimezone()
    try:
        hour, minute = (int(part) for part in text.split(":"))
        leaves = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is no time like 07:30, and no span like 2h or 90m") from None
    if leaves <= now:
        leaves += timedelta(days=1)
    return round((leaves - now).total_seconds())


def _span(seconds: int) -> str:
    hours, minutes = divmod(seconds // 60, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
