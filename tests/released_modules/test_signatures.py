"""What the comparison of a release's names with today's finds, and what it lets pass."""

from __future__ import annotations

import pytest

from tests.released_modules.signatures import problems

pytestmark = pytest.mark.unit

OLD = [
    "a | positional or keyword | required",
    "b | positional or keyword | optional",
    "c | keyword-only | optional",
]


def compared(call: list[str], before: list[str] = OLD) -> list[str]:
    records = ({"names": {"f": {"kind": "function", "call": each}}, "types": {}} for each in (before, call))
    return problems(*records)


@pytest.mark.parametrize(
    ("call", "problem"),
    [
        (OLD[1:], "f: the parameter a is gone"),
        ([*OLD, "d | keyword-only | required"], "f: d is new and required"),
        (
            [OLD[0], "b | keyword-only | optional", OLD[2]],
            "f: b was positional or keyword and is keyword-only",
        ),
        ([OLD[0], OLD[1].replace("optional", "required"), OLD[2]], "f: b is required now"),
        ([OLD[1], OLD[0], OLD[2]], "f: its positions were ['a', 'b'] and are ['b', 'a']"),
        (
            ["x | positional or keyword | optional", *OLD],
            "f: its positions were ['a', 'b'] and are ['x', 'a', 'b']",
        ),
    ],
)
def test_a_call_that_is_refused_now_is_found(call: list[str], problem: str) -> None:
    assert compared(call) == [problem]


@pytest.mark.parametrize(
    "call",
    [
        OLD,
        [*OLD, "d | keyword-only | optional"],
        [*OLD[:2], "d | positional or keyword | optional", OLD[2]],
        [*OLD[:2], "c | positional or keyword | optional"],
        [*OLD[:2], "more | variadic keyword | optional"],
    ],
)
def test_a_call_that_accepts_more_is_none_the_worse(call: list[str]) -> None:
    assert compared(call) == []


def test_a_name_that_is_gone_or_something_else_is_found() -> None:
    released = {"names": {"f": {"kind": "function"}, "g": {"kind": "function"}}, "types": {}}
    today = {"names": {"g": {"kind": "value"}}, "types": {}}

    assert problems(released, today) == ["f is gone", "g was a function and is a value"]


def test_a_value_that_is_not_allowed_any_more_is_found() -> None:
    records = (
        {"names": {"Kind": {"kind": "values", "values": each}}, "types": {}} for each in (["a", "b"], ["b"])
    )

    assert problems(*records) == ["Kind does not allow 'a' any more"]


def test_a_returned_class_may_have_another_name_but_keeps_its_members_and_bases() -> None:
    def record(name: str, *members: str, base: str) -> dict[str, object]:
        described = {"bases": [base], "members": {member: {"types": []} for member in members}}
        return {"names": {"f": {"kind": "function", "types": [name]}}, "types": {name: described}}

    old = record("Page", "boxes", "lines", base="HubError")

    assert problems(old, record("Sheet", "boxes", "lines", "more", base="HubError")) == []
    assert problems(old, record("Page", "boxes", base="Exception")) == [
        "Page is not a HubError any more",
        "Page.lines is gone",
    ]
