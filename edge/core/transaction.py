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


def stop_key(transaction_id: int) -> str:
    """The same for an end: a transaction ends once."""
    return "stop/" + str(transaction_id)


def judge_stop(*, is_open: bool, is_ended: bool) -> str:
    """What an end means: of an open transaction, of one that has ended already, or of none that we know."""
    if is_open:
        return NEW
    return REPEATED if is_ended else UNKNOWN


def energy_wh(meter_start_wh: int, meter_now_wh: int | None) -> int | None:
    """What was charged so far; None when unknown or when the register fell."""
    if meter_now_wh is None or meter_now_wh < meter_start_wh:
        return None
    return meter_now_wh - meter_start_wh
