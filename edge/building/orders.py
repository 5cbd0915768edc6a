"""What the building may ask for: commands as JSON, each checked, carried out and answered.

Whoever restricts says for how long. `of` is what a limit bounds: our chargers on that circuit together, or
everything on it; a limit on a bay needs no `of`. A bay out of service for some time is a limit of 0 A on it.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from edge.site.commands import Done, Origin, Outcome, StartCharging, StopCharging
from edge.site.ports import Clock, Limit, SiteDoors
from edge.site.status import EvseStatus

LONGEST_S = 86_400
MOST_A = 10_000
MOST_PAYLOAD = 4_096
ORIGIN = Origin(kind="mqtt", name="MQTT")

Id = Annotated[str, Meta(min_length=1, max_length=64)]
Seconds = Annotated[int, Meta(ge=1, le=LONGEST_S)]
Name = Annotated[str, Meta(pattern=r"^[A-Za-z0-9 ._-]{1,40}$")]


class Order(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every command has. `at_ms`: when it was sent, ms since 1970, UTC."""

    id: Id
    at_ms: Annotated[int, Meta(ge=0, le=9_999_999_999_999)]


class Step(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Another limit from then on."""

    in_s: Seconds
    limit_a: Annotated[float, Meta(ge=0, le=MOST_A)]


class LimitOrder(Order, frozen=True, kw_only=True):
    """A bound for some time; `limit_a` null takes the one of that name and target back."""

    limit_a: Annotated[float, Meta(ge=0, le=MOST_A)] | None
    seconds: Seconds | None = None
    target: str = "grid"
    of: Literal["chargers", "circuit"] = "chargers"
    name: Name = "building"
    steps: Annotated[tuple[Step, ...], Meta(max_length=50)] = ()


class StartOrder(Order, frozen=True, kw_only=True):
    """Let a bay charge with this card."""

    bay: str
    token: Annotated[str, Meta(min_length=1, max_length=36)]


class StopOrder(Order, frozen=True, kw_only=True):
    """End the session that runs at a bay."""

    bay: str


KINDS: dict[str, type[Order]] = {
    "limit": LimitOrder,
    "start": StartOrder,
    "stop": StopOrder,
}


class Orders:
    """Carries orders out, where the site file allows it."""

    def __init__(self, doors: SiteDoors, clock: Clock, *, takes_limits: bool, takes_commands: bool) -> None:
        self._doors = doors
        self._clock = clock
        self._takes_limits = takes_limits
        self._takes_commands = takes_commands

    def limit(self, order: LimitOrder) -> dict[str, object]:
        """Set or withdraw it; what to answer. Raises ValueError with what is wrong."""
        if not self._takes_limits:
            raise ValueError("this site takes no limits over MQTT: [mqtt] limits = true allows it")
        expires_ms = limit_ma = None
        if order.limit_a is not None:
            if order.seconds is None:
                raise ValueError(f"seconds: missing; 1 to {LONGEST_S}: a limit must end")
            limit_ma = int(order.limit_a * 1000)
            expires_ms = self._clock.mono_ms() + order.seconds * 1000
        now_ms = self._clock.mono_ms()
        steps = tuple((now_ms + step.in_s * 1000, int(step.limit_a * 1000)) for step in order.steps)
        if list(steps) != sorted(steps):
            raise ValueError("steps: not in the order of in_s")
        is_bay = any(evse.id == order.target for evse in self._doors.status().evses)
        kind: Literal["circuit", "chargers", "evse"] = "evse" if is_bay else order.of
        self._doors.limit(
            Limit(
                name=f"{order.name}/{order.target}/{kind}",
                source="mqtt",
                kind=kind,
                target=order.target,
                limit_ma=limit_ma,
                expires_ms=expires_ms,
                steps=steps,
            )
        )
        if order.limit_a is None or order.seconds is None:
            return {}
        return {"until_ms": self._clock.now_ms() + order.seconds * 1000}

    async def carry_out(self, order: Order) -> dict[str, object]:
        """What a charger must do. Raises ValueError with what is wrong."""
        if not self._takes_commands:
            raise ValueError("this site takes no commands over MQTT: [mqtt] commands = true allows it")
        if isinstance(order, StartOrder):
            bay = self._bay(order.bay)
            command = StartCharging(charger=bay.charger, evse=bay.evse, token=order.token)
            return _told(await self._doors.submit(command, ORIGIN))
        if isinstance(order, StopOrder):
            bay = self._bay(order.bay)
            if bay.transaction_id is None:
                raise ValueError(f"no session runs at {bay.id}")
            stop = StopCharging(charger=bay.charger, transaction_id=bay.transaction_id)
            return _told(await self._doors.submit(stop, ORIGIN))
        raise ValueError("no such command")

    def _bay(self, name: str) -> EvseStatus:
        evses = self._doors.status().evses
        for evse in evses:
            if evse.id == name:
                return evse
        raise ValueError(f"bay: {name!r} is none of {', '.join(sorted(each.id for each in evses))}")


def _told(outcome: Outcome) -> dict[str, object]:
    if isinstance(outcome, Done):
        return {}
    raise ValueError(getattr(outcome, "sentence", "") or type(outcome).__name__)
