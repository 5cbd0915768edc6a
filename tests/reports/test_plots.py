import xml.etree.ElementTree as ET

from edge.reports.plots import Chart, Line


def test_a_chart_is_well_formed_and_names_its_lines():
    chart = Chart(
        title="A < B & C",
        x_label="hours",
        y_label="A",
        lines=(
            Line(name="load", points=[(0, 10), (12, 63), (24, 20)]),
            Line(name="rating", points=[(0, 63), (24, 63)], is_limit=True),
        ),
    )
    svg = ET.fromstring(chart.svg())
    texts = [each.text for each in svg.iter("{http://www.w3.org/2000/svg}text")]
    assert {"A < B & C", "load", "rating", "hours", "0", "20", "60", "5"} <= set(texts)
    first, second = svg.iter("{http://www.w3.org/2000/svg}polyline")
    assert "stroke-dasharray" not in first.attrib
    assert "stroke-dasharray" in second.attrib
    assert len(first.attrib["points"].split()) == 3


def test_a_higher_value_stands_higher_and_within_the_picture():
    line = Line(name="x", points=[(0, 0), (1, 100)])
    svg = ET.fromstring(Chart(title="", x_label="", y_label="", lines=(line,)).svg())
    (drawn,) = svg.iter("{http://www.w3.org/2000/svg}polyline")
    (x0, y0), (x1, y1) = (tuple(map(float, point.split(","))) for point in drawn.attrib["points"].split())
    assert x0 < x1
    assert 380 > y0 > y1 > 0


def test_nothing_to_draw_is_drawn_all_the_same():
    for points in ([], [(5, 0)]):
        line = Line(name="x", points=points)
        ET.fromstring(Chart(title="", x_label="", y_label="", lines=(line,)).svg())
