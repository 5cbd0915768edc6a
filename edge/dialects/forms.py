"""How one OCPP charger is told its limits: in the unit and step of its passport, dated by its own clock."""

from collections.abc import Callable
from typing import Protocol

from msgspec.structs import replace

from edge.core.evse import AMPERES, LEAST_MV, TOTAL_WATTS
from edge.ocpp.profiles import Wire
from edge.settings.model import ChargerSettings
from edge.site.passport import Form


class Template(Protocol):
    """The payload of a connector's working limit, built once: a change costs formatting some values."""

    def render(self, *, limit_ma: int, now_ms: int, hold_s: int) -> bytes:
        """The payload of SetChargingProfile for this limit."""


Offers = Callable[[int, int, Wire, int | str | None], Template]
"""Makes a template: connector, its fallback in mA, how rates are written, and the transaction to be named."""


class Forms:
    """Templates of limits, made when the form or the transaction changes. `connectors` count from 1."""

    def __init__(self, settings: ChargerSettings, offers: Offers) -> None:
        self._sockets = dict(enumerate(settings.evses, start=1))
        self._offers = offers
        self.connectors = tuple(self._sockets)
        self.was_guarded: bool | None = None
        """Whether the dead man's profiles were accepted; None: not tried yet."""
        self._form = Form()
        self._must_be_watts = False
        self._templates: dict[tuple[int, int | str | None], Template] = {}

    def take(self, form: Form) -> None:
        """The form that the passport has come to by now."""
        if self._must_be_watts and form.unit == AMPERES:
            form = replace(form, unit=TOTAL_WATTS, step_ma=1_000)
        if form != self._form:
            self._form = form
            self._templates.clear()

    def turn_to_watts(self) -> bool:
        """It knows no other unit; False when it is told W already."""
        if self._form.unit != AMPERES:
            return False
        self._must_be_watts = True
        self.take(self._form)
        return True

    def render(
        self,
        connector: int,
        limit_ma: int,
        *,
        now_ms: int,
        hold_s: int,
        transaction: int | str | None = None,
    ) -> bytes:
        """The payload of a limit. It names the transaction only where the charger needs that."""
        named = transaction if self._form.needs_transaction else None
        template = self._templates.get((connector, named))
        if template is None:
            if named is not None:
                self._templates.clear()  # transactions come and go
            template = self._templates[connector, named] = self._offers(
                connector, self._sockets[connector].fallback_ma, self.wire(connector), named
            )
        return template.render(limit_ma=limit_ma, now_ms=now_ms + self._form.clock_offset_ms, hold_s=hold_s)

    @property
    def clock_offset_ms(self) -> int:
        """By how much its clock is off, where that is more than limits are dated back by; else 0."""
        return self._form.clock_offset_ms

    @property
    def unit(self) -> str:
        """A or W, as it goes over the wire."""
        return "A" if self._form.unit == AMPERES else "W"

    def wire(self, connector: int) -> Wire:
        """How rates are written there."""
        socket = self._sockets[connector]
        return wire_of(self._form, phases=3 if socket.wiring is None else len(socket.wiring))


def wire_of(form: Form, *, phases: int) -> Wire:
    """How limits are written in this form."""
    if form.unit == AMPERES:
        return Wire(step_ma=form.step_ma)
    return Wire(
        unit="W",
        step_ma=form.step_ma,
        voltage_v=LEAST_MV // 1000,
        phases=phases,
        is_divided=form.unit != TOTAL_WATTS,
    )
