from edge.simulator.bookkeeping import Bookkeeping


def start(books, message_id="a", connector=1, started_ms=8_000, station="bay-1"):
    return books.start(
        station, message_id, connector=connector, token="AA", started_ms=started_ms, meter_start_wh=5
    )


def stop(books, number, message_id="z", ended_ms=9_000, station="bay-1"):
    books.stop(station, message_id, transaction_id=number, ended_ms=ended_ms, meter_stop_wh=9, reason="Local")


def test_numbers_are_its_own_and_never_repeat():
    books = Bookkeeping(first_id=500)
    assert [start(books, str(n), connector=n) for n in range(3)] == [500, 501, 502]


def test_a_whole_transaction_is_booked_without_remark():
    books = Bookkeeping()
    number = start(books)
    books.sample("bay-1", "b", transaction_id=number, taken_ms=8_500)
    stop(books, number)
    (booked,) = books.transactions.values()
    assert (booked.token, booked.meter_start_wh, booked.meter_stop_wh, booked.reason) == ("AA", 5, 9, "Local")
    assert books.samples == 1
    assert books.irregularities == []


def test_a_repeat_gets_the_earlier_answer_and_changes_nothing():
    books = Bookkeeping()
    number = start(books)
    stop(books, number)
    assert start(books) == number
    stop(books, number)
    assert len(books.transactions) == 1
    assert [d.is_repeat for d in books.deliveries] == [False, False, True, True]
    assert books.irregularities == []


def test_the_same_start_under_another_id_is_booked_again_and_noticed():
    books = Bookkeeping()
    assert start(books, "a") != start(books, "b")
    assert len(books.irregularities) == 1


def test_another_content_under_the_same_id_is_noticed():
    books = Bookkeeping()
    stop(books, start(books))
    start(books, started_ms=10_000)
    assert "with another content" in books.irregularities[0]


def test_the_same_id_at_another_station_is_another_message():
    books = Bookkeeping()
    assert start(books, station="bay-1") != start(books, station="bay-2")
    assert books.irregularities == []


def test_disorder_is_noticed():
    books = Bookkeeping()
    number = start(books, started_ms=10_000)
    stop(books, number, ended_ms=8_999)
    assert "came after" in books.irregularities[0]


def test_a_triggered_sample_may_overtake_the_end_of_its_transaction():
    books = Bookkeeping()
    number = start(books)
    books.sample("bay-1", "b", transaction_id=number, taken_ms=9_020)
    stop(books, number, ended_ms=9_000)
    assert books.irregularities == []


def test_what_belongs_to_no_transaction_is_noticed():
    books = Bookkeeping()
    books.sample("bay-1", "b", transaction_id=4, taken_ms=8_500)
    stop(books, 4)
    assert ["never began" in text for text in books.irregularities] == [True, True]


def test_a_foreign_stations_number_does_not_count():
    books = Bookkeeping()
    stop(books, start(books, station="bay-1"), station="bay-2")
    assert "never began" in books.irregularities[0]


def test_a_second_stop_and_a_sample_after_it_are_noticed():
    books = Bookkeeping()
    number = start(books)
    stop(books, number)
    stop(books, number, "y", ended_ms=9_001)
    books.sample("bay-1", "b", transaction_id=number, taken_ms=9_500)
    assert ["second stop" in books.irregularities[0], "had ended" in books.irregularities[1]] == [True, True]


def test_samples_outside_transactions_belong_to_no_order():
    books = Bookkeeping()
    start(books)
    books.sample("bay-1", "b", transaction_id=None, taken_ms=1)
    assert books.samples == 1
    assert books.irregularities == []
