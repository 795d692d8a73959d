"""Each error's HTTP code, headers and body, in the form of the protocol that was spoken."""

from __future__ import annotations

import errno
import json
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import EnvironBuilder

from hub import errors
from hub.serving.gateway.caller import CallerLeft
from hub.serving.gateway.wsgi import Unreceived
from tests.serving.gateway import apps
from tests.serving.gateway.apps import Door

pytestmark = pytest.mark.unit

#: Class → HTTP code, and the envelope's status; PaddleX has 422 where the others have 400.
CODES = {
    errors.RequestError: (400, "101"),
    errors.InvalidInputError: (400, "101"),
    errors.BindingError: (400, "101"),
    errors.NotJSONError: (400, "112"),
    errors.UnauthorizedError: (401, "101"),
    errors.ForbiddenError: (403, "101"),
    errors.UnknownModuleError: (404, "111"),
    errors.UnknownJobError: (404, "101"),
    errors.BodyTimeoutError: (408, "101"),
    errors.ConflictError: (409, "101"),
    errors.PayloadTooLargeError: (413, "101"),
    errors.MediaTypeError: (415, "101"),
    errors.TooManyJobsError: (429, "101"),
    errors.ModuleRaisedError: (500, "101"),
    errors.PoisonError: (500, "101"),
    errors.NotOfferedError: (501, "101"),
    errors.RunnerLostError: (502, "101"),
    errors.UnavailableError: (503, "101"),
    errors.QueueFullError: (503, "101"),
    errors.DeadlineError: (504, "101"),
    errors.StorageFullError: (507, "101"),
}
each_error = pytest.mark.parametrize(("error", "code", "status"), [(e, *c) for e, c in CODES.items()])

INFER = {"inputs": [{"name": "texts", "datatype": "BYTES", "shape": [1], "data": ["a"]}]}


def predict(door: Door, **request: Any) -> tuple[int, Any]:
    return door.json("POST", "/predict/echo", **{"json": {"texts": ["a"]}, **request})


# -- the three forms -------------------------------------------------------------------------------


def test_every_error_of_a_request_is_in_the_table() -> None:
    def below(cls: type[errors.RequestError]) -> set[type[errors.RequestError]]:
        return {cls}.union(*(below(each) for each in cls.__subclasses__()))

    ours = {found for found in below(errors.RequestError) if found.__module__ == errors.__name__}
    assert ours == set(CODES)


@each_error
def test_predict_answers_an_error_with_its_code_and_the_envelope(
    door: Door, error: type[errors.RequestError], code: int, status: str
) -> None:
    door.dispatched.error = error("that is why")

    assert predict(door) == (code, {"msg": "that is why", "results": "", "status": status})


@each_error
def test_v2_answers_an_error_with_its_code_and_an_object_error(
    door: Door, error: type[errors.RequestError], code: int, status: str
) -> None:
    door.dispatched.error = error("that is why")

    assert door.json("POST", "/v2/models/echo/infer", json=INFER) == (code, {"error": "that is why"})


@each_error
def test_an_endpoint_answers_an_error_in_paddlexs_form_with_paddlexs_code(
    door: Door, error: type[errors.RequestError], code: int, status: str
) -> None:
    door.dispatched.error = error("that is why")
    found, body = door.json("POST", "/ocr", json={"logId": "mine"})
    expected = 422 if code == 400 else code

    assert (found, body["errorCode"], body["logId"]) == (expected, expected, "mine")
    assert body["errorMsg"] == ("Internal server error: that is why" if code == 500 else "that is why")


def test_without_a_log_id_of_its_own_an_error_of_an_endpoint_has_the_requests_id(door: Door) -> None:
    door.dispatched.error = errors.DeadlineError("too late")
    _, body = door.json("POST", "/ocr", json={}, headers={"X-Request-ID": "r-7"})

    assert body["logId"] == "r-7"


@each_error
def test_a_header_names_the_class(
    door: Door, error: type[errors.RequestError], code: int, status: str
) -> None:
    door.dispatched.error = error("that is why")
    reply = door.client.post("/predict/echo", json={})

    assert reply.headers["X-Hub-Error"] == error.__name__


@pytest.mark.parametrize("path", ["/predict/echo", "/ocr", "/v2/models/echo/infer"])
def test_retry_after_is_told_by_every_protocol(door: Door, path: str) -> None:
    door.dispatched.error = errors.QueueFullError("full", retry_after=3)
    reply = door.client.post(path, json=INFER if path.startswith("/v2") else {})

    assert (reply.status_code, reply.headers["Retry-After"]) == (503, "3")


def test_a_caller_that_left_is_answered_by_nothing_but_a_code_for_the_log(door: Door) -> None:
    door.dispatched.error = CallerLeft()
    reply = door.client.post("/predict/echo", json={})

    assert (reply.status_code, reply.data) == (499, b"")


def test_an_unexpected_error_is_500_and_shows_nothing_of_the_server(door: Door) -> None:
    door.dispatched.error = KeyError("secret")
    code, body = predict(door)

    assert (code, body["status"]) == (500, "101")
    assert "secret" not in body["msg"]
    assert "the server's log has the details" in body["msg"]


def test_a_server_without_descriptors_asks_to_try_again(door: Door) -> None:
    door.dispatched.error = OSError(errno.EMFILE, "Too many open files")
    reply = door.client.post("/predict/echo", json={})

    assert (reply.status_code, reply.headers["Retry-After"]) == (503, "1")


# -- PaddleHub 2.x ---------------------------------------------------------------------------------


@pytest.fixture
def door_2x(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Door:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path / "metrics"))
    return apps.make(tmp_path, status_style="2.x")


@each_error
def test_with_status_style_2_x_what_paddlehub_knew_comes_with_200(
    door_2x: Door, error: type[errors.RequestError], code: int, status: str
) -> None:
    known = {
        errors.BindingError,
        errors.InvalidInputError,
        errors.ModuleRaisedError,
        errors.NotJSONError,
        errors.UnknownModuleError,
    }
    door_2x.dispatched.error = error("that is why")
    found, body = predict(door_2x)

    assert (found, body["status"]) == (200 if error in known else code, status)


def test_with_status_style_2_x_the_other_protocols_keep_their_codes(door_2x: Door) -> None:
    door_2x.dispatched.error = errors.BindingError("no such argument")

    assert door_2x.json("POST", "/v2/models/echo/infer", json=INFER)[0] == 400
    assert door_2x.json("POST", "/ocr", json={})[0] == 422


# -- what is not there -----------------------------------------------------------------------------


def test_a_path_that_nobody_serves_is_404_with_where_predictions_are(door: Door) -> None:
    code, body = door.json("GET", "/nothing/here")

    assert (code, body["status"]) == (404, "101")
    assert body["msg"] == "there is nothing at /nothing/here; predictions are at POST /predict/<module>"


@pytest.mark.parametrize("path", ["/predict/echo/", "/health/ready/", "/predict/"])
def test_a_slash_too_many_at_the_end_is_told(door: Door, path: str) -> None:
    code, body = door.json("POST", path, json={})

    assert code == 404
    assert body["msg"].startswith(f"there is nothing at {path} (leave out the / at the end)")


def test_a_module_that_is_not_served_is_404_with_status_111(door: Door) -> None:
    code, body = door.json("POST", "/predict/nobody", json={})

    assert (code, body["status"], body["msg"]) == (404, "111", "Module nobody is not available.")


@pytest.mark.parametrize("path", ["/v2/nothing", "/v2/models/nobody/infer", "/v2/models/nobody", "/v2/a/b/c"])
def test_below_v2_a_404_has_the_form_of_v2(door: Door, path: str) -> None:
    code, body = door.json("POST" if path.endswith("infer") else "GET", path, json=INFER)

    assert (code, list(body)) == (404, ["error"])


def test_below_v2_a_405_has_the_form_of_v2_and_names_what_is_allowed(door: Door) -> None:
    reply = door.client.delete("/v2/models/echo/infer")

    assert (reply.status_code, list(json.loads(reply.data))) == (405, ["error"])
    assert "POST" in reply.headers["Allow"]


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
def test_an_endpoints_405_has_paddlexs_form_and_names_what_is_allowed(door: Door, method: str) -> None:
    reply = door.client.open("/ocr", method=method)
    body = json.loads(reply.data)

    assert (reply.status_code, body["errorCode"]) == (405, 405)
    assert body["errorMsg"] == f"{method} is not allowed at /ocr"
    assert reply.headers["Allow"] == "POST"


def test_a_405_of_predict_is_the_envelope(door: Door) -> None:
    code, body = door.json("GET", "/predict/echo")

    assert (code, body["msg"]) == (405, "GET is not allowed at /predict/echo")


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/get/modules", "GET /health/ready list the modules"),
        ("/predict/image/echo", "POST /predict/echo"),
        ("/predict/text/echo", "POST /predict/echo"),
        ("/gradio/echo", "create_gradio_app"),
    ],
)
def test_a_route_of_paddlehub_says_where_to_go_instead(door: Door, path: str, said: str) -> None:
    code, body = door.json("GET", path)

    assert (code, said in body["msg"]) == (404, True)


@pytest.mark.parametrize("path", ["/ocr", "/ocr/"])
def test_an_unknown_endpoint_is_503_while_a_module_that_may_declare_it_is_loading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path / "metrics"))
    modules = {"pipeline": apps.ModuleState("pipeline", "2.0", apps.LOADING)}
    door = apps.make(tmp_path, modules)
    code, body = door.json("POST", path, json={})

    assert (code, body["errorCode"], body["errorMsg"]) == (503, 503, "module pipeline is loading")


# -- modules that cannot answer --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "said", "retry_after"),
    [("slow", "module slow is loading", "2"), ("broken", "module broken has failed: no weights", "30")],
)
def test_a_module_that_cannot_answer_is_503_with_the_reason_and_when_to_ask_again(
    door: Door, name: str, said: str, retry_after: str
) -> None:
    reply = door.client.post(f"/predict/{name}", json={})

    assert (reply.status_code, json.loads(reply.data)["msg"]) == (503, said)
    assert reply.headers["Retry-After"] == retry_after
    assert door.dispatched.calls == []


# -- keys ------------------------------------------------------------------------------------------


@pytest.fixture
def locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Door:
    """Its one key is alice's."""
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path / "metrics"))
    (tmp_path / "keys").write_text("alice:0123456789abcdef\n")
    return apps.make(tmp_path, api_key_file=str(tmp_path / "keys"))


@pytest.mark.parametrize("path", ["/predict/echo", "/ocr", "/v2/models/echo/infer", "/metrics", "/nothing"])
def test_without_its_key_every_protocol_says_401_and_how_to_send_one(locked: Door, path: str) -> None:
    reply = locked.client.post(path, json={})

    assert (reply.status_code, reply.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert b"Authorization: Bearer KEY" in reply.data
    assert locked.dispatched.calls == []


@pytest.mark.parametrize(
    ("path", "keys"),
    [
        ("/predict/echo", {"msg", "results", "status"}),
        ("/ocr", {"logId", "errorCode", "errorMsg"}),
        ("/v2/models/echo/infer", {"error"}),
    ],
)
def test_a_401_has_the_form_of_the_protocol(locked: Door, path: str, keys: set[str]) -> None:
    code, body = locked.json("POST", path, json={}, headers={"X-API-Key": "wrong"})

    assert (code, set(body)) == (401, keys)


@pytest.mark.parametrize("path", ["/health", "/health/live", "/health/ready", "/v2/health/live"])
def test_health_checks_need_no_key(locked: Door, path: str) -> None:
    assert locked.client.get(path).status_code != 401


def test_the_key_opens_and_its_name_is_in_the_context(locked: Door) -> None:
    code, _ = predict(locked, headers={"Authorization": "Bearer 0123456789abcdef"})
    ((_, _, context),) = locked.dispatched.calls

    assert (code, context.key_name) == (200, "alice")


# -- unread bodies ---------------------------------------------------------------------------------


def test_a_body_that_was_not_received_is_answered_by_the_reason_why(door: Door) -> None:
    problem = errors.BodyTimeoutError("it stopped")
    code, body = predict(door, environ_overrides={"wsgi.input": Unreceived(problem)})

    assert (code, body["msg"]) == (408, "it stopped")


def test_what_is_wrong_without_a_body_is_told_first(door: Door) -> None:
    environ = EnvironBuilder("/predict/slow", method="POST", content_type="application/json").get_environ()
    environ["wsgi.input"] = Unreceived(errors.PayloadTooLargeError("too much"))
    codes: list[str] = []
    door.client.application(environ, lambda code, headers: codes.append(code))

    assert codes == ["503 SERVICE UNAVAILABLE"]


@pytest.mark.parametrize("given", ["soon", "-1", "0", "nan", "inf"])
def test_a_timeout_that_is_not_a_number_of_seconds_is_400(door: Door, given: str) -> None:
    code, body = predict(door, headers={"X-Request-Timeout": given})

    assert (code, "X-Request-Timeout" in body["msg"]) == (400, True)


def test_every_reply_has_the_requests_id(door: Door) -> None:
    given = door.client.get("/nothing", headers={"X-Request-ID": "r-7"})
    made = door.client.get("/nothing", headers={"X-Request-ID": "not printable\x7f"})

    assert given.headers["X-Request-ID"] == "r-7"
    assert len(made.headers["X-Request-ID"]) == 32


# -- what no route takes ---------------------------------------------------------------------------

PADDLEX = ["logId", "errorCode", "errorMsg"]


@pytest.mark.parametrize(
    ("path", "keys"), [("/v2//x", ["error"]), ("/ocr/x", ["logId", "errorCode", "errorMsg"])]
)
def test_a_path_that_no_route_takes_has_the_form_of_its_protocol(
    door: Door, path: str, keys: list[str]
) -> None:
    code, body = door.json("GET", path)

    assert (code, list(body)) == (404, keys)


@pytest.mark.parametrize(
    ("method", "path", "keys"),
    [
        ("PUT", "/v2/models/echo/infer", ["error"]),
        ("POST", "/v2", ["error"]),
        ("GET", "/ocr/x", PADDLEX),
    ],
)
def test_a_missing_key_is_told_in_the_form_of_the_protocol_where_no_route_matches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str, path: str, keys: list[str]
) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path / "metrics"))
    (tmp_path / "keys").write_text("alice:0123456789abcdef")
    code, body = apps.make(tmp_path, api_key_file=str(tmp_path / "keys")).json(method, path)

    assert (code, list(body)) == (401, keys)


@pytest.mark.parametrize(("path", "code"), [("/nope", 500), ("/nope/x/y", 404)])
def test_a_state_that_cannot_be_read_is_answered_like_any_error(door: Door, path: str, code: int) -> None:
    door.gateway.run_dir.state.unlink()
    reply = door.client.get(path)

    assert (reply.status_code, json.loads(reply.data)["status"]) == (code, "101")
    assert reply.headers["X-Request-ID"]


def test_the_readiness_of_another_version_is_404_also_while_the_module_loads(door: Door) -> None:
    assert door.json("GET", "/v2/models/slow/versions/9/ready")[0] == 404
    assert door.json("GET", "/v2/models/slow/versions/1.0/ready")[0] == 503
