"""Chargers that accept limits and ignore them: named once when they begin, with an alert, until they obey."""

from collections.abc import Callable

from edge.site.passports import Passports
from edge.site.status import Status

Alert = Callable[[str, str, str], None]


class Disobedience:
    """Remembers who disobeys, so that everybody is told once."""

    def __init__(self, passports: Passports, alert: Alert) -> None:
        self._passports = passports
        self._alert = alert
        self._known: set[str] = set()

    def note(self, status: Status) -> None:
        """What the bays say of themselves now."""
        for evse in status.evses:
            if evse.word != "disobeys":
                self._known.discard(evse.id)
            elif evse.id not in self._known:
                self._known.add(evse.id)
                self._passports.disobeys(evse.id, evse.sentence)
                self._alert(evse.charger, "ignores-limits", f"{evse.id} ignores limits. {evse.sentence}")
