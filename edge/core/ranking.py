"""Sorting that is quick on a microcontroller too."""


def ranked(items: list) -> list:  # type: ignore[type-arg]  # MicroPython cannot say what they have in common
    """The items, all different, smallest first.

    What is in order already, as it often is here, takes MicroPython's quicksort the square of its length. So
    that is asked first.
    """
    last = None
    for item in items:
        if last is not None and item < last:
            return sorted(items)
        last = item
    return items
