"""Line charts as SVG: a few lines over one axis, readable in any browser, made of nothing but text."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 860, 380
LEFT, RIGHT, TOP, BOTTOM = 60, 170, 40, 45
COLOURS = ("#1f5fa8", "#d97706", "#5b5b66", "#0f8a6d", "#a23b72", "#7a5c00")
TICKS = 6

Points = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a chart. `is_limit`: a bound, drawn dashed."""

    name: str
    points: Points
    is_limit: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A chart; both axes begin at 0 or below what they show."""

    title: str
    x_label: str
    y_label: str
    lines: tuple[Line, ...]

    def svg(self) -> str:
        """The whole file."""
        return "\n".join([*self._head(), *self._axes(), *self._lines(), "</svg>", ""])

    def _head(self) -> Iterator[str]:
        yield (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
            f'font-family="sans-serif" font-size="12">'
        )
        yield f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>'
        yield f'<text x="{LEFT}" y="24" font-size="15">{escape(self.title)}</text>'

    def _axes(self) -> Iterator[str]:
        x_range, y_range = self._x_range, self._y_range
        foot, right = HEIGHT - BOTTOM, WIDTH - RIGHT
        for value in _ticks(*y_range):
            y = self._y(value)
            yield f'<path d="M{LEFT} {y:.1f}H{right}" stroke="#dddddd"/>'
            yield f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{value:g}</text>'
        for value in _ticks(*x_range):
            x = self._x(value)
            yield f'<path d="M{x:.1f} {foot}v4" stroke="#333333"/>'
            yield f'<text x="{x:.1f}" y="{foot + 17}" text-anchor="middle">{value:g}</text>'
        yield f'<path d="M{LEFT} {TOP}V{foot}H{right}" fill="none" stroke="#333333"/>'
        yield f'<text x="{right}" y="{HEIGHT - 10}" text-anchor="end">{escape(self.x_label)}</text>'
        yield f'<text x="{LEFT}" y="{TOP - 4}">{escape(self.y_label)}</text>'

    def _lines(self) -> Iterator[str]:
        for place, line in enumerate(self.lines):
            colour = COLOURS[place % len(COLOURS)]
            dashed = ' stroke-dasharray="6 4"' if line.is_limit else ""
            path = " ".join(f"{self._x(x):.1f},{self._y(y):.1f}" for x, y in line.points)
            yield f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.6"{dashed}/>'
            y = TOP + 12 + 20 * place
            x = WIDTH - RIGHT + 15
            yield f'<path d="M{x} {y}h20" stroke="{colour}" stroke-width="2"{dashed}/>'
            yield f'<text x="{x + 27}" y="{y + 4}">{escape(line.name)}</text>'

    @property
    def _x_range(self) -> tuple[float, float]:
        return _range([x for line in self.lines for x, _ in line.points], starts_at_zero=False)

    @property
    def _y_range(self) -> tuple[float, float]:
        return _range([y for line in self.lines for _, y in line.points], starts_at_zero=True)

    def _x(self, value: float) -> float:
        low, high = self._x_range
        return LEFT + (value - low) / (high - low) * (WIDTH - LEFT - RIGHT)

    def _y(self, value: float) -> float:
        low, high = self._y_range
        return HEIGHT - BOTTOM - (value - low) / (high - low) * (HEIGHT - TOP - BOTTOM)


def _range(values: Sequence[float], *, starts_at_zero: bool) -> tuple[float, float]:
    low, high = min(values, default=0.0), max(values, default=1.0)
    if starts_at_zero:
        low = min(low, 0.0)
    return (low, high) if high > low else (low, low + 1)


def _ticks(low: float, high: float) -> Iterator[float]:
    """About six round values: 1, 2 or 5 times a power of ten apart."""
    size = 1.0
    while size * TICKS > high - low:
        size /= 10
    while size * 10 * TICKS <= high - low:
        size *= 10
    step = next(size * factor for factor in (1, 2, 5, 10) if size * factor * TICKS >= high - low)
    value = -(-low // step) * step
    while value <= high + step / 1000:
        yield round(value, 9)
        value += step
