import pytest

from edge.ocpp.v16.requests import MeterValues, StartTransaction, StopTransaction
from edge.ocpp.v16.types import MeterValue, SampledValue
from edge.simulator.books import Transaction
from edge.simulator.outbox import Outbox

NOON = "2030-01-01T12:00:00.000Z"
SAMPLE = MeterValues(
    connector_id=1, meter_value=(MeterValue(timestamp=NOON, sampled_value=(SampledValue(value="7"),)),)
)


def transaction():
    return Transaction(station="bay-1", connector=1, token="AA", started_ms=12_000, meter_start_wh=0)


def begun(outbox, of):
    outbox.put(of, StartTransaction(connector_id=1, id_tag="AA", meter_start=0, timestamp=NOON))


def test_what_follows_a_start_bears_the_number_that_its_answer_gave():
    outbox, mine = Outbox(), transaction()
    begun(outbox, mine)
    outbox.put(mine, SAMPLE)
    outbox.put(mine, StopTransaction(meter_stop=9, timestamp=NOON, transaction_id=0))
    start = outbox.head()
    assert isinstance(start.rendered(), StartTransaction)
    mine.transaction_id = 4711
    outbox.confirm(start)
    for _ in range(2):
        owed = outbox.head()
        assert owed.rendered().transaction_id == 4711
        outbox.confirm(owed)
    assert outbox.head() is None


def test_every_message_keeps_its_id_and_no_two_share_one():
    outbox, mine = Outbox(), transaction()
    begun(outbox, mine)
    begun(outbox, mine)
    first = outbox.head()
    assert outbox.head().id == first.id
    outbox.confirm(first)
    assert outbox.head().id != first.id


def test_a_full_flash_loses_samples_and_never_the_end_of_a_transaction():
    outbox, mine = Outbox(sample_limit=2), transaction()
    begun(outbox, mine)
    for _ in range(5):
        outbox.put(mine, SAMPLE)
    outbox.put(mine, StopTransaction(meter_stop=9, timestamp=NOON, transaction_id=0))
    assert len(outbox) == 3


def test_only_the_head_can_be_answered():
    outbox, mine = Outbox(), transaction()
    begun(outbox, mine)
    first = outbox.head()
    outbox.give_up(first)
    assert outbox.given_up == [first]
    with pytest.raises(ValueError, match="head"):
        outbox.confirm(first)
