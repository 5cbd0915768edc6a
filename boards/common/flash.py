"""What a board remembers in its flash: small documents in two slots, each with its check."""

import binascii
import json
import os


def load(path: str, fallback: dict) -> dict:
    """The newest whole document; `fallback` where there is none. Never raises for what stands there."""
    best, newest = fallback, -1
    for slot in (path + ".0", path + ".1"):
        found = _read(slot)
        if found is not None and found[0] > newest:
            newest, best = found
    return best


def store(path: str, document: dict) -> None:
    """Write it into the slot that does not hold the newest: a power cut leaves one of them whole.

    Raises OSError where the flash is full.
    """
    numbers = [-1 if found is None else found[0] for found in (_read(path + ".0"), _read(path + ".1"))]
    slot = 1 if numbers[0] > numbers[1] else 0
    body = json.dumps([max(numbers) + 1, document])
    with open(path + "." + str(slot), "w") as file:
        file.write("%08x" % binascii.crc32(body.encode()))
        file.write(body)
    sync()


def sync() -> None:
    """Have what was written really stand there, where the board's file system can be told."""
    if hasattr(os, "sync"):
        os.sync()


def _read(path: str) -> tuple[int, dict] | None:
    try:
        with open(path) as file:
            text = file.read()
        if int(text[:8], 16) != binascii.crc32(text[8:].encode()):
            return None
        number, document = json.loads(text[8:])
        return (number, document) if isinstance(document, dict) else None
    except (OSError, ValueError, TypeError):
        return None
