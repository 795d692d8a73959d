"""Base classes of text modules that are ``nn.Layer``s: transformers and word embeddings.

The tokenizer and the network are the module's own (usually of PaddleNLP, which is not imported here).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from hub.compat.paddlehub_api.contract import RunModule, serving
from hub.errors import InvalidInputError

_TASKS = "'seq-cls', 'token-cls', 'text-matching', or None for embeddings"


class TransformerModule(RunModule):
    """Meta class of ERNIE, BERT and the like, which have ``get_tokenizer``, ``task`` and ``label_map``."""

    task: str | None
    label_map: Any
    _tasks_supported: ClassVar[tuple[str, ...]] = ("seq-cls", "token-cls", "text-matching")

    @serving
    def predict_method(
        self, data: list[list[str]], max_seq_len: int = 128, batch_size: int = 1, use_gpu: bool = False
    ) -> Any:
        """Return labels of texts or text pairs; without a task, their embeddings."""
        if self.task is None:
            return self.get_embedding(data, use_gpu)
        if self.label_map:  # a JSON object's keys are text
            self.label_map = {int(number): label for number, label in dict(self.label_map).items()}
        results = self.predict(data, max_seq_len=max_seq_len, batch_size=batch_size, use_gpu=use_gpu)
        if self.task == "token-cls":  # without those of [CLS] and of the padding
            return [labels[1 : len(texts[0]) + 1] for texts, labels in zip(data, results, strict=True)]
        return results

    def predict(
        self,
        data: Sequence[Sequence[str]],
        max_seq_len: int = 128,
        split_char: str = "\002",
        batch_size: int = 1,
        use_gpu: bool = False,
    ) -> list[Any]:
        """Return a label per text (pair); for token-cls per token; without a task ``[pooled, sequence]``."""
        import numpy as np
        import paddle

        module: Any = self
        if self.task is not None and self.task not in self._tasks_supported:
            raise ValueError(f"there is no task {self.task!r}; a task is {_TASKS}")
        paddle.set_device("gpu" if use_gpu else "cpu")
        module.eval()
        results: list[Any] = []
        for batch in self._batches(data, max_seq_len, batch_size, split_char):
            tensors = {name: paddle.to_tensor(np.array(ids)) for name, ids in batch.items()}
            with paddle.no_grad():  # networks name their first two arguments differently
                output = module(**tensors) if self.task == "text-matching" else module(*tensors.values())
            if self.task is None:
                sequence, pooled = (each.numpy() for each in output)
                results += [[p.tolist(), s.tolist()] for p, s in zip(pooled, sequence, strict=True)]
            else:
                chosen = output.numpy().argmax(axis=-1).tolist()
                results += [self._labels(each) for each in chosen]
        return results

    def get_embedding(self, data: Sequence[Sequence[str]], use_gpu: bool = False) -> list[Any]:
        """Return ``[pooled, sequence]`` of every text (pair)."""
        if self.task is not None:
            raise RuntimeError(
                f"get_embedding is for modules loaded without a task; this one has {self.task!r}"
            )
        return self.predict(data, use_gpu=use_gpu)

    def _labels(self, chosen: Any) -> Any:
        if isinstance(chosen, list):
            return [self._labels(each) for each in chosen]
        return self.label_map[chosen]

    def _batches(
        self, data: Sequence[Sequence[str]], max_seq_len: int, batch_size: int, split_char: str
    ) -> Iterator[dict[str, list[Any]]]:
        """Yield the network's arguments for one batch after the other."""
        module: Any = self
        tokenizer = module.get_tokenizer()
        for start in range(0, len(data), batch_size):
            batch: dict[str, list[Any]] = {}
            for number, texts in enumerate(data[start : start + batch_size], start):
                if isinstance(texts, str) or not 1 <= len(texts) <= 2:
                    raise InvalidInputError(
                        f"data[{number}] must be a list of one text or two, not {texts!r}"
                    )
                for name, ids in self._encoded(tokenizer, list(texts), max_seq_len, split_char).items():
                    batch.setdefault(name, []).append(ids)
            yield batch

    def _encoded(
        self, tokenizer: Any, texts: list[str], max_seq_len: int, split_char: str
    ) -> dict[str, list[int]]:
        def encode(text: Any, **options: Any) -> tuple[list[int], list[int]]:
            encoded = tokenizer(text=text, max_seq_len=max_seq_len, pad_to_max_seq_len=True, **options)
            types = encoded["token_type_ids"] if "token_type_ids" in encoded else encoded["segment_ids"]
            return encoded["input_ids"], types

        if self.task == "text-matching":
            if len(texts) != 2:
                raise InvalidInputError("text matching compares two texts; give both")
            (query, query_types), (title, title_types) = encode(texts[0]), encode(texts[1])
            return {
                "query_input_ids": query,
                "query_token_type_ids": query_types,
                "title_input_ids": title,
                "title_token_type_ids": title_types,
            }
        first: Any = texts[0]
        options: dict[str, Any] = {"text_pair": texts[1]} if len(texts) == 2 else {}
        if self.task == "token-cls":
            first = first.split(split_char) if split_char in first else list(first)
            options["is_split_into_words"] = True
        ids, types = encode(first, **options)
        return {"input_ids": ids, "token_type_ids": types}


class EmbeddingModule(RunModule):
    """Meta class of word embeddings, which have ``cosine_sim`` and ``vocab``."""

    @serving
    def calc_similarity(self, data: list[list[str]]) -> list[str]:
        """Return the cosine similarity of each pair of words, as text."""
        embedding: Any = self
        results = []
        for number, pair in enumerate(data):
            if not isinstance(pair, (list, tuple)) or len(pair) != 2:
                raise InvalidInputError(f"data[{number}] must be two words, not {pair!r}")
            for word in pair:
                if not isinstance(word, str):
                    raise InvalidInputError(f"data[{number}] must be two words, not {type(word).__name__}")
                unknown = embedding.get_idx_from_word(embedding.vocab.unk_token)
                if embedding.get_idx_from_word(word) == unknown:
                    raise InvalidInputError(f'Word "{word}" is not in vocab. Please check your inputs.')
            results.append(str(embedding.cosine_sim(*pair)))
        return results
