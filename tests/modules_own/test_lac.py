"""modules/lac with the real network: the document's answers, edge cases, the user's dictionary."""

from __future__ import annotations

import base64
import json
import random
from pathlib import Path
from typing import Any

import pytest

from hub.errors import InvalidInputError
from hub.module.loader import create
from tests.modules_own.conftest import MODULES

pytestmark = pytest.mark.models

TEXTS = ["今天是个好日子", "天气预报说今天要下雨"]
ANSWERS = [
    {"tag": ["TIME", "v", "q", "n"], "word": ["今天", "是", "个", "好日子"]},
    {"tag": ["n", "v", "TIME", "v", "v"], "word": ["天气预报", "说", "今天", "要", "下雨"]},
]
POEM = "春天的花开秋天的风以及冬天的落阳"
DICTIONARY = "春天/SEASON\n花/n 开/v\n秋天的风\n落 阳\n"


@pytest.fixture(scope="module")
def lac(lac_weights: Path) -> Any:
    return create(MODULES / "lac", {})


def spaced(result: dict[str, list[str]]) -> str:
    return " ".join(f"{word}/{tag}" for word, tag in zip(result["word"], result["tag"], strict=True))


def test_the_documents_answers(lac: Any) -> None:
    assert lac.analysis_lexical(texts=TEXTS, batch_size=1) == ANSWERS
    assert [list(answer) for answer in lac.analysis_lexical(texts=TEXTS)] == [["tag", "word"]] * 2


@pytest.mark.parametrize(
    "arguments",
    [{"texts": TEXTS}, {"text": TEXTS}, {"data": TEXTS}, {"data": {"text": TEXTS}}],
    ids=["texts", "text", "data", "data.text"],
)
def test_the_texts_may_come_by_each_of_their_names(lac: Any, arguments: dict[str, Any]) -> None:
    assert lac.analysis_lexical(**arguments) == ANSWERS


def test_one_text_may_come_without_a_list(lac: Any) -> None:
    assert lac.analysis_lexical(text=TEXTS[0]) == ANSWERS[:1]


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "  \n\t ",
        "😀",
        "今天👨‍👩‍👧好😀",
        "LAC是个优秀的分词工具, iPhone 12 and QQ",
        "２０２１年１月３日，ＡＢＣ公司",
        "今天天氣預報說要下雨",
        "\x00\u2028\x85未\ufeff",
        "㐀𠀀𪚥",
        "今天是个好日子。" * 500,
        "天气" * 3000,
    ],
    ids=lambda text: repr(text[:12]),
)
def test_the_words_joined_are_the_text(lac: Any, text: str) -> None:
    (result,) = lac.analysis_lexical([text])
    assert "".join(result["word"]) == text
    assert len(result["word"]) == len(result["tag"])
    assert all(result["word"]) and all(result["tag"])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("百度是一家高科技公司", "百度/ORG 是/v 一家/m 高科技/n 公司/n"),
        ("研究生命的起源", "研究/v 生命的起源/n"),
        ("南京市长江大桥", "南京市/LOC 长江大桥/LOC"),
        ("２０２１年1月3日", "２０２１年1月3日/TIME"),
        ("今天天氣預報說要下雨", "今天/TIME 天氣預報/n 說/v 要/v 下雨/v"),
        ("我爱北京天安门😀", "我/r 爱/v 北京/LOC 天安门/LOC 😀/w"),
    ],
)
def test_words_and_names_are_found(lac: Any, text: str, expected: str) -> None:
    assert spaced(lac.analysis_lexical([text])[0]) == expected


def test_an_answer_does_not_depend_on_its_neighbours(lac: Any) -> None:
    chance = random.Random(1)
    letters = "今天是个好日子天气预报说要下雨的花开秋风以及冬落阳ABC12，。😀"
    texts = ["".join(chance.choices(letters, k=chance.randrange(60))) for _ in range(300)]
    assert lac.analysis_lexical(texts) == [lac.analysis_lexical([text])[0] for text in texts]


@pytest.mark.parametrize(
    "user_dict",
    [
        DICTIONARY,
        DICTIONARY.splitlines(),
        {"春天": "SEASON", "花/n 开": "v", "秋天的风": None, "落 阳": ""},
        [base64.b64encode(DICTIONARY.encode()).decode()],
    ],
    ids=["text", "list", "object", "uploaded file"],
)
def test_a_users_dictionary_decides(lac: Any, user_dict: Any) -> None:
    (result,) = lac.analysis_lexical([POEM], user_dict=user_dict)
    assert spaced(result) == ("春天/SEASON 的/u 花/n 开/v 秋天的风/n 以及/c 冬天/TIME 的/u 落/vn 阳/vn")
    assert lac.analysis_lexical(TEXTS) == ANSWERS


def test_a_dictionary_file_serves_requests_that_bring_none(lac_weights: Path, tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text(DICTIONARY, encoding="utf-8")
    module = create(MODULES / "lac", {"user_dict": str(tmp_path / "words.txt")})
    assert module.analysis_lexical([POEM])[0]["tag"][0] == "SEASON"
    assert module.analysis_lexical([POEM], user_dict={"春天": "t"})[0]["tag"][0] == "t"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "names texts, text or data, not by none"),
        ({"texts": TEXTS, "text": "好"}, "not by texts and text"),
        ({"texts": [1]}, r"texts\[0\] must be a text, not int"),
        ({"texts": 5}, "texts must be a text or a list of texts, not int"),
        ({"data": {"texts": TEXTS}}, "data must be a text or a list of texts, not dict"),
        ({"texts": TEXTS, "batch_size": 0}, "batch_size is 0"),
        ({"texts": TEXTS, "use_gpu": True}, "needs a CUDA build of Paddle"),
        ({"texts": TEXTS, "user_dict": "dict.txt"}, "init_args.user_dict"),
        ({"texts": TEXTS, "user_dict": "/etc/passwd.txt"}, "init_args.user_dict"),
        ({"texts": TEXTS, "user_dict": "好/1!"}, "'1!' in '好/1!' is not a tag"),
        ({"texts": TEXTS, "user_dict": 3}, "user_dict is 3"),
    ],
)
def test_a_mistake_is_named(lac: Any, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        lac.analysis_lexical(**arguments)


def test_no_texts_are_no_results(lac: Any) -> None:
    assert lac.analysis_lexical([]) == []


def test_tags_may_be_left_out(lac: Any) -> None:
    assert lac.analysis_lexical(TEXTS, return_tag=False) == [{"word": answer["word"]} for answer in ANSWERS]


def test_it_runs_on_the_command_line(lac: Any, tmp_path: Path) -> None:
    assert lac.run_cmd(["--input_text", TEXTS[0], "--use_gpu", "False"]) == ANSWERS[:1]
    (tmp_path / "texts").write_text("\n".join(TEXTS) + "\n", encoding="utf-8")
    assert lac.run_cmd(["--input_path", str(tmp_path / "texts")]) == ANSWERS


def test_the_example_in_the_folder_is_true(lac: Any) -> None:
    request = json.loads((MODULES / "lac" / "example_request.json").read_text("utf-8"))
    reply = json.loads((MODULES / "lac" / "example_reply.json").read_text("utf-8"))
    assert lac.analysis_lexical(**request) == reply["results"]


def test_lexical_analysis_is_paddlehubs(lac: Any) -> None:
    assert lac.lexical_analysis(texts=TEXTS, use_gpu=False, batch_size=1, return_tag=True) == ANSWERS
    assert lac.lexical_analysis(data={"text": TEXTS}, batch_size=2, use_device="cpu") == ANSWERS
    assert lac.lexical_analysis([TEXTS[0]], return_tag=False) == [{"word": ANSWERS[0]["word"]}]
    assert lac.lexical_analysis(texts=["", TEXTS[0]]) == [{"tag": [""], "word": [""]}, ANSWERS[0]]


def test_cut_returns_words_of_one_text_and_words_with_tags_of_several(lac: Any) -> None:
    assert lac.cut(TEXTS[0]) == lac.cut(text=TEXTS[0], use_gpu=False, batch_size=1) == ANSWERS[0]["word"]
    assert lac.cut(TEXTS, return_tag=True) == ANSWERS
    assert lac.cut(["", TEXTS[1]], return_tag=False) == [{"word": [""]}, {"word": ANSWERS[1]["word"]}]
    assert lac.cut("") == ""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({}, "give the texts by one of the names"),
        ({"texts": TEXTS, "data": {"text": TEXTS}}, "not by texts and data"),
        ({"texts": TEXTS, "use_device": "npu"}, "use_device is 'npu'"),
        ({"data": {"texts": TEXTS}}, "data must be a text or a list of texts"),
    ],
)
def test_lexical_analysis_refuses_what_it_cannot_read(lac: Any, arguments: Any, said: str) -> None:
    with pytest.raises(InvalidInputError, match=said):
        lac.lexical_analysis(**arguments)
