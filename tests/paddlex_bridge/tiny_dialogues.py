"""Pipelines whose requests build on earlier replies: their files, and the requests in order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.paddlex_bridge.language_model import KEYS
from tests.paddlex_bridge.tiny import NOTHING_OF_THE_KIND, Tiny, one
from tests.paddlex_bridge.tiny_documents import DOCUMENTS, FURTHER, PAGES, PREPARED
from tests.serving.pictures import encode, plain, text_of

#: Sends the body to the route, keeps the reply by what the request is, and returns its result.
Ask = Callable[[str, str, Any], dict[str, Any]]


@dataclass(frozen=True)
class Dialogue:
    """A pipeline and what it is asked.

    Attributes:
        pipeline: made for the address of a language model's service.
        talk: asks at least six good requests and six bad ones.
        is_fixed: PaddleX's own server needs the module's fix, without which it answers 500.
    """

    pipeline: Callable[[str], Tiny]
    talk: Callable[[Ask], None]
    is_fixed: bool = False


def colour(red: int, green: int, blue: int) -> str:
    return text_of(encode(plain(24, 24, colour=(red, green, blue))))


def pairs(*colours: tuple[int, int, int]) -> list[dict[str, str]]:
    return [{"image": colour(*each), "label": "-".join(map(str, each))} for each in colours]


def images(kind: str) -> Dialogue:
    """Build an index, change it, look for images in it."""
    infer, build, add, remove = (
        f"{kind}-{end}" for end in ("infer", "index-build", "index-add", "index-remove")
    )

    def talk(ask: Ask) -> None:
        built = ask("an index", build, {"imageLabelPairs": pairs((200, 10, 10), (10, 200, 10))})
        index = {"indexKey": built["indexKey"]}
        red = {"image": colour(190, 20, 10), "visualize": False, **index}
        ask("one that is there", infer, red)
        ask("one that is not", infer, {**red, "image": colour(10, 10, 220)})
        ask("more for the index", add, {"imageLabelPairs": pairs((10, 10, 220), (90, 90, 90)), **index})
        ask("one that is there now", infer, {**red, "image": colour(10, 10, 220)})
        ask("with a picture", infer, {"image": red["image"], **index})
        ask("the best", infer, {**red, "topk": 1})
        ask("of those that are sure", infer, {**red, "detThreshold": 0.99})
        ask("less of the index", remove, {"ids": [0, 2], **index})
        ask("one that is there no more", infer, red)
        ask("an id that is not there", remove, {"ids": [77], **index})
        ask("an index of nothing", build, {"imageLabelPairs": []})
        ask("no image", build, {"imageLabelPairs": [{"image": "%%%", "label": "a"}]})
        ask("no label", build, {"imageLabelPairs": [{"image": red["image"]}]})
        ask("no pairs", add, index)
        ask("ids in words", remove, {"ids": ["one"], **index})
        ask("no index", infer, {"image": red["image"]})
        ask("an unknown index", infer, {**red, "indexKey": "8d1c24be-0c2d-4e3a-9a7c-5a1f0c1f7b11"})
        ask("nothing", infer, {})
        ask("a number", infer, {**red, "image": 5})
        ask("a wrong parameter", infer, {**red, "topk": "many", "logId": "mine"})

    faces = ("PP-YOLOE_plus-S_face", "ResNet50_face")
    models = faces if kind.startswith("face") else ("PP-ShiTuV2_det", "PP-ShiTuV2_rec")
    tiny = Tiny(
        {**one("Detection", models[0]), **one("Recognition", models[1])},
        settings={"index": None, "det_threshold": 0.5, "rec_threshold": 0.4, "rec_topk": 5},
    )
    return Dialogue(lambda _: tiny, talk, is_fixed=True)


def prompt(task: str) -> dict[str, Any]:
    words = {"task_description": "Find it.", "rules_str": "", "output_format": "JSON"}
    shown = {"few_shot_demo_text_content": "", "few_shot_demo_key_value_list": ""}
    return {"module_name": "prompt_engneering", "task_type": task, **words, **shown}


def bot(url: str) -> dict[str, Any]:
    served = {"base_url": url, "api_key": "key"}
    return {"module_name": "chat_bot", "model_name": "a", "api_type": "openai", **served}


def pages(ask: Ask, route: str) -> dict[str, Any]:
    """Ask for what is on pages, well and badly; return what is on the first."""
    page = {"file": PAGES["a page in JPEG"], "fileType": 1, "visualize": False}
    seen = ask("a page", route, page)
    ask("with pictures", route, {**page, "visualize": True})
    ask("a blue page", route, {**page, "file": PAGES["a blue page"]})
    ask("a PDF", route, {**page, **FURTHER["a PDF"]})
    ask("without tables", route, {**page, "useTableRecognition": False})
    ask("nothing", route, {})
    ask("no page", route, {**page, "file": NOTHING_OF_THE_KIND})
    ask("an odd kind", route, {**page, "fileType": "one"})
    ask("an odd switch", route, {**page, "useTableRecognition": "perhaps", "logId": "mine"})
    return seen


def chat(version: int) -> Dialogue:
    """See pages, index their texts, ask about them."""

    def talk(ask: Ask) -> None:
        seen = {"visualInfo": pages(ask, "chatocr-visual")["visualInfo"]}
        question = {"keyList": KEYS, **seen}
        short = ask("an index of little text", "chatocr-vector", seen)
        ask("a question", "chatocr-chat", {**question, **short})
        split = {**seen, "minCharacters": 5, "blockSize": 24}
        long = ask("an index", "chatocr-vector", split)
        ask("a question with an index", "chatocr-chat", {**question, **long, "minCharacters": 5})
        ask("a question without", "chatocr-chat", {**question, "useVectorRetrieval": False})
        words = {"textTaskDescription": "Look.", "tableRulesStr": "Be short."}
        ask("in other words", "chatocr-chat", {**question, "useVectorRetrieval": False, **words})
        ask("an index of nothing", "chatocr-vector", {})
        ask("an index of a text", "chatocr-vector", {"visualInfo": "a"})
        ask("a question without keys", "chatocr-chat", seen)
        ask("keys that are a number", "chatocr-chat", {**question, "keyList": 5})
        ask("no keys", "chatocr-chat", {**question, "keyList": [], "useVectorRetrieval": False})
        if version == 4:
            look = {"image": colour(250, 90, 10), "keyList": KEYS}
            looked = ask("a question to a model that sees", "chatocr-mllm", look)
            ask("without an image", "chatocr-mllm", {"keyList": KEYS})
            ask("of no image", "chatocr-mllm", {**look, "image": "%%%"})
            plainly = {**question, "useVectorRetrieval": False, "mllmPredictInfo": looked["mllmPredictInfo"]}
            ask("both together", "chatocr-chat", plainly)
            ask("only what was seen", "chatocr-chat", {**plainly, "mllmIntegrationStrategy": "mllm_only"})
            ask("in a way that there is not", "chatocr-chat", {**plainly, "mllmIntegrationStrategy": "a"})

    def pipeline(url: str) -> Tiny:
        layout = DOCUMENTS["layout_parsing"].keys("layout_parsing")
        layout = {**layout, "use_formula_recognition": False}
        layout["SubModules"] = one("LayoutDetection", "RT-DETR-H_layout_3cls")
        retriever = {**bot(url), "module_name": "retriever", "model_name": "embedding-v1"}
        kind = f"kie_prompt_v{1 if version == 3 else 2}"
        prompts = {"KIE_CommonText": prompt(f"text_{kind}"), "KIE_Table": prompt(f"table_{kind}")}
        if version == 4:
            prompts["Ensemble"] = prompt("ensemble_prompt")
        entries: dict[str, Any] = {
            "LLM_Chat": bot(url),
            "LLM_Retriever": {**retriever, "api_type": "qianfan"},
            "MLLM_Chat": bot(url),
            "PromptEngneering": {"module_name": "prompts", **prompts},
        }
        return Tiny(entries, settings={"use_layout_parser": True}, parts={"LayoutParser": layout})

    return Dialogue(pipeline, talk)


def translate(ask: Ask) -> None:
    seen = pages(ask, "doctrans-visual")
    texts = {"markdownList": [page["markdown"] for page in seen["layoutParsingResults"]]}
    ask("two pages' texts", "doctrans-translate", {"markdownList": texts["markdownList"] * 2})
    ask("a translation", "doctrans-translate", texts)
    ask("into English", "doctrans-translate", {**texts, "targetLanguage": "en"})
    ask("in parts", "doctrans-translate", {**texts, "chunkSize": 150})
    ask("with words that are given", "doctrans-translate", {**texts, "glossary": {"ab": "AB"}})
    ask("a translation of nothing", "doctrans-translate", {})
    ask("a translation of a text", "doctrans-translate", {"markdownList": "a"})
    ask("in parts that are too small", "doctrans-translate", {**texts, "chunkSize": 20})
    ask("in parts without a size", "doctrans-translate", {**texts, "chunkSize": "small"})


def translator(url: str) -> Tiny:
    return Tiny(
        {
            "LLM_Chat": bot(url),
            "PromptEngneering": {
                "module_name": "prompts",
                "Translate_CommonText": prompt("translate_prompt"),
            },
        },
        settings={"use_layout_parser": True},
        parts={"LayoutParser": DOCUMENTS["PP-StructureV3"].keys("PP-StructureV3")},
    )


def understand(ask: Ask) -> None:
    def question(image: str, text: str = "What is it?") -> dict[str, Any]:
        seen = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{image}"}}
        content = [seen, {"type": "text", "text": text}]
        return {"model": "PP-DocBee2", "messages": [{"role": "user", "content": content}]}

    route = "document-understanding"
    red = question(colour(240, 20, 10))
    ask("a red image", route, red)
    ask("a blue one", route, question(colour(10, 20, 240)))
    ask("another question", route, question(colour(240, 20, 10), "Why?"))
    ask("a page", route, question(PAGES["a page"]))
    ask("a page of few tokens", route, {**question(PAGES["a page"]), "max_image_tokens": 4})
    ask(
        "with a system's message",
        route,
        {**red, "messages": [{"role": "system", "content": "a"}, *red["messages"]]},
    )
    ask("unknown fields", route, {**red, "more": [1]})
    ask("nothing", route, {})
    ask("no model", route, {"messages": red["messages"]})
    ask("no message", route, {**red, "messages": []})
    ask("messages that are a text", route, {**red, "messages": "a", "logId": "mine"})
    ask("a question without an image", route, {**red, "messages": [{"role": "user", "content": "What?"}]})
    ask("an image that is none", route, question(NOTHING_OF_THE_KIND))
    ask("an odd number", route, {**red, "max_image_tokens": "few"})


def reader(release: str) -> Dialogue:
    """Read pages block by block, put what was read together."""
    read, join = "layout-parsing", "restructure-pages"

    def talk(ask: Ask) -> None:
        page = {"file": PAGES["a page in JPEG"], "fileType": 1, "visualize": False, "maxNewTokens": 9}
        ask("a page", read, page)
        ask("with pictures", read, {**page, "visualize": True})
        ask("a blue page", read, {**page, "file": PAGES["a blue page"]})
        ask("a dark half", read, {**page, "file": PAGES["a page with a dark half"]})
        ask("few letters", read, {**page, "maxNewTokens": 1})
        ask("seals and charts, too", read, {**page, "useSealRecognition": True, "useChartRecognition": True})
        ask("the page as a whole", read, {**page, "useLayoutDetection": False, "promptLabel": "table"})
        seen = ask("a PDF", read, {**page, **FURTHER["a PDF"]})["layoutParsingResults"]
        texts = [{"prunedResult": each["prunedResult"], "markdownImages": None} for each in seen]
        ask("two pages in one", join, {"pages": texts, "concatenatePages": True})
        ask("two pages one by one", join, {"pages": texts})
        ask("nothing", read, {})
        ask("no page", read, {**page, "file": NOTHING_OF_THE_KIND})
        ask("a prompt that there is not", read, {**page, "promptLabel": "song", "logId": "mine"})
        ask("a threshold above 1", read, {**page, "layoutThreshold": 2})
        ask("a shape that there is not", read, {**page, "layoutShapeMode": "round"})
        ask("more pixels than at most", read, {**page, "minPixels": 9999, "maxPixels": 99})
        ask("no pages", join, {})
        ask("pages that are texts", join, {"pages": ["a"]})

    older = not release
    layout = one("LayoutDetection", "PP-DocLayoutV2" if older else "PP-DocLayoutV3", threshold=0.3)
    tiny = Tiny(
        {**layout, **one("VLRecognition", f"PaddleOCR-VL{release}-0.9B", genai_config={"backend": "native"})},
        settings={
            "use_doc_preprocessor": True,
            "use_layout_detection": True,
            "use_chart_recognition": False,
            "merge_layout_blocks": True,
        },
        parts={"DocPreprocessor": PREPARED},
    )
    return Dialogue(lambda _: tiny, talk)


DIALOGUES: dict[str, Dialogue] = {
    "face_recognition": images("face-recognition"),
    "PP-ShiTuV2": images("shitu"),
    "PP-ChatOCRv3-doc": chat(3),
    "PP-ChatOCRv4-doc": chat(4),
    "PP-DocTranslation": Dialogue(translator, translate),
    "doc_understanding": Dialogue(lambda _: Tiny(one("DocUnderstanding", "PP-DocBee2-3B")), understand),
    **{f"PaddleOCR-VL{release}": reader(release) for release in ("", "-1.5", "-1.6")},
}
