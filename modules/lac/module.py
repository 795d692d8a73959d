"""Cuts Chinese text into words and tags them: ``POST /predict/lac``.

LAC's network and dictionaries do the work: ``lexicon`` prepares a text, ``tagger`` runs the network,
``user_words`` lets a caller correct it.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from os import PathLike
from pathlib import Path
from typing import Any

import hub
from hub.errors import EngineError, InvalidInputError
from hub.module import Module, moduleinfo, runnable, serving

from .lexicon import Lexicon
from .params import read_params
from .tagger import Tagger
from .user_words import UserWords

_SENTENCE = re.compile(r"[^。！？!?；;\n]*[。！？!?；;\n]?")

Result = dict[str, list[str]]


@moduleinfo(
    name="lac",
    version="1.1.0",
    summary="cuts Chinese text into words and tags them (LAC)",
    author="HubServing",
    type="nlp/lexical_analysis",
    weights=["LAC"],
)
class LAC(Module):
    def _initialize(self, user_dict: str | None = None, use_gpu: bool = False) -> None:
        """Load the dictionaries and the network. The arguments come from ``init_args`` in config.json.

        Args:
            user_dict: file with the words of :mod:`user_words`, for every request that brings none.
            use_gpu: needs a CUDA build of Paddle.
        """
        params = read_params()
        self.max_characters, self.max_tokens = params.max_characters, params.max_tokens
        self.model = hub.model_path(params.model_dir, directory=self.directory)
        self.lexicon = Lexicon(self.model / "conf")
        self.taggers: dict[bool, Tagger] = {}
        self.use_gpu = use_gpu
        self._tagger(use_gpu)
        self.set_user_dict(user_dict)

    def set_user_dict(self, path: str | PathLike[str] | None) -> None:
        """Let the words of this file decide from now on; None: none."""
        self.user_words = UserWords.read(Path(path)) if path else None

    @serving(
        batch="texts",
        max_batch_size=64,
        example={"texts": ["今天是个好日子", "天气预报说今天要下雨"], "batch_size": 1},
    )
    def analysis_lexical(
        self,
        texts: Sequence[str] | None = None,
        text: str | Sequence[str] | None = None,
        data: Any = None,
        batch_size: int = 1,
        use_gpu: bool = False,
        user_dict: Any = None,
        return_tag: bool = True,
    ) -> list[Result]:
        """Cut texts into words and tag each word.

        Args:
            texts: the texts. Requests that send them by this name are joined while they wait.
            text: the same, or one text.
            data: the same, or ``{"text": […]}``, as PaddleHub's older clients send it.
            batch_size: accepted from PaddleHub's clients; texts are packed by length whatever it says.
            use_gpu: run on the GPU; needs a CUDA build of Paddle.
            user_dict: words of the caller's: a text with a phrase a line, a list of lines, ``{word: tag}``,
                or a ``Path`` in a local call.
            return_tag: False leaves the tags out.

        Returns:
            Per text ``{"tag": […], "word": […]}``; the words joined are the text.

        Raises:
            InvalidInputError: no texts, texts by two names, or an argument of another form.
        """
        chosen = _chosen(texts=texts, text=text, data=data)
        if isinstance(batch_size, bool) or not isinstance(batch_size, int) or batch_size < 1:
            raise InvalidInputError(f"batch_size is {batch_size!r}; it must be a whole number above 0")
        words = UserWords.read(user_dict) if user_dict else self.user_words
        try:
            tagger = self._tagger(bool(use_gpu) or self.use_gpu)
        except EngineError as error:
            raise InvalidInputError(str(error)) from error
        results = self._analyse(chosen, tagger, words)
        return results if return_tag else [{"word": result["word"]} for result in results]

    def lexical_analysis(
        self,
        texts: Sequence[str] = (),
        data: Mapping[str, Sequence[str]] | None = None,
        use_gpu: bool = False,
        batch_size: int = 1,
        return_tag: bool = True,
        use_device: str | None = None,
    ) -> list[Result]:
        """Cut texts into words, as PaddleHub's modules that build on its lac ask for it.

        Args:
            texts: the texts.
            data: the same as ``{"text": […]}``; one of the two is given.
            use_gpu: see :meth:`analysis_lexical`, as of the others.
            batch_size: accepted.
            return_tag: False leaves the tags out.
            use_device: ``cpu`` or ``gpu``; decides instead of ``use_gpu``.

        Returns:
            Per text ``{"tag": […], "word": […]}``; of an empty text one word and one tag, both empty.

        Raises:
            InvalidInputError: no texts, both, or another device.
        """
        results = self.analysis_lexical(
            texts=list(texts) or None,
            data=data or None,
            use_gpu=_on_gpu(use_gpu, use_device),
            batch_size=batch_size,
            return_tag=return_tag,
        )
        return [{key: found or [""] for key, found in result.items()} for result in results]

    def cut(
        self,
        text: str | Sequence[str],
        use_gpu: bool = False,
        batch_size: int = 1,
        return_tag: bool = True,
        use_device: str | None = None,
    ) -> list[Result] | list[str] | str:
        """Cut one text into its words, or several as :meth:`lexical_analysis`, whose arguments these are.

        Returns:
            The words of one text (of an empty one the text), or of a list what ``lexical_analysis`` returns.
        """
        if not isinstance(text, str):
            return self.lexical_analysis(text, None, use_gpu, batch_size, return_tag, use_device)
        words = self.lexical_analysis([text], None, use_gpu, batch_size, return_tag, use_device)[0]["word"]
        return words if text else text

    @runnable
    def run_cmd(self, argvs: list[str]) -> list[Result]:
        """Run ``hub run lac --input_text …`` with its remaining arguments."""
        parser = argparse.ArgumentParser(prog="hub run lac", description="Cut Chinese text into words.")
        source = parser.add_mutually_exclusive_group(required=True)
        source.add_argument("--input_text", help="the text")
        source.add_argument("--input_path", type=Path, help="a UTF-8 file with a text a line")
        parser.add_argument("--user_dict", type=Path, help="a file with your own words, see the README")
        parser.add_argument("--batch_size", type=int, default=1, help="accepted as in PaddleHub")
        parser.add_argument(
            "--use_gpu", nargs="?", type=_truth, const=True, default=False, help="True or False"
        )
        given = parser.parse_args(argvs)
        if given.input_path and not given.input_path.is_file():
            parser.error(f"there is no file {given.input_path}")
        texts = given.input_path.read_text("utf-8").split("\n") if given.input_path else [given.input_text]
        return self.analysis_lexical(
            [line for line in texts if line.strip()] if given.input_path else texts,
            batch_size=given.batch_size,
            use_gpu=given.use_gpu,
            user_dict=given.user_dict,
        )

    def _tagger(self, use_gpu: bool) -> Tagger:
        if use_gpu not in self.taggers:
            model = self.model / "model"
            self.taggers[use_gpu] = Tagger(model, max_tokens=self.max_tokens, use_gpu=use_gpu)
        return self.taggers[use_gpu]

    def _analyse(self, texts: Sequence[str], tagger: Tagger, user_words: UserWords | None) -> list[Result]:
        parts = [self._parts(text) for text in texts]
        encoded = [self.lexicon.encode(part) for each in parts for part in each]
        labelled = zip(encoded, tagger.tag([ids for ids, _ in encoded]), strict=True)
        results = []
        for text, each in zip(texts, parts, strict=True):
            tags: list[str] = []
            starts: list[bool] = []
            for _ in each:
                (_, lengths), labels = next(labelled)
                for length, label in zip(lengths, labels, strict=True):
                    name, starts_word = self.lexicon.labels[label]
                    tags += [name] * length
                    starts += [starts_word] + [False] * (length - 1)
            if user_words:
                user_words.decide(text, tags, starts)
            results.append(_words(text, tags, starts))
        return results

    def _parts(self, text: str) -> list[str]:
        """Return the text, or the sentences of a long one, those cut hard where they are long themselves."""
        limit = self.max_characters
        if len(text) <= limit:
            return [text]
        sentences = _SENTENCE.findall(text)
        return [sentence[i : i + limit] for sentence in sentences for i in range(0, len(sentence), limit)]


def _words(text: str, tags: list[str], starts: list[bool]) -> Result:
    """Join characters to words; like LAC, a word has its last character's tag."""
    places = [0, *(place for place, start in enumerate(starts) if start and place), len(text)]
    spans = list(pairwise(places)) if text else []
    return {"tag": [tags[end - 1] for _, end in spans], "word": [text[start:end] for start, end in spans]}


def _chosen(**given: Any) -> list[str]:
    """Return the one argument that brings the texts, as a list."""
    named = {name: value for name, value in given.items() if value is not None}
    if len(named) != 1:
        raise InvalidInputError(
            f"give the texts by one of the names texts, text or data, not by {' and '.join(named) or 'none'}"
        )
    ((name, value),) = named.items()
    if isinstance(value, dict) and set(value) == {"text"}:
        name, value = f"{name}.text", value["text"]
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, (list, tuple)):
        raise InvalidInputError(f"{name} must be a text or a list of texts, not {type(texts).__name__}")
    for number, item in enumerate(texts):
        if not isinstance(item, str):
            raise InvalidInputError(f"{name}[{number}] must be a text, not {type(item).__name__}")
    return list(texts)


def _on_gpu(use_gpu: bool, use_device: str | None) -> bool:
    if use_device not in (None, "cpu", "gpu"):
        raise InvalidInputError(f"use_device is {use_device!r}; lac runs on 'cpu' and 'gpu'")
    return use_gpu if use_device is None else use_device == "gpu"


def _truth(word: str) -> bool:
    if word.lower() not in ("true", "false"):
        raise argparse.ArgumentTypeError(f"{word!r} is neither True nor False")
    return word.lower() == "true"
