"""The lot that both sides run: one fuse, equal chargers, a car at each, a building that rises."""

MAX_A = 16
MIN_A = 6
TOLERANCE_MA = 600  # what the ledger books on top of each offer
POLL_S = 0.4
ANSWER_S = 0.3  # a side has done its work by then, and may tell the bench when it began


def rating_a(count):
    """A fuse that just carries every charger at its maximum."""
    return -(-count * (MAX_A * 1_000 + TOLERANCE_MA) // 1_000)


class Meter:
    """Hands the same current over again every 400 ms, as a polled meter does, and a new one at once."""

    def __init__(self, hand_over):
        self.hand_over = hand_over
        self.current_ma = 0

    def show(self, current_ma):
        self.current_ma = current_ma
        self.hand_over(current_ma)
