"""Who may connect as which station: a certificate or a password that names it, and not too often."""

import asyncio
import logging
import math
from collections import OrderedDict

from edge.chargers.keyring import BusyError, Keyring
from edge.chargers.throttle import MOST_KEYS, Delays, Rate
from edge.links.ocppj_server import Knock, Refusal

log = logging.getLogger(__name__)

_TOLD_EVERY_S = 60.0
_BY_ADDRESS = 32  # handshakes at once that any address has, besides two for each charger
_BY_STATION = 10  # connections at once that a station has, and one a second
_FREE_TYPOS = 3
_FREE_FAILURES = 20


class Admission:
    """Judges a handshake. It never tells a station's name by how long it takes to refuse an open one."""

    def __init__(self, keyring: Keyring, *, chargers: int, asks_certificates: bool) -> None:
        """`chargers`: how many there are; all of them may come at once, perhaps from behind one address."""
        self._keyring = keyring
        self._asks_certificates = asks_certificates
        self._by_address = Rate(burst=_BY_ADDRESS + 2 * chargers, per_s=max(5.0, chargers / 5))
        self._by_station = Rate(burst=_BY_STATION, per_s=1.0)
        self._typos = Delays(free=_FREE_TYPOS, forgets_s=60.0)  # of one station at one address
        self._failures = Delays(free=_FREE_FAILURES, forgets_s=10.0)  # of an address, whatever the station
        self._guesses = Delays(free=_FREE_FAILURES, forgets_s=10.0)  # at a station, whatever the address
        self._good: OrderedDict[str, None] = OrderedDict()  # stations at addresses where they were right
        self._told_s: OrderedDict[str, float] = OrderedDict()

    async def judge(self, knock: Knock, charger: str | None) -> Refusal | None:
        """None: it is this station (of a charger, or a stranger's) and may come in."""
        now_s = asyncio.get_running_loop().time()
        if refusal := self._too_often(self._by_address.take(knock.address, now_s), knock, "this address"):
            return refusal
        pair = f"{knock.address} {knock.identity}"
        if wait_s := self._delay_s(knock, pair, now_s):
            return self._too_often(wait_s, knock, "a station with a wrong password")
        self._typos.failed(pair, now_s)  # beforehand: who asks a hundred times at once asks too often
        refusal = await self._authenticated(knock, charger)
        if refusal is None:
            self._typos.forgive(pair)
            self._remember(pair)
            return self._too_often(self._by_station.take(knock.identity, now_s), knock, "this station")
        if refusal.status == 503:
            self._typos.forgive(pair)
        else:
            self._failures.failed(knock.address, now_s)
            self._guesses.failed(knock.identity, now_s)
        self._tell(knock, refusal.sentence)
        return refusal

    async def _authenticated(self, knock: Knock, charger: str | None) -> Refusal | None:
        station = knock.identity
        if knock.certificate is not None:
            if station in knock.certificate.names:
                return None
            names = ", ".join(sorted(knock.certificate.names)) or "nobody"
            sentence = f"its certificate names {names}, its URL {station}: make the URL end with that name"
            return Refusal(status=403, sentence=sentence)
        if self._keyring.is_open(charger):
            if self._asks_certificates:
                sentence = "no client certificate was shown: install one that names the station"
                return Refusal(status=403, sentence=sentence)
            if knock.credentials is not None:
                await self._quietly(charger, knock.credentials[1])
            return None
        if knock.credentials is None:
            return Refusal(status=401, sentence="no password was shown (security profile 1 or 2)")
        user, password = knock.credentials
        if user != station:  # A00.FR.204 of the security whitepaper
            sentence = f"its user name is not the station at the end of its URL, {station}: make it that"
            return Refusal(status=401, sentence=sentence)
        try:
            fits = await self._keyring.fits(charger, password)
        except BusyError:
            return Refusal(status=503, sentence="too many passwords wait to be checked", retry_after_s=10)
        sentence = "wrong password: set the one of this box in the station, or the station's here"
        return None if fits else Refusal(status=401, sentence=sentence)

    async def _quietly(self, charger: str | None, password: bytes) -> None:
        """A charger that had no password, and was given one, shows for the first time that it took it."""
        try:
            await self._keyring.fits(charger, password)
        except BusyError:
            return

    def _delay_s(self, knock: Knock, pair: str, now_s: float) -> float:
        """What wrong passwords cost. Those of others do not lock out who was right from this address."""
        others_s = max(
            self._failures.wait_s(knock.address, now_s), self._guesses.wait_s(knock.identity, now_s)
        )
        return max(self._typos.wait_s(pair, now_s), 0.0 if pair in self._good else others_s)

    def _remember(self, pair: str) -> None:
        self._good[pair] = None
        self._good.move_to_end(pair)
        if len(self._good) > MOST_KEYS:
            self._good.popitem(last=False)

    def _too_often(self, wait_s: float, knock: Knock, who: str) -> Refusal | None:
        if not wait_s:
            return None
        after_s = math.ceil(wait_s)
        self._tell(knock, f"too many attempts by {who}: refused")
        return Refusal(status=429, sentence=f"too many attempts by {who}", retry_after_s=after_s)

    def _tell(self, knock: Knock, sentence: str) -> None:
        """Once a minute for each reason: a flood shall not fill the log."""
        now_s = asyncio.get_running_loop().time()
        key = f"{knock.address} {sentence}"
        if now_s - self._told_s.get(key, -_TOLD_EVERY_S) < _TOLD_EVERY_S:
            return
        self._told_s[key] = now_s
        self._told_s.move_to_end(key)
        if len(self._told_s) > MOST_KEYS:
            self._told_s.popitem(last=False)
        log.warning("%s at %s: %s", knock.identity, knock.address, sentence)
