"""The life of a transaction: what its messages mean, whoever sent them and however often.

Pure rules. The shell keeps what is open and commits what is decided here.
"""

EPOCH_S = 1_577_836_800  # 2020-01-01T00:00:00Z
MAX_ID = 2_147_483_647  # what every station and every CSMS can hold

NEW = "new"
REPEATED = "repeated"
UNKNOWN = "unknown"


def next_id(last_id: int, wall_s: int) -> int:
    """A transaction id that was never given before: positive, above `last_id`.

    It also starts above every id that a lost database may have given, because ids grow by at most one a
    second on average and a new database starts at the seconds since 2020.
    """
    floor = wall_s - EPOCH_S
    if not 0 < floor < MAX_ID:  # a clock without a battery: no help from it
        floor = 1
    return max(last_id + 1, floor)


def start_key(evse: int, token: str, at_ms: int, meter_wh: int) -> str:
    """What a repeated start has in common with the first, and no other start of that charger has."""
    return "start/" + str(evse) + "/" + str(at_ms) + "/" + str(meter_wh) + "/" + token


def own_key(own_id: str, at_ms: int | None = None) -> str:
    """The same where the charger names its transactions; with the time, where it gives a name twice."""
    return "own/" + own_id + ("" if at_ms is None else "/" + str(at_ms))


def stop_key(transaction_id: int) -> str:
    """The same for an end: a transaction ends once."""
    return "stop/" + str(transaction_id)


def judge_stop(*, is_open: bool, is_ended: bool) -> str:
    """What an end means: of an open transaction, of one that has ended already, or of none that we know."""
    if is_open:
        return NEW
    return REPEATED if is_ended else UNKNOWN


# What is odd about a transaction, beside what `energy_book` finds. Words that exports and people read.
NO_START = "no-start"  # its charger told of it, or of its end, and we never heard the beginning
NO_STOP = "no-stop"  # its charger never told the end: closed here at the last sample
REPLACED = "charger-replaced"  # another box stands in its place: closed here at the last sample
MATCHED = "stop-matched"  # the end came under another id: recognised by token and meter
AMENDED = "end-amended"  # closed here first, the charger's own end came later and counts

CLOCK_SET_MS = 300_000  # a charger's clock may be set back by so much within a transaction
LEFT_IDS = 134_217_728  # what a charger's nonsense may not take: enough for decades


class OpenOne:
    """An open transaction as an end without its id meets it. `token` as tokens compare."""

    __slots__ = ("last_wh", "started_ms", "token", "transaction_id")

    def __init__(self, transaction_id: int, token: str, started_ms: int, last_wh: int) -> None:
        self.transaction_id = transaction_id
        self.token = token
        self.started_ms = started_ms
        self.last_wh = last_wh


def match_stop(open_ones: list[OpenOne], token: str | None, meter_wh: int, at_ms: int) -> int | None:
    """The open transaction of a charger that an end without a known id means; None: it cannot be told.

    By token first, and by meter where two of them are left: a register does not stand below what it had. An
    end cannot mean what began after it; a charger whose clock was set meanwhile is recognised by its token.
    """
    same = [
        one
        for one in open_ones
        if token is not None and one.token == token and one.started_ms <= at_ms + CLOCK_SET_MS
    ]
    begun = same or [one for one in open_ones if one.started_ms <= at_ms]
    fitting = [one for one in begun if one.last_wh <= meter_wh]
    if len(fitting) == 1:
        return fitting[0].transaction_id
    if not fitting and len(same) == 1:  # its register fell: that is told of it, but whose it is is known
        return same[0].transaction_id
    return None


def lost_stop_key(told_id: str, at_ms: int, meter_wh: int, token: str | None) -> str:
    """What a repeated end has in common with the first, where its id says nothing."""
    return "stop?/" + told_id + "/" + str(at_ms) + "/" + str(meter_wh) + "/" + (token or "")


def amend_key(transaction_id: int) -> str:
    """The same for the end that came after we had closed the transaction ourselves."""
    return "amend/" + str(transaction_id)


def lifted(last_id: int, told_id: int) -> int:
    """The last id, above one that a charger says it has: it may be from a journal that was lost."""
    if last_id < told_id <= MAX_ID - LEFT_IDS:
        return told_id
    return last_id
