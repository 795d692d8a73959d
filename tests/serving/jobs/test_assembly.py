from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence

import pytest

from hub.serving.jobs import assembly
from hub.serving.jobs.assembly import NotPerItemError
from hub.serving.jobs.page_table import FinishedPage, PageOutline
from hub.serving.messages.job_inputs import PageInput, Plan

pytestmark = pytest.mark.unit
IMAGES = Plan("images", "{}", in_files=True)


def page(
    number: int,
    results: object = None,
    item: int = 0,
    of: int | None = None,
    error: str = "",
    remarks: str = "",
) -> FinishedPage:
    data = b"" if error else json.dumps(results).encode()
    return FinishedPage(number, PageInput(item, of), data, remarks, error)


def outlines(pages: Sequence[FinishedPage]) -> list[PageOutline]:
    return [
        PageOutline(page.number, page.input, page.results[:2], page.remarks, page.error) for page in pages
    ]


def pieces(
    pages: Sequence[FinishedPage], plan: Plan = IMAGES, note: Callable[[int], None] = lambda _: None
) -> Iterator[bytes]:
    """The result in pieces; ``note`` is told which pages are read."""
    found = {page.number: page.results for page in pages}

    def read(number: int) -> bytes:
        note(number)
        return found[number]

    return assembly.whole(plan, outlines(pages), read)


def whole(*pages: FinishedPage, plan: Plan = IMAGES) -> tuple[object, str]:
    return json.loads(b"".join(pieces(pages, plan))), assembly.remarks(outlines(pages))


def test_items_are_a_list_in_order() -> None:
    assert whole(page(0, "a", 0), page(1, "b", 1)) == (["a", "b"], "")


def test_the_pages_of_a_document_are_one_list() -> None:
    found = whole(
        page(0, [{"page": 0}], of=0), page(1, [{"page": 1}, {"page": 1}], of=1), page(2, "x", item=1)
    )
    assert found == ([[{"page": 0}, {"page": 1}, {"page": 1}], "x"], "")


def test_objects_of_pages_are_joined_by_their_lists() -> None:
    first = {"lines": [1], "image": "p0", "images": ["p0"]}
    second = {"lines": [2], "image": "p1", "images": ["p1"]}
    joined = {"lines": [1, 2], "image": "p0", "images": ["p0", "p1"]}
    assert whole(page(0, first, of=0), page(1, [], of=1), page(2, second, of=2)) == ([joined], "")


def test_results_that_cannot_be_joined_stay_by_page() -> None:
    found, _ = whole(page(0, 3, of=4), page(1, 5, of=5))
    assert found == [[{"page": 4, "results": 3}, {"page": 5, "results": 5}]]


def test_a_page_that_was_given_up_is_an_entry_in_its_place() -> None:
    found, remarks = whole(page(0, [1], of=0), page(1, error="no", of=1), page(2, [3], of=2))
    assert found == [[1, {"page": 1, "error": "no"}, 3]]
    assert remarks == "page 1 of the job failed: no"
    assert whole(page(0, "a"), page(1, error="no", item=1))[0] == ["a", {"error": "no"}]


def test_errors_of_pages_whose_results_are_objects_are_beside_them() -> None:
    found, _ = whole(page(0, {"lines": [1]}, of=0), page(1, error="no", of=1))
    assert found == [{"lines": [1], "errors": [{"page": 1, "error": "no"}]}]


def test_a_document_all_of_whose_pages_failed_is_its_errors() -> None:
    assert whole(page(0, error="no", of=0))[0] == [[{"page": 0, "error": "no"}]]


def test_a_body_that_was_sent_whole_has_its_results_as_they_came() -> None:
    assert whole(page(0, {"sum": 1.50}), plan=Plan()) == ({"sum": 1.5}, "")


def test_remarks_are_told_once_each_in_order() -> None:
    assert whole(page(0, 1, remarks="b"), page(1, 2, 1, remarks="a"), page(2, 3, 2, remarks="b"))[1] == "b; a"


@pytest.mark.parametrize("results", [b"[]", b"[1, 2]", b'{"a": 1}', b"7"])
def test_a_module_that_gives_no_result_for_each_item_is_told_so(results: bytes) -> None:
    with pytest.raises(NotPerItemError, match="not a list of one"):
        assembly.page_result(IMAGES, results)


def test_a_line_of_ndjson_has_the_page_and_its_results() -> None:
    assert json.loads(assembly.line(page(3, ["x"], remarks="dark"))) == {
        "page": 3,
        "msg": "dark",
        "results": ["x"],
    }
    assert json.loads(assembly.line(page(4, error="no"))) == {"page": 4, "error": "no"}


@pytest.mark.parametrize("number", ["123456789012345678901234567890", "-18446744073709551617", "1e22"])
def test_numbers_stay_as_they_are(number: str) -> None:
    results = f"[{number}]".encode()
    assert assembly.page_result(Plan("texts"), b" [ %b ]\n" % number.encode()) == number.encode()
    assert assembly.page_result(Plan("texts"), b"[%b]" % results) == results
    alone, of_document = PageInput(0), PageInput(1, 0)
    pages = [FinishedPage(0, alone, results, "", ""), FinishedPage(1, of_document, results, "", "")]
    found = b"".join(pieces(pages))
    assert found.startswith(b"[%b," % results)
    assert json.loads(found) == [json.loads(results)] * 2


@pytest.mark.parametrize("of_document", [False, True])
@pytest.mark.parametrize(
    "result", [["x"], {"lines": ["x"], "size": 1}, 7], ids=["lists", "objects", "numbers"]
)
def test_a_page_is_read_when_its_turn_has_come_and_not_before(of_document: bool, result: object) -> None:
    read: list[int] = []
    count = 50
    pages = [page(number, result, 0 if of_document else number, number) for number in range(count)]
    found = pieces(pages, note=read.append)
    sizes = []
    for piece in found:
        assert len(set(read)) <= len(sizes) + 1  # a page at most for each piece
        sizes.append(len(piece))
    assert set(read) == set(range(count))
    assert max(sizes) < 100


def test_objects_are_joined_as_they_are_whatever_stands_in_them() -> None:
    first = b'{ "a\\"b" : [ 1e400, {"c": "}]"} ] ,"n":123456789012345678901234567890 ,"none":[]}'
    second = b'{"a\\"b":[],"other":[9]}'
    third = b'{"a\\"b":["\xe4\xbd\xa0"]}'
    pages = [
        FinishedPage(number, PageInput(0, number), results, "", "")
        for number, results in enumerate((first, second, third))
    ]
    assert b"".join(pieces(pages)) == (
        b'[{"a\\"b":[1e400, {"c": "}]"},"\xe4\xbd\xa0"],"n":123456789012345678901234567890,"none":[]}]'
    )


def test_an_object_without_members_joins_others() -> None:
    assert whole(page(0, {}, of=0), page(1, {"a": [1]}, of=1))[0] == [{}]
    assert whole(page(0, {}, of=0), page(1, error="no", of=1))[0] == [
        {"errors": [{"page": 1, "error": "no"}]}
    ]


def test_a_page_without_entries_leaves_no_gap_in_a_list() -> None:
    assert whole(page(0, [], of=0), page(1, [1], of=1), page(2, [], of=2), page(3, [2], of=3))[0] == [[1, 2]]
    assert whole(page(0, [], of=0))[0] == [[]]
