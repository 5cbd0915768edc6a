"""Commands from the API through the whole box to a simulated charger and back, over real sockets."""

import base64
import time

from edge.site.operations import operations
from tests.interop.box import TOKEN
from tests.web.real_box import real_box

URL = "ftp://here.example/"
HASHES = {"algorithm": "SHA256", "issuer_name_hash": "aa", "issuer_key_hash": "bb", "serial_number": "01"}


def in_a_minute_ms():
    return time.time_ns() // 1_000_000 + 60_000


async def test_every_command_comes_back_with_what_the_charger_says(tmp_path):
    """The simulator's charger has the security extension, but neither roots nor keys of its own."""
    asked = [
        ("reserve", {"evse": 1, "token": TOKEN, "until_ms": in_a_minute_ms(), "reservation_id": 5}, 200),
        ("cancel-reservation", {"reservation_id": 5}, 200),
        ("cancel-reservation", {"reservation_id": 5}, 409),
        ("stop-charging", {"transaction_id": 99}, 409),
        ("unlock", {}, 200),
        ("unlock", {"evse": 7}, 422),
        ("set-availability", {"evse": 1, "operative": False}, 200),
        ("set-availability", {"evse": 1, "operative": True}, 200),
        ("read-settings", {"keys": ["TxCtrlr.EVConnectionTimeOut"]}, 200),
        ("write-settings", {"settings": {"TxCtrlr.EVConnectionTimeOut": "90"}}, 200),
        ("trigger", {"what": "heartbeat"}, 200),
        ("trigger", {"what": "certificate-request"}, 422),
        ("report-schedule", {"evse": 1, "duration_s": 60}, 200),
        ("collect-log", {"location": URL}, 202),
        ("send-tokens", {"tokens": [{"token": TOKEN}]}, 200),
        ("read-list-version", {}, 200),
        ("clear-token-cache", {}, 409),
        ("install-certificate", {"use": "csms-root", "certificate": "no certificate"}, 409),
        ("remove-certificate", {"certificate": HASHES}, 409),
        ("list-certificates", {"use": "csms-root"}, 200),
        ("deliver-certificate", {"chain": "PEM"}, 409),
        ("send-vendor-message", {"vendor": "Nobody"}, 422),
        ("native-call", {"version": "1.6", "action": "GetLocalListVersion", "payload": {}}, 200),
        ("change-credential", {"password": base64.b64encode(b"correct-horse-01").decode()}, 200),
        ("start-charging", {"evse": 1, "token": TOKEN}, 200),
        ("update-firmware", {"location": f"{URL}fw-9.bin"}, 202),
        ("reset", {"hard": True}, 200),
    ]
    assert {kind for kind, _, _ in asked} == set(operations())
    async with real_box(tmp_path) as box:
        await box.until_linked()
        for kind, arguments, expected in asked:
            status, said = await box.told(kind, **arguments)
            assert status == expected, (kind, said)
            assert ("error" in said) == (expected >= 400)


async def test_a_log_is_followed_to_its_end_among_the_jobs(tmp_path):
    async with real_box(tmp_path) as box:
        await box.until_linked()
        _, started = await box.told("collect-log", location=URL, log="security")
        assert started["file"] == "bay-1-security.log"
        await box.until(lambda status: any(job.state == "uploaded" for job in status.jobs))
        _, (job,) = await box.ask("GET", "/api/jobs")
        assert (job["charger"], job["job"], job["request_id"]) == ("bay-1", "log", started["request_id"])


async def test_a_charger_that_is_gone_is_told_as_such(tmp_path):
    async with real_box(tmp_path) as box:
        await box.until_linked()
        status, said = await box.ask("POST", "/api/chargers/bay-2/commands", {"kind": "reset"})
        assert (status, said["error"]) == (503, "the charger is not connected; nothing was sent")
        _, (first, second) = await box.ask("GET", "/api/chargers")
        assert (first["link"], first["vendor"], first["protocol"]) == ("up", "Ampyard", "OCPP 1.6")
        assert (second["link"], second["vendor"]) == ("never", None)


PROFILE = {
    "chargingProfileId": 1,
    "stackLevel": 9,
    "chargingProfilePurpose": "TxDefaultProfile",
    "chargingProfileKind": "Absolute",
    "chargingSchedule": {
        "chargingRateUnit": "A",
        "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 80.0}],
    },
}
START = {"idTag": TOKEN, "connectorId": 1, "chargingProfile": PROFILE}
HOSTILE = [
    ("SetChargingProfile", {"connectorId": 1, "csChargingProfiles": PROFILE}),
    ("ClearChargingProfile", {}),
    ("ClearChargingProfile", {"id": 1}),
    ("RemoteStartTransaction", START),
    ("ChangeConfiguration", {"key": "AuthorizationKey", "value": "00" * 16}),
    ("ChangeConfiguration", {"key": "MeterValueSampleInterval", "value": "0"}),
    ("ChangeConfiguration", {"key": "ConnectionTimeOut", "value": "1"}),
    ("setchargingprofile", {"connectorId": 1, "csChargingProfiles": PROFILE}),
    ("BootNotification", {"chargePointVendor": "a", "chargePointModel": "b"}),
    (
        "StartTransaction",
        {"connectorId": 1, "idTag": "x", "meterStart": 0, "timestamp": "2026-01-01T00:00:00Z"},
    ),
    (
        "ReserveNow",
        {"connectorId": 1, "expiryDate": "2030-01-01T00:00:00Z", "idTag": "x", "reservationId": 1},
    ),
    ("SendLocalList", {"listVersion": 1, "updateType": "Full"}),
    ("Reset", {"type": "Hard"}),
    ("UpdateFirmware", {"location": "ftp://x/", "retrieveDate": "2026-01-01T00:00:00Z"}),
    ("InstallCertificate", {"certificateType": "CentralSystemRootCertificate", "certificate": "x"}),
    ("ClearCache", {}),
    ("DataTransfer", {"vendorId": "org.example", "data": "limit=80"}),
    ("NoSuchAction", {}),
    ("GetConfiguration", {"key": ["x" * 51]}),
    ("GetConfiguration", {"keys": []}),
    ("GetLocalListVersion", {"chargingProfile": PROFILE}),
    ("TriggerMessage", {"requestedMessage": "SetChargingProfile"}),
]


async def test_what_the_site_owns_is_no_native_call_whoever_asks(tmp_path):
    async with real_box(tmp_path) as box:
        await box.until_linked()
        station = box.world.chargers["bay-1"].station
        before = station.configuration.password, station.configuration["MeterValueSampleInterval"]
        for action, payload in HOSTILE:
            status, said = await box.told("native-call", version="1.6", action=action, payload=payload)
            assert status == 409, (action, said)
            assert said["error"]
        status, said = await box.told("native-call", version="2.0.1", action="ClearCache", payload={})
        assert (status, said["error"]) == (422, "the charger speaks OCPP 1.6, not 2.0.1")
        after = station.configuration.password, station.configuration["MeterValueSampleInterval"]
        assert after == before


OWNED = [
    ("SecurityCtrlr.BasicAuthPassword", 409, "set by the site itself"),
    ("SecurityCtrlr.SecurityProfile", 409, "set by the site itself"),
    ("SmartChargingCtrlr.Entries", 409, "set by the site itself"),
    ("SampledDataCtrlr.TxUpdatedInterval", 409, "set by the site itself"),
    ("ocpp16:AuthorizationKey", 422, "AuthorizationKey is called SecurityCtrlr.BasicAuthPassword"),
    ("ocpp16:authorizationkey ", 422, "is called SecurityCtrlr.BasicAuthPassword"),
    ("AuthorizationKey", 422, "is called SecurityCtrlr.BasicAuthPassword"),
    ("MeterValueSampleInterval", 422, "is called SampledDataCtrlr.TxUpdatedInterval"),
    ("VendorKey", 422, "a key of the charger's own is written ocpp16:VendorKey"),
]


async def test_a_setting_that_the_site_owns_is_reached_by_no_name(tmp_path):
    async with real_box(tmp_path) as box:
        await box.until_linked()
        for key, status, word in OWNED:
            got, said = await box.told("write-settings", settings={key: "1"})
            assert (got, word in said["error"]) == (status, True), (key, said)
