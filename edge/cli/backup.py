"""`ampyard backup FILE`: what makes this box this box, in one archive: site file, lists, secrets, journal."""

import contextlib
import io
import os
import sqlite3
import sys
import tarfile
import tempfile
import tomllib
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from pathlib import Path

from edge.cli import box, exits, state
from edge.settings.secret import SECRETS_DIRECTORY

SITE, JOURNAL, LISTS, SECRETS = "site.toml", "journal.db", "lists/", "secrets/"
SITE_FILE = Path("/etc/ampyard/site.toml")


def declare(parser: ArgumentParser) -> None:
    """Its arguments."""
    parser.add_argument("archive", type=Path, metavar="FILE", help="such as box.tar.gz; keep it like a key")
    declare_places(parser)


def declare_places(parser: ArgumentParser) -> None:
    """Where everything is on this box."""
    box.declare(parser)
    parser.add_argument("--file", type=Path, default=SITE_FILE, metavar="FILE", help="the site file")
    parser.add_argument("--secrets", type=Path, default=SECRETS_DIRECTORY, metavar="DIR", help="its secrets")
    parser.add_argument("--state", type=Path, metavar="DIR", help="where the journal is")


def run(options: Namespace) -> int:
    """Write it whole, then give it its name; only its owner may read it."""
    new = options.archive.with_name(f".{options.archive.name}.new")
    try:
        text = options.file.read_text(encoding="utf-8")
        with contextlib.closing(_private(new)) as file, tarfile.open(fileobj=file, mode="w:gz") as archive:
            count = _fill(archive, text, options)
        new.replace(options.archive)
    except (box.BoxUnreachableError, box.BoxRefusedError) as wrong:
        new.unlink(missing_ok=True)
        return box.complain("backup", wrong)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, sqlite3.Error) as error:
        new.unlink(missing_ok=True)
        print(f"ampyard backup: {error} (try: sudo)", file=sys.stderr)
        return exits.FAULTS
    size = options.archive.stat().st_size
    print(f"{options.archive}: {count} files, {size:,} bytes. It has secrets in it: keep it like a key.")
    return exits.FINE


def lists_of(text: str) -> Iterator[str]:
    """The lists beside the site file that it names."""
    named = tomllib.loads(text).get("tokens", {}).get("list")
    if isinstance(named, str) and Path(named).name == named:
        yield named


def _private(path: Path) -> io.BufferedWriter:
    path.unlink(missing_ok=True)
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def _fill(archive: tarfile.TarFile, text: str, options: Namespace) -> int:
    """How many files went in."""
    archive.add(options.file, SITE)
    count = 1
    for name in lists_of(text):
        place = options.file.parent / name
        if place.is_file():
            archive.add(place, LISTS + name)
            count += 1
    if options.secrets.is_dir():
        for secret in sorted(options.secrets.iterdir()):
            if secret.is_file() and not secret.name.startswith("."):
                archive.add(secret, SECRETS + secret.name)
                count += 1
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / JOURNAL
        if _copy_journal(options, copy):
            archive.add(copy, JOURNAL)
            count += 1
    return count


def _copy_journal(options: Namespace, copy: Path) -> bool:
    """From the running box, which writes on meanwhile, else from its file; False: there is none."""
    try:
        box.save(options.socket, copy, "journal", "backup")
    except box.BoxUnreachableError:
        journal = (options.state or state.folder()) / state.JOURNAL
        if not journal.exists():
            return False
        with (
            contextlib.closing(sqlite3.connect(f"file:{journal}?mode=ro", uri=True)) as source,
            contextlib.closing(sqlite3.connect(copy)) as target,
        ):
            source.backup(target)
    return True
