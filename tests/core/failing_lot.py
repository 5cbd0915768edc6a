"""A lot whose meter or chargers fail, and what is seen of it."""

from edge.core.image import Image
from tests.core.test_step import busy
from tests.core.virtual_lot import VirtualLot

WORST_MA = 39_000  # what the building may take at most, and more than it does
ROOM_MA = 63_000 - WORST_MA


def booked(lot: VirtualLot, bay: str = "bay-0") -> tuple[int, int, int]:
    return next(each.booked_ma for each in lot.decision.setpoints if each.evse == bay)


def grid(lot: VirtualLot):
    return next(view for view in lot.decision.circuits if view.name == "grid")


def planned_ma(lot: VirtualLot) -> int:
    """What the worst phase of the grid may carry of the chargers by what is booked."""
    return max(grid(lot).booked_ma)


def risen(lot: VirtualLot, since: int) -> list:
    return lot.raised[since:]


def seen_as(lot: VirtualLot, **values) -> None:
    """From now on every reading of the meter has these values."""

    def change(_: VirtualLot, image: Image) -> None:
        for meter in image.meters:
            for name, value in values.items():
                setattr(meter, name, value(meter) if callable(value) else value)

    lot.sloppy = change


def hungry() -> VirtualLot:
    """A settled lot whose building has just left room: everybody would rise within seconds."""
    lot = busy(building_max_ma=WORST_MA, hold_up_ms=0, sample_every_ms=1_000)
    lot.building = [2_000, 2_000, 2_000]
    return lot


def alone(**options) -> VirtualLot:
    return busy(bays=1, unknown_bay=None, sample_every_ms=1_000, **options)
