"""`ampyard run` as a process: ready, alive, stopped in order; and what it does with a broken site file."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.controller import free_port

ROOT = Path(__file__).resolve().parents[2]
GOOD = """
[grid]
rating_a       = 63
building_max_a = 40

[charger.bay-1]
max_a = 16

[ocpp]
port = {ocpp}

[web]
port = {web}
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    path = tmp_path / "site.toml"
    path.write_text(GOOD.format(ocpp=free_port(), web=free_port()))
    return path


@contextlib.contextmanager
def running(
    site: Path, *options: str, environment: dict[str, str] | None = None
) -> Iterator[subprocess.Popen]:
    state = site.parent / "state"
    command = [sys.executable, "-m", "edge.cli.main", "run", str(site), "--state", str(state), *options]
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), **(environment or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def test_the_watchdog_is_petted_after_whole_cycles_and_a_signal_ends_it_in_order(site: Path) -> None:
    address = site.parent / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(address))
        systemd.settimeout(20)
        with running(site, environment={"NOTIFY_SOCKET": str(address)}) as process:
            heard = [systemd.recv(64) for _ in range(4)]
            assert heard.count(b"READY=1") == 1
            assert heard.count(b"WATCHDOG=1") == 3
            begin = time.monotonic()
            process.send_signal(signal.SIGTERM)
            assert process.wait(10) == 0
            assert time.monotonic() - begin < 5
            while (last := systemd.recv(64)) == b"WATCHDOG=1":
                pass
            assert last == b"STOPPING=1"


def test_a_file_with_faults_is_refused_in_a_terminal_with_every_fault(site: Path) -> None:
    site.write_text(site.read_text().replace("rating_a       = 63", "rating = 63"))
    with running(site) as process:
        output, _ = process.communicate(timeout=30)
        assert process.returncode == 1
        assert "unknown-key" in output
        assert "Nothing was started" in output


def test_the_service_runs_on_its_last_proven_copy_and_says_so(site: Path) -> None:
    with running(site, "--service") as process:
        assert process.stdout is not None
        assert any("web " in line for line in process.stdout)
        process.send_signal(signal.SIGTERM)
        process.wait(10)
    site.write_text("[grid]\nrating = 63\n")
    with running(site, "--service") as process:
        assert process.stdout is not None
        told = ""
        for line in process.stdout:
            told += line
            if "web " in line:
                break
        assert "unknown-key" in told
        assert "last proven site file" in told
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0


def test_a_service_without_a_proven_copy_tells_systemd_not_to_try_again(site: Path) -> None:
    site.write_text("[grid]\nrating = 63\n")
    with running(site, "--service") as process:
        process.communicate(timeout=30)
        assert process.returncode == 78


def test_a_password_that_is_not_there_is_no_open_door(site: Path) -> None:
    site.write_text(site.read_text().replace("[ocpp]", '[ocpp]\npassword = "secret:nowhere"'))
    with running(site) as process:
        output, _ = process.communicate(timeout=30)
        assert process.returncode == 1
        assert "ampyard secret set nowhere" in output


def test_a_taken_port_is_named(site: Path) -> None:
    port = int(site.read_text().split("[ocpp]\nport = ")[1].split()[0])
    with socket.socket() as taken:
        taken.bind(("0.0.0.0", port))  # noqa: S104
        taken.listen()
        with running(site) as process:
            output, _ = process.communicate(timeout=30)
            assert process.returncode == 1
            assert str(port) in output
            assert "Traceback" not in output
