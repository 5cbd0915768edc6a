"""Every security profile over real sockets: who is let in, who is not, and what an installer reads then."""

import asyncio
import contextlib
import logging
import ssl
from pathlib import Path

import pytest

from edge.core.errors import ConfigError
from edge.links import listener
from edge.links.ocppj_client import ConnectRefused
from edge.settings.hashing import hashed
from edge.settings.model import Secret
from edge.site.events import LinkChanged
from tests.chargers.authority import Authority
from tests.chargers.stations import charger, lot

HEX = "000102030405060708090A0B0C0D0E0F10111213"


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("ours"))


@pytest.fixture(scope="module")
def foreign(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("foreign"), "foreign")


@pytest.fixture(scope="module")
def box(ours):
    """The server's certificate and key, as the secrets of the site file."""
    certificate, key = ours.sign("box", alternative="IP:127.0.0.1")
    return {"ocpp-certificate": certificate, "ocpp-key": key, "roots": ours.root}


def trusting(authority, *shown):
    """A station's side: it trusts a root, and shows a certificate."""
    context = ssl.create_default_context(cafile=str(authority.root))
    if shown:
        context.load_cert_chain(*map(str, shown))
    return context


async def is_in(site, identity="CP-1", **options):
    async with site.station(identity, **options) as station:
        return station.boot["status"] == "Accepted"


async def status_of_refusal(site, identity="CP-1", **options):
    with pytest.raises(ConnectRefused) as refused:
        async with site.station(identity, **options):
            pass
    assert not site.doors.of(LinkChanged)
    return refused.value.status


async def told(caplog, sentence):
    """Wait until the box, at its own end of the socket, has seen it too."""
    news = asyncio.Event()
    handler = logging.Handler()
    handler.emit = lambda _: news.set()
    logging.getLogger().addHandler(handler)
    try:
        async with asyncio.timeout(3):
            while sentence not in caplog.text:
                news.clear()
                await news.wait()
    finally:
        logging.getLogger().removeHandler(handler)


def own(name, station, secret):
    return charger(name, station, password=Secret(name=secret))


# -- profile 0 -----------------------------------------------------------------------------------------------


async def test_a_site_without_passwords_lets_every_station_in():
    async with lot() as site:
        assert await is_in(site)
        assert await is_in(site, password="whatever it was given elsewhere")


async def test_a_password_that_is_not_on_this_machine_opens_no_door():
    with pytest.raises(ConfigError, match="ampyard secret set bay-1"):
        async with lot(own("bay-1", "CP-1", "bay-1")):
            pass


# -- profile 1 -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kept", [str, lambda text: hashed(text.encode())], ids=["plain", "hashed"])
@pytest.mark.parametrize("shown", [HEX, HEX.lower(), bytes.fromhex(HEX)], ids=["digits", "lower", "raw"])
async def test_a_password_is_the_same_as_its_digits(kept, shown):
    async with lot(password=kept(HEX)) as site:
        assert await is_in(site, password=shown)


@pytest.mark.parametrize("shown", [None, "", "wrong", HEX[:-2], bytes.fromhex(HEX)[:-1] + b"\xff"])
async def test_any_other_password_is_refused(shown, caplog):
    async with lot(password=hashed(HEX.encode())) as site:
        assert await status_of_refusal(site, password=shown) == 401
    assert "CP-1 at 127.0.0.1: " + ("no password" if shown is None else "wrong password") in caplog.text


async def test_each_charger_has_its_own_password_and_opens_no_other_door_with_it(caplog):
    chargers = [own("bay-1", "CP-1", "one"), own("bay-2", "CP-2", "two")]
    async with lot(*chargers, secrets={"one": "first", "two": "second"}) as site:
        assert await status_of_refusal(site, "CP-2", password="first") == 401
        assert await is_in(site, "CP-2", password="second")
        assert await is_in(site, "CP-1", password="first")


async def test_the_user_is_the_station_of_the_url(caplog):
    async with lot(password="right") as site:
        credentials = "Basic Q1AtMjpyaWdodA=="  # CP-2:right
        answer = await asked(site, f"GET /CP-1 HTTP/1.1\r\nHost: x\r\nAuthorization: {credentials}\r\n\r\n")
    assert answer.startswith("HTTP/1.1 401 ")
    assert "user name is not the station at the end of its URL, CP-1" in answer
    assert "user name is not the station" in caplog.text


async def asked(site, request):
    port = int(site.url.rpartition(":")[2].partition("/")[0])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request.encode())
    answer = (await reader.read()).decode()
    writer.close()
    return answer


async def test_passwords_that_are_tried_out_wait_longer_and_longer_and_do_not_lock_out_who_was_right():
    async with lot(charger(), charger("bay-2", "CP-2"), password=hashed(b"right")) as site:
        assert await is_in(site, password="right")
        statuses = []
        for _ in range(6):
            with pytest.raises(ConnectRefused) as refused:
                async with site.station("CP-2", password="guess"):
                    pass
            statuses.append(refused.value.status)
        assert statuses == [401, 401, 401, 401, 429, 429]
        with pytest.raises(ConnectRefused) as refused:
            async with site.station("CP-2", password="right"):
                pass
        assert refused.value.status == 429  # for a second, even if the last guess was lucky
        assert await is_in(site, password="right")


# -- profile 2 -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["ec", "rsa"])
async def test_tls_with_a_password(ours, box, kind):
    certificate, key = ours.sign("box", alternative="IP:127.0.0.1", kind=kind)
    secrets = box | {"ocpp-certificate": certificate, "ocpp-key": key}
    async with lot(password="right", secrets=secrets, tls=True) as site:
        assert await status_of_refusal(site, password="wrong", tls=trusting(ours)) == 401
        assert await is_in(site, password="right", tls=trusting(ours))


@pytest.mark.parametrize(
    "suite", ["ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384"], ids=["128", "256"]
)
async def test_tls_1_2_with_the_suites_of_the_whitepaper(ours, box, suite):
    old = trusting(ours)
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    old.set_ciphers(suite)
    async with lot(secrets=box, tls=True) as site:
        assert await is_in(site, tls=old)


@pytest.mark.parametrize("suite", ["AES128-GCM-SHA256", "AES256-GCM-SHA384"])
async def test_tls_1_2_with_the_suites_of_the_whitepaper_for_rsa(ours, box, suite):
    certificate, key = ours.sign("box", alternative="IP:127.0.0.1", kind="rsa")
    old = trusting(ours)
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    old.set_ciphers(suite)
    secrets = box | {"ocpp-certificate": certificate, "ocpp-key": key}
    async with lot(secrets=secrets, tls=True) as site:
        assert await is_in(site, tls=old)


async def test_older_tls_is_refused_in_words(ours, box, caplog):
    old = trusting(ours)
    old.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1 is deprecated"):
        old.minimum_version = ssl.TLSVersion.TLSv1
    with pytest.warns(DeprecationWarning, match="TLSv1_1 is deprecated"):
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    async with lot(secrets=box, tls=True) as site:
        assert await status_of_refusal(site, tls=old) is None
        await told(caplog, "speaks no TLS of version 1.2 or later")


async def test_a_station_without_tls_is_told_to_begin_its_url_otherwise(box, caplog):
    async with lot(secrets=box, tls=True) as site:
        site.url = site.url.replace("wss", "ws")
        assert await status_of_refusal(site) is None
        await told(caplog, "its backend must begin with wss://")


async def test_a_station_that_does_not_trust_us_leaves(foreign, box, caplog):
    async with lot(secrets=box, tls=True) as site:
        assert await status_of_refusal(site, tls=trusting(foreign)) is None
        await told(caplog, "left during the TLS handshake; perhaps it does not trust our certificate")


async def test_a_station_that_says_why_it_leaves_is_quoted(foreign, box, caplog):
    async with lot(secrets=box, tls=True) as site:
        address = site.url.split("/")[2]
        client = await asyncio.create_subprocess_exec(
            *("openssl", "s_client", "-connect", address, "-CAfile", foreign.root, "-verify_return_error"),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        async with asyncio.timeout(10):
            assert await client.wait() != 0
        await told(caplog, "has (tlsv1 alert unknown ca)")


async def test_what_is_missing_for_tls_is_named(ours, box):
    with pytest.raises(ConfigError, match="install -m 600 certificate"):
        async with lot(tls=True):
            pass
    _, other = ours.sign("other")
    with pytest.raises(ConfigError, match="the key is not the certificate's"):
        async with lot(secrets=box | {"ocpp-key": other}, tls=True):
            pass
    with pytest.raises(ConfigError, match="is no PEM"):
        async with lot(secrets=box | {"ocpp-certificate": Path(__file__)}, tls=True):
            pass


# -- profile 3 -----------------------------------------------------------------------------------------------

MUTUAL = {"tls": True, "client_ca": Secret(name="roots")}


async def test_a_certificate_that_names_the_station_lets_it_in(ours, box):
    async with lot(charger(), charger("bay-2", "CP-2"), secrets=box, **MUTUAL) as site:
        assert await is_in(site, tls=trusting(ours, *ours.sign("CP-1")))
        named_beside = ours.sign("serial-4711", alternative="DNS:CP-2")
        assert await is_in(site, "CP-2", tls=trusting(ours, *named_beside))


async def test_a_certificate_of_another_station_does_not(ours, box, caplog):
    chargers = charger(), charger("bay-2", "CP-2")
    async with lot(*chargers, password="right", secrets=box, **MUTUAL) as site:
        shown = trusting(ours, *ours.sign("CP-1"))
        assert await status_of_refusal(site, "CP-2", tls=shown, password="right") == 403
    assert "its certificate names CP-1, its URL CP-2" in caplog.text


async def test_without_a_certificate_only_a_password_that_is_configured_helps(ours, box, caplog):
    async with lot(secrets=box, **MUTUAL) as site:
        assert await status_of_refusal(site, tls=trusting(ours), password="any") == 403
    assert "no client certificate was shown: install one that names the station" in caplog.text
    async with lot(password="right", secrets=box, **MUTUAL) as site:
        assert await is_in(site, tls=trusting(ours), password="right")


async def test_a_certificate_that_somebody_else_signed_ends_the_handshake(ours, foreign, box, caplog):
    async with lot(secrets=box, **MUTUAL) as site:
        assert await status_of_refusal(site, tls=trusting(ours, *foreign.sign("CP-1"))) is None
        await told(caplog, "shows a certificate that is not trusted here")


async def test_certificates_that_end_soon_are_told_of_early(ours, box):
    certificate, key = ours.sign("box", alternative="IP:127.0.0.1", days=20)
    secrets = box | {"ocpp-certificate": certificate, "ocpp-key": key}
    async with lot(secrets=secrets, **MUTUAL) as site:
        for _ in range(2):
            assert await is_in(site, tls=trusting(ours, *ours.sign("CP-1", days=9)))
        (about_us, about_it) = site.doors.alerts
    assert about_us[:2] == ("this box", "certificate-expires")
    assert "in 19 days: have a new one signed" in about_us[2]
    assert about_it[0] == "bay-1"
    assert "ends in 8 days" in about_it[2]


# -- sockets -------------------------------------------------------------------------------------------------


async def test_one_address_has_only_so_many_sockets_and_the_next_address_is_served(caplog):
    async with lot() as site, contextlib.AsyncExitStack() as stack:
        port = int(site.url.rpartition(":")[2].partition("/")[0])
        most = (512 + 8) // 2
        for _ in range(most):
            await opened(stack, port)
        last = await opened(stack, port)
        assert await is_in(site)
        async with asyncio.timeout(3):
            assert await last.read() == b""
    assert "127.0.0.9 has too many sockets open" in caplog.text


@pytest.mark.parametrize("said", [b"", b"GET /CP-1 HTTP/1.1\r\n"], ids=["nothing", "half"])
async def test_who_does_not_come_to_the_point_is_cut_and_a_station_is_not(said, monkeypatch):
    monkeypatch.setattr(listener, "GREETING_S", 0.2)
    async with lot() as site, site.station() as station:
        port = int(site.url.rpartition(":")[2].partition("/")[0])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(said)
        async with asyncio.timeout(3):
            with contextlib.suppress(ConnectionResetError):
                assert await reader.read() == b""
        writer.close()
        assert await station.connection.call("Heartbeat", b"{}", timeout_s=3)


async def opened(stack, port):
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=("127.0.0.9", 0))
    stack.callback(writer.close)
    return reader
