"""What a simulated charger keeps for whom (OCPP 1.6 ed. 2 sections 3.12, 5.2 and 5.13)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """A connector (0: any) for a token or its group, until then by the charger's clock."""

    id: int
    connector: int
    token: str
    group: str | None
    until_ms: int

    def is_for(self, token: str, group: str | None) -> bool:
        """Whether somebody may use it."""
        is_the_group = self.group is not None and group is not None and self.group == group
        return self.token.casefold() == token.casefold() or is_the_group


class Reservations:
    """The reservations that hold; they survive reboots."""

    __slots__ = ("_held",)

    def __init__(self) -> None:
        self._held: dict[int, Reservation] = {}

    def __len__(self) -> int:
        return len(self._held)

    def put(self, reservation: Reservation) -> None:
        """Keep something; the same id replaces what it kept before."""
        self._held[reservation.id] = reservation

    def take(self, id_: int) -> bool:
        """Keep it no longer; False when there is no such reservation."""
        return self._held.pop(id_, None) is not None

    def of(self, connector: int) -> Reservation | None:
        """What keeps exactly this connector."""
        return next((held for held in self._held.values() if held.connector == connector), None)

    def found(self, connector: int, token: str, group: str | None) -> Reservation | None:
        """What this somebody may use at this connector."""
        mine = [held for held in self._held.values() if held.is_for(token, group)]
        return next(
            (held for wanted in (connector, 0) for held in mine if held.connector == wanted),
            None,
        )

    def refuses(self, connector: int, token: str, group: str | None, *, free: int) -> bool:
        """Whether others have a better right to it; `free` connectors could still serve them."""
        if self.found(connector, token, group) is not None:
            return False
        anywhere = sum(held.connector == 0 for held in self._held.values())
        return self.of(connector) is not None or (anywhere > 0 and anywhere >= free)

    def expire(self, now_ms: int) -> None:
        """Forget what is over."""
        for held in [held for held in self._held.values() if held.until_ms <= now_ms]:
            del self._held[held.id]
