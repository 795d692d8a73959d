"""Modules written for PaddleHub and not adapted to us: installed, served, and their replies compared."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest

from tests.compat.conftest import WRITTEN_FOR_PADDLEHUB, base64_of, image_of, plain
from tests.serving.running import Server

RED, GREY = plain((0, 0, 255)), plain((200, 200, 200))


def results(server: Server, module: str, **arguments: Any) -> Any:
    answer = server.post(module, arguments)
    assert answer.status_code == 200, answer.text
    reply = answer.json()
    assert reply["status"] == "0" and reply["msg"] == ""
    return reply["results"]


def test_images_come_as_base64_with_any_keywords(server: Server) -> None:
    picture = plain((0, 0, 0))
    picture[:, 15:] = 255
    (found,) = results(server, "grey_edges", images=[base64_of(picture)], visualization=True)
    assert found["mean"] == 127.5
    assert np.array_equal(image_of(found["data"]), picture[:, :, 0])


def test_unknown_keywords_are_the_modules_own_error(server: Server) -> None:
    answer = server.post("grey_edges", {"images": [base64_of(RED)], "nonsense": 1})
    assert answer.status_code == 500
    assert "unexpected keyword argument 'nonsense'" in answer.json()["msg"]


def test_what_was_patched_is_said_once_and_files_are_untouched(server: Server) -> None:
    lines = [line for line in server.log().splitlines() if "grey_edges was written for older" in line]
    assert len(lines) == 1
    for name in ("numpy.fromstring", ".tostring()", "numpy.float", "numpy.int", "numpy.asscalar"):
        assert name in lines[0]
    installed = next((server.home / "content" / "grey_edges").glob("*/grey_edges/module.py"))
    assert installed.read_bytes() == (WRITTEN_FOR_PADDLEHUB / "grey_edges" / "module.py").read_bytes()


def test_texts_with_a_batch_size(server: Server) -> None:
    found = results(server, "word_lengths", texts=["今天是个好日子", "x"], use_gpu=False, batch_size=2)
    assert found == [{"text": "今天是个好日子", "known": ["今天", "好日子"]}, {"text": "x", "known": []}]


def test_texts_as_data(server: Server) -> None:
    assert results(server, "word_lengths", data={"text": ["paris"]}) == [
        {"text": "paris", "known": ["paris"]}
    ]


def test_wrong_data_is_the_modules_own_error(server: Server) -> None:
    answer = server.post("word_lengths", {"texts": []})
    said = "word_lengths raised ValueError: The input data is inconsistent with expectations."
    assert answer.json()["msg"] == said


def test_one_text_and_a_nested_module_and_an_import_from_it(server: Server) -> None:
    found = results(server, "say_it", text="paris")
    assert found == {
        "nested": [{"text": "paris", "known": ["paris"]}],
        "imported": [{"text": "paris", "known": ["paris"]}],
    }


def test_a_module_logs_into_the_servers_log_with_the_request(server: Server) -> None:
    results(server, "say_it", text="x")
    assert any("3 words (request" in line for line in server.log().splitlines())


def test_one_image_and_module_home_and_super(server: Server) -> None:
    found = results(server, "one-picture", image=base64_of(RED), extra=1)
    assert found == {
        "shape": [3, 6, 4],
        "first": [1.0, -1.0, -1.0],
        "labels": ["cat", "dog"],
        "scale": 3,
        "extra": 1,
    }


def test_results_that_are_no_json(server: Server) -> None:
    found = results(server, "any_arguments", data=[1], k=2)
    assert found == {
        "dynamic": False,
        "keywords": ["k"],
        "data": [1],
        "array": [0, 1, 2],
        "scalar": 0.5,
        "nan": None,
        "bytes": "YWJj",
        "date": "2024-05-06T07:08:09",
        "set": [1],
    }


def test_a_failed_call_leaves_paddles_mode_as_it_was(server: Server) -> None:
    answer = server.post("any_arguments", {"action": "leave dynamic"})
    assert (answer.status_code, answer.json()["msg"]) == (
        500,
        "any_arguments raised RuntimeError: left in the middle",
    )
    assert results(server, "any_arguments")["dynamic"] is False


def test_the_inherited_classifier(server: Server) -> None:
    found = results(
        server, "tiny_classifier", images=[base64_of(RED), base64_of(GREY)], top_k=2, batch_size=2
    )
    assert list(found) == ["data"] and [len(labels) for labels in found["data"]] == [2, 2]
    (first, likely), (_, unlikely) = found["data"][0].items()
    assert first == "red" and likely == pytest.approx(0.9647, abs=1e-3) and unlikely < 0.02


def test_an_image_that_is_none_is_named(server: Server) -> None:
    answer = server.post("tiny_classifier", {"images": [base64_of(RED), "bm8gaW1hZ2U="], "top_k": 1})
    assert answer.status_code == 400
    assert answer.json()["msg"].startswith("images[1] is not a readable image: it is text")


def test_the_inherited_segmenter_writes_no_files_of_its_own_accord(server: Server) -> None:
    picture = plain((0, 0, 0))
    picture[:, 15:] = 255
    (mask,) = results(server, "tiny_segmenter", images=[base64_of(picture)])
    decoded = image_of(mask)
    assert decoded.shape == (20, 30)
    assert decoded[:, 18:].min() == 1 and decoded[:, :12].max() == 0
    assert not (WRITTEN_FOR_PADDLEHUB.parents[1] / "seg_result").exists()


def test_nlp_prediction_with_an_inference_model(server: Server) -> None:
    assert results(server, "tiny_sentiment", texts=["good good bad", "bad"]) == [
        {"text": "good good bad", "sentiment_label": 1, "words": 3},
        {"text": "bad", "sentiment_label": 0, "words": 1},
    ]


def test_a_transformer_labels_texts(server: Server) -> None:
    assert results(server, "tiny_transformer", data=[["aaaaa b"], ["a bbbbb"]], batch_size=2) == [
        "long",
        "short",
    ]


def test_a_transformer_refuses_what_is_no_text(server: Server) -> None:
    answer = server.post("tiny_transformer", {"data": ["a"]})
    assert answer.status_code == 400 and "data[0] must be a list of one text or two" in answer.json()["msg"]


def test_an_embedding_compares_words(server: Server) -> None:
    assert results(server, "tiny_words", data=[["dog", "wolf"], ["dog", "car"]]) == ["1.0", "0.0"]
    answer = server.post("tiny_words", {"data": [["dog", "cat"]]})
    assert 'Word "cat" is not in vocab' in answer.json()["msg"]


def test_style_transfer_takes_contents_and_a_style(server: Server) -> None:
    found = results(server, "tiny_painter", images=[[base64_of(GREY)], base64_of(RED)])
    (painted,) = found["data"]
    blue, green, red = image_of(painted).reshape(-1, 3).mean(axis=0)
    assert red > 240 and blue < 15 and green < 15


def test_colouring_answers_with_four_pictures(server: Server) -> None:
    (found,) = results(server, "tiny_colours", images=[base64_of(RED)])["data"]
    assert list(found) == ["gray", "hint", "real", "fake_reg"]
    coloured, grey = image_of(found["fake_reg"]), image_of(found["gray"])
    assert coloured.shape == RED.shape and coloured[10, 15, 2] > 240 and coloured[10, 15, 0] < 20
    assert np.ptp(grey[10, 15].astype(int)) < 6


def test_a_dynamic_network_stays_dynamic_beside_a_static_module(server: Server) -> None:
    for _ in range(2):
        found = results(server, "dynamic_layer", data=[[1, 2]])
        assert found == {
            "same": True,
            "nested ran static": True,
            "dynamic after": True,
            "argv": ["dynamic_layer"],
            "shape": [1, 3],
        }


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("/get/modules", "GET / and GET /health/ready"),
        ("/predict/image/grey_edges", "POST /predict/grey_edges"),
        ("/predict/text/lac", "POST /predict/lac"),
        ("/gradio/grey_edges", "POST JSON to /predict/grey_edges"),
        ("/gradio/grey_edges/app", "POST JSON to /predict/grey_edges"),
    ],
)
def test_old_routes_say_where_to_go(server: Server, path: str, hint: str) -> None:
    answer = server.session.post(server.url + path, data={"text": "x"}, timeout=10)
    assert answer.status_code == 404
    assert hint in answer.json()["msg"]
    assert answer.json()["status"] == "101"


def test_jpeg_is_read_as_well(server: Server) -> None:
    import base64

    data = base64.b64encode(cv2.imencode(".jpg", RED)[1].tobytes()).decode()
    assert results(server, "grey_edges", images=[data])[0]["mean"] == pytest.approx(76, abs=1)
