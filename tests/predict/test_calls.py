"""A long document is several calls and one result."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hub.client.replies import Reply
from hub.errors import InvalidInputError
from hub.predict.calls import by_pages, from_endpoint, joined, page_numbers, to_endpoint
from hub.predict.job import Target, run
from tests.pictures.drawn import several
from tests.pictures.test_pages import pdf
from tests.serving.pictures import encode, plain

pytestmark = pytest.mark.unit


def animation(colours: list[int]) -> bytes:
    return several(
        *[plain(colour=(colour, 0, 0)) for colour in colours], kind="WEBP", duration=9, lossless=True
    )


@pytest.mark.parametrize(
    ("data", "numbers"),
    [
        (encode(plain()), []),
        (several(*[plain()] * 3), [0, 1, 2]),
        (pdf(1), [0]),
        (b"%PDF-1.7 no more", []),
        (b"text", []),
    ],
)
def test_pages_are_counted_before_a_file_is_sent(tmp_path: Path, data: bytes, numbers: list[int]) -> None:
    (tmp_path / "file").write_bytes(data)
    assert page_numbers(tmp_path / "file") == numbers


def test_frames_like_the_one_before_are_not_asked_for(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(animation([0, 90, 90, 180]))
    found = page_numbers(tmp_path / "file")
    assert len(found) == 3


@pytest.mark.parametrize(
    ("count", "arguments", "asked"),
    [
        (10, {}, [None]),
        (11, {}, [list(range(10)), [10]]),
        (23, {}, [list(range(10)), list(range(10, 20)), [20, 21, 22]]),
        (23, {"pages": 2}, [2]),
    ],
)
def test_a_document_is_sent_for_every_ten_of_its_pages(
    tmp_path: Path, count: int, arguments: dict[str, Any], asked: list[Any]
) -> None:
    (tmp_path / "a.tif").write_bytes(several(*[plain(4, 4)] * count))
    assert [call.get("pages") for call in by_pages(tmp_path / "a.tif", arguments)] == asked


def test_replies_for_parts_are_one_result() -> None:
    assert joined([[["a"]], [["b", "c"]]]) == [["a", "b", "c"]]
    parts = [[{"lines": [number], "image": f"{number}", "images": [f"{number}"]}] for number in (1, 2)]
    assert joined(parts) == [{"lines": [1, 2], "image": "1", "images": ["1", "2"]}]
    assert joined([{"any": 1}]) == {"any": 1}


def test_one_record_is_written_for_a_long_document(tmp_path: Path) -> None:
    (tmp_path / "a.tif").write_bytes(several(*[plain(4, 4)] * 12))
    (tmp_path / "b.png").write_bytes(encode(plain()))

    def call(arguments: Any) -> Reply:
        return Reply([[{"page": number} for number in arguments.get("pages", [])]], "a remark")

    target = Target("ocr", call, taken=("images", "pages"), images=("images",))
    job = target.job(None, {})
    long, one = run(job, [str(tmp_path / "a.tif"), str(tmp_path / "b.png")], call, concurrency=1)
    assert [line["page"] for line in long["results"][0]] == list(range(12))
    assert (long["msg"], one["results"]) == ("a remark", [[]])


def test_a_pipeline_gets_files_at_its_endpoint_and_answers_like_ocr_system(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(pdf(1))
    asked: list[Any] = []

    def call(arguments: Any) -> Reply:
        asked.append(arguments)
        page = {"rec_texts": ["a"], "rec_scores": [0.5], "rec_polys": [[[0, 0], [1, 0], [1, 1], [0, 1]]]}
        pages = [{"prunedResult": page}] * 2
        result = {"ocrResults": pages, "dataInfo": {"type": "pdf"}, "warnings": ["only 2 of 3"]}
        return Reply({"http_status": 200, "reply": {"errorCode": 0, "result": result}})

    job = Target("ocr_pipeline", call, taken=("endpoint", "body")).job(
        None, {"body": {"textRecScoreThresh": 0.1}}
    )
    (record,) = run(job, [str(tmp_path / "a.pdf")], call, concurrency=1)
    (sent,) = asked
    assert (sent["endpoint"], sent["body"]["fileType"], sent["body"]["textRecScoreThresh"]) == ("ocr", 0, 0.1)
    assert [(line["text"], line["page"]) for line in record["results"][0]] == [("a", 0), ("a", 1)]
    assert record["msg"] == "only 2 of 3"


def test_what_a_pipeline_refuses_is_an_error_and_another_pipelines_reply_is_kept() -> None:
    with pytest.raises(InvalidInputError, match="invalid"):
        from_endpoint({"http_status": 500, "reply": {"errorMsg": "settings are invalid"}})
    assert from_endpoint({"http_status": 200, "reply": {"result": {"a": 1}}}) == ({"a": 1}, "")


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(InvalidInputError, match="absent cannot be read"):
        to_endpoint(Path("absent"), {})
