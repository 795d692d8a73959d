"""The values of a JSON text, counted before it is parsed."""

from __future__ import annotations

import json
import random
import threading

import pytest

from hub.errors import InvalidInputError
from hub.serving.gateway import json_structure
from hub.serving.gateway.json_structure import JSONBudget, count

pytestmark = pytest.mark.unit
STRINGS = ["", "a,b", "[{", '"', "\\", '\\"', '\\\\",[', 'x"[{,"y', "é,中", "\n,"]


def value(source: random.Random, depth: int) -> object:
    kind = source.randint(0, 4 if depth else 1)
    if kind == 0:
        return source.choice(STRINGS)
    if kind == 1:
        return source.choice([0, -1.5, None, True])
    items = [value(source, depth - 1) for _ in range(source.randint(0, 4))]
    return items if kind < 4 else {f"{number}{source.choice(STRINGS)}": it for number, it in enumerate(items)}


def values(parsed: object) -> int:
    """Lists and objects, and a value for each further member: what the commas stand for."""
    if not isinstance(parsed, (list, dict)):
        return 0
    inner = parsed if isinstance(parsed, list) else parsed.values()
    return 1 + max(0, len(parsed) - 1) + sum(values(item) for item in inner)


@pytest.mark.parametrize("chunk", [1, 2, 3, 7, 64, 1 << 17])
def test_what_is_in_strings_is_not_counted(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_structure, "_CHUNK", chunk)
    monkeypatch.setattr(json_structure, "_NUMPY_FROM", 0)
    source = random.Random(chunk)
    for _ in range(300):
        parsed = value(source, 4)
        text = json.dumps(parsed, ensure_ascii=False).encode()

        assert json_structure._exact_count(text, 10**6) == values(parsed), text


@pytest.mark.parametrize("skip_from", [0, 1 << 16])
def test_the_first_look_never_counts_too_few(skip_from: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_structure, "_SKIP_FROM", skip_from)
    source = random.Random(1)
    for _ in range(300):
        parsed = value(source, 4)
        text = json.dumps(parsed, ensure_ascii=False).encode()

        assert json_structure._rough_count(text) >= values(parsed), text


def test_a_text_with_many_commas_is_one_value() -> None:
    text = json.dumps({"text": "a, b" * 100_000}).encode()

    assert count(text, 1000) == 1


def test_pictures_in_base64_cost_no_values() -> None:
    pictures = ["data:image/png;base64," + "QUJD" * 100_000] * 20

    assert count(json.dumps({"images": pictures}).encode(), 1000) == 21


def test_all_texts_of_a_request_share_one_budget_and_the_refusal_names_the_setting() -> None:
    budget = JSONBudget(1000)
    budget.count(json.dumps([[]] * 300).encode())
    budget.spend(300)
    with pytest.raises(InvalidInputError, match="more than 1000 values"):
        budget.spend(200)
    with pytest.raises(InvalidInputError, match="max_json_values"):
        JSONBudget(1000).count(json.dumps([[]] * 501).encode())


def test_large_structures_are_in_memory_one_at_a_time() -> None:
    large, small = b"[" + b"0," * 20_000 + b"0]", b"[0,0]"
    entered = threading.Event()

    def another() -> None:
        with JSONBudget(10**6) as budget:
            budget.count(large)
            entered.set()

    with JSONBudget(10**6) as budget:
        budget.count(large)
        thread = threading.Thread(target=another)
        thread.start()
        with JSONBudget(10**6) as other:
            other.count(small)
            assert not entered.wait(0.1)
    thread.join(10)

    assert entered.is_set()
