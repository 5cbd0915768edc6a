"""An independent judge: npm's `ocpp-rpc` in strict mode checks every frame that a 2.0.1 one gets."""

import asyncio

from edge.site.commands import (
    CancelReservation,
    CertificateId,
    ChangeCredential,
    ClearTokenCache,
    CollectLog,
    DeliverCertificate,
    InstallCertificate,
    ListCertificates,
    ListedToken,
    NoAnswer,
    Origin,
    ReadListVersion,
    ReadSettings,
    RemoveCertificate,
    ReportSchedule,
    Reserve,
    Reset,
    SendTokens,
    SendVendorMessage,
    SetAvailability,
    StartCharging,
    StopCharging,
    Trigger,
    Unlock,
    Unreachable,
    UpdateFirmware,
    WriteSettings,
)
from tests.interop.box import TOKEN, box
from tests.interop.test_npm_peers import now, peer

OPERATOR = Origin(kind="page")
HASHES = CertificateId(algorithm="SHA256", issuer_name_hash="aa", issuer_key_hash="bb", serial_number="01")
PLACE = "https://example.net/x"
NAMED = {"charger": "bay-1"}


def commands(transaction_id, now_ms):
    """Every command that there is, once."""
    keys = {"TxCtrlr.EVConnectionTimeOut": "90", "OCPPCommCtrlr.MessageAttempts": "3"}
    rows = (
        ListedToken(token="04AABBCC"),
        ListedToken(token="DE-8AA-CA2B3C4D5-N", group="fleet", expires_ms=now_ms + 10**9),
        ListedToken(token="gone", status=None),
    )
    return [
        ReadSettings(**NAMED, keys=tuple(keys)),
        ReadSettings(**NAMED),
        WriteSettings(**NAMED, settings=keys),
        ChangeCredential(**NAMED, password=b"0123456789abcdef"),
        Reserve(**NAMED, evse=1, token=TOKEN, until_ms=now_ms + 600_000, group="fleet"),
        CancelReservation(**NAMED, reservation_id=7),
        *(Trigger(**NAMED, evse=1, what=what) for what in ("status", "meter-values")),
        *(Trigger(**NAMED, what=what) for what in ("boot", "heartbeat", "firmware-status", "log-status")),
        Trigger(**NAMED, what="certificate-request"),
        ReportSchedule(**NAMED, evse=1, duration_s=60, unit="W"),
        UpdateFirmware(**NAMED, location=PLACE),
        UpdateFirmware(
            **NAMED, location=PLACE, install_ms=now_ms, certificate="PEM", signature="c2ln", retries=3
        ),
        CollectLog(**NAMED, location=PLACE, log="security", since_ms=0, until_ms=now_ms),
        SendTokens(**NAMED, tokens=rows[:2], at_once=1),
        SendTokens(**NAMED, tokens=rows, full=False, version=9),
        SendTokens(**NAMED, tokens=()),
        ReadListVersion(**NAMED),
        ClearTokenCache(**NAMED),
        InstallCertificate(**NAMED, use="csms-root", certificate="PEM"),
        RemoveCertificate(**NAMED, certificate=HASHES),
        ListCertificates(**NAMED, use="manufacturer-root"),
        DeliverCertificate(**NAMED, chain="PEM"),
        SendVendorMessage(**NAMED, vendor="v", message="m", data="d"),
        SetAvailability(**NAMED, evse=1, operative=False),
        SetAvailability(**NAMED, operative=True),
        Unlock(**NAMED, evse=1),
        StartCharging(**NAMED, evse=1, token=TOKEN),
        StopCharging(**NAMED, evse=1, transaction_id=transaction_id),
        Reset(**NAMED, hard=True),
        Reset(**NAMED, evse=1),
    ]


async def test_every_frame_that_a_strict_charger_gets_fits_its_schema(tmp_path):
    async with box(tmp_path, "bay-1") as lot, peer("charger201.js") as charger, asyncio.timeout(120):
        await charger("connect", lot.url, "bay-1")
        station = {"vendorName": "Mobility", "model": "House", "firmwareVersion": "1.0"}
        booted = await charger("call", "BootNotification", {"chargingStation": station, "reason": "PowerUp"})
        assert booted["status"] == "Accepted"
        state = {"timestamp": now(), "connectorStatus": "Occupied", "evseId": 1, "connectorId": 1}
        assert await charger("call", "StatusNotification", state) == {}
        asked = {"idToken": {"idToken": "STRANGER", "type": "ISO14443"}}
        assert (await charger("call", "Authorize", asked))["idTokenInfo"]["status"] == "Invalid"
        event = {
            "eventType": "Started",
            "timestamp": now(),
            "triggerReason": "Authorized",
            "seqNo": 0,
            "transactionInfo": {"transactionId": "tx-1", "chargingState": "Charging"},
            "evse": {"id": 1, "connectorId": 1},
            "idToken": {"idToken": TOKEN, "type": "ISO14443"},
            "meterValue": [{"timestamp": now(), "sampledValue": [{"value": 1000}]}],
        }
        begun = await charger("call", "TransactionEvent", event)
        assert begun["idTokenInfo"]["status"] == "Accepted"
        await charger("untilOffered", 29)  # 40 - 10 building - 0.6 tolerance
        number = lot.site.charger("bay-1").transactions[1]
        for command in commands(number, lot.site.charger("bay-1").boot.at_ms + 1_000):
            outcome = await lot.site.submit(command, OPERATOR)
            assert not isinstance(outcome, NoAnswer | Unreachable), (command, outcome)
        assert await lot.site.passports().probe("bay-1") is not None
        ended = {
            **event,
            "eventType": "Ended",
            "triggerReason": "EVDeparted",
            "seqNo": 1,
            "transactionInfo": {"transactionId": "tx-1", "stoppedReason": "EVDisconnected"},
        }
        await charger("call", "TransactionEvent", ended)
        judged = await charger("judged")
        await charger("end")
    assert judged["broken"] == []
    assert len(judged["heard"]) == 25, sorted(judged["heard"])
