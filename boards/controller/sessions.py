"""Transactions of a board's lot: begun by a plug or a cloud, kept in flash before anybody is told.

A transaction is a record when it begins and one when it ends; its samples are records too, as long as there
is room. What runs is remembered in a document of its own, so that a restart continues it.
"""

from boards.common import flash
from boards.common.log import ASIDE, END, Full
from edge.core.transaction import next_id

REMOTE_S = 60
SAMPLE_S = 60
MOST_IDS = 64


class Sessions:
    """`accept`: "all" begins with every plug; "none" only for whom a cloud sends. Times are wall seconds."""

    def __init__(self, root: str, log, *, accept: str) -> None:
        self.running: dict[str, dict] = {}
        self.is_full = False
        self._path = root + "/running"
        self._log = log
        self._accept = accept
        self._remote: dict[str, tuple[str, int]] = {}
        self._finished: set[str] = set()
        kept = flash.load(self._path, {"last": 0, "running": {}, "cloud": []})
        self._last = kept["last"]
        self.running = kept["running"]
        self.cloud_ids = dict(kept["cloud"])
        self._replay()

    def _replay(self) -> None:
        """What was written to the log and not yet into the document when the power went."""
        for _, record in self._log.all():
            if record["k"] == "start" and record["x"] > self._last:
                self._last = record["x"]
                self.running[record["bay"]] = _session(record)
            elif record["k"] == "stop":
                for bay in [bay for bay, each in self.running.items() if each["x"] == record["x"]]:
                    del self.running[bay]

    def remote_start(self, bay: str, token: str, now_s: int) -> bool:
        """A cloud sends somebody; whether he may come."""
        if bay in self.running or self.is_full:
            return False
        self._remote[bay] = (token, now_s + REMOTE_S)
        self._finished.discard(bay)
        return True

    def note(self, bay: str, connector: int, *, has_car: bool, energy_wh: int | None, now_s: int) -> None:
        """What a charger shows now: begins and ends."""
        session = self.running.get(bay)
        if not has_car:
            self._finished.discard(bay)
            if session is not None:
                self.end(bay, energy_wh, now_s, "EVDisconnected")
        elif session is None:
            token = self._token(bay, now_s)
            if token is not None and energy_wh is not None:
                self._begin(bay, connector, token, energy_wh, now_s)
        elif energy_wh is not None:
            session["wh"] = max(session["wh"], energy_wh)
            if now_s - session["told_s"] >= SAMPLE_S:
                session["told_s"] = now_s
                self._keep({"k": "sample", "x": session["x"], "e": connector, "m": energy_wh, "at": now_s})

    def end(self, bay: str, energy_wh: int | None, now_s: int, reason: str) -> bool:
        """Whether it is kept that this transaction is over; if not, it is tried again."""
        session = self.running[bay]
        end_wh = session["wh"] if energy_wh is None else max(session["wh"], energy_wh)
        record = {"k": "stop", "x": session["x"], "m": end_wh, "at": now_s, "r": reason}
        try:
            self._log.append(record | {"t": session["t"], "e": session["e"]}, END)
        except (Full, OSError):
            return False
        del self.running[bay]
        self._finished.add(bay)
        self._store()
        return True

    def cloud_id(self, transaction: int, cloud: int) -> None:
        """What the cloud calls it; kept as long as records of it may wait."""
        self.cloud_ids[transaction] = cloud
        while len(self.cloud_ids) > MOST_IDS:
            del self.cloud_ids[min(self.cloud_ids)]
        for session in self.running.values():
            if session["x"] == transaction:
                session["cloud"] = cloud
        self._store()

    def bay_of(self, cloud: int) -> str | None:
        """Where the transaction runs that a cloud calls so."""
        for bay, session in self.running.items():
            if session.get("cloud") == cloud:
                return bay
        return None

    def is_finished(self, bay: str) -> bool:
        """Whether a transaction has ended there and the plug is still in."""
        return bay in self._finished

    def _token(self, bay: str, now_s: int) -> str | None:
        token, until_s = self._remote.get(bay, ("", 0))
        if token and now_s <= until_s:
            return token
        return "free" if self._accept == "all" and bay not in self._finished else None

    def _begin(self, bay: str, connector: int, token: str, energy_wh: int, now_s: int) -> None:
        number = next_id(self._last, now_s)
        where = {"k": "start", "x": number, "bay": bay, "e": connector}
        record = where | {"t": token, "m": energy_wh, "at": now_s}
        try:
            self._log.append(record)
        except (Full, OSError):
            self.is_full = True
            return
        self.is_full = False
        self._remote.pop(bay, None)
        self._last = number
        self.running[bay] = _session(record)
        self._store()

    def _keep(self, record: dict) -> None:
        try:
            self._log.append(record, ASIDE)
        except (Full, OSError):
            return  # a sample less

    def _store(self) -> None:
        try:
            ids = [[own, self.cloud_ids[own]] for own in sorted(self.cloud_ids)]
            flash.store(self._path, {"last": self._last, "running": self.running, "cloud": ids})
        except OSError:
            return  # the log has it


def _session(record: dict) -> dict:
    return {
        "x": record["x"],
        "e": record["e"],
        "t": record["t"],
        "from": record["m"],
        "wh": record["m"],
        "at": record["at"],
        "told_s": record["at"],
    }
