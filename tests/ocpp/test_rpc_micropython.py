"""The same file runs on a microcontroller's interpreter."""

import subprocess
import sys
from pathlib import Path

SCRIPT = """
import sys
sys.path.insert(0, {root!r})
from edge.ocpp.rpc import CallRefused, Fault, LinkLost, Rpc
rpc = Rpc("n-", queue_limit=2)
a = rpc.call("MeterValues", b"{{}}", 1000)
b = rpc.call("Heartbeat", b"{{}}", 2000)
assert rpc.next_call(0) is a and rpc.next_call(0) is None
assert rpc.expire(1000) == [a] and rpc.is_late(a.id)
assert rpc.next_call(1000) is b and rpc.answered(b.id) is b
assert rpc.requested("1", "Reset").refusal is None and rpc.answer("1") and not rpc.answer("1")
assert str(Fault("GenericError", "why")) == "GenericError: why"
assert LinkLost("cut", was_sent=True).was_sent
print("ok")
"""


def test_the_rules_hold_under_micropython():
    interpreter = Path(sys.executable).parent / "micropython"
    script = SCRIPT.format(root=str(Path.cwd()))
    done = subprocess.run(
        [interpreter, "-c", script], capture_output=True, text=True, timeout=20, check=False
    )
    assert (done.stdout.strip(), done.stderr) == ("ok", "")
