"""What somebody should know of a site's protection curves and demand windows: where they can do nothing."""

from edge.core.circuit import ROOT
from edge.core.protection import STRICT, curve_of
from edge.settings.fault import Caution
from edge.settings.kinds import amperes
from edge.settings.model import CircuitSettings, Site


def curve_cautions(site: Site) -> list[Caution]:
    """Curves that bear nothing, and windows that count what is booked instead of what flows."""
    cautions = []
    for circuit in site.circuits:
        if circuit.protection != STRICT:
            text = _bears_nothing(circuit)
            if text:
                text = f"{title(circuit)} protection: as strict; {text}"
                cautions.append(Caution(keyword="bears-nothing", line=circuit.line_number, text=text))
        if circuit.demand is not None and circuit.meter is None:
            text = f"{title(circuit)} demand: no meter there; what is booked counts, and building_max_a"
            cautions.append(Caution(keyword="no-meter", line=circuit.demand.line_number, text=text))
    return cautions


def title(circuit: CircuitSettings) -> str:
    """Its header in the file."""
    return f"[{ROOT}]" if circuit.name == ROOT else f"[circuit.{circuit.name}]"


def _bears_nothing(circuit: CircuitSettings) -> str:
    if curve_of(circuit.protection, circuit.rating_ma) is None:
        return f"of a {circuit.protection} of {amperes(circuit.rating_ma)} A nothing sure is known"
    if circuit.meter is None:
        return "overload is borne only where a meter on this line shows it"
    return ""
