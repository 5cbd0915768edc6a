"""The site file of a running controller: what it was at the start, adoptions into it, and the way back.

A new text is proven first, then written beside the file, synced and renamed over it; a copy of the old one
is kept. Everything here may block: it reads and writes files.
"""

import contextlib
import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path

from edge.settings.adoption import Adoption, AdoptionError, Change, adopted
from edge.settings.site import NO_CHARGERS

COPY, RECORD = "before-adoption.toml", "adoption.json"
_EDITED = "was changed since the controller started"


class SiteFile:
    """The file at `path`, as the controller runs on it."""

    def __init__(
        self,
        path: Path,
        models: Mapping[str, bool],
        *,
        kept: Path,
        running: str,
        chargers: Mapping[str, str] = NO_CHARGERS,
    ) -> None:
        """`kept`: the folder for the copy of the file before the last adoption. `running`: its text."""
        self._path = path.resolve()
        self._models = models
        self._chargers = chargers
        self._kept = kept
        self._running = running

    @property
    def name(self) -> str:
        """What it is called, without its folder."""
        return self._path.name

    def prove(self, adoption: Adoption) -> Change:
        """What it would come to. Raises SiteFileError, AdoptionError."""
        text = self._text()
        if text != self._running:
            raise AdoptionError(f"{self.name} {_EDITED}", "restart it first: then only the adoption changes")
        return adopted(
            text,
            adoption,
            self._models,
            chargers=self._chargers,
            file=self.name,
            folder=self._path.parent,
        )

    def adopt(self, adoption: Adoption) -> Change:
        """Prove and write it. Raises SiteFileError, AdoptionError."""
        change = self.prove(adoption)
        try:
            self._kept.mkdir(parents=True, exist_ok=True)
            record = {"name": adoption.name, "station": adoption.station, "after": _digest(change.text)}
            _write(self._kept / COPY, self._running)
            _write(self._kept / RECORD, json.dumps(record))
            _write(self._path, change.text)
        except OSError as error:
            raise self._no_place(error) from None
        return change

    def last(self) -> str | None:
        """The charger that was adopted last; None where nothing can be taken back."""
        try:
            record = json.loads((self._kept / RECORD).read_text(encoding="utf-8"))
            is_as_left = record["after"] == _digest(self._text())
            return str(record["name"]) if is_as_left else None
        except (OSError, ValueError, KeyError, AdoptionError):
            return None

    def undo(self) -> str:
        """Write the file as it was before the last adoption; answers whose. Raises AdoptionError."""
        name = self.last()
        if name is None:
            has_one = (self._kept / RECORD).exists()
            sentence = f"{self.name} was edited since the last adoption" if has_one else "nothing was adopted"
            raise AdoptionError(sentence, "edit the file by hand")
        try:
            _write(self._path, _read(self._kept / COPY))
            (self._kept / RECORD).unlink()
        except OSError as error:
            raise self._no_place(error) from None
        return name

    def _text(self) -> str:
        try:
            return _read(self._path)
        except (OSError, UnicodeDecodeError) as error:
            raise AdoptionError(f"{self._path} cannot be read: {error}", "mend it first") from None

    def _no_place(self, error: OSError) -> AdoptionError:
        return AdoptionError(
            f"{error.filename or self._path} cannot be written: {error.strerror}",
            f"let the controller write there: sudo chown ampyard {self._path.parent} {self._path}",
        )


def read_text(path: Path) -> str:
    """The file's text with its own line ends. Raises OSError, UnicodeDecodeError."""
    return _read(path)


def _read(path: Path) -> str:
    return path.read_bytes().decode("utf-8-sig")


def _write(path: Path, text: str) -> None:
    """Whole or not at all, and on the disk when this returns; mode and owner stay as they were."""
    new = path.with_name(f".{path.name}.new")
    before = path.stat() if path.exists() else None
    try:
        with new.open("wb") as file:
            file.write(text.encode())
            if before is not None:
                os.fchmod(file.fileno(), before.st_mode & 0o7777)
                with contextlib.suppress(PermissionError):
                    os.fchown(file.fileno(), before.st_uid, before.st_gid)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            new.unlink()
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
