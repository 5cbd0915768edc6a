"""The beginning of a site file from what a scan has found; what only the installer knows is left open."""

from collections.abc import Iterable

from edge.catalogue import guards
from edge.meters.scan import Found

_HEAD = """\
# What ampyard scan has found. Add what only you know, then: ampyard check FILE
"""
_GRID = """\
[grid]
# rating_a       =                # what is written on the main fuse, per phase
# building_max_a =                # the most that everything but our chargers draws, per phase
"""
_CIRCUIT = """\
[circuit.{name}]
parent = "grid"
# rating_a       =                # what is written on its fuse, per phase
"""


def site_file(found: Iterable[Found]) -> str:
    """The text of the file. The first meter that guards a fuse is the grid's; a comment tells that guess."""
    devices = list(found)
    lines = _names(devices)
    parts = [_HEAD]
    for (device, baud, parity), name in lines.items():
        parts.append(f'[line.{name}]\nport   = "{device}"\nbaud   = {baud}\nformat = "{parity}"\n')
    can_guard = guards()
    meters = [each for each in devices if each.identified and each.identified.match]
    guarding = [each for each in meters if can_guard[_model(each)]]
    parts.append(_GRID)
    for number, each in enumerate(guarding):
        owner = "grid" if number == 0 else f"circuit.meter-{number + 1}"
        if number:
            parts.append(_CIRCUIT.format(name=f"meter-{number + 1}"))
        elif len(guarding) > 1:
            parts.append("# The first of several: is it the one behind the main fuse?\n")
        parts.append(_meter(each, owner, lines))
    parts += [_comment(each) for each in devices if each not in guarding]
    return "\n".join(parts)


def sentence(found: Found) -> str:
    """What it is, in one line: values of now, what it can do, and what else it may be."""
    if found.identified is None:
        return found.trouble
    match = found.identified.match
    if match is None:
        return "answers, but as nothing that is known here"
    words = [match.model.name]
    if any(match.voltage_mv):
        words.append(" ".join(str((value or 0) // 1000) for value in match.voltage_mv) + " V")
    if any(value is not None for value in match.current_ma):
        words.append(" ".join(str((value or 0) // 1000) for value in match.current_ma) + " A")
    words.append("guards a fuse" if guards()[match.model.name] else "energy only")
    if match.swaps:
        words.append("but the words of its values are swapped: turn that in the device or the gateway")
    if found.identified.alike:
        words.append(f"or {', '.join(found.identified.alike)}, which reads the same")
    if found.identified.doubtful:
        words.append(f"or {', '.join(found.identified.doubtful)}: look at its name plate")
    return "   ".join(words)


def _model(found: Found) -> str:
    return found.identified.match.model.name if found.identified and found.identified.match else ""


def _names(devices: Iterable[Found]) -> dict[tuple[str, int, str], str]:
    """The serial lines, by what they are called in the file; one name for each setting of each port."""
    names: dict[tuple[str, int, str], str] = {}
    for each in devices:
        place = each.place
        if place.device and _model(each):
            key = (place.device, place.baud, place.format)
            names.setdefault(key, "rs485" if not names else f"rs485-{len(names) + 1}")
    return names


def _meter(found: Found, owner: str, lines: dict[tuple[str, int, str], str]) -> str:
    place = found.place
    rows = [f"[{owner}.meter]", f'model = "{_model(found)}"']
    if place.device:
        rows.append(f'line  = "{lines[place.device, place.baud, place.format]}"')
    else:
        rows.append(f'host  = "{place.host}"')
        if place.port != 502:
            rows.append(f"port  = {place.port}")
    rows += [f"unit  = {found.unit}", f"# {sentence(found)}"]
    return "\n".join(rows) + "\n"


def _comment(found: Found) -> str:
    place = found.place
    where = f"{place.device} {place.baud} {place.format}" if place.device else place.name
    return f"# Also there: {where} unit {found.unit}: {sentence(found)}\n"
