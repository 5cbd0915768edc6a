import pytest
from msgspec import structs

from edge.ocpp.profiles import above, beneath
from edge.ocpp.rpc import Fault
from edge.ocpp.v16 import requests as ask
from edge.ocpp.v16.charging import charging_profile, set_charging_profile
from edge.ocpp.v16.responses import StartTransactionResponse
from edge.ocpp.v16.types import IdTagInfo
from edge.plant.cars import CarModel
from edge.plant.evse import Evse, EvsePlan
from edge.simulator.answers import Answers
from edge.simulator.clocks import DeviceClock
from edge.simulator.jobs import Jobs
from edge.simulator.station import Station, StationPlan

NOON_MS = 1_900_000_000_000
QUICK = CarModel(follow_ms=0, start_ms=0)


class Rehearsal:
    """A charger whose time is turned by hand; it also notes what would come after an answer."""

    def __init__(self, *, connectors=1, offset_ms=0, oddities=None, **configuration):
        self.now_ms = 0
        names = [f"bay-{n}" for n in range(1, connectors + 1)]
        plan = StationPlan(
            name="bay", evses=tuple(names), clock_offset_ms=offset_ms, configuration=configuration
        )
        evses = {n: Evse(EvsePlan(name=n, circuit="grid", max_ma=32_000), voltage_mv=230_000) for n in names}
        clock = DeviceClock(lambda: NOON_MS + self.now_ms, offset_ms=offset_ms)
        self.station = Station(plan, evses, clock)
        for name, value in (oddities or {}).items():
            setattr(self.station.oddities, name, value)
        self.station.registration = "Accepted"
        self.bay = self.station.connectors[0]
        self.afterwards = []
        jobs = Jobs(self.later, self.station.reports.append, step_s=0, fails=bool, install=self.install)
        self.answers = Answers(self.station, self, jobs, lambda: self.now_ms)

    def later(self, work):
        work.close()

    async def install(self, name):
        self.station.firmware = name

    def send(self, message, connectors):
        self.afterwards.append((message, [c.number for c in connectors]))

    def reset(self, *, is_hard):
        self.afterwards.append(("reset", is_hard))

    def start(self, connector, token, profile):
        self.afterwards.append(("start", connector.number, token))

    def charge(self):
        self.station.plug(self.bay, QUICK, self.now_ms)
        self.station.admit(self.bay, "AA", self.now_ms)
        self.advance(0)
        return self.bay.transaction

    def advance(self, elapsed_ms):
        self.now_ms += elapsed_ms
        self.station.advance(self.now_ms)
        for connector in self.station.connectors:
            connector.evse.advance(self.now_ms)
        return self.bay.evse.flowing_ma[0]

    def hold(self, limit_ma, *, fallback_ma=6_000, hold_s=60):
        """What a controller sends: the pair of its dead man."""
        now = NOON_MS + self.now_ms
        for profile in (
            beneath(1, fallback_ma=fallback_ma),
            above(1, limit_ma=limit_ma, fallback_ma=fallback_ma, now_ms=now, hold_s=hold_s),
        ):
            assert self.ask(set_charging_profile(profile)).status == "Accepted"

    def ask(self, request):
        return self.answers.answer(request)

    def owed(self):
        return [type(o.message).__name__ for o in self.station.outbox._owed]


def test_without_a_profile_a_car_takes_all_it_can():
    lot = Rehearsal()
    lot.charge()
    assert lot.bay.evse.flowing_ma == (16_000, 16_000, 16_000)


def test_a_working_limit_is_obeyed_and_the_dead_man_steps_it_down():
    lot = Rehearsal()
    lot.hold(12_000)
    lot.charge()
    assert lot.advance(59_000) == 12_000
    assert lot.advance(1_000) == 6_000
    assert lot.advance(3_600_000) == 6_000


@pytest.mark.parametrize(("offset_ms", "fires_after_ms"), [(0, 60_000), (20_000, 40_000), (-10_000, 70_000)])
def test_the_dead_man_fires_by_the_chargers_own_clock(offset_ms, fires_after_ms):
    lot = Rehearsal(offset_ms=offset_ms)
    lot.hold(12_000)
    lot.charge()
    assert lot.advance(fires_after_ms - 1) == 12_000
    assert lot.advance(1) == 6_000


def test_a_clock_behind_by_more_than_the_back_date_dips_at_every_refresh():
    lot = Rehearsal(offset_ms=-20_000)
    lot.hold(12_000)
    lot.charge()
    assert lot.advance(4_000) == 6_000
    assert lot.advance(2_000) == 12_000


def test_profiles_survive_a_power_cut_where_chargers_do_not_forget_them():
    for forgets, drawn in ((False, 6_000), (True, 16_000)):
        lot = Rehearsal(oddities={"forgets_profiles_on_boot": forgets, "resumes_after_power_loss": True})
        lot.hold(12_000)
        lot.charge()
        lot.station.cut_power(lot.now_ms)
        assert lot.advance(120_000) == 0
        lot.station.restore_power(lot.now_ms)
        lot.advance(0)
        assert lot.advance(10_000) == drawn


def test_a_charger_that_ignores_limits_accepts_them():
    lot = Rehearsal(oddities={"ignores_limits": True})
    lot.hold(8_000)
    lot.charge()
    assert lot.advance(10_000) == 16_000


def test_a_charger_that_rejects_profiles_stays_unlimited():
    lot = Rehearsal(oddities={"rejects_profiles": True})
    assert lot.ask(set_charging_profile(beneath(1, fallback_ma=6_000))).status == "Rejected"
    lot.charge()
    assert lot.advance(0) == 16_000


def test_a_session_owes_its_start_its_samples_and_its_end():
    lot = Rehearsal(MeterValueSampleInterval="10")
    lot.charge()
    lot.advance(9_999)
    lot.advance(1)
    lot.advance(10_000)
    lot.station.unplug(lot.bay, lot.now_ms)
    assert lot.owed() == ["StartTransaction", *["MeterValues"] * 3, "StopTransaction"]
    (done,) = lot.station.performed
    assert (done.token, done.reason, done.ended_ms - done.started_ms) == ("AA", "EVDisconnected", 20_000)
    assert done.meter_stop_wh == 16 * 3 * 230 * 20 // 3_600


def test_a_power_cut_ends_the_transaction_at_the_next_boot():
    lot = Rehearsal()
    lot.charge()
    lot.station.cut_power(lot.now_ms)
    assert lot.bay.evse.flowing_ma == (0, 0, 0)
    assert lot.advance(60_000) == 0
    assert not lot.station.is_accepted
    lot.station.restore_power(lot.now_ms)
    assert lot.station.performed[0].reason == "PowerLoss"
    assert lot.bay.status() == "Finishing"


def test_a_token_waits_for_its_car_only_so_long():
    lot = Rehearsal(ConnectionTimeOut="30")
    lot.station.admit(lot.bay, "AA", 0)
    assert lot.bay.status() == "Preparing"
    lot.advance(30_000)
    assert lot.bay.status() == "Available"


@pytest.mark.parametrize(("stops", "reason"), [("true", "DeAuthorized"), ("false", None)])
def test_a_start_that_the_csms_refuses_ends_where_it_is_configured_so(stops, reason):
    lot = Rehearsal(StopTransactionOnInvalidId=stops)
    begun = lot.charge()
    answer = StartTransactionResponse(transaction_id=9, id_tag_info=IdTagInfo(status="Blocked"))
    lot.station.started(begun, answer, lot.now_ms)
    assert (begun.transaction_id, begun.reason) == (9, reason)


def test_two_connectors_share_the_chargers_maximum():
    lot = Rehearsal(connectors=2)
    profile = charging_profile(beneath(1, fallback_ma=20_000))
    shared = structs.replace(profile, charging_profile_purpose="ChargePointMaxProfile")
    lot.ask(ask.SetChargingProfile(connector_id=0, cs_charging_profiles=shared))
    lot.charge()
    assert lot.advance(0) == 16_000
    second = lot.station.connectors[1]
    lot.station.plug(second, QUICK, 0)
    lot.station.admit(second, "BB", 0)
    assert lot.advance(0) == 10_000


# -- answers -----------------------------------------------------------------------------------------------


def test_a_remote_start_takes_a_plugged_connector_and_starts_afterwards():
    lot = Rehearsal(connectors=2)
    lot.station.plug(lot.station.connectors[1], QUICK, 0)
    assert lot.ask(ask.RemoteStartTransaction(id_tag="AA")).status == "Accepted"
    assert lot.ask(ask.RemoteStartTransaction(id_tag="AA", connector_id=1)).status == "Accepted"
    assert lot.ask(ask.RemoteStartTransaction(id_tag="AA", connector_id=3)).status == "Rejected"
    assert lot.afterwards == [("start", 2, "AA"), ("start", 1, "AA")]


def test_a_pending_charger_refuses_remote_starts():
    lot = Rehearsal()
    lot.station.registration = "Pending"
    assert lot.ask(ask.RemoteStartTransaction(id_tag="AA")).status == "Rejected"


def test_a_token_is_ignored_while_something_runs():
    lot = Rehearsal()
    lot.charge()
    lot.station.admit(lot.bay, "BB", lot.now_ms)
    assert lot.bay.token is None


def test_a_profile_of_a_remote_start_holds_for_that_transaction():
    lot = Rehearsal()
    profile = charging_profile(
        above(1, limit_ma=9_000, fallback_ma=6_000, now_ms=NOON_MS, hold_s=60, transaction_id=5)
    )
    unbound = structs.replace(profile, transaction_id=None)
    lot.station.plug(lot.bay, QUICK, 0)
    lot.station.admit(lot.bay, "AA", 0, unbound)
    lot.advance(0)
    assert lot.advance(1_000) == 9_000


def test_a_remote_stop_needs_the_transactions_number():
    lot = Rehearsal()
    lot.charge().transaction_id = 77
    assert lot.ask(ask.RemoteStopTransaction(transaction_id=78)).status == "Rejected"
    assert lot.ask(ask.RemoteStopTransaction(transaction_id=77)).status == "Accepted"
    assert lot.station.performed[0].reason == "Remote"


@pytest.mark.parametrize(
    ("trigger", "connector", "status", "after"),
    [
        ("Heartbeat", None, "Accepted", [("Heartbeat", [1, 2])]),
        ("StatusNotification", 2, "Accepted", [("StatusNotification", [2])]),
        ("MeterValues", None, "Accepted", [("MeterValues", [1, 2])]),
        ("MeterValues", 5, "Rejected", []),
        ("FirmwareStatusNotification", None, "Accepted", [("FirmwareStatusNotification", [1, 2])]),
    ],
)
def test_a_triggered_message_comes_after_the_answer(trigger, connector, status, after):
    lot = Rehearsal(connectors=2)
    request = ask.TriggerMessage(requested_message=trigger, connector_id=connector)
    assert lot.ask(request).status == status
    assert lot.afterwards == after


def test_configuration_is_read_and_changed_over_the_wire():
    lot = Rehearsal()
    change = ask.ChangeConfiguration(key="MeterValueSampleInterval", value="5")
    assert lot.ask(change).status == "Accepted"
    read = lot.ask(ask.GetConfiguration(key=("MeterValueSampleInterval", "Colour")))
    assert [(k.key, k.value, k.readonly) for k in read.configuration_key] == [
        ("MeterValueSampleInterval", "5", False)
    ]
    assert read.unknown_key == ("Colour",)


def test_the_composite_schedule_is_what_its_profiles_say_even_when_it_ignores_them():
    lot = Rehearsal(oddities={"ignores_limits": True})
    lot.hold(12_000)
    answer = lot.ask(ask.GetCompositeSchedule(connector_id=1, duration=300))
    periods = answer.charging_schedule.charging_schedule_period
    assert [(p.start_period, p.limit) for p in periods] == [(0, 12.0), (60, 6.0)]


def test_taking_a_busy_connector_out_of_service_waits_for_its_transaction():
    lot = Rehearsal()
    lot.charge()
    off = ask.ChangeAvailability(connector_id=1, type="Inoperative")
    assert lot.ask(off).status == "Scheduled"
    assert lot.advance(0) == 16_000
    lot.station.unplug(lot.bay, lot.now_ms)
    assert lot.bay.status() == "Unavailable"
    assert lot.ask(ask.ChangeAvailability(connector_id=0, type="Operative")).status == "Accepted"
    assert lot.bay.status() == "Available"


def test_unlocking_ends_the_transaction():
    lot = Rehearsal()
    lot.charge()
    assert lot.ask(ask.UnlockConnector(connector_id=1)).status == "Unlocked"
    assert lot.station.performed[0].reason == "UnlockCommand"


def test_what_is_not_meant_for_a_charger_is_not_supported():
    with pytest.raises(Fault, match="NotSupported"):
        Rehearsal().ask(ask.Heartbeat())
