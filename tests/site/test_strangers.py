"""Stations without a place: what the first sentence of the page makes of them."""

from edge.site.events import LinkChanged, StrangerHeld
from edge.site.strangers import Strangers


def tell(strangers, kind, station, **fields):
    strangers.report(kind(charger=station, at_ms=0, seen_ms=0, **fields), 0)


def test_where_all_is_well_who_waits_is_told():
    strangers = Strangers("wait")
    assert strangers.headline("fine", "8 bays free.") == ("fine", "8 bays free.")
    tell(strangers, LinkChanged, "AL-1", is_up=True, address="10.0.0.1")
    assert strangers.headline("fine", "8 bays free.") == ("know", "AL-1 waits for a place. 8 bays free.")
    tell(strangers, LinkChanged, "AL-2", is_up=True, address="10.0.0.2")
    said = strangers.headline("fine", "8 bays free.")
    assert said == ("know", "2 new chargers wait for a place. 8 bays free.")


def test_other_trouble_is_not_talked_over_but_by_what_nobody_counts():
    strangers = Strangers("wait")
    tell(strangers, LinkChanged, "AL-1", is_up=True, address="10.0.0.1")
    assert strangers.headline("know", "bay-1: silent.") == ("know", "bay-1: silent.")
    tell(strangers, StrangerHeld, "AL-1", refusal="it has no SmartCharging")
    severity, sentence = strangers.headline("know", "bay-1: silent.")
    assert severity == "act"
    assert sentence == (
        "AL-1: New charger: may draw up to 32 A where nobody counts it. "
        "It refuses 0 A: it has no SmartCharging."
    )
    assert strangers.headline("act", "bay-1: fault.") == ("act", "bay-1: fault.")


def test_who_left_is_forgotten():
    strangers = Strangers("wait")
    tell(strangers, LinkChanged, "AL-1", is_up=True, address="10.0.0.1")
    tell(strangers, LinkChanged, "AL-1", is_up=False)
    assert strangers.rows() == ()
