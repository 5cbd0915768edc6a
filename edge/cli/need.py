"""`ampyard need BAY`: say what the driver of the running session needs, and by when.

Every call says everything anew: what is left out is open again.
"""

from argparse import ArgumentParser, ArgumentTypeError, Namespace

from edge.cli import box, exits
from edge.cli.times import ahead_s
from edge.site.arguments import MOST_KWH, MOST_STAY_S
from edge.site.tokens import MOST_PRIORITY


def declare(parser: ArgumentParser) -> None:
    """Its arguments."""
    parser.add_argument("bay", metavar="BAY", help="a bay as the page names it: bay-7, or bay-7/2")
    parser.add_argument(
        "--kwh",
        type=_kwh,
        metavar="KWH",
        help=f"the energy of the whole session, 0 to {MOST_KWH}; without --leaves as if it stayed 8 h",
    )
    parser.add_argument("--leaves", type=_stay_s, metavar="WHEN", help="07:30, or from now: 2h, 90m, 1h30m")
    parser.add_argument(
        "--priority",
        type=int,
        choices=range(MOST_PRIORITY + 1),
        metavar=f"0-{MOST_PRIORITY}",
        help="high first; above that of card and bay",
    )
    box.declare(parser)


def run(options: Namespace) -> int:
    """Tell the running controller."""
    order = {"energy_kwh": options.kwh, "leaves_in_s": options.leaves, "priority": options.priority}
    try:
        box.tell(options.socket, order, "needs", options.bay)
    except (box.BoxUnreachableError, box.BoxRefusedError) as wrong:
        return box.complain("need", wrong)
    said = [f"{options.kwh:g} kWh" if options.kwh is not None else ""]
    said += [f"leaves in {_span(options.leaves)}" if options.leaves is not None else ""]
    said += [f"priority {options.priority}" if options.priority is not None else ""]
    print(f"{options.bay}: {', '.join(filter(None, said)) or 'nothing said any more'}")
    return exits.FINE


def _kwh(text: str) -> float:
    try:
        energy = float(text)
    except ValueError:
        energy = -1.0
    if not 0 <= energy <= MOST_KWH:  # NaN is neither
        raise ArgumentTypeError(f"{text!r} is no energy from 0 to {MOST_KWH} kWh")
    return energy


def _stay_s(text: str) -> int:
    stay_s = ahead_s(text)
    if not 0 <= stay_s <= MOST_STAY_S:
        raise ArgumentTypeError(f"{text!r} is more than {MOST_STAY_S // 86_400} days away, or over")
    return stay_s


def _span(seconds: int) -> str:
    hours, minutes = divmod(seconds // 60, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
