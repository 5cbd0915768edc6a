"""The settings of any charger as variables of a device model, for a CSMS that speaks OCPP 2.0.1.

A setting of a 1.6 charger that 2.0.1 has no name for is a variable of the component `OCPP16Configuration`.
"""

from collections.abc import Iterator, Sequence

from edge.dialects.cloud import Call
from edge.dialects.v201.settings import Place, name_of, place_of
from edge.ocpp.timestamps import rfc3339
from edge.ocpp.v201 import provisioning
from edge.ocpp.v201.codec import encode
from edge.ocpp.v201.types import Component, ComponentVariable, Variable
from edge.site.commands import Setting

_FOREIGN = "ocpp16:"
COMPONENT = "OCPP16Configuration"
AT_ONCE = 20  # rows of one NotifyReport
_SECRET = "SecurityCtrlr.BasicAuthPassword"  # noqa: S105  a name


def setting_of(component: Component, variable: Variable) -> str:
    """The site's name of a variable."""
    if component.name == COMPONENT:
        return _FOREIGN + variable.name
    return name_of(component, variable)


def variable_of(name: str) -> Place | None:
    """Where a setting is in the device model; None: it has no place there."""
    if name.startswith(_FOREIGN):
        return Component(name=COMPONENT), Variable(name=name.removeprefix(_FOREIGN)[:50])
    return place_of(name)


def reports(
    settings: Sequence[Setting],
    number: int,
    now_ms: int,
    *,
    is_configuration: bool = False,
    wanted: Sequence[ComponentVariable] | None = None,
) -> list[Call]:
    """NotifyReports with these settings, or with those of them that are wanted; none where nothing fits."""
    rows = [row for row in _rows(settings, is_configuration=is_configuration) if _is_wanted(row, wanted)]
    starts = range(0, len(rows), AT_ONCE)
    return [
        (
            "NotifyReport",
            encode(
                provisioning.NotifyReport(
                    request_id=number,
                    generated_at=rfc3339(now_ms),
                    seq_no=seq_no,
                    tbc=True if start + AT_ONCE < len(rows) else None,
                    report_data=tuple(rows[start : start + AT_ONCE]),
                )
            ),
        )
        for seq_no, start in enumerate(starts)
    ]


def _rows(settings: Sequence[Setting], *, is_configuration: bool) -> Iterator[provisioning.ReportData]:
    for setting in settings:
        place = variable_of(setting.key)
        if place is None or (is_configuration and setting.readonly):
            continue
        is_secret = setting.key == _SECRET
        attribute = provisioning.VariableAttribute(
            value=None if is_secret or setting.value is None else setting.value[:2500],
            mutability="WriteOnly" if is_secret else "ReadOnly" if setting.readonly else "ReadWrite",
        )
        yield provisioning.ReportData(component=place[0], variable=place[1], variable_attribute=(attribute,))


def _is_wanted(row: provisioning.ReportData, wanted: Sequence[ComponentVariable] | None) -> bool:
    return wanted is None or any(
        one.component.name == row.component.name
        and (one.variable is None or one.variable.name == row.variable.name)
        for one in wanted
    )
