import io

from edge.cli.progress import Bar


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_terminal_sees_how_far_it_is_and_how_long_it_takes():
    now = iter([0.0, 0.1, 30.0])
    stream = Terminal()
    with Bar(stream, clock=lambda: next(now)) as bar:
        bar.show("ours", 0, 100)
        bar.show("ours", 1, 100)
        bar.show("ours", 25, 100)
    assert " 25%, 1:30 left" in stream.getvalue()
    assert "[######------------------]" in stream.getvalue()
    assert stream.getvalue().endswith("\r\033[K")


def test_nothing_is_written_where_nobody_looks():
    stream = io.StringIO()
    with Bar(stream) as bar:
        bar.show("ours", 1, 2)
    assert stream.getvalue() == ""
