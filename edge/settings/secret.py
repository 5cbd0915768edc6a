"""Where secrets are: never in the site file, but in systemd's credentials or /etc/ampyard/secrets."""

import os
from collections.abc import Mapping
from pathlib import Path

from edge.settings.model import Secret

SECRETS_DIRECTORY = Path("/etc/ampyard/secrets")


def look_up(
    secret: Secret, *, environment: Mapping[str, str] = os.environ, directory: Path = SECRETS_DIRECTORY
) -> str | None:
    """What the name stands for on this machine; None if it is not here or may not be read.

    `LoadCredential=secrets:DIRECTORY` names each file of the directory `secrets_NAME` (systemd.exec(5)).
    """
    places = [directory / secret.name]
    if credentials := environment.get("CREDENTIALS_DIRECTORY"):
        folder = Path(credentials)
        places = [folder / secret.name, folder / f"secrets_{secret.name}", *places]
    for place in places:
        try:
            return place.read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError):
            continue
    return None
