# -*- coding:utf-8 -*-
"""EmbeddingModule: words in, similarities out; the class is an nn.Layer of its own."""
import numpy as np
from paddle.nn import Embedding
from paddlehub.module.module import moduleinfo
from paddlehub.module.nlp_module import EmbeddingModule


class Vocab:
    unk_token = "[UNK]"


@moduleinfo(
    name="tiny_words",
    version="1.0.1",
    summary="",
    author="somebody",
    author_email="",
    type="nlp/semantic_model",
    meta=EmbeddingModule)
class TinyWords(Embedding):
    embedding_name = "tiny.words"

    def __init__(self, *args, **kwargs):
        super(TinyWords, self).__init__(4, 2, *args, **kwargs)
        self.vocab = Vocab()
        self.words = ["[UNK]", "dog", "wolf", "car"]
        self.weight.set_value(np.array([[0, 0], [1, 0], [1, 0], [0, 1]], dtype="float32"))

    def get_idx_from_word(self, word):
        return self.words.index(word) if word in self.words else 0

    def cosine_sim(self, a, b):
        weight = self.weight.numpy()
        return float(weight[self.get_idx_from_word(a)] @ weight[self.get_idx_from_word(b)])
