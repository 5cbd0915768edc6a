"""`ampyard run FILE`: the controller, until Ctrl-C.

In a terminal a site file with faults is refused. The service (`--service`) runs on its last proven copy
instead, and says so: a mistake in the evening must not leave the lot without a controller in the morning.
"""

import logging
import os
import resource
import shutil
import sys
from argparse import SUPPRESS, ArgumentParser, Namespace
from pathlib import Path

from edge import settings
from edge.app import Box, Started
from edge.app import run as run_site
from edge.catalogue import guarded, guards
from edge.cli import exits, story
from edge.cli import state as folders
from edge.cli.running import until_signalled
from edge.core.errors import ConfigError
from edge.settings.fault import closing
from edge.settings.site_file import SiteFile, read_text
from edge.site.durable import JournalBrokenError

log = logging.getLogger(__name__)

PROVEN = "proven.toml"
SOCKETS_EACH = 9  # what the OCPP server lets in for each charger, and its uplink
OTHER_FILES = 1_024


def declare(parser: ArgumentParser) -> None:
    """Its arguments."""
    parser.add_argument("file", type=Path, metavar="FILE", help="the site file")
    parser.add_argument("--service", action="store_true", help="fall back to the last proven copy")
    parser.add_argument("--state", type=Path, metavar="DIR", help="where the journal is kept")
    parser.add_argument("--socket", type=Path, metavar="PATH", help="where the command line finds this box")
    parser.add_argument("-v", "--verbose", action="store_true", help="tell what developers want to know")
    # Rehearsals have no minutes to wait; on real chargers a short one wears their flash
    parser.add_argument("--dead-man", type=_seconds, metavar="S", help=SUPPRESS)


def run(options: Namespace) -> int:
    """Prove, then run."""
    story.tell(frames=options.verbose)
    state = options.state or folders.folder()
    verdict = _proven(options.file, state, is_service=options.service)
    if verdict is None or verdict.site is None:
        return exits.SERVICE_CONFIG if options.service else exits.FAULTS
    for caution in verdict.cautions:
        log.warning("%s", caution.render(verdict.file))
    grid = verdict.sums[0]
    log.info(
        "%s: proven, %d of %d A without this box",
        verdict.site.name,
        -(-max(grid.box_dead) // 1000),
        grid.rating_ma // 1000,
    )
    _allow_sockets(len(verdict.site.chargers))
    runtime = Path(os.environ.get("RUNTIME_DIRECTORY") or state)  # memory, under systemd: nothing is worn
    box = Box(
        state=state,
        records=runtime / "steps.db",
        socket=options.socket or _socket(runtime),
        dead_man_ms=options.dead_man,
        site_file=_site_file(options.file, state),
    )
    scheme = "wss" if verdict.site.ocpp.tls else "ws"
    try:
        anew = until_signalled(run_site(verdict.site, box, started=lambda site: _tell(site, box, scheme)))
    except (ConfigError, JournalBrokenError) as error:
        print(f"ampyard run: {error}", file=sys.stderr)
        return exits.SERVICE_CONFIG if options.service else exits.FAULTS
    if anew and "NOTIFY_SOCKET" not in os.environ:  # systemd starts it again by itself
        sys.stdout.flush()
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606  itself, no shell
    return exits.FINE


def _allow_sockets(chargers: int) -> None:
    """A login's usual 1,024 files are too few for a big lot whose chargers all reconnect at once."""
    wanted = OTHER_FILES + SOCKETS_EACH * chargers
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
        if most < wanted:
            log.warning("only %d files may be open here; %d are wanted: raise LimitNOFILE", most, wanted)


def _seconds(text: str) -> int:
    """Whole seconds as ms; ValueError tells argparse that they are none."""
    if not 3 <= int(text) <= 600:
        raise ValueError(text)
    return int(text) * 1000


def _proven(file: Path, state: Path, *, is_service: bool) -> settings.Verdict | None:
    """The verdict on the file; for a service with faults the one on the last proven copy."""
    copy, proven = state / PROVEN, folders.proven(state)
    try:
        verdict = settings.load(file, guards(), chargers=guarded(), proven=proven)
    except OSError as error:
        print(f"ampyard run: {file}: {error.strerror}", file=sys.stderr)
        return _last_proven(copy, file.parent, proven) if is_service else None
    if verdict.site is not None:
        _keep(file, copy)
        return verdict
    for fault in verdict.faults:
        print(fault.render(verdict.file), file=sys.stderr)
    print(closing(verdict.file, verdict.faults), file=sys.stderr)
    return _last_proven(copy, file.parent, proven) if is_service else None


def _last_proven(copy: Path, folder: Path, proven: frozenset[str]) -> settings.Verdict | None:
    """The copy's verdict; its lists are still beside the original, in `folder`."""
    if not copy.exists():
        return None
    text = copy.read_text(encoding="utf-8")
    verdict = settings.read(text, guards(), chargers=guarded(), file=str(copy), folder=folder, proven=proven)
    if verdict.site is not None:
        log.error("runs on the last proven site file, %s, until the new one has no faults", copy)
    return verdict


def _site_file(file: Path, state: Path) -> SiteFile | None:
    """Where chargers can be adopted into; nowhere while the last proven copy stands in for the file."""
    try:
        return SiteFile(file, guards(), chargers=guarded(), kept=state / "adoption", running=read_text(file))
    except (OSError, UnicodeDecodeError):
        return None


def _keep(file: Path, copy: Path) -> None:
    """The copy is whole or not there."""
    try:
        copy.parent.mkdir(parents=True, exist_ok=True)
        new = copy.with_suffix(".new")
        shutil.copyfile(file, new)
        new.replace(copy)
    except OSError as error:
        log.warning("no copy of the proven site file is kept: %s", error)


def _socket(runtime: Path) -> Path:
    given = os.environ.get("AMPYARD_SOCKET")
    return Path(given) if given else runtime / "ampyard.sock"


def _tell(started: Started, box: Box, scheme: str) -> None:
    log.info("web      http://%s:%d", os.uname().nodename, started.web_port)
    log.info("ocpp     %s://%s:%d/<station>", scheme, os.uname().nodename, started.ocpp_port)
    log.info("command  export AMPYARD_SOCKET=%s", box.socket)
