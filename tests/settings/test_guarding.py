"""What `check` says of passwords and certificates before a charger is refused."""

import base64

import pytest

from edge.settings.certificate import NoCertificateError, validity
from edge.settings.guarding import expiry_sentence
from edge.settings.hashing import hashed
from edge.settings.site import read

DAY_S = 86_400
ENDS_S = 1_798_761_600  # 2027-01-01
SITE = """\
[grid]
rating_a = 63
building_max_a = 20
[charger."bay-1..bay-2"]
{charger}
[ocpp]
{ocpp}
[tokens]
accept = "all"
"""


def pem(period):
    """A certificate that ends after its period of validity; what stands before it is as short as may be."""
    before = bytes.fromhex("a003020102 020101 3000 3000".replace(" ", ""))
    tbs = before + bytes([0x30, len(period)]) + period
    inner = bytes([0x30, len(tbs)]) + tbs
    der = bytes([0x30, 0x81, len(inner)]) + inner
    text = base64.encodebytes(der).decode()
    return f"-----BEGIN CERTIFICATE-----\n{text}-----END CERTIFICATE-----\n"


def utc(text):
    return b"\x17" + bytes([len(text)]) + text.encode()


def general(text):
    return b"\x18" + bytes([len(text)]) + text.encode()


FROM_2025 = pem(utc("250101000000Z") + utc("270101000000Z"))


def keywords(*, charger="", ocpp="", **secrets):
    text = SITE.format(charger=charger, ocpp=ocpp)
    verdict = read(text, {}, look_up=lambda secret: secrets.get(secret.name.replace("-", "_")))
    assert verdict.faults == ()
    return [(caution.keyword, caution.text) for caution in verdict.cautions]


def words(cautions):
    return [keyword for keyword, _ in cautions]


def test_both_ways_of_writing_a_time_and_a_century():
    assert validity(FROM_2025).ends_s == ENDS_S
    assert validity(pem(utc("500101000000Z") + general("20270101000000Z"))).ends_s == ENDS_S
    assert validity(pem(utc("500101000000Z") + utc("270101000000Z"))).begins_s == -631_152_000
    assert validity("leaf first\n" + FROM_2025 + pem(utc("250101000000Z") * 2)).ends == "2027-01-01"


@pytest.mark.parametrize(
    "text", ["", "x", FROM_2025[:60], pem(b"\x02\x01\x00" * 2), pem(b""), pem(utc("2501") * 2)]
)
def test_what_is_no_certificate(text):
    with pytest.raises(NoCertificateError):
        validity(text)


@pytest.mark.parametrize(
    ("days_before", "sentence"),
    [
        (31, None),
        (20, "ends on 2027-01-01, in 20 days"),
        (-1, "ended on 2027-01-01; chargers refuse it"),
        (900, "is not valid yet: is the clock of this machine right?"),
    ],
)
def test_the_end_of_a_certificate_is_told_a_month_before(days_before, sentence):
    told = expiry_sentence(FROM_2025, ENDS_S - days_before * DAY_S)
    assert told is None if sentence is None else told.startswith(sentence)


def test_no_password_is_a_warning_and_names_who_has_none():
    assert words(keywords()) == ["no-password"]
    text = '[charger.bay-2]\npassword = "secret:two"'
    ((keyword, sentence),) = keywords(charger=text, two=hashed(b"x"))
    assert keyword == "no-password"
    assert "none for bay-1;" in sentence


def test_a_password_is_dealt_out_by_number_and_each_missing_one_is_named():
    cautions = keywords(charger='password = "secret:bay-{n}"', bay_1=hashed(b"x"))
    assert [text for _, text in cautions] == ['secret "bay-2" is not on this machine; bay-2 will be refused']


def test_a_password_in_plain_text_is_a_warning_with_its_remedy():
    ((keyword, sentence),) = keywords(ocpp='password = "secret:all"', all="plain")
    assert keyword == "plain-text"
    assert sentence.endswith("sudo ampyard secret set all --hash")
    assert keywords(ocpp='password = "secret:all"', all=hashed(b"x")) == []


def test_tls_without_its_files_and_with_an_end_in_sight():
    everything = {"ocpp_key": "k", "ocpp_certificate": FROM_2025, "root": FROM_2025}
    ocpp = 'tls = true\nclient_ca = "secret:root"'
    assert words(keywords(ocpp=ocpp)) == ["no-secret"] * 3
    assert "client_ca" in keywords(ocpp='client_ca = "secret:root"', root=FROM_2025)[-1][1]
    for _, sentence in keywords(ocpp=ocpp, **everything):
        assert "secret:root" in sentence or "secret:ocpp-certificate" in sentence
