"""A passport in plain words: for the command, the page, and whoever reads the exported file."""

from datetime import UTC, datetime

from edge.core.evse import AMPERES, TOTAL_WATTS
from edge.core.lot import CLOCK_ERROR_MS
from edge.site.passport import Finding, Passport, Said, Shipped

NOT_TOLD = "not told"


def rows(passport: Passport) -> list[tuple[str, str]]:
    """What it is about, and what is known of it; the use that is made of it comes last."""
    who = " ".join(filter(None, (passport.vendor, passport.model, passport.firmware)))
    found = [("model", who or "not known before its first boot")]
    found += [] if passport.said is None else _said(passport.said)
    if passport.said is None:
        found.append(("probed", "not yet"))
    found += [("answers limits", _latency(passport)), ("clock", _clock(passport))]
    found += _proven(passport)
    found += [] if passport.shipped is None else _shipped(passport.shipped)
    return [*found, *_used(passport)]


def brief(passport: Passport) -> str:
    """A few words for the page."""
    if not passport.model:
        return "No passport before its first boot."
    dead_man = "proven" if passport.proofs.falls_back else _dead_man(passport)
    pauses = "pauses" if passport.proofs.pauses.verdict == "proven" else "pausing not seen yet"
    odd = [] if passport.unit == AMPERES else ["limits in W only"]
    odd += [] if passport.is_on_time else ["its clock is wrong"]
    odd += ["ignores limits"] if passport.proofs.follows.verdict == "disproved" else []
    return f"{', '.join([f'Dead man {dead_man}', pauses, *odd])}."


def _dead_man(passport: Passport) -> str:
    proofs = passport.proofs
    verdicts = [each.verdict for each in (proofs.link_up, proofs.link_cut, proofs.reboot)]
    return "does not fire" if "disproved" in verdicts else "not tested"


def _said(said: Said) -> list[tuple[str, str]]:
    switching = {True: "yes", False: "no", None: NOT_TOLD}[said.switches_phases]
    profiles = (
        f"{_number(said.max_profiles)} at once, {_number(said.max_periods)} periods, "
        f"levels up to {_number(said.max_level)}"
    )
    takes = (
        f"TxDefaultProfile {said.default_profile}, ChargePointMaxProfile {said.station_profile}, "
        f"half amperes {said.decimals}"
    )
    return [
        ("probed", _day(said.probed_ms)),
        ("speaks", ", ".join(said.features) or NOT_TOLD),
        ("connectors", _number(said.connectors)),
        ("limits in", " or ".join(said.units) or NOT_TOLD),
        ("profiles", profiles),
        ("takes", takes),
        ("says of its limit", said.composite or NOT_TOLD),
        ("1 and 3 phases", switching),
        ("measures", f"{', '.join(said.measurands) or NOT_TOLD}; every {_number(said.sample_s)} s"),
    ]


def _proven(passport: Passport) -> list[tuple[str, str]]:
    proofs = passport.proofs
    how = "; only what names its transaction" if proofs.needs_transaction else ""
    named = [
        ("pauses at 0 A", proofs.pauses),
        ("wakes again", proofs.wakes),
        ("follows", proofs.follows),
        ("dead man, link up", proofs.link_up),
        ("dead man, link cut", proofs.link_cut),
        ("dead man, reboot", proofs.reboot),
    ]
    if passport.unit != AMPERES:
        named.append(("divides a power", proofs.divides))
    found = [(label, _finding(each) + (how if label == "follows" else "")) for label, each in named]
    return [
        *found,
        ("tenths of 1 A", "not tried: what it does with them no current has shown; whole amperes"),
    ]


def _finding(found: Finding) -> str:
    if found.verdict == "unknown":
        return found.evidence or "not seen yet"
    day = f", {_day(found.at_ms)}" if found.at_ms else ""
    return f"{'yes' if found.verdict == 'proven' else 'NO'}: {found.evidence}{day}"


def _shipped(shipped: Shipped) -> list[tuple[str, str]]:
    known = [f"limits in {shipped.unit}"] if shipped.unit else []
    known += ["whole amperes"] if shipped.is_whole else []
    known += ["limits that name their transaction"] if shipped.needs_transaction else []
    known += [f"follows within {shipped.follow_s} s"] if shipped.follow_s else []
    known += [f"no limit more often than every {shipped.refresh_s} s"] if shipped.refresh_s else []
    words = "; ".join([*known, *shipped.notes])
    return [("known before", f"{words} ({shipped.name}, {shipped.confidence} confidence; no proof)")]


def _used(passport: Passport) -> list[tuple[str, str]]:
    if passport.unit == AMPERES:
        unit = "A, whole ones"
    else:
        part = "the car's share of it on each" if passport.unit == TOTAL_WATTS else "an equal part for each"
        unit = f"W at 207 V, {part} phase; from {_amps(passport.min_ma)} on"
    credit = "its fallback" if passport.is_credited and passport.is_on_time else "its rating"
    return [
        ("so it gets", unit),
        (
            "is waited for",
            f"{passport.deadline_ms / 1000:g} s to answer, {passport.follow_ms / 1000:g} s to follow",
        ),
        ("counts when silent", f"{credit} (guarantee {passport.guarantee})"),
    ]


def _latency(passport: Passport) -> str:
    seen = passport.latency
    if seen is None:
        return "none yet"
    return f"in {seen.min_ms} / {seen.median_ms} / {seen.max_ms} ms (least, median, most of {seen.count})"


def _clock(passport: Passport) -> str:
    offset_ms = passport.clock_offset_ms
    if offset_ms is None:
        return "not known before its first sample"
    way = "ahead" if offset_ms > 0 else "behind"
    odd = "" if passport.is_on_time else f": beyond {CLOCK_ERROR_MS // 1000} s there is no credit"
    return f"{abs(offset_ms) / 1000:.1f} s {way}{odd}"


def _amps(ma: int) -> str:
    return f"{ma / 1000:g} A"


def _number(value: int | None) -> str:
    return NOT_TOLD if value is None else str(value)


def _day(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, tz=UTC).strftime("%Y-%m-%d %H:%M UTC")
