"""Where secrets are: never in the site file, but in systemd's credentials or /etc/ampyard/secrets."""

import os
from collections.abc import Mapping
from pathlib import Path

from edge.settings.model import Secret

SECRETS_DIRECTORY = Path("/etc/ampyard/secrets")


def look_up(
    secret: Secret, *, environment: Mapping[str, str] = os.environ, directory: Path = SECRETS_DIRECTORY
) -> str | None:
    """What the name stands for on this machine; None if it is not here or may not be read."""
    found = _found(secret, environment, directory)
    return None if found is None else found[1].rstrip("\r\n")


def file_of(
    secret: Secret, *, environment: Mapping[str, str] = os.environ, directory: Path = SECRETS_DIRECTORY
) -> Path | None:
    """The file that a secret is in, for who can only read files; None where `look_up` finds nothing."""
    found = _found(secret, environment, directory)
    return None if found is None else found[0]


def _found(secret: Secret, environment: Mapping[str, str], directory: Path) -> tuple[Path, str] | None:
    """`LoadCredential=secrets:DIRECTORY` names each file `secrets_NAME` (systemd.exec(5))."""
    places = [directory / secret.name]
    if credentials := environment.get("CREDENTIALS_DIRECTORY"):
        folder = Path(credentials)
        places = [folder / secret.name, folder / f"secrets_{secret.name}", *places]
    for place in places:
        try:
            return place, place.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            continue
    return None
