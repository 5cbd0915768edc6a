"""What the site file says of the doors, made ready: passwords and certificates, found on this machine."""

import asyncio
import logging
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from edge.chargers.keyring import Keyring
from edge.core.errors import ConfigError
from edge.links.tls import server_context
from edge.settings.guarding import expiry_sentence
from edge.settings.model import Secret, Site
from edge.settings.secret import file_of, look_up
from edge.site.durable import Store
from edge.site.ports import SiteDoors

log = logging.getLogger(__name__)

_DAY_S = 86_400.0
CERTIFICATE = "certificate-expires"


@dataclass(frozen=True, slots=True, kw_only=True)
class Vault:
    """Where secrets are found: what a name stands for, and its file."""

    look_up: Callable[[Secret], str | None] = look_up
    file_of: Callable[[Secret], Path | None] = file_of

    def text(self, secret: Secret, what: str) -> str:
        """What a name stands for. Raises ConfigError: a door that cannot be guarded is not opened."""
        text = self.look_up(secret)
        if text is None:
            raise ConfigError(
                f"secret {secret.name} is not on this machine: {what}. "
                f"try: sudo ampyard secret set {secret.name}"
            )
        return text

    def file(self, secret: Secret, key: str) -> Path:
        """The file that a key of [ocpp] names. Raises ConfigError."""
        path = self.file_of(secret)
        if path is None:
            raise ConfigError(
                f"secret {secret.name} is not on this machine: [ocpp] {key} needs it. "
                f"try: sudo install -m 600 {key}.pem /etc/ampyard/secrets/{secret.name}"
            )
        return path


def keyring_of(settings: Site, vault: Vault, store: Store | None) -> Keyring:
    """The passwords of the site file. Raises ConfigError when one is missing."""
    what = "no charger could be told from a stranger"
    own = {
        charger.name: vault.text(charger.password, what)
        for charger in settings.chargers
        if charger.password is not None
    }
    shared = settings.ocpp.password
    return Keyring(own, shared=None if shared is None else vault.text(shared, what), store=store)


def tls_of(settings: Site, vault: Vault) -> ssl.SSLContext | None:
    """The TLS of the site file; None: it asks for none. Raises ConfigError."""
    ocpp = settings.ocpp
    if not ocpp.tls:
        return None
    certificate, key = vault.file(ocpp.certificate, "certificate"), vault.file(ocpp.key, "key")
    roots = None if ocpp.client_ca is None else vault.file(ocpp.client_ca, "client_ca")
    try:
        return server_context(certificate, key, roots)
    except ssl.SSLError as fault:
        meanings = (text for word, text in _MEANINGS.items() if word in str(fault))
        raise ConfigError(
            f"[ocpp] tls: {next(meanings, str(fault))}. "
            f"Look at the secrets {ocpp.certificate.name}, {ocpp.key.name}"
            + (f", {ocpp.client_ca.name}" if ocpp.client_ca else "")
        ) from fault
    except OSError as fault:
        raise ConfigError(f"[ocpp] tls: {fault.strerror or fault}") from fault


_MEANINGS = {
    "KEY_VALUES_MISMATCH": "the key is not the certificate's",
    "NO_START_LINE": "certificate or key is no PEM",
    "PEM lib": "certificate or key is no PEM, or the key asks for a password: keep it without one",
    "BAD_DECRYPT": "the key asks for a password: keep it without one",
    "EE_KEY_TOO_SMALL": "the certificate's key is too short: RSA of 2048 bits, or P-256",
}


async def watch_certificates(settings: Site, vault: Vault, site: SiteDoors) -> None:
    """Once a day, and at the start: tell of every certificate of ours that ends within a month."""
    ocpp = settings.ocpp
    while ocpp.tls:
        for secret in (ocpp.certificate, ocpp.client_ca):
            text = None if secret is None else vault.look_up(secret)
            sentence = None if text is None else expiry_sentence(text, time.time())
            if secret is not None and sentence is not None:
                site.alert("this box", CERTIFICATE, f"its certificate {secret.name} {sentence}")
        await asyncio.sleep(_DAY_S)
