"""Settings by the site's names as variables of the device model: `Component.Variable`.

An instance stands in brackets, an EVSE (and its connector) after an @: `EVSE@1.Power`,
`Connector@1.1.Available`, `OCPPCommCtrlr.MessageAttempts[TransactionEvent]`.
"""

import re

from edge.ocpp.v201.types import Component, Evse, Variable

_NAME = re.compile(
    r"(?P<component>[^.\[\]@]{1,50})(?:\[(?P<of>[^\]]{1,50})\])?(?:@(?P<evse>[0-9]{1,3})(?:\.(?P<connector>[0-9]{1,2}))?)?"
    r"\.(?P<variable>[^.\[\]@]{1,50})(?:\[(?P<instance>[^\]]{1,50})\])?"
)
_INSTANCES = {  # named without one, as where a version has only one of them
    "OCPPCommCtrlr.MessageAttempts": "TransactionEvent",
    "OCPPCommCtrlr.MessageAttemptInterval": "TransactionEvent",
}
Place = tuple[Component, Variable]


def place_of(name: str) -> Place | None:
    """Where a setting is; None: that is no name of one."""
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    evse = None
    if found["evse"] is not None:
        connector = found["connector"]
        evse = Evse(id=int(found["evse"]), connector_id=None if connector is None else int(connector))
    component = Component(name=found["component"], instance=found["of"], evse=evse)
    instance = found["instance"] or _INSTANCES.get(name)
    return component, Variable(name=found["variable"], instance=instance)


def name_of(component: Component, variable: Variable) -> str:
    """What the site calls it."""
    name = component.name + (f"[{component.instance}]" if component.instance else "")
    if component.evse is not None:
        connector = component.evse.connector_id
        name += f"@{component.evse.id}" + ("" if connector is None else f".{connector}")
    plain = f"{name}.{variable.name}"
    if variable.instance is None or _INSTANCES.get(plain) == variable.instance:
        return plain
    return f"{plain}[{variable.instance}]"
