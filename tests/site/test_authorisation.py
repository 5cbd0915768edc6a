"""Who may charge: the site's own word first, then the cloud's, then what it said before, then the policy."""

import asyncio

import pytest

from edge.site.commands import StopCharging
from edge.site.events import Sampled, TokenAnswer, TokenPresented
from edge.site.token_lists import TokenLists
from edge.site.tokens import Token
from tests.site.standing_site import MemoryJournal, standing_site
from tests.site.virtual_time import in_virtual_time

ADA = Token(token="04AB", group="fleet")
CLOUD = """
[uplink.city]
url = "wss://csms.example/ocpp"
"""


class Cloud:
    """A CSMS that knows some tokens, is away at times, and slow at others."""

    def __init__(self, **known):
        self.known = known
        self.is_up = True
        self.takes_s = 0.1
        self.asked = []

    def is_reachable(self):
        return self.is_up

    async def authorise(self, charger, token, *, deadline_ms):
        self.asked.append(token)
        if not self.is_up:
            return None
        if self.takes_s * 1000 > deadline_ms:
            await asyncio.sleep(deadline_ms / 1000)
            return None
        await asyncio.sleep(self.takes_s)
        return TokenAnswer(status=self.known.get(token, "invalid"))


async def shown(lot, token, charger="bay-1"):
    return (await lot.tell(TokenPresented, charger, token=token)).status


@in_virtual_time
async def test_a_token_that_only_the_cloud_knows_is_asked_for_and_one_of_the_list_is_not():
    cloud = Cloud(BOB1="accepted", EVE1="blocked")
    async with standing_site(extra=CLOUD, tokens=(ADA,)) as lot:
        lot.site.authorisation.authority = cloud
        await lot.connect()
        assert await shown(lot, "04ab") == "accepted"
        assert await shown(lot, "BOB1") == "accepted"
        assert await shown(lot, "EVE1") == "blocked"
        assert await shown(lot, "NOBODY") == "invalid"
        assert cloud.asked == ["BOB1", "EVE1", "NOBODY"]


@in_virtual_time
async def test_a_start_right_after_its_question_asks_no_second_time():
    cloud = Cloud(BOB1="accepted")
    async with standing_site(extra=CLOUD, tokens=(ADA,)) as lot:
        lot.site.authorisation.authority = cloud
        await lot.connect()
        await shown(lot, "BOB1")
        assert (await lot.start(token="BOB1")).token.status == "accepted"
        assert cloud.asked == ["BOB1"]


@in_virtual_time
async def test_a_cloud_that_does_not_answer_in_time_counts_as_away_and_its_last_word_holds():
    cloud, journal = Cloud(BOB1="accepted"), MemoryJournal()
    async with standing_site(extra=CLOUD, tokens=(ADA,), journal=journal) as lot:
        lot.site.authorisation.authority = cloud
        await lot.connect()
        await shown(lot, "BOB1")
        await asyncio.sleep(1)
    assert not any("BOB1" in key or b"BOB1" in body for key, body in journal.papers["authorised"].items())
    async with standing_site(extra=CLOUD, tokens=(ADA,), journal=journal) as lot:
        lot.site.authorisation.authority = cloud
        cloud.takes_s = 60
        await lot.connect()
        before_ms = lot.clock.mono_ms()
        assert await shown(lot, "BOB1") == "accepted"
        assert await shown(lot, "CAROL") == "invalid"
        assert lot.clock.mono_ms() - before_ms <= 10_100


@in_virtual_time
async def test_what_was_said_counts_for_its_days_and_no_longer():
    cloud = Cloud(BOB1="accepted")
    async with standing_site(extra=f"{CLOUD}\n[tokens]\ncache_days = 1\n", tokens=(ADA,)) as lot:
        lot.site.authorisation.authority = cloud
        await lot.connect()
        await shown(lot, "BOB1")
        cloud.is_up = False
        lot.clock.skipped_ms += 23 * 3_600_000
        assert await shown(lot, "BOB1") == "accepted"
        lot.clock.skipped_ms += 2 * 3_600_000
        assert await shown(lot, "BOB1") == "invalid"


@pytest.mark.parametrize(
    ("offline", "listed", "said_before", "stranger"),
    [
        ("known", "accepted", "accepted", "invalid"),
        ("all", "accepted", "accepted", "accepted"),
        ("none", "invalid", "invalid", "invalid"),
    ],
)
def test_while_the_cloud_is_away_the_policy_decides(offline, listed, said_before, stranger):
    @in_virtual_time
    async def story():
        cloud = Cloud(BOB1="accepted")
        async with standing_site(extra=f'{CLOUD}\n[tokens]\noffline = "{offline}"\n', tokens=(ADA,)) as lot:
            lot.site.authorisation.authority = cloud
            await lot.connect()
            await shown(lot, "BOB1")
            cloud.is_up = False
            assert [await shown(lot, token) for token in ("04AB", "BOB1", "CAROL")] == [
                listed,
                said_before,
                stranger,
            ]

    story()


@in_virtual_time
async def test_what_has_charged_already_is_not_refused_because_the_cloud_is_away_now():
    cloud = Cloud()
    async with standing_site(extra=f'{CLOUD}\n[tokens]\noffline = "none"\n', tokens=(ADA,)) as lot:
        lot.site.authorisation.authority = cloud
        await lot.connect()
        cloud.is_up = False
        assert (await lot.start(offline=True)).token.status == "accepted"
        await lot.connect("bay-2")
        assert (await lot.start("bay-2")).token.status == "invalid"


@in_virtual_time
async def test_a_group_may_have_a_policy_of_its_own():
    cloud = Cloud()
    async with standing_site(extra=f'{CLOUD}\n[group.fleet]\noffline = "none"\n', tokens=(ADA,)) as lot:
        lot.site.authorisation.authority = cloud
        await lot.connect()
        assert await shown(lot, "04AB") == "accepted"
        cloud.is_up = False
        assert await shown(lot, "04AB") == "invalid"


@in_virtual_time
async def test_a_month_has_its_quota_and_the_next_one_has_it_again():
    async with standing_site(extra="[group.fleet]\nquota_kwh = 3\n", tokens=(ADA,)) as lot:
        await lot.connect()
        begun = await lot.start(meter_wh=1_000)
        await asyncio.sleep(3_600)
        await lot.stop(begun.transaction_id, meter_wh=5_000)
        assert await shown(lot, "04AB") == "blocked"
        lot.clock.skipped_ms += 31 * 86_400_000
        assert await shown(lot, "04AB") == "accepted"


@pytest.mark.parametrize("ends", [True, False])
def test_a_card_that_is_blocked_ends_what_it_charges_only_where_that_is_wanted(ends):
    @in_virtual_time
    async def story():
        wish = f"[tokens]\nblocking_ends = {str(ends).lower()}\n"
        async with standing_site(extra=wish, tokens=(ADA,)) as lot:
            await lot.connect()
            begun = await lot.start()
            await lot.site.desk.put_token(Token(token="04ab", blocked=True))
            stops = [each for each in lot.chargers["bay-1"].commands if isinstance(each, StopCharging)]
            assert [each.transaction_id for each in stops] == ([begun.transaction_id] if ends else [])

    story()


@in_virtual_time
async def test_cards_of_other_providers_are_treated_as_those_want_it():
    """OCPI 2.2.1, WhitelistType: unasked, asked if possible, or always asked."""
    wishes = {"FREE": "accepted", "LOST": "blocked", "MAYBE": "ask-or-accept", "ASK": "ask-or-refuse"}
    cloud = Cloud(MAYBE="blocked", ASK="accepted")
    async with standing_site(extra=CLOUD, tokens=(ADA,)) as lot:
        lot.site.authorisation.roaming = wishes.get
        await lot.connect()
        alone = [await shown(lot, token) for token in (*wishes, "NOBODY")]
        assert alone == ["accepted", "blocked", "accepted", "invalid", "invalid"]
        lot.site.authorisation.authority = cloud
        asked = [await shown(lot, token) for token in wishes]
        assert asked == ["accepted", "blocked", "blocked", "accepted"]
        assert cloud.asked == ["MAYBE", "ASK"]
        cloud.is_up = False
        assert await shown(lot, "ASK") == "invalid"  # whatever was said before
        lot.site.authorisation.roaming = {"OTHER": "ask-or-accept"}.get
        assert await shown(lot, "OTHER") == "accepted"


@in_virtual_time
async def test_where_nobody_charges_while_the_cloud_is_away_neither_do_guests():
    cloud = Cloud()
    cloud.is_up = False
    async with standing_site(extra=CLOUD + '[tokens]\noffline = "none"\n', tokens=(ADA,)) as lot:
        lot.site.authorisation.authority = cloud
        lot.site.authorisation.roaming = {"GUEST": "ask-or-accept"}.get
        await lot.connect()
        assert await shown(lot, "GUEST") == "invalid"


@in_virtual_time
async def test_what_its_provider_has_blocked_charges_not_even_where_all_may():
    async with standing_site(extra='[tokens]\naccept = "all"\n', tokens=(ADA,)) as lot:
        lot.site.authorisation.roaming = {"LOST": "blocked"}.get
        await lot.connect()
        assert [await shown(lot, token) for token in ("LOST", "ANYBODY")] == ["blocked", "accepted"]


@in_virtual_time
async def test_what_still_runs_counts_for_the_quota_and_whoever_charges_may_always_end_it():
    async with standing_site(extra="[group.fleet]\nquota_kwh = 3\n", tokens=(ADA,)) as lot:
        await lot.connect()
        begun = await lot.start(meter_wh=1_000)
        await asyncio.sleep(3_600)
        await lot.tell(Sampled, "bay-1", evse=1, transaction_id=begun.transaction_id, energy_wh=4_500)
        assert await shown(lot, "04AB", charger="bay-2") == "blocked"
        assert await shown(lot, "04AB", charger="bay-1") == "accepted"
        assert (await lot.start(charger="bay-2")).token.status == "blocked"


@in_virtual_time
async def test_a_master_card_ends_what_its_group_charges_and_begins_nothing():
    master = Token(token="MASTER", group="fleet", is_master=True)
    guest = Token(token="GUEST", group="guests")
    async with standing_site(tokens=(ADA, master, guest)) as lot:
        await lot.connect()
        assert await shown(lot, "MASTER") == "invalid"
        await lot.start(token="GUEST")
        assert await shown(lot, "MASTER") == "invalid"
        await lot.start(charger="bay-2")
        answer = await lot.tell(TokenPresented, "bay-2", token="master")
        assert (answer.status, answer.group) == ("accepted", "fleet")
        assert (await lot.start(charger="bay-2", token="MASTER", meter_wh=7)).token.status == "invalid"
        sent = TokenLists(lot.site, lot.site.desk, None, lot.clock, {})._rows()
        assert {row.token for row in sent} == {"04AB", "GUEST"}


@in_virtual_time
async def test_a_session_keeps_the_group_that_its_card_had_when_it_began():
    async with standing_site(tokens=(ADA,)) as lot:
        await lot.connect()
        begun = await lot.start()
        await lot.site.desk.put_token(Token(token="04AB", group="visitors"))
        await lot.stop(begun.transaction_id, meter_wh=5_000)
        assert lot.journal.sessions[begun.transaction_id].token_group == "fleet"
