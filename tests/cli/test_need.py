"""`ampyard need`: what it tells the box, and what it says when that is not possible."""

import json
import socketserver
import threading
from http.server import BaseHTTPRequestHandler

import pytest

from edge.cli.main import main


class Box(socketserver.UnixStreamServer):
    """Remembers what it is told; bay-2 has no session."""

    told: list

    def get_request(self):
        connection, _ = super().get_request()
        return connection, ("box", 0)


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.told.append((self.path, body))
        is_fine = not self.path.endswith("bay-2")
        content = json.dumps(body if is_fine else {"error": "no session runs there", "try": ""}).encode()
        self.send_response(200 if is_fine else 409)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        """Tests are quiet."""


@pytest.fixture
def box(tmp_path):
    with Box(str(tmp_path / "box.sock"), Handler) as server:
        server.told = []
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_energy_stay_and_priority_are_told(box, capsys):
    words = ["need", "bay-1", "--kwh", "20", "--leaves", "1h30m", "--priority", "5"]
    assert main([*words, "--socket", box.server_address]) == 0
    assert box.told == [("/api/needs/bay-1", {"energy_kwh": 20.0, "leaves_in_s": 5_400, "priority": 5})]
    assert capsys.readouterr().out == "bay-1: 20 kWh, leaves in 1 h 30 min, priority 5\n"


def test_a_time_of_day_is_the_next_one(box):
    assert main(["need", "bay-1", "--leaves", "07:30", "--socket", box.server_address]) == 0
    (_, body), *_ = box.told
    assert 0 < body["leaves_in_s"] <= 25 * 3_600


def test_without_anything_said_the_need_is_open_again(box, capsys):
    assert main(["need", "bay-1", "--socket", box.server_address]) == 0
    assert box.told[0][1] == {"energy_kwh": None, "leaves_in_s": None, "priority": None}
    assert "nothing said any more" in capsys.readouterr().out


def test_a_refusal_is_told_in_the_words_of_the_box(box, capsys):
    assert main(["need", "bay-2", "--kwh", "1", "--socket", box.server_address]) == 1
    assert capsys.readouterr().err == "ampyard need: no session runs there\n"


@pytest.mark.parametrize("when", ["soon", "25:00", "7", "", "07:61"])
def test_what_is_no_time_is_refused_with_what_is(when, capsys):
    with pytest.raises(SystemExit):
        main(["need", "bay-1", "--leaves", when])
    assert "is no time like 07:30" in capsys.readouterr().err
