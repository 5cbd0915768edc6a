"""Core's records as plain lists and back: for checkpoints, recordings and the other interpreter.

A record's constructor takes every slot by its name; a slot that holds records says so in `NESTED`.
"""


class Record:
    """A class whose slots are its whole content."""

    __slots__ = ()
    FIELDS: tuple[str, ...] = ()
    NESTED: tuple[tuple[str, type], ...] = ()

    def plain(self) -> list[object]:
        """The slots in order; tuples become lists, as JSON would make them."""
        return [_plain(getattr(self, field)) for field in self.FIELDS]

    @classmethod
    def from_plain(cls, values: list[object]) -> "Record":
        """The record that `plain` describes. Raises ValueError when the shape does not fit."""
        if len(values) != len(cls.FIELDS):
            raise ValueError(
                cls.__name__ + " has " + str(len(cls.FIELDS)) + " fields, found " + str(len(values))
            )
        named = dict(zip(cls.FIELDS, values))
        for field, kind in cls.NESTED:
            named[field] = [kind.from_plain(value) for value in named[field]]  # type: ignore[attr-defined]
        return cls(**named)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Record) and type(self) is type(other) and self.plain() == other.plain()

    def __hash__(self) -> int:
        return hash(str(self.plain()))

    def __repr__(self) -> str:
        return type(self).__name__ + "(" + str(self.plain()) + ")"


def triple(values: list[int] | tuple[int, ...]) -> tuple[int, int, int]:
    """Three phases out of whatever JSON made of them."""
    first, second, third = values
    return (first, second, third)


def _plain(value: object) -> object:
    if isinstance(value, Record):
        return value.plain()
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    return value
