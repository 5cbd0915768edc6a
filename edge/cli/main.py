"""`ampyard VERB`: finds the verb, reads its arguments, answers its exit code."""

import os
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Sequence
from importlib import metadata

from edge.cli import exits
from edge.cli.verbs import VERBS, LateVerbModule


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb. Wrong usage raises SystemExit(2), as argparse does."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    parser = _parser()
    called = next((word for word in given if not word.startswith("-")), None)
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    for verb in VERBS:
        inner = verbs.add_parser(verb.name, help=verb.summary, description=f"{verb.summary.capitalize()}.")
        if verb.name == called:
            module = verb.load()
            if isinstance(module, LateVerbModule):
                module.declare_for(inner, given[given.index(called) + 1 :])
            else:
                module.declare(inner)
            inner.set_defaults(run=module.run)
    options = parser.parse_args(given)
    try:
        code: int = options.run(options)
        sys.stdout.flush()
    except BrokenPipeError:  # `| head` has seen enough; Python would complain once more when it exits
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return exits.FINE
    return code


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="ampyard",
        description="The controller of a parking lot full of AC chargers.",
        epilog="exit codes: 0 fine, 1 faults, 2 usage, 3 box not reachable",
        formatter_class=RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"ampyard {_version()}")
    return parser


def _version() -> str:
    try:
        return metadata.version("ampyard")
    except metadata.PackageNotFoundError:
        return "from source"


if __name__ == "__main__":
    sys.exit(main())
