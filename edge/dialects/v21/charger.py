"""How OCPP 2.1 differs from 2.0.1, as a charger's driver uses it. All else is the same.

* A limit says after how long without us it is void (maxOfflineDuration, invalidAfterOfflineDuration), beside
  its own step down to the fallback: two ways to the same end, of which one must work.
* Tokens are open in kind and up to 255 characters long, sources of limits are any text, events carry a
  severity, signed values may leave method and key out: the structs of 2.0.1 bear that.
* A composite schedule may bound each phase for itself; the first phase's limit stands for what is shown.
* Dynamic schedules: a station that pulls a limit is refused, for our profiles are never dynamic: what one
  falls back to nobody has shown.
* Prices, batteries, feeding back and streams of events: what a station merely tells is taken note of; what it
  asks is refused in the words of its schema. An AC site that charges has no use for them yet.
"""

from edge.dialects.v201.charger import V201, Differences
from edge.ocpp.v21.codec import CODEC

_ANSWERS = {
    "NotifyDERAlarm": b"{}",
    "NotifyDERStartStop": b"{}",
    "NotifyPriorityCharging": b"{}",
    "NotifySettlement": b"{}",
    "NotifyWebPaymentStarted": b"{}",
    "ReportDERControl": b"{}",
    "OpenPeriodicEventStream": b'{"status":"Rejected"}',
    "ClosePeriodicEventStream": b"{}",
    "PullDynamicScheduleUpdate": b'{"status":"Rejected"}',
}


def dialect() -> V201:
    """One charger's."""
    return V201(Differences(codec=CODEC, has_offline_duration=True, answers=_ANSWERS))
