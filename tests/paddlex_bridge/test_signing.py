"""What PaddleX unpickles comes from this server, or from callers that its operator trusts."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from hub.errors import ConfigError
from tests.paddlex_bridge.parts import asgi, indexes, module_class, signing

pytestmark = pytest.mark.unit

INDEX = {
    "flag_save_bytes_vector": True,
    "flag_too_short_text": False,
    "model_name": "embedding-v1",
    "block_size": 300,
    "vector": "PADDLEX_VECTOR_STOREgASVDAAAAAAAAACMBOWtlw==",
    "注": "字",
}


class Application:
    """PaddleX's routes around an index: one gives INDEX out, one says what it was given."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            raise RuntimeError("knows none")
        body = json.loads((await receive())["body"])
        given = INDEX if scope["path"] == "/chatocr-vector" else body.get("vectorInfo")
        reply = {"logId": "1", "errorCode": 0, "errorMsg": "Success", "result": {"vectorInfo": given}}
        if scope["path"] != "/chatocr-vector":
            reply["result"] = {"seen": given}
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": json.dumps(reply).encode()})


def served(folder: Path, *, trust_callers: bool = False) -> Any:
    """The module around that application."""
    module = module_class()
    module.endpoints = {"chatocr-vector": (), "chatocr-chat": (), "bev-3d-object-detection": ()}
    module.allow_urls, module.trust_callers, module._indexes = False, trust_callers, None
    module._application, module._signer = asgi.InProcess(Application()), signing.Signer(folder)
    return module


def given_out(module: Any) -> dict[str, Any]:
    reply: dict[str, Any] = module.call_endpoint("chatocr-vector", {"visualInfo": []})["reply"]
    index: dict[str, Any] = reply["result"]["vectorInfo"]
    return index


def chat(module: Any, index: Any) -> tuple[int, Any]:
    """Status, and what PaddleX saw of the index or why it saw nothing."""
    answer = module.call_endpoint("chatocr-chat", {"keyList": ["a"], "vectorInfo": index, "logId": "7"})
    reply = answer["reply"]
    return answer["http_status"], reply["result"]["seen"] if "result" in reply else reply["errorMsg"]


def test_an_index_comes_back_to_any_runner_as_it_was_given_out(tmp_path: Path) -> None:
    one, other = served(tmp_path), served(tmp_path)
    index = given_out(one)

    assert {name: value for name, value in index.items() if name != "signature"} == INDEX
    kept = json.loads(json.dumps(dict(reversed(index.items())), indent=1, ensure_ascii=False))
    assert chat(other, kept) == (200, INDEX)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"signature": None}, id="unsigned"),
        pytest.param({"signature": "0" * 64}, id="signed by another"),
        pytest.param({"signature": ["é"]}, id="a signature of another kind"),
        pytest.param({"signature": "é"}, id="a signature that is no hex"),
        pytest.param({"vector": "PADDLEX_VECTOR_STOREgASVpickle"}, id="another index"),
        pytest.param({"flag_save_bytes_vector": False}, id="another flag"),
        pytest.param({"more": 1}, id="something more"),
    ],
)
def test_an_index_that_was_changed_is_not_passed_on(tmp_path: Path, change: dict[str, Any]) -> None:
    module = served(tmp_path)

    status, said = chat(module, {**given_out(module), **change})

    assert status == 422
    assert "one from an earlier server must be made again" in said


@pytest.mark.parametrize("index", [{}, "PADDLEX_VECTOR_STORE", [INDEX], INDEX])
def test_what_never_was_given_out_is_not_passed_on(tmp_path: Path, index: Any) -> None:
    assert chat(served(tmp_path), index)[0] == 422


def test_a_chat_without_an_index_needs_no_signature(tmp_path: Path) -> None:
    assert chat(served(tmp_path), None) == (200, None)
    assert not list(tmp_path.iterdir())


def test_a_tar_is_unpickled_for_trusted_callers_only(tmp_path: Path) -> None:
    body = {"tar": "AAAA"}

    refused = served(tmp_path).call_endpoint("bev-3d-object-detection", body)
    answered = served(tmp_path, trust_callers=True).call_endpoint("bev-3d-object-detection", body)

    assert refused["http_status"] == 422
    assert "trust_callers" in refused["reply"]["errorMsg"]
    assert answered["http_status"] == 200


@pytest.mark.parametrize("name", ["allow_urls", "trust_callers"])
def test_a_permission_is_true_or_false(name: str) -> None:
    with pytest.raises(ConfigError, match=f"{name} = 'no'; it is true or false"):
        module_class()._initialize(pipeline="OCR", **{name: "no"})


# -- the key ---------------------------------------------------------------------------------------


def test_the_key_is_made_once_beside_the_indexes_for_its_owner_only(tmp_path: Path) -> None:
    folder = indexes.shared_folder({"type": "file_system", "directory": str(tmp_path / "indexes")})
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda _: signing.Signer(folder)._load_key(), range(32)))

    assert len(found) == 1
    (path,) = (tmp_path / "indexes").iterdir()
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("config", [None, {"type": "bos", "endpoint": "…"}])
def test_without_a_folder_of_its_own_the_key_is_where_indexes_are_by_default(config: Any) -> None:
    assert indexes.shared_folder(config) == Path(indexes.DEFAULT_FOLDER)


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    signing.Signer(tmp_path)._load_key()
    (tmp_path / signing.KEY_FILE).chmod(0o644)

    with pytest.raises(ConfigError, match="can be read by others; delete it"):
        signing.Signer(tmp_path)._load_key()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)

    with pytest.raises(ConfigError, match="cannot be kept in"):
        signing.Signer(tmp_path / "indexes")._load_key()


def test_a_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "indexes").touch()

    with pytest.raises(ConfigError, match=r"cannot be kept in .*indexes"):
        signing.Signer(tmp_path / "indexes")._load_key()
