"""Where it listens: a port, a Unix socket for the command line; what is said when it cannot."""

import asyncio
import socket
import stat
import sys

import aiohttp
import pytest

from edge.core.errors import ConfigError
from edge.site.commands import Origin
from edge.web import PortTakenError, SocketTakenError
from tests.web.conftest import served


async def test_a_port_that_is_taken_is_named():
    async with served() as first:
        port = first.port
        with pytest.raises(PortTakenError, match=f"port {port} is taken"):
            async with served(port=port):
                pass


async def test_the_network_is_served_on_every_address():
    async with served(host="0.0.0.0") as shown:  # noqa: S104
        assert (await shown.get("/api/status")).status == 200


async def test_the_socket_is_for_owner_and_group_and_goes_with_the_server(tmp_path):
    path = tmp_path / "ampyard.sock"
    async with served(socket=path) as shown:
        assert stat.S_IMODE(path.stat().st_mode) == 0o660
        async with aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(path))) as client:
            answer = await client.post(
                "http://any.example/api/chargers/bay-1/commands", json={"kind": "unlock"}
            )
            assert answer.status == 200
        assert shown.lot.commands[0][1] == Origin(kind="command")
    assert not path.exists()


async def test_a_socket_that_a_killed_controller_left_is_replaced(tmp_path):
    path = tmp_path / "ampyard.sock"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    async with served(socket=path):
        assert path.is_socket()


async def test_the_socket_of_a_running_controller_is_left_alone(tmp_path):
    path = tmp_path / "ampyard.sock"
    async with served(socket=path):
        with pytest.raises(SocketTakenError, match="another controller"):
            async with served(socket=path):
                pass
        assert path.is_socket()


async def test_what_is_no_socket_is_never_removed(tmp_path):
    path = tmp_path / "ampyard.sock"
    path.write_text("precious")
    with pytest.raises(SocketTakenError, match="no socket"):
        async with served(socket=path):
            pass
    assert path.read_text() == "precious"


async def test_a_folder_that_is_missing_is_named(tmp_path):
    with pytest.raises(ConfigError, match="nowhere"):
        async with served(socket=tmp_path / "nowhere" / "ampyard.sock"):
            pass


class Command:
    """`ampyard ...` in a process of its own, as a shell starts it."""

    @staticmethod
    async def run(*arguments):
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "edge.cli.main",
            *arguments,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        async with asyncio.timeout(30):
            out, err = await process.communicate()
        return process.returncode, out.decode(), err.decode()


async def test_the_command_line_explains_a_bay_over_the_socket(tmp_path):
    path = tmp_path / "ampyard.sock"
    async with served(socket=path) as shown:
        shown.lot.change("bay-1", sentence="9 A: west is full on L2.", setpoint_ma=9_000)
        shown.clock.at_ms = shown.lot.latest.at_ms + 400
        code, out, err = await Command.run("explain", "bay-1", "--socket", str(path))
    assert (code, err) == (0, "")
    assert out == EXPLAINED


EXPLAINED = """\
bay-1 is offered 9 A: west is full on L2.                12:00:00, 0.4 s old
limit             L1   L2   L3   source                                    until
EVSE              32   32   32   site file, line 33
west              18    9*  18   63 A - 0 A building - 54 A others (L2)
grid              31   20   33   100 A - 26 A building - 54 A others (L2)
city              16   16   16   csms                                      18:30:00
Rule: priority 0, a session runs; filled up to what west leaves.
Booked 16.6 16.6 16.6 A; measured 16.0 16.0 16.0 A, 2.0 s ago.
Before: 11:58:10 10 -> 9 A: west is full on L2.
"""


async def test_an_unknown_bay_is_wrong_usage_and_the_known_ones_are_told(tmp_path):
    path = tmp_path / "ampyard.sock"
    async with served(socket=path):
        code, _, err = await Command.run("explain", "bay-9", "--socket", str(path))
    assert code == 2
    assert "no bay is called bay-9; there are bay-1, bay-2" in err
