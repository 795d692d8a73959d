"""What doc/paddlex.md says of the comparison with PaddleX's own server, and of limits, is so."""

from __future__ import annotations

import re
from typing import Any

import pytest

from hub.paddlex.names import PIPELINES as KNOWN
from hub.serving.config.server_config import ServingConfig
from tests.paddlex_bridge.test_each_pipeline import ALL
from tests.paddlex_bridge.test_not_served import CARDS_ONLY, NO_SERVER
from tests.paddlex_bridge.test_with_paddlex import READS, TAGGINGS
from tests.paddlex_bridge.tiny_dialogues import DIALOGUES, Dialogue
from tests.serving.running import ROOT

pytestmark = pytest.mark.unit

#: Pipelines that PaddleX cannot serve on a CPU → its own reason.
NOT_SERVED = {"3d_bev_detection": CARDS_ONLY, "text_to_speech": NO_SERVER}


class AnyResult(dict[str, Any]):
    """A result of which a dialogue may use any key."""

    def __missing__(self, _: str) -> list[Any]:
        return []


def length(dialogue: Dialogue) -> int:
    """Count the requests of a dialogue."""
    asked = []

    def ask(what: str, *_: Any) -> dict[str, Any]:
        asked.append(what)
        return AnyResult()

    dialogue.talk(ask)
    assert len(set(asked)) == len(asked)
    return len(asked)


@pytest.fixture(scope="module")
def bodies() -> dict[str, dict[str, int]]:
    """How many bodies of each pipeline are compared, by the file of the test."""
    return {
        "test_each_pipeline": {name: len(tiny.bodies()) for name, tiny in ALL.items()},
        "test_dialogues": {name: length(dialogue) for name, dialogue in DIALOGUES.items()},
        "test_with_paddlex": {"OCR": len(READS), "image_multilabel_classification": len(TAGGINGS)},
    }


@pytest.fixture(scope="module")
def section() -> str:
    page = (ROOT / "doc" / "paddlex.md").read_text("utf-8")
    return page.partition("### Compared with PaddleX's own server")[2].partition("\n### ")[0]


def test_every_pipeline_is_compared_or_cannot_be_served_on_a_cpu(bodies: Any) -> None:
    compared = [name for each in bodies.values() for name in each]

    assert sorted([*compared, *NOT_SERVED]) == sorted(KNOWN)


def test_the_page_has_the_number_of_bodies_of_each_pipeline(bodies: Any, section: str) -> None:
    for test, numbers in bodies.items():
        rows = "".join(line for line in section.splitlines() if f"| `{test}` |" in line)
        assert {name: int(count) for name, count in re.findall(r"`([\w.-]+)` (\d+)", rows)} == numbers


def test_the_page_has_the_sums(bodies: Any, section: str) -> None:
    sums = {test: sum(numbers.values()) for test, numbers in bodies.items()}

    assert re.findall(r"(\d+) of \1 in `(\w+)`", section) == [(str(sums[test]), test) for test in sums]
    whole = sum(sums.values())
    assert f"{whole} of {whole} bodies" in section


@pytest.mark.parametrize("name", NOT_SERVED)
def test_the_page_has_paddlexs_reason(section: str, name: str) -> None:
    assert re.search(rf"\| `{name}` \| `{re.escape(NOT_SERVED[name])}`", section)


def test_the_table_of_differences_has_the_limits_that_a_video_meets_first() -> None:
    page = (ROOT / "doc" / "paddlex.md").read_text("utf-8")
    table = page.partition("### Differences from PaddleX's own server")[2].partition("\n### ")[0]
    limits = ServingConfig.model_fields

    assert f"above {limits['max_body_mb'].default:g} MB it is 413; `max_body_mb` raises it" in table
    assert f"after {limits['timeout'].default:g} s it is 504; `timeout` raises it" in table
