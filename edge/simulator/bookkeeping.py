"""What a CSMS writes down about transactions, and what it finds strange about how they were told."""

from dataclasses import dataclass

from edge.ocpp.timestamps import rfc3339
from edge.ocpp.v16.types import Reason
from edge.simulator.books import Transaction

CROSSING_MS = 1_000  # a triggered sample overtakes the end of its transaction, which waits its turn


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One transaction message as it arrived, repeats included."""

    station: str
    message_id: str
    action: str
    content: tuple[object, ...]
    is_repeat: bool = False


class Bookkeeping:
    """The books of all stations. They outlive the server that receives for them.

    A message is a repeat when station, message id and content are those of an earlier one: it gets the
    earlier answer and changes nothing. Anything less alike is booked as new, and shows in the audit.
    """

    __slots__ = ("_answers", "_latest", "_next_id", "deliveries", "irregularities", "samples", "transactions")

    def __init__(self, *, first_id: int = 70_000_001) -> None:
        self.deliveries: list[Delivery] = []
        self.irregularities: list[str] = []
        self.transactions: dict[int, Transaction] = {}
        self.samples = 0
        self._next_id = first_id
        self._answers: dict[tuple[str, str], tuple[tuple[object, ...], int]] = {}
        self._latest: dict[str, int] = {}

    def start(
        self,
        station: str,
        message_id: str,
        *,
        connector: int,
        token: str,
        started_ms: int,
        meter_start_wh: int,
    ) -> int:
        """Books a StartTransaction and gives it a number of this CSMS's own."""
        content = (connector, token, started_ms, meter_start_wh)
        known = self._arrive(station, message_id, "StartTransaction", content)
        if known is not None:
            return known
        self._in_time(station, "StartTransaction", started_ms)
        for other in self.transactions.values():
            if other.station == station and other.connector == connector and other.ended_ms is None:
                self._odd(station, f"a start on connector {connector}, where {other.transaction_id} runs")
        number, self._next_id = self._next_id, self._next_id + 1
        self.transactions[number] = Transaction(
            station=station,
            connector=connector,
            token=token,
            started_ms=started_ms,
            meter_start_wh=meter_start_wh,
            transaction_id=number,
        )
        return self._remember(station, message_id, content, number)

    def sample(self, station: str, message_id: str, *, transaction_id: int | None, taken_ms: int) -> None:
        """Books a MeterValues."""
        content = (transaction_id, taken_ms)
        if self._arrive(station, message_id, "MeterValues", content) is not None:
            return
        self.samples += 1
        if transaction_id is not None:
            self._in_time(station, "MeterValues", taken_ms)
            found = self._of(station, transaction_id)
            if found is None:
                self._odd(station, f"a sample of transaction {transaction_id}, which never began")
            elif found.ended_ms is not None:
                self._odd(station, f"a sample of transaction {transaction_id}, which had ended")
        self._remember(station, message_id, content, 0)

    def stop(
        self,
        station: str,
        message_id: str,
        *,
        transaction_id: int,
        ended_ms: int,
        meter_stop_wh: int,
        reason: Reason | None,
    ) -> None:
        """Books a StopTransaction."""
        content = (transaction_id, ended_ms, meter_stop_wh, reason)
        if self._arrive(station, message_id, "StopTransaction", content) is not None:
            return
        self._in_time(station, "StopTransaction", ended_ms)
        found = self._of(station, transaction_id)
        if found is None:
            self._odd(station, f"a stop of transaction {transaction_id}, which never began")
        elif found.ended_ms is not None:
            self._odd(station, f"a second stop of transaction {transaction_id}")
        else:
            found.ended_ms, found.meter_stop_wh, found.reason = ended_ms, meter_stop_wh, reason
        self._remember(station, message_id, content, 0)

    def _arrive(self, station: str, message_id: str, action: str, content: tuple[object, ...]) -> int | None:
        """Notes the delivery; the earlier answer when it is a repeat."""
        known = self._answers.get((station, message_id))
        is_repeat = known is not None and known[0] == content
        if known is not None and not is_repeat:
            self._odd(station, f"{action} repeats the id {message_id} with another content")
        self.deliveries.append(
            Delivery(
                station=station, message_id=message_id, action=action, content=content, is_repeat=is_repeat
            )
        )
        return known[1] if known is not None and is_repeat else None

    def _remember(self, station: str, message_id: str, content: tuple[object, ...], answer: int) -> int:
        self._answers[station, message_id] = (content, answer)
        return answer

    def _in_time(self, station: str, action: str, at_ms: int) -> None:
        """Transaction messages of a station come in the order in which things happened."""
        latest_ms = self._latest.get(station, at_ms)
        if at_ms < latest_ms - CROSSING_MS:
            self._odd(station, f"{action} of {rfc3339(at_ms)} came after one of {rfc3339(latest_ms)}")
        self._latest[station] = max(at_ms, latest_ms)

    def _of(self, station: str, transaction_id: int) -> Transaction | None:
        found = self.transactions.get(transaction_id)
        return found if found is not None and found.station == station else None

    def _odd(self, station: str, what: str) -> None:
        self.irregularities.append(f"{station}: {what}")
