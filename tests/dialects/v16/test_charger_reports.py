"""What chargers tell beside charging: jobs, security events, keys to be signed."""

import json

import pytest

from edge.dialects.arrival import Arrival
from edge.dialects.v16.charger_events import answer_to, events_of
from edge.ocpp.rpc import Fault
from edge.site.events import Acknowledged, AlertRaised, CertificateAnswer, CertificateRequested, JobProgressed

NOW = 1_700_000_000_000
ARRIVAL = Arrival(charger="bay-1", now_ms=NOW, mono_ms=5, is_synchronised=True, linked_ms=NOW)


def heard(action, **payload):
    (event,) = events_of(action, json.dumps(payload).encode(), ARRIVAL)
    return event


@pytest.mark.parametrize(
    ("action", "status", "job", "state"),
    [
        ("FirmwareStatusNotification", "Downloading", "firmware", "downloading"),
        ("FirmwareStatusNotification", "InstallationFailed", "firmware", "failed"),
        ("SignedFirmwareStatusNotification", "InvalidSignature", "firmware", "failed"),
        ("SignedFirmwareStatusNotification", "InstallRebooting", "firmware", "rebooting"),
        ("DiagnosticsStatusNotification", "Uploaded", "log", "uploaded"),
        ("DiagnosticsStatusNotification", "Idle", "log", "idle"),
        ("LogStatusNotification", "PermissionDenied", "log", "failed"),
    ],
)
def test_a_job_goes_on(action, status, job, state):
    event = heard(action, status=status)
    assert isinstance(event, JobProgressed)
    assert (event.charger, event.job, event.state, event.word) == ("bay-1", job, state, status)
    assert event.request_id is None
    assert answer_to(action, Acknowledged(), now_ms=NOW) == b"{}"


@pytest.mark.parametrize("action", ["LogStatusNotification", "SignedFirmwareStatusNotification"])
def test_the_security_extension_names_the_request(action):
    assert heard(action, status="Idle", requestId=7).request_id == 7


@pytest.mark.parametrize(
    ("kind", "is_critical"),
    [
        ("TamperDetectionActivated", True),
        ("MemoryExhaustion", True),
        ("AVendorsOwn", True),
        ("InvalidMessages", False),
        ("StartupOfTheDevice", False),
    ],
)
def test_a_security_event_is_an_alert(kind, is_critical):
    event = heard(
        "SecurityEventNotification", type=kind, timestamp="2023-11-14T00:00:00Z", techInfo="lid open"
    )
    assert event == AlertRaised(
        charger="bay-1",
        at_ms=1_699_920_000_000,
        seen_ms=5,
        offline=True,
        word="security-event",
        sentence=f"{kind}: lid open",
        is_critical=is_critical,
    )


@pytest.mark.parametrize(("is_accepted", "status"), [(True, "Accepted"), (False, "Rejected")])
def test_a_new_key_is_to_be_signed(is_accepted, status):
    event = heard("SignCertificate", csr="-----BEGIN CERTIFICATE REQUEST-----")
    assert isinstance(event, CertificateRequested)
    answer = answer_to("SignCertificate", CertificateAnswer(is_accepted=is_accepted), now_ms=NOW)
    assert json.loads(answer) == {"status": status}


def test_what_only_a_central_system_asks_is_refused():
    with pytest.raises(Fault) as fault:
        events_of("GetLocalListVersion", b"{}", ARRIVAL)
    assert fault.value.code == "NotSupported"
