"""What an installer must know of the site's doors: who may connect, and how long the certificates last."""

import time
from collections.abc import Callable, Iterator

from edge.settings import hashing
from edge.settings.certificate import NoCertificateError, validity
from edge.settings.fault import Caution
from edge.settings.model import Secret, Site

EARLY_DAYS = 30  # a new certificate is ordered, signed and carried to the lot in that time

LookUp = Callable[[Secret], str | None]


def guard_cautions(site: Site, look_up: LookUp, now_s: float | None = None) -> list[Caution]:
    """Everything about passwords and certificates that the site starts with, or waits for."""
    now_s = time.time() if now_s is None else now_s
    cautions = [*_open_doors(site), *_missing(site, look_up), *_in_the_clear(site, look_up)]
    if site.ocpp.tls:
        cautions += _certificates(site, look_up, now_s)
    return cautions


def _open_doors(site: Site) -> Iterator[Caution]:
    ocpp = site.ocpp
    is_certified = ocpp.tls and ocpp.client_ca is not None
    unguarded = [charger.name for charger in site.chargers if charger.password is None]
    if ocpp.password is None and not is_certified and unguarded:
        who = "" if len(unguarded) == len(site.chargers) else f" for {', '.join(unguarded)}"
        yield Caution(
            keyword="no-password",
            line=None,
            text=f"[ocpp] password: none{who}; anything on this network may pose as a charger",
        )
    if ocpp.client_ca is not None and not ocpp.tls:
        yield Caution(keyword="no-tls", line=None, text="[ocpp] client_ca: means nothing without tls = true")


def _missing(site: Site, look_up: LookUp) -> Iterator[Caution]:
    """Secrets of single chargers; those of whole rooms are told where their tables are read."""
    for charger in site.chargers:
        if charger.password is not None and look_up(charger.password) is None:
            name = charger.password.name
            yield Caution(
                keyword="no-secret",
                line=charger.line_number,
                text=f'secret "{name}" is not on this machine; {charger.name} will be refused',
            )


def _in_the_clear(site: Site, look_up: LookUp) -> Iterator[Caution]:
    secrets = {charger.password for charger in site.chargers} | {site.ocpp.password}
    for name in sorted(secret.name for secret in secrets if secret is not None):
        text = look_up(Secret(name=name))
        if text is not None and not hashing.is_hashed(text):
            yield Caution(
                keyword="plain-text",
                line=None,
                text=f'secret "{name}" lies here in plain text: sudo ampyard secret set {name} --hash',
            )


def _certificates(site: Site, look_up: LookUp, now_s: float) -> Iterator[Caution]:
    ocpp = site.ocpp
    if look_up(ocpp.key) is None:
        yield _absent("key", ocpp.key)
    for key, secret in (("certificate", ocpp.certificate), ("client_ca", ocpp.client_ca)):
        if secret is None:
            continue
        text = look_up(secret)
        sentence = None if text is None else expiry_sentence(text, now_s)
        if text is None:
            yield _absent(key, secret)
        elif sentence is not None:
            yield Caution(
                keyword="certificate", line=None, text=f'[ocpp] {key} = "secret:{secret.name}": {sentence}'
            )


def expiry_sentence(pem: str, now_s: float) -> str | None:
    """What is wrong, or soon will be, with the time of a certificate; None: nothing for a month."""
    try:
        period = validity(pem)
    except NoCertificateError as fault:
        return f"cannot be read ({fault}); chargers will be refused"
    days = period.days_left(now_s)
    if period.ends_s <= now_s:
        return f"ended on {period.ends}; chargers refuse it: have a new one signed"
    if period.begins_s > now_s:
        return "is not valid yet: is the clock of this machine right?"
    return f"ends on {period.ends}, in {days} days: have a new one signed" if days < EARLY_DAYS else None


def _absent(key: str, secret: Secret) -> Caution:
    return Caution(
        keyword="no-secret",
        line=None,
        text=f'[ocpp] {key}: secret "{secret.name}" is not on this machine; chargers will be refused',
    )
