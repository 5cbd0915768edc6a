"""What a charger's driver asks of a version of OCPP, whichever it is: its words for what the site wants.

Every version has a module with a `dialect()`. What must be asked and answered is a generator: it yields
CALLs, one after the other, is sent each answer, and returns what it found. Nothing here waits or sends.
"""

import importlib
from collections.abc import Generator, Mapping
from typing import Protocol, TypeVar

import msgspec

from edge.dialects.arrival import Arrival
from edge.dialects.forms import Template
from edge.ocpp.profiles import Wire
from edge.site.commands import AnyCommand, Outcome
from edge.site.events import Answer, AnyEvent
from edge.site.passport import Said

SET_PROFILE = "SetChargingProfile"  # so it is called in every version
SAMPLE_S = 10

_DIALECTS = {
    "ocpp2.1": "edge.dialects.v21.charger",
    "ocpp2.0.1": "edge.dialects.v201.charger",
    "ocpp1.6": "edge.dialects.v16.charger",
}
"""By WebSocket subprotocol, loaded when a charger speaks it. Of several the station's first counts."""
SUBPROTOCOLS = tuple(_DIALECTS)

Found = TypeVar("Found")
Call = tuple[str, bytes]
"""Action and payload."""
HEAR: Call = ("", b"")
"""Nothing to ask: the errand goes on (is sent nothing) when the charger has told something more."""
Errand = Generator[Call, bytes, Found]
"""Is sent the payload of each CALLRESULT, and thrown the CallRefused of a CALLERROR."""
Questions = Generator[Call, bytes | None, Found]
"""Is sent the payload of each CALLRESULT; None where the charger refuses, or does not answer."""


class Traits(msgspec.Struct, frozen=True, kw_only=True):
    """What a station says of itself; None, or empty: it does not say."""

    connectors: int | None = None
    features: str = ""


class ChargerDialect(Protocol):
    """One charger's version of OCPP. It may remember what it heard; another charger has another one."""

    version: str

    def events_of(self, action: str, raw: bytes | msgspec.Raw, arrival: Arrival) -> tuple[AnyEvent, ...]:
        """What a CALL of the charger tells. Raises Fault with the code for the CALLERROR."""

    def answer_to(self, action: str, answer: Answer, *, now_ms: int) -> bytes:
        """The payload that answers its CALL. Raises Fault where the site could not keep it."""

    def recall(self, running: Mapping[str, int]) -> None:
        """What runs, says the site, when it connects: the EVSE of each by the charger's own id."""

    def refuse_before_boot(self, action: str) -> None:
        """Raises Fault for what a station that was not accepted may not say."""

    def carry_out(self, command: AnyCommand, *, now_ms: int, own_ids: Mapping[int, str]) -> Errand[Outcome]:
        """The CALLs that carry a command out. `own_ids`: what the charger calls transactions, by our ids."""

    def probe(
        self, *, max_ma: int, unit: str, has_default: bool | None, is_idle: bool, now_ms: int
    ) -> Errand[Said]:
        """The CALLs that find out what it can without a car."""

    def offers(self, connector: int, fallback_ma: int, wire: Wire, transaction: int | str | None) -> Template:
        """The upper profile of a connector, or of a transaction there, ready to be rendered for a limit."""

    def fallback(self, connector: int, *, fallback_ma: int, wire: Wire | None = None) -> bytes:
        """The lower profile of a connector; connector 0 means all that have none of their own."""

    def refusal_of(self, raw: bytes) -> str | None:
        """Why a profile was not taken; None: it was. Raises Fault when the answer cannot be read."""

    def release(self) -> Call:
        """Take away what `fallback` of connector 0 set while the station was a stranger."""

    def wants_watts(self) -> Questions[bool]:
        """Whether it takes a power and no current."""

    def measure(self) -> Questions[bool]:
        """Have it tell currents per phase every `SAMPLE_S`; False where it does not."""

    def traits(self) -> Questions[Traits]:
        """What a station that nobody knows has, and can do."""

    def reports(self, *, is_known: bool) -> tuple[Call, ...]:
        """Have it tell its states; who it is, too, where nobody knows."""

    def does_run(self, own_id: str) -> Questions[bool]:
        """Whether a transaction runs, or something of it waits to be told; where it does not say: yes."""


def dialect_of(subprotocol: str) -> ChargerDialect:
    """A charger's own, for what it speaks over this WebSocket subprotocol."""
    dialect: ChargerDialect = importlib.import_module(_DIALECTS[subprotocol]).dialect()
    return dialect
