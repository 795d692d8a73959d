"""What the words after ``hub install`` mean."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.errors import InvalidModuleError
from hub.registry.sources.http import file_name
from hub.registry.sources.specifier import Address, Named, parse
from tests.registry.archives import tar

pytestmark = pytest.mark.unit

DIGEST = "a" * 64


@pytest.fixture(autouse=True)
def working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_names() -> None:
    assert parse("my-module") == Named("my-module")
    assert parse("lac==1.1.0") == Named("lac", "1.1.0")


def test_what_exists_wins_over_a_name(working_directory: Path) -> None:
    folder = working_directory / "my_module"
    folder.mkdir()
    (folder / "module.py").touch()
    assert parse("my_module") == Path("my_module")
    assert parse("my_module/") == Path("my_module")
    archive = tar(working_directory / "thing", ("module.py", b""))
    assert parse("thing") == Path(archive.name)


def test_a_folder_that_hides_a_known_name_and_is_no_module_says_so(working_directory: Path) -> None:
    (working_directory / "ocr_det").mkdir()
    with pytest.raises(InvalidModuleError, match="is a folder here, and not a module"):
        parse("ocr_det")


@pytest.mark.parametrize("given", ["./nothing", "deploy/nothing/", "~/nothing", "nothing.tar.gz", "a b"])
def test_a_path_that_is_not_there_is_never_a_name(given: str) -> None:
    with pytest.raises(InvalidModuleError, match="does not exist"):
        parse(given)


def test_a_mistyped_path_names_the_one_that_may_be_meant(working_directory: Path) -> None:
    folder = working_directory / "src" / "my_module"
    folder.mkdir(parents=True)
    (folder / "module.py").touch()
    with pytest.raises(InvalidModuleError, match="Did you mean: hub install src/my_module/"):
        parse("src/my_modul")


def test_the_documents_path_without_their_checkout_names_the_module_that_comes_along() -> None:
    with pytest.raises(InvalidModuleError, match=r"does not exist\. Did you mean: hub install ocr_system"):
        parse("deploy/hubserving/ocr_system/")


def test_an_address_needs_a_digest() -> None:
    with pytest.raises(InvalidModuleError, match="--sha256 DIGEST"):
        parse("https://example.org/a.tar.gz")
    expected = Address("https://example.org/a.tar.gz", DIGEST)
    assert parse("https://example.org/a.tar.gz", sha256=DIGEST) == expected
    assert parse(f"https://example.org/a.tar.gz#sha256={DIGEST}") == expected


@pytest.mark.parametrize("given", ["ftp://example.org/a.zip", "git+https://example.org/a", "file:///a.zip"])
def test_other_addresses_are_refused(given: str) -> None:
    with pytest.raises(InvalidModuleError, match="only http and https"):
        parse(given, sha256=DIGEST)


def test_a_digest_must_be_one_and_belong_to_an_archive() -> None:
    with pytest.raises(InvalidModuleError, match="64 hexadecimal digits"):
        parse("https://example.org/a.tar.gz", sha256="abc")
    with pytest.raises(InvalidModuleError, match="checksum of an archive"):
        parse("lac", sha256=DIGEST)


@pytest.mark.parametrize(
    ("url", "name"),
    [("https://a.org/x/b.zip?c=1", "b.zip"), ("https://a.org/..", "download"), ("https://a.org/x%2F", "x")],
)
def test_the_file_name_of_an_address_stays_in_its_folder(url: str, name: str) -> None:
    assert file_name(url) == name
