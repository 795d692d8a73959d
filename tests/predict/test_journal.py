"""The folder of hub predict's results, harmed in every way that a crash or a user can."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from hub.errors import UsageError
from hub.predict.job import Job, Output
from hub.predict.journal import Journal, stamped

pytestmark = pytest.mark.unit

JOB = {"module": "m", "argument": "images", "arguments": {}}


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    names = [str(tmp_path / f"{letter}.png") for letter in "abc"]
    for name in names:
        Path(name).write_text(name)
    return names


def journal(folder: Path, *, resume: bool = True, job: dict[str, object] = JOB) -> Journal:
    return Journal(folder, job, resume=resume)


def fill(folder: Path, names: list[str]) -> None:
    with journal(folder) as opened:
        for name in names:
            opened.append({**stamped({"file": name}), "results": [name]})


def order(folder: Path) -> list[str]:
    lines = (folder / "results.jsonl").read_text().splitlines()
    return [Path(json.loads(line)["file"]).name for line in lines]


@pytest.mark.parametrize("cut", [1, 10, 40])
def test_half_a_line_at_the_end_is_cut_off_and_done_again(tmp_path: Path, files: list[str], cut: int) -> None:
    fill(tmp_path / "out", files)
    path = tmp_path / "out" / "results.jsonl"
    os.truncate(path, path.stat().st_size - cut)
    with journal(tmp_path / "out") as opened:
        assert [opened.is_done(name) for name in files] == [True, True, False]
        opened.append({**stamped({"file": files[2]}), "results": []})

    assert order(tmp_path / "out") == ["a.png", "b.png", "c.png"]


def test_lines_that_are_no_records_are_dropped_when_all_is_done(tmp_path: Path, files: list[str]) -> None:
    fill(tmp_path / "out", files)
    path = tmp_path / "out" / "results.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"\0\0\0\n" + lines[0] + b'{"half": \n[]\n' + b"".join(lines[1:]))
    with journal(tmp_path / "out") as opened:
        assert all(opened.is_done(name) for name in files)
        assert opened.arrange(files)
        assert not opened.arrange(files)

    assert path.read_bytes() == b"".join(lines)


def test_records_are_put_in_the_order_of_the_files(tmp_path: Path, files: list[str]) -> None:
    fill(tmp_path / "out", [files[2], files[0]])
    fill(tmp_path / "out", [files[1], files[0]])
    with journal(tmp_path / "out") as opened:
        opened.arrange(files)
        opened.append({"file": "d.png", "results": []})

    assert order(tmp_path / "out") == ["a.png", "b.png", "c.png", "d.png"]


def test_records_of_other_files_stay(tmp_path: Path, files: list[str]) -> None:
    fill(tmp_path / "out", files)
    with journal(tmp_path / "out") as opened:
        opened.arrange([files[0]])

    assert order(tmp_path / "out") == ["b.png", "c.png", "a.png"]


def test_a_failed_file_and_a_changed_one_are_done_again(tmp_path: Path, files: list[str]) -> None:
    fill(tmp_path / "out", files)
    with journal(tmp_path / "out") as opened:
        opened.append({**stamped({"file": files[0]}), "error": "DeadlineError: too late"})
    Path(files[1]).write_text("another picture")
    with journal(tmp_path / "out") as opened:
        assert [opened.is_done(name) for name in files] == [False, False, True]


def test_the_folder_of_another_job_is_refused_and_begun_anew_on_demand(
    tmp_path: Path, files: list[str]
) -> None:
    fill(tmp_path / "out", files)
    other = {**JOB, "arguments": {"visualize": True}}
    with pytest.raises(UsageError, match=r'another job, m with images and \{\}, .*"visualize": true'):
        journal(tmp_path / "out", job=other)
    with journal(tmp_path / "out", job=other, resume=False) as opened:
        assert not opened.is_done(files[0])

    assert order(tmp_path / "out") == []


def test_two_jobs_in_one_folder_at_a_time_are_refused(tmp_path: Path) -> None:
    with journal(tmp_path / "out"), pytest.raises(UsageError, match="another hub predict"):
        journal(tmp_path / "out")
    with journal(tmp_path / "out"):
        pass


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match=r"--output .*file/out: Not a directory; choose another folder"):
        journal(tmp_path / "file" / "out")


@pytest.mark.parametrize("format", ["json", "csv", "txt"])
def test_a_file_whose_name_is_no_utf_8_is_written_like_others(tmp_path: Path, format: str) -> None:
    name = os.fsdecode(b"bad\xff.png")
    for _ in range(2):  # the second time from the records of the first
        with Output(tmp_path, Job("m", "images", "image", False, {}), format, resume=True) as output:
            if not output.is_done(name):
                output.add({"file": name, "results": [[{"text": "x"}]]})
            output.finish([name])
        assert output.path is not None
        assert "bad\\udcff.png" in output.path.read_text()
