"""Which requests are the same as one that killed its runners."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

from hub.errors import PoisonError
from hub.serving.gateway import quarantine
from hub.serving.gateway.body import Body
from hub.serving.gateway.quarantine import Quarantine
from hub.serving.messages.state import FRESH_SECONDS, READY, ModuleState

pytestmark = pytest.mark.unit

MODULE = ModuleState("mine", "1", READY, generation=1)
BODY = Body(b'{"a": 1}', {"images": [b"one", b"two"], "mask": b"three"}, "ocr", {"file": b"four"})


@pytest.fixture
def poisoned() -> Quarantine:
    found = Quarantine()
    found.add(MODULE, BODY)
    return found


def test_the_same_content_is_refused(poisoned: Quarantine) -> None:
    with pytest.raises(PoisonError):
        poisoned.check(MODULE, replace(BODY))


@pytest.mark.parametrize(
    "other",
    [
        replace(BODY, arguments=b'{"a": 2}'),
        replace(BODY, images={"images": [b"one"], "mask": b"three"}),
        replace(BODY, images={"images": [b"one", b"TWO"], "mask": b"three"}),
        replace(BODY, endpoint="table"),
        replace(BODY, method="other"),
        replace(BODY, files={"file": b"FOUR"}),
        replace(BODY, files={}),
        replace(BODY, images={"images": [b"onet", b"wo"], "mask": b"three"}),
        replace(BODY, images={"images": [b"one", b"two", b"mask", b"three"]}),
        replace(BODY, images={"images": [b"one", b"two"], "mask": [b"three"]}),
        replace(BODY, images={"images": [b"one", b"two"]}, files={"mask": b"three", "file": b"four"}),
        replace(BODY, endpoint="oc", arguments=b'r{"a": 1}'),
    ],
)
def test_other_content_is_let_through(poisoned: Quarantine, other: Body) -> None:
    poisoned.check(MODULE, other)


@pytest.mark.parametrize("module", [replace(MODULE, name="other"), replace(MODULE, generation=2)])
def test_another_module_or_its_next_generation_gets_the_request(
    poisoned: Quarantine, module: ModuleState
) -> None:
    poisoned.check(module, BODY)


def test_a_request_is_let_through_again_when_its_time_is_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quarantine, "QUARANTINE_SECONDS", 0.0)
    over = Quarantine()
    over.add(MODULE, BODY)

    over.check(MODULE, BODY)


def test_what_one_process_refuses_all_refuse(tmp_path: Path) -> None:
    here, there = Quarantine(tmp_path / "quarantine"), Quarantine(tmp_path / "quarantine")
    there.check(MODULE, BODY)
    here.add(MODULE, BODY)
    time.sleep(FRESH_SECONDS)

    with pytest.raises(PoisonError):
        there.check(MODULE, BODY)
    with pytest.raises(PoisonError):  # one that is started later
        Quarantine(tmp_path / "quarantine").check(MODULE, BODY)


def test_entries_whose_time_is_up_are_removed_with_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quarantine, "QUARANTINE_SECONDS", -1.0)
    here = Quarantine(tmp_path)
    here.add(MODULE, BODY)
    monkeypatch.undo()
    here.add(MODULE, replace(BODY, arguments=b"{}"))

    assert len(list(tmp_path.iterdir())) == 1
    Quarantine(tmp_path).check(MODULE, BODY)


def test_a_folder_that_cannot_be_made_leaves_a_quarantine_of_this_process(tmp_path: Path) -> None:
    here = Quarantine(tmp_path / "absent" / "quarantine")
    here.add(MODULE, BODY)

    with pytest.raises(PoisonError):
        here.check(MODULE, BODY)
