"""The lot on a real Mosquitto: state retained, last will, limits with an end, answers in words."""

import asyncio
import contextlib
import json
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from edge.building.mqtt import Papers
from edge.site.commands import StartCharging, StopCharging
from tests.building.brokers import SETTINGS, Listener, Lot, free_port, mosquitto, running
from tests.building.lots import bay, status

pytestmark = pytest.mark.mosquitto


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[int]:
    with mosquitto(tmp_path) as port:
        yield port


@contextlib.asynccontextmanager
async def lot_on(port: int, **how: object) -> AsyncIterator[tuple[Lot, Listener]]:
    lot = Lot(status(bay("bay-1"), bay("bay-2/1", transaction_id=None, measured_ma=None, session_wh=None)))
    settings = replace(SETTINGS, port=port, **how)
    listener = Listener(port, version=settings.version)
    async with running(lot, settings):
        await listener.expect("lot/online", b"true")
        yield lot, listener
    listener.close()


@contextlib.contextmanager
def late(port: int, topics: str = "#") -> Iterator[Listener]:
    listener = Listener(port, topics)
    yield listener
    listener.close()


async def test_state_is_retained_with_units_in_its_names(broker: int) -> None:
    async with lot_on(broker) as (_, listener):
        circuit = json.loads(await listener.expect("lot/circuits/grid"))
        assert circuit["background_a"] == [41.0, 0.0, 0.0]
        assert json.loads(await listener.expect("lot/evses/bay-2/1"))["measured_a"] is None
        assert json.loads(await listener.expect("lot/sessions/bay-1"))["energy_kwh"] == 11.2
        assert json.loads(await listener.expect("lot/meters/grid"))["voltage_v"] == [231, 230, 230]
        assert json.loads(await listener.expect("lot/health"))["chargers_away"] == []
        with late(broker) as other:
            assert json.loads(await other.expect("lot/site"))["sentence"] == "All well."
            assert other.messages["lot/site"][1], "retained"


async def test_before_the_first_decision_nothing_is_told_and_nothing_taken_back(broker: int) -> None:
    with late(broker) as before:
        before.client.publish("lot/evses/bay-1", b"of yesterday", qos=1, retain=True)
        await before.expect("lot/evses/bay-1")
    now = status(bay("bay-1"))
    lot = Lot(msgspec.structs.replace(now, circuits=(), evses=()))
    settings = replace(SETTINGS, port=broker, evcc_topic="evcc", home_assistant=True)
    with late(broker) as listener:
        async with running(lot, settings):
            await listener.expect("lot/online", b"true")
            await asyncio.sleep(1.2)
            assert set(listener.messages) == {"lot/online", "lot/evses/bay-1"}
            lot.now = now
            await listener.expect("evcc/loadpoints", b"1")
            assert json.loads(await listener.expect("lot/evses/bay-1"))["state"] == "full"


async def test_what_is_gone_is_taken_back(broker: int) -> None:
    async with lot_on(broker) as (lot, listener):
        await listener.expect("lot/evses/bay-1")
        lot.now = status(bay("bay-9"))
        await listener.expect("lot/evses/bay-9")
        await listener.expect("lot/evses/bay-1", b"")


async def test_when_we_leave_the_lot_is_offline(broker: int) -> None:
    async with lot_on(broker):
        pass
    with late(broker) as listener:
        assert await listener.expect("lot/online", b"false")


@pytest.mark.parametrize("version", ["3.1.1", "5"])
async def test_a_limit_with_an_end_is_obeyed_and_answered(broker: int, version: str) -> None:
    async with lot_on(broker, version=version) as (lot, listener):
        answer = await listener.ask(id="42", limit_a=40.5, seconds=600)
        assert (answer["accepted"], answer["id"]) == (True, "42")
        assert lot.limits[0].limit_ma == 40_500
        assert lot.limits[0].kind == "chargers"
        assert lot.limits[0].expires_ms is not None
        await listener.ask(limit_a=None)
        assert lot.limits[1].limit_ma is None
        assert lot.limits[1].name == lot.limits[0].name
        await listener.ask(limit_a=0, seconds=60, target="bay-1", name="cleaning")
        assert (lot.limits[2].kind, lot.limits[2].name) == ("evse", "cleaning/bay-1/evse")


async def test_an_answer_comes_where_the_sender_wants_it_with_what_he_sent_along(broker: int) -> None:
    async with lot_on(broker, version="5") as (lot, listener):
        answer = await listener.ask_aside("bms/answers", b"\x00\x01", limit_a=12, seconds=60)
        assert answer["accepted"] is True
        assert listener.correlations["bms/answers"] == b"\x00\x01"
        await listener.ask_aside("lot/limit/answer", b"\x02", id="other", limit_a=12, seconds=60)
        assert len(lot.limits) == 2
        await listener.ask(limit_a=1)
        own = Listener(broker, "lot/online", version="5")
        own.messages.clear()
        with contextlib.suppress(AssertionError):
            await listener.ask_aside("lot/online", b"", id="spoof", limit_a=12, seconds=60)
        assert listener.messages["lot/online"][0] == b"true"
        own.close()


async def test_a_command_that_comes_twice_is_carried_out_once(broker: int) -> None:
    async with lot_on(broker) as (lot, listener):
        first = await listener.ask(id="same", limit_a=20, seconds=60)
        again = await listener.ask(id="same", limit_a=0, seconds=60)
        assert again == first
        assert len(lot.limits) == 1


async def test_a_command_of_the_past_or_the_future_is_refused(broker: int) -> None:
    async with lot_on(broker) as (lot, listener):
        now_ms = int(time.time() * 1000)
        for at_ms, words in ((now_ms - 120_000, "ago"), (now_ms + 120_000, "ahead")):
            answer = await listener.ask(limit_a=20, seconds=60, at_ms=at_ms)
            assert answer["accepted"] is False
            assert words in str(answer["error"])
        assert lot.limits == []


@pytest.mark.parametrize(
    ("order", "words"),
    [
        ({"limit_a": 40}, "a limit must end"),
        ({"limit_a": 40, "seconds": 99_999_999}, "<= 86400"),
        ({"limit_a": -1, "seconds": 60}, ">= 0"),
        ({"limit_a": float("nan"), "seconds": 60}, "malformed"),
        ({"limit_a": 1e99, "seconds": 60}, "<= 10000"),
        ({"limit_a": "40", "seconds": 60}, "Expected"),
        ({"limit_a": 40, "seconds": 60, "target": "gird"}, "none of bay-1, grid"),
        ({"limit_a": 40, "seconds": 60, "of": "cars"}, "cars"),
        ({"limit_a": 40, "seconds": 60, "name": "a/b"}, "regex"),
        ({"limit_a": 40, "second": 60}, "second"),
        (
            {
                "limit_a": 40,
                "seconds": 60,
                "steps": [{"in_s": 9, "limit_a": 1}, {"in_s": 8, "limit_a": 1}],
            },
            "order of in_s",
        ),
        ({"limit_a": 40, "seconds": 60, "id": ""}, "length"),
        (b'{"limit_a": 40, "seconds": 60}', "missing"),
        (b"\xff\xfe", "malformed"),
        (b"", "truncated"),
        (b"[" * 5_000, "longer than"),
    ],
    ids=str,
)
async def test_what_is_not_a_limit_is_answered_with_what_is_wrong(
    broker: int, order: dict[str, object] | bytes, words: str
) -> None:
    async with lot_on(broker) as (lot, listener):
        answer = await (listener.ask(raw=order) if isinstance(order, bytes) else listener.ask(**order))
        assert answer["accepted"] is False
        assert words in str(answer["error"])
        assert lot.limits == []


@pytest.mark.parametrize("version", ["3.1.1", "5"])
async def test_a_retained_limit_is_not_obeyed(broker: int, version: str) -> None:
    with late(broker) as before:
        body = json.dumps({"id": "1", "at_ms": int(time.time() * 1000), "limit_a": 10, "seconds": 60})
        before.client.publish("lot/limit/set", body, qos=1, retain=True)
        await before.expect("lot/limit/set")
    async with lot_on(broker, version=version) as (lot, listener):
        answer = json.loads(await listener.expect("lot/limit/answer"))
        assert "retain" in str(answer["error"])
        assert lot.limits == []


async def test_a_site_that_takes_no_limits_says_so(broker: int) -> None:
    async with lot_on(broker, limits=False) as (lot, listener):
        answer = await listener.ask(limit_a=10, seconds=60)
        assert "limits = true" in str(answer["error"])
        answer = await listener.ask("stop", bay="bay-1")
        assert "commands = true" in str(answer["error"])
        assert lot.limits == []
        assert lot.commands == []


async def test_bays_are_started_and_stopped_where_the_file_allows_it(broker: int) -> None:
    async with lot_on(broker, commands=True) as (lot, listener):
        assert (await listener.ask("start", bay="bay-1", token="04AA"))["accepted"] is True
        assert (await listener.ask("stop", bay="bay-1"))["accepted"] is True
        assert "no session" in str((await listener.ask("stop", bay="bay-2/1"))["error"])
        assert "none of bay-1" in str((await listener.ask("stop", bay="bay-7"))["error"])
        assert lot.commands == [
            StartCharging(charger="bay-1", evse=1, token="04AA"),
            StopCharging(charger="bay-1", transaction_id=7),
        ]


async def test_a_flood_is_answered_in_part_and_the_next_command_is_obeyed(broker: int) -> None:
    async with lot_on(broker) as (lot, listener):
        for number in range(2_000):
            listener.client.publish("lot/limit/set", b"x" * (number % 300), qos=0)
        await asyncio.sleep(1.5)
        for _ in range(20):
            with contextlib.suppress(AssertionError):
                body = {"id": "after", "at_ms": int(time.time() * 1000), "limit_a": 9, "seconds": 60}
                listener.client.publish("lot/limit/set", json.dumps(body), qos=1)
                if lot.limits:
                    break
            await asyncio.sleep(0.2)
        assert [limit.limit_ma for limit in lot.limits] == [9_000]


async def test_the_lot_is_told_again_to_a_broker_that_comes_back(tmp_path: Path) -> None:
    lot = Lot(status(bay("bay-1")))
    with mosquitto(tmp_path) as port:
        settings = replace(SETTINGS, port=port)
        stack = contextlib.AsyncExitStack()
        await stack.enter_async_context(running(lot, settings))
        with late(port) as listener:
            await listener.expect("lot/online", b"true")
    async with stack:
        lot.now = status(bay("bay-1", sentence="Meanwhile."))
        with mosquitto(tmp_path, port=port), late(port) as listener:
            told = json.loads(await listener.expect("lot/evses/bay-1", for_s=15))
            assert told["sentence"] == "Meanwhile."


async def test_the_lot_is_told_as_evcc_would(broker: int) -> None:
    async with lot_on(broker, evcc_topic="evcc") as (_, listener):
        expected = {
            "loadpoints": b"2",
            "site/grid/power": b"20400",
            "loadpoints/1/title": b"bay-1",
            "loadpoints/1/charging": b"true",
            "loadpoints/1/chargePower": str(3 * 15_900 * 229_900 // 1_000_000).encode(),
            "loadpoints/1/chargeCurrents/2": b"15.9",
            "loadpoints/1/chargedEnergy": b"11200",
            "loadpoints/2/chargePower": b"null",
        }
        for topic, value in expected.items():
            await listener.expect(f"evcc/{topic}", value)


def openssl(folder: Path, *words: str) -> None:
    subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True, timeout=30)


@pytest.fixture
def papers(tmp_path: Path) -> Papers:
    """An authority, and a certificate of its own for the broker and for the lot."""
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    openssl(tmp_path, "req", "-x509", *curve, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=CA")
    for name, more in (("broker", "subjectAltName=IP:127.0.0.1"), ("lot", "subjectAltName=DNS:lot")):
        openssl(
            tmp_path, "req", *curve, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}"
        )
        (tmp_path / f"{name}.ext").write_text(more)
        signing = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", f"{name}.ext")
        openssl(tmp_path, "x509", "-req", "-in", f"{name}.csr", *signing, "-out", f"{name}.pem")
    return Papers(ca=tmp_path / "ca.pem", certificate=tmp_path / "lot.pem", key=tmp_path / "lot.key")


@pytest.mark.parametrize("version", ["3.1.1", "5"])
@pytest.mark.parametrize("shows", [True, False], ids=["certificate", "none"])
async def test_a_broker_that_wants_a_certificate_is_shown_ours(
    tmp_path: Path, papers: Papers, version: str, shows: bool
) -> None:
    tls_port = free_port()
    more = (
        f"listener {tls_port} 127.0.0.1\ncafile {papers.ca}\ncertfile {tmp_path / 'broker.pem'}\n"
        f"keyfile {tmp_path / 'broker.key'}\nrequire_certificate true\nuse_identity_as_username true\n"
    )
    lot = Lot(status(*(bay(f"bay-{number}") for number in range(60))))
    settings = replace(SETTINGS, port=tls_port, tls=True, version=version)
    shown = papers if shows else Papers(ca=papers.ca)
    with mosquitto(tmp_path, more=more) as port, late(port) as listener:
        async with running(lot, settings, shown):
            if shows:
                assert json.loads(await listener.expect("lot/evses/bay-59"))["setpoint_a"] == 16
                for number in range(30):
                    assert (await listener.ask(limit_a=number, seconds=60))["accepted"] is True
            else:
                with pytest.raises(AssertionError):
                    await listener.expect("lot/online", for_s=1.5)
        await listener.expect("lot/online", b"false") if shows else None


async def test_a_certificate_that_is_missing_is_looked_for_again(tmp_path: Path, papers: Papers) -> None:
    tls_port = free_port()
    more = (
        f"listener {tls_port} 127.0.0.1\ncafile {papers.ca}\ncertfile {tmp_path / 'broker.pem'}\n"
        f"keyfile {tmp_path / 'broker.key'}\n"
    )
    assert papers.ca is not None
    hidden = papers.ca.rename(tmp_path / "hidden.pem")
    with mosquitto(tmp_path, more=more.replace("ca.pem", "hidden.pem")) as port, late(port) as listener:
        lot = Lot(status(bay("bay-1")))
        async with running(lot, replace(SETTINGS, port=tls_port, tls=True), papers):
            with pytest.raises(AssertionError):
                await listener.expect("lot/online", for_s=0.5)
            hidden.rename(papers.ca)
            await listener.expect("lot/online", b"true", for_s=10)
