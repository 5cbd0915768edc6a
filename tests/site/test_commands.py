"""How long the site waits for a charger that was told something."""

from edge.site.commands import ListedToken, Reset, SendTokens, patience_ms


def test_a_list_in_many_messages_may_take_longer_than_anything_else():
    tokens = tuple(ListedToken(token=f"T{number}") for number in range(5_000))
    assert patience_ms(Reset(charger="bay-1")) == 30_000
    assert patience_ms(SendTokens(charger="bay-1", tokens=tokens[:50])) == 30_000
    assert patience_ms(SendTokens(charger="bay-1", tokens=tokens)) == 30_000 + 50 * 5_000
