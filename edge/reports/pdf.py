"""The month on paper: one page that a facility manager can file. `fpdf2` draws it."""

from collections.abc import Sequence
from typing import Any

from edge.reports.monthly import Month, Sum

MARGIN = 18
WIDTH = 210 - 2 * MARGIN
BLUE, GREY, DARK = (31, 95, 168), (200, 200, 205), (60, 60, 66)
CHART_HEIGHT = 46
MOST_ROWS = 40


def pdf(month: Month, *, operator: str) -> bytes:
    """The report as a PDF."""
    from fpdf import FPDF  # noqa: PLC0415  it brings an image library, which no gateway needs otherwise

    page = FPDF(format="A4")
    page.set_margins(MARGIN, MARGIN)
    page.set_auto_page_break(auto=True, margin=MARGIN)
    page.set_title(_plain(month.title))
    page.add_page()
    page.set_font("Helvetica", "B", 18)
    page.cell(0, 10, _plain(month.title), new_x="LMARGIN", new_y="NEXT")
    page.set_font("Helvetica", "", 10)
    page.set_text_color(*DARK)
    page.cell(0, 6, _plain(operator), new_x="LMARGIN", new_y="NEXT")
    page.ln(4)
    _sentence(page, month)
    _bars(page, month)
    _table(page, "Group", [(name, total, "") for name, total in month.by_group.items()])
    _table(
        page,
        "Charger",
        [(name, total, f"{month.use_permille(name) / 10:.1f} %") for name, total in month.by_charger.items()],
    )
    return bytes(page.output())


def _sentence(page: Any, month: Month) -> None:  # noqa: ANN401  the library is loaded late
    total = month.total
    bays = sum(month.bays.values())
    lines = [
        f"{total.sessions} sessions charged {total.energy_wh / 1000:,.1f} kWh at {bays} bays.",
        f"Cost before tax: {total.money}." if total.money else "Nobody was billed.",
    ]
    lines += [f"Highest demand of {name}: {peak / 1000:.1f} kW." for name, peak in month.peaks_w.items()]
    uptime = month.uptime()
    if uptime.permille is not None:
        lines.append(
            f"Chargers could be used {uptime.permille / 10:.1f} % of the time that was watched: "
            f"{uptime.faults} faults, {uptime.losses} lost links."
        )
    if month.doubtful:
        lines.append(f"{month.doubtful} sessions have readings that cannot be true; see their records.")
    page.set_font("Helvetica", "", 11)
    page.set_text_color(0, 0, 0)
    for line in lines:
        page.multi_cell(0, 6, _plain(line), new_x="LMARGIN", new_y="NEXT")
    page.ln(3)


def _bars(page: Any, month: Month) -> None:  # noqa: ANN401
    """Energy day by day."""
    days = list(month.by_day.items())
    highest = max((total.energy_wh for _, total in days), default=0)
    if not days or not highest:
        return
    page.set_font("Helvetica", "B", 11)
    page.cell(0, 7, "Energy per day", new_x="LMARGIN", new_y="NEXT")
    top, left = page.get_y() + 4, MARGIN + 14
    step = (WIDTH - 14) / len(days)
    foot = top + CHART_HEIGHT
    page.set_font("Helvetica", "", 8)
    for share in (0, 0.5, 1):
        y = foot - share * CHART_HEIGHT
        page.set_draw_color(*GREY)
        page.line(left, y, MARGIN + WIDTH, y)
        page.text(MARGIN, y + 1, f"{highest * share / 1000:.0f} kWh")
    page.set_fill_color(*BLUE)
    for place, (day, total) in enumerate(days):
        height = total.energy_wh / highest * CHART_HEIGHT
        page.rect(left + place * step + step * 0.15, foot - height, step * 0.7, height, style="F")
        if place % max(1, len(days) // 10) == 0:
            page.text(left + place * step + step * 0.15, foot + 4, f"{day:%d}")
    page.set_y(foot + 8)


def _table(page: Any, name: str, rows: Sequence[tuple[str, Sum, str]]) -> None:  # noqa: ANN401
    if not rows:
        return
    page.set_font("Helvetica", "", 9)
    with page.table(
        col_widths=(38, 16, 22, 22, 18, 40),
        text_align=("LEFT", "RIGHT", "RIGHT", "RIGHT", "RIGHT", "RIGHT"),
        line_height=5.5,
        borders_layout="HORIZONTAL_LINES",
    ) as table:
        table.row([name, "Sessions", "kWh", "Hours", "In use", "Cost"])
        for label, total, use in rows[:MOST_ROWS]:
            table.row(
                [
                    _plain(label),
                    str(total.sessions),
                    f"{total.energy_wh / 1000:,.1f}",
                    f"{total.occupied_ms / 3_600_000:,.1f}",
                    use,
                    _plain(total.money),
                ]
            )
    if len(rows) > MOST_ROWS:
        page.cell(0, 6, f"and {len(rows) - MOST_ROWS} more: see the table", new_x="LMARGIN", new_y="NEXT")
    page.ln(4)


def _plain(text: str) -> str:
    """What the built-in fonts of PDF can show."""
    return text.encode("latin-1", "replace").decode("latin-1")
