from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest

from hub.errors import InvalidInputError, UnauthorizedError
from hub.serving.gateway.auth import KeyRing
from hub.serving.gateway.job_pages import JobPage, JobPages
from hub.serving.messages.jobs import OWNER, PAGE, PATIENCE, TOKEN
from hub.serving.messages.manifest import Manifest
from hub.serving.messages.run_dir import RunDir
from tests.serving.gateway import apps

pytestmark = pytest.mark.unit


@pytest.fixture
def pages(tmp_path: Path) -> JobPages:
    (tmp_path / "token").write_text("secret")
    (tmp_path / "keys").write_text("anna: 0123456789abcdef\n")
    return JobPages(tmp_path / "token", KeyRing.of(tmp_path / "keys"))


def test_a_request_with_the_token_is_a_page_of_its_owners_job(pages: JobPages) -> None:
    assert pages.found({TOKEN: "secret", OWNER: "anna", PAGE: "2/7"}) == JobPage("anna", 2, 7)
    assert pages.found({TOKEN: "secret", OWNER: "anna", PAGE: "2"}) == JobPage("anna", 2)
    assert pages.found({TOKEN: "secret", PATIENCE: "1.5"}) == JobPage("", patience=1.5)


@pytest.mark.parametrize(
    "headers", [{}, {TOKEN: "guess"}, {TOKEN: ""}, {OWNER: "anna", PAGE: "1"}, {TOKEN: "ü"}]
)
def test_every_other_request_is_none(pages: JobPages, headers: dict[str, str]) -> None:
    assert pages.found(headers) is None


def test_without_a_token_in_the_run_dir_nothing_is(tmp_path: Path) -> None:
    assert JobPages(tmp_path / "token", KeyRing({})).found({TOKEN: ""}) is None
    assert JobPages(tmp_path / "token", KeyRing({})).found({TOKEN: "secret"}) is None


def test_a_key_that_was_taken_away_ends_its_jobs(pages: JobPages) -> None:
    with pytest.raises(UnauthorizedError, match="'ben'"):
        pages.found({TOKEN: "secret", OWNER: "ben"})


def test_a_number_that_is_none_is_refused(pages: JobPages) -> None:
    with pytest.raises(InvalidInputError, match="ITEM/PAGE"):
        pages.found({TOKEN: "secret", PAGE: "a/b"})


@pytest.mark.parametrize("owner", ["anna", "王", "Müller & Söhne", "a/b%20"])
def test_an_owner_may_have_any_name(pages: JobPages, tmp_path: Path, owner: str) -> None:
    keyed = JobPages(tmp_path / "token", KeyRing({owner: "0123456789abcdef"}))
    assert keyed.found({TOKEN: "secret", OWNER: quote(owner)}) == JobPage(owner)


@pytest.mark.parametrize("path", ["/predict/echo", "/predict/echo/more", "/ocr"])
def test_a_page_lets_others_go_first_on_every_route(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path / "metrics"))
    more = replace(apps.MODULES["echo"].manifest, methods={"more": Manifest(method="more")})
    door = apps.make(tmp_path, apps.MODULES | {"echo": replace(apps.MODULES["echo"], manifest=more)})
    RunDir(tmp_path).jobs_token.write_text("secret")
    waited = []
    monkeypatch.setattr(
        door.gateway.admission, "let_others_go_first", lambda *told: waited.append(told) or 0.0
    )
    for headers in ({}, {TOKEN: "secret", PATIENCE: "1.5"}):
        assert door.client.post(path, json={"a": 1}, headers=headers).status_code == 200
    assert waited == [("pipeline" if path == "/ocr" else "echo", 1.5)]
