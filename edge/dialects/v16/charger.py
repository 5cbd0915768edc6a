"""OCPP 1.6 as a charger's driver uses it. Nothing is remembered: each message says everything."""

from collections.abc import Mapping

import msgspec

from edge.dialects.arrival import Arrival
from edge.dialects.charger import SAMPLE_S, Call, Errand, Questions, Traits
from edge.dialects.v16 import charger_commands, charger_events, charger_probe, charger_profiles
from edge.ocpp.profiles import AMPERES, Wire
from edge.ocpp.rpc import Fault
from edge.ocpp.v16.charging import OfferTemplate
from edge.site.commands import AnyCommand, Outcome
from edge.site.events import Answer, AnyEvent
from edge.site.passport import Said

MOST_CONNECTORS = 8  # a site file has no more


def dialect() -> "V16":
    """One charger's."""
    return V16()


class V16:
    """A `ChargerDialect`."""

    version = "1.6"

    def events_of(self, action: str, raw: bytes | msgspec.Raw, arrival: Arrival) -> tuple[AnyEvent, ...]:
        """What a CALL of the charger tells."""
        return charger_events.events_of(action, raw, arrival)

    def answer_to(self, action: str, answer: Answer, *, now_ms: int) -> bytes:
        """The payload that answers its CALL."""
        return charger_events.answer_to(action, answer, now_ms=now_ms)

    def recall(self, running: Mapping[str, int]) -> None:
        """No charger has ids of its own."""

    def refuse_before_boot(self, action: str) -> None:
        """A station that was not accepted may only boot."""
        charger_events.refuse_before_boot(action)

    def carry_out(self, command: AnyCommand, *, now_ms: int, own_ids: Mapping[int, str]) -> Errand[Outcome]:
        """The CALLs of a command; a charger has no ids of its own."""
        del own_ids
        return charger_commands.carry_out(command, now_ms=now_ms)

    def probe(
        self, *, max_ma: int, unit: str, has_default: bool | None, is_idle: bool, now_ms: int
    ) -> Errand[Said]:
        """The CALLs that find out what it can without a car."""
        return charger_probe.probe(
            max_ma=max_ma, unit=unit, has_default=has_default, is_idle=is_idle, now_ms=now_ms
        )

    def offers(
        self, connector: int, fallback_ma: int, wire: Wire, transaction: int | str | None
    ) -> OfferTemplate:
        """The upper profile, ready to be rendered."""
        number = transaction if isinstance(transaction, int) else None
        return charger_profiles.offers(connector, fallback_ma=fallback_ma, wire=wire, transaction_id=number)

    def fallback(self, connector: int, *, fallback_ma: int, wire: Wire | None = None) -> bytes:
        """The lower profile of a connector."""
        return charger_profiles.fallback(connector, fallback_ma=fallback_ma, wire=wire or AMPERES)

    def refusal_of(self, raw: bytes) -> str | None:
        """Why a profile was not taken."""
        return charger_profiles.refusal_of(raw)

    def release(self) -> Call:
        """Take away what held a stranger."""
        return charger_profiles.CLEAR_PROFILE, charger_profiles.release()

    def wants_watts(self) -> Questions[bool]:
        """Whether it takes a power and no current."""
        raw = yield charger_profiles.READ, charger_profiles.read_unit()
        return raw is not None and charger_profiles.wants_watts(raw)

    def measure(self) -> Questions[bool]:
        """What is right already is not written again: that wears its memory."""
        raw = yield charger_profiles.READ, charger_profiles.read_sampling()
        present = {} if raw is None else charger_profiles.sampling_of(raw)
        if present.get(charger_profiles.INTERVAL) != str(SAMPLE_S):
            yield _change(charger_profiles.INTERVAL, str(SAMPLE_S))
        if present.get(charger_profiles.MEASURANDS) in charger_profiles.WISHES:
            return True
        for wish in charger_profiles.WISHES:
            answer = yield _change(charger_profiles.MEASURANDS, wish)
            if answer is not None and charger_profiles.was_changed(answer):
                return True
        return False

    def traits(self) -> Questions[Traits]:
        """How many connectors, and which profiles of OCPP."""
        raw = yield charger_profiles.READ, charger_profiles.read_traits()
        if raw is None:
            return Traits()
        try:
            told = charger_profiles.sampling_of(raw)
        except Fault:
            return Traits()
        connectors = told.get(charger_profiles.CONNECTORS, "")
        is_told = connectors.isdecimal() and 1 <= int(connectors[:3]) <= MOST_CONNECTORS
        return Traits(
            connectors=int(connectors) if is_told else None,
            features=told.get(charger_profiles.FEATURES, "")[:200],
        )

    def reports(self, *, is_known: bool) -> tuple[Call, ...]:
        """TriggerMessage."""
        status = charger_profiles.TRIGGER, charger_profiles.trigger_status()
        return (
            (status,) if is_known else ((charger_profiles.TRIGGER, charger_profiles.trigger_boot()), status)
        )

    def does_run(self, own_id: str) -> Questions[bool]:
        """Nobody can ask."""
        del own_id
        return True
        yield


def _change(key: str, value: str) -> Call:
    return charger_profiles.CHANGE, charger_profiles.change(key, value)
