from __future__ import annotations

from pathlib import Path

import pytest

from hub.errors import PayloadTooLargeError, UnavailableError
from hub.serving.gateway.spool import BodyDigest, Spool
from hub.serving.messages.jobs_dir import JobsDir

pytestmark = pytest.mark.unit


def spool(folder: Path, limit: int = 1000) -> Spool:
    return Spool(JobsDir(folder / "8866"), limit, "application/json")


def digest(data: bytes, content_type: str, cut: int) -> str:
    made = BodyDigest(content_type)
    for start in range(0, len(data), cut):
        made.update(data[start : start + cut])
    return made.hexdigest()


def form(boundary: str, content: str = "content") -> tuple[bytes, str]:
    text = f'--{boundary}\r\nContent-Disposition: form-data; name="a"\r\n\r\n{content}\r\n--{boundary}--\r\n'
    return text.encode(), f"multipart/form-data; boundary={boundary}"


@pytest.mark.parametrize("cut", [1, 7, 64, 1000])
def test_a_form_is_the_same_whatever_its_boundary(cut: int) -> None:
    assert digest(*form("abcdefgh"), cut) == digest(*form("another-one"), 1000)
    assert digest(*form("abcdefgh"), cut) != digest(*form("abcdefgh", "other"), cut)


def test_a_body_of_another_type_is_another_body() -> None:
    assert digest(b"{}", "application/json", 1) != digest(b"{}", "image/png", 1)
    assert digest(b"{}", "application/json", 1) == digest(b"{}", "application/json", 2)


def test_bytes_go_to_a_private_file_as_they_come(tmp_path: Path) -> None:
    body = spool(tmp_path)
    body.write(b"one")
    body.write(b"two")
    assert body.path.read_bytes() == b"onetwo"
    assert body.path.stat().st_mode & 0o777 == 0o600
    body.discard()
    assert not body.path.exists()


def test_a_file_that_was_taken_over_stays(tmp_path: Path) -> None:
    body = spool(tmp_path)
    body.write(b"one")
    taken = body.path.replace(tmp_path / "taken")
    body.discard()
    assert taken.read_bytes() == b"one"


def test_a_body_over_max_job_mb_is_refused(tmp_path: Path) -> None:
    body = spool(tmp_path, limit=5)
    with pytest.raises(PayloadTooLargeError, match="max_job_mb"):
        body.write(b"123456")


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "8866").write_text("a file")
    with pytest.raises(UnavailableError, match="8866"):
        spool(tmp_path)
