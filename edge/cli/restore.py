"""`ampyard restore FILE`: makes this box the one that was backed up. What was here before is set aside.

The site file is proven before anything is written. With a running box the journal goes in through its own
door, and it starts anew; else it is put where the box will find it.
"""

import shutil
import sys
import tarfile
import tempfile
from argparse import ArgumentParser, Namespace
from pathlib import Path

from edge import settings
from edge.catalogue import guarded, guards
from edge.cli import backup, box, exits, state
from edge.cli.backup import JOURNAL, LISTS, SECRETS, SITE

BEFORE = ".before-restore"
MOST_BYTES = 20_000_000_000


def declare(parser: ArgumentParser) -> None:
    """Its arguments."""
    parser.add_argument("archive", type=Path, metavar="FILE", help="what `ampyard backup` wrote")
    backup.declare_places(parser)
    parser.add_argument("--force", action="store_true", help="also over a journal, or running transactions")


def run(options: Namespace) -> int:
    """Unpack, prove, put everything in its place."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        try:
            _unpack(options.archive, folder)
            faults = settings.load(folder / SITE, guards(), chargers=guarded()).faults
            if faults:
                print(f"ampyard restore: {len(faults)} faults in its site file:", file=sys.stderr)
                print("\n".join(fault.render(SITE) for fault in faults), file=sys.stderr)
                return exits.FAULTS
            return _restore(folder, options)
        except (box.BoxUnreachableError, box.BoxRefusedError) as wrong:
            return box.complain("restore", wrong)
        except (OSError, tarfile.TarError, ValueError) as error:
            print(f"ampyard restore: {error}", file=sys.stderr)
            return exits.FAULTS


def _unpack(archive: Path, folder: Path) -> None:
    """Raises ValueError where it is no archive of ours: nothing else is taken out of it."""
    with tarfile.open(archive, "r:gz") as tar:
        for member in tar:
            place, _, name = member.name.rpartition("/")
            known = member.name in (SITE, JOURNAL) or f"{place}/" in (LISTS, SECRETS)
            if not known or not member.isfile() or name.startswith(".") or member.size > MOST_BYTES:
                raise ValueError(f"{archive}: {member.name} is nothing that a backup has")
            content = tar.extractfile(member)
            if content is not None:
                target = folder / member.name
                target.parent.mkdir(exist_ok=True)
                with target.open("wb") as file:
                    shutil.copyfileobj(content, file)
    if not (folder / SITE).exists():
        raise ValueError(f"{archive}: there is no site file in it")


def _restore(folder: Path, options: Namespace) -> int:
    journal = folder / JOURNAL
    kept = (options.state or state.folder()) / state.JOURNAL
    is_running = _is_running(options.socket)
    if journal.exists() and not is_running and kept.exists() and not options.force:
        print(f"ampyard restore: {kept} is there; --force sets it aside", file=sys.stderr)
        return exits.FAULTS
    options.file.parent.mkdir(parents=True, exist_ok=True)
    _put(folder / SITE, options.file, 0o644)
    for each in _below(folder / LISTS):
        _put(each, options.file.parent / each.name, 0o640)
    options.secrets.mkdir(mode=0o700, parents=True, exist_ok=True)
    for each in _below(folder / SECRETS):
        _put(each, options.secrets / each.name, 0o600)
    if journal.exists() and is_running:
        query = {"force": "true"} if options.force else {}
        box.upload(options.socket, journal, "journal", "restore", **query)
        print("restored; the controller starts anew")
        return exits.FINE
    if journal.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        for suffix in ("-wal", "-shm"):  # they go with the one that they belong to
            if (beside := Path(f"{kept}{suffix}")).exists():
                beside.replace(f"{kept}{BEFORE}{suffix}")
        _put(journal, kept, 0o640)
    print("restored. Start the service: sudo systemctl restart ampyard")
    return exits.FINE


def _is_running(socket: Path) -> bool:
    try:
        box.ask(socket, "about")
    except box.BoxUnreachableError:
        return False
    return True


def _below(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _put(source: Path, target: Path, mode: int) -> None:
    """What is there keeps its owner and is set aside; the new one is whole or not there."""
    owner = target.stat() if target.exists() else target.parent.stat()
    if target.exists():
        target.replace(target.with_name(target.name + BEFORE))
    new = target.with_name(f".{target.name}.new")
    shutil.copyfile(source, new)
    new.chmod(mode)
    shutil.chown(new, owner.st_uid, owner.st_gid)
    new.replace(target)
