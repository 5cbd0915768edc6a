import pytest

from edge.settings import Verdict, read

CHARGERS = {"heidelberg-energy-control": "box", "alfen-ng9xx": "station", "go-e-charger": "nobody"}
MODELS = {"eastron-sdm630": True, "schneider-iem3000": True, "eastron-sdm72": False}

SMALL = """\
[grid]
rating_a = 63
building_max_a = 40
"""


def judge_text(text: str) -> Verdict:
    return read(text, MODELS, chargers=CHARGERS, look_up=lambda secret: "known")


@pytest.fixture
def judge():
    """Reads the text of a site file as if all its secrets were on this machine."""
    return judge_text


@pytest.fixture(scope="session")
def judge_once():
    """The same, for properties: nothing of it lives longer than one example."""
    return judge_text


@pytest.fixture
def words(judge):
    """The (line, keyword) of every fault below a small grid whose three lines come first."""

    def words(text: str) -> list[tuple[int, str]]:
        return [(fault.line, fault.keyword) for fault in judge(SMALL + text).faults]

    return words
