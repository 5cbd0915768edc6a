"""OCPP 2.x as a charger's driver uses it; 2.1 is the same with what `Differences` names."""

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

import msgspec

from edge.dialects.arrival import Arrival
from edge.dialects.charger import HEAR, SAMPLE_S, Call, Errand, Questions, Traits
from edge.dialects.v201 import charger_probe, charger_profiles, setting_up
from edge.dialects.v201.charger_commands import Mouth
from edge.dialects.v201.charger_events import Ear, refuse_before_boot
from edge.dialects.v201.native import Raw
from edge.dialects.v201.outcomes import Pause, of_refusal, of_status
from edge.dialects.v201.variables import Portions
from edge.ocpp.profiles import AMPERES, Wire, profile_id
from edge.ocpp.rpc import CallRefused, Fault
from edge.ocpp.v201 import operation, smart_charging, transactions
from edge.ocpp.v201.codec import CODEC, Codec, action_of, encode
from edge.ocpp.v201.smart_charging import SetChargingProfileResponse
from edge.ocpp.v201.types import Message
from edge.site.commands import AnyCommand, Outcome, Refused
from edge.site.events import Answer, AnyEvent
from edge.site.passport import Said

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True, kw_only=True)
class Differences:
    """What one version of OCPP 2.x has and another has not.

    `has_offline_duration`: a profile may say after how long without us it is void. `answers`: to what only
    this version's chargers say.
    """

    codec: Codec = CODEC
    has_offline_duration: bool = False
    answers: dict[str, bytes] = field(default_factory=dict)


def dialect() -> "V201":
    """One charger's."""
    return V201(Differences())


class V201:
    """A `ChargerDialect`."""

    def __init__(self, differences: Differences) -> None:
        self.version = differences.codec.version
        self._differences = differences
        self._codec = differences.codec
        self._ear = Ear(differences.codec, differences.answers)
        self._portions = Portions()
        self._mouth = Mouth(self.version, self._portions, self._ear.reports)

    # -- what it tells -----------------------------------------------------------------------------------

    def recall(self, running: Mapping[str, int]) -> None:
        """What runs, says the site: the EVSE of each by the charger's own id."""
        self._ear.transactions.recall(running)

    def events_of(self, action: str, raw: bytes | msgspec.Raw, arrival: Arrival) -> tuple[AnyEvent, ...]:
        """What a CALL of the charger tells."""
        return self._ear.events_of(action, raw, arrival)

    def answer_to(self, action: str, answer: Answer, *, now_ms: int) -> bytes:
        """The payload that answers its CALL."""
        return self._ear.answer_to(action, answer, now_ms=now_ms)

    def refuse_before_boot(self, action: str) -> None:
        """A station that was not accepted may only boot."""
        refuse_before_boot(action)

    # -- what it is told ---------------------------------------------------------------------------------

    def carry_out(self, command: AnyCommand, *, now_ms: int, own_ids: Mapping[int, str]) -> Errand[Outcome]:
        """The CALLs of a command."""
        procedure = self._mouth.procedure(command, now_ms=now_ms, own_ids=own_ids)
        try:
            request = next(procedure)
            while True:
                if isinstance(request, Pause):
                    yield HEAR
                    request = procedure.send(request)
                    continue
                action, payload = _written(request)
                if fault := self._unfit(action, payload):
                    return Refused(sentence=fault)
                try:
                    raw = yield action, payload
                except CallRefused as refusal:
                    request = procedure.throw(refusal)
                else:
                    request = procedure.send(self._heard(request, action, raw))
        except StopIteration as end:
            outcome: Outcome = end.value
            return outcome
        except CallRefused as refusal:
            return of_refusal(refusal)

    def _heard(self, request: Message, action: str, raw: bytes) -> Message:
        answer = self._codec.decode_response(action, raw)
        return Raw(action=action, payload=raw) if isinstance(request, Raw) else answer

    def _unfit(self, action: str, payload: bytes) -> str | None:
        """Why a CALL of ours would break this version (a token too long, say); None: it does not."""
        try:
            self._codec.decode_request(action, payload)
        except Fault as fault:
            return f"OCPP {self.version} cannot say this in {action}: {fault.description}"[:255]
        return None

    def probe(
        self, *, max_ma: int, unit: str, has_default: bool | None, is_idle: bool, now_ms: int
    ) -> Errand[Said]:
        """The CALLs that find out what it can without a car."""
        steps = charger_probe.steps(
            self._portions,
            max_ma=max_ma,
            unit=unit,
            has_default=has_default,
            is_idle=is_idle,
            now_ms=now_ms,
        )
        try:
            request = next(steps)
            while True:
                action, payload = _written(request)
                try:
                    raw = yield action, payload
                    answer: Message | None = self._codec.decode_response(action, raw)
                except (CallRefused, Fault):
                    answer = None
                request = steps.send(answer)
        except StopIteration as end:
            found: Said = end.value
            return found

    # -- limits ------------------------------------------------------------------------------------------

    def offers(
        self, connector: int, fallback_ma: int, wire: Wire, transaction: int | str | None
    ) -> charger_profiles.OfferTemplate:
        """The upper profile, ready to be rendered."""
        named = transaction if isinstance(transaction, str) else None
        has_offline = self._differences.has_offline_duration
        return charger_profiles.OfferTemplate(connector, fallback_ma, wire, named, has_offline=has_offline)

    def fallback(self, connector: int, *, fallback_ma: int, wire: Wire | None = None) -> bytes:
        """The lower profile of an EVSE."""
        return charger_profiles.fallback(connector, fallback_ma=fallback_ma, wire=wire or AMPERES)

    def refusal_of(self, raw: bytes) -> str | None:
        """Why a profile was not taken."""
        if charger_profiles.is_accepted(raw):
            return None
        answer = self._codec.decode_response("SetChargingProfile", raw)
        assert isinstance(answer, SetChargingProfileResponse)  # noqa: S101 - so the codec answers
        outcome = of_status(answer.status, answer.status_info)
        return None if answer.status == "Accepted" else getattr(outcome, "sentence", answer.status)

    def release(self) -> Call:
        """Take away what held a stranger."""
        number = profile_id(0, "TxDefaultProfile", 0)
        return _written(smart_charging.ClearChargingProfile(charging_profile_id=number))

    # -- setting up --------------------------------------------------------------------------------------

    def wants_watts(self) -> Questions[bool]:
        """Whether it takes a power and no current."""
        return self._asking(setting_up.wants_watts(self._portions))

    def measure(self) -> Questions[bool]:
        """Currents per phase, often enough; and what bills need at the beginning and the end."""
        return self._asking(setting_up.measure(self._portions, SAMPLE_S))

    def traits(self) -> Questions[Traits]:
        """How many EVSEs, and which controllers."""
        return self._asking(setting_up.traits(self._portions))

    def reports(self, *, is_known: bool) -> tuple[Call, ...]:
        """TriggerMessage."""
        words = ("StatusNotification",) if is_known else ("BootNotification", "StatusNotification")
        return tuple(_written(operation.TriggerMessage(requested_message=word)) for word in words)

    def does_run(self, own_id: str) -> Questions[bool]:
        """Whether a transaction runs, or something of it waits to be told; where it does not say: yes."""
        return self._asking(_does_run(own_id))

    def _asking(self, steps: Generator[Message, Message | None, Found]) -> Questions[Found]:
        """Questions in typed messages as calls; None for what was refused, or cannot be read."""
        try:
            request = next(steps)
            while True:
                action, payload = _written(request)
                raw = yield action, payload
                answer: Message | None = None
                if raw is not None:
                    try:
                        answer = self._codec.decode_response(action, raw)
                    except Fault:
                        answer = None
                request = steps.send(answer)
        except StopIteration as end:
            found: Found = end.value
            return found


def _does_run(own_id: str) -> Generator[Message, Message | None, bool]:
    answer = yield transactions.GetTransactionStatus(transaction_id=own_id)
    if not isinstance(answer, transactions.GetTransactionStatusResponse):
        return True
    return answer.ongoing_indicator is not False or answer.messages_in_queue


def _written(request: Message) -> Call:
    if isinstance(request, Raw):
        return request.action, request.payload
    return action_of(request), encode(request)
