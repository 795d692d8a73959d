# -*- coding:utf-8 -*-
"""NLPPredictionModule: an inference model, its predictor, tensors of words; and a nested module."""
import os

import numpy as np
import paddle
import paddlehub as hub
from paddlehub.module.module import moduleinfo
from paddlehub.module.module import serving

VOCAB = {u"bad": 0, u"good": 1}


@moduleinfo(
    name="tiny_sentiment",
    version="1.0.1",
    summary="",
    author="somebody",
    author_email="",
    type="nlp/sentiment_analysis")
class TinySentiment(hub.NLPPredictionModule):
    def _initialize(self, user_dict=None):
        self.pretrained_model_path = os.path.join(self.directory, "infer_model")
        self._export()
        self.vocab_path = os.path.join(self.directory, "vocab.txt")
        self.predict = self.sentiment_classify
        self._set_config()

    def _export(self):
        """PaddleHub's archive would have brought it."""
        os.makedirs(self.pretrained_model_path, exist_ok=True)
        words = paddle.static.data("words", [-1, 1], "int64")
        values = paddle.nn.initializer.Assign(np.array([[-1.0], [1.0]], dtype="float32"))
        table = paddle.static.create_parameter([2, 1], "float32", default_initializer=values)
        score = paddle.gather(table, words)
        exe = paddle.static.Executor(paddle.CPUPlace())
        exe.run(paddle.static.default_startup_program())
        paddle.static.save_inference_model(os.path.join(self.pretrained_model_path, "model"), [words], [score], exe)

    @serving
    def sentiment_classify(self, texts=[], data={}, use_gpu=False, batch_size=1):
        texts = self.to_unicode(texts)
        processed = [{"processed": [VOCAB[word] for word in text.split() if word in VOCAB]} for text in texts]
        tensor_words = self.texts2tensor(processed)
        out = self.cpu_predictor.run([tensor_words])[0].as_ndarray()
        ends = tensor_words.lod[0]
        return [{
            "text": text,
            "sentiment_label": int(out[ends[i]:ends[i + 1]].sum() > 0),
            "words": ends[i + 1] - ends[i]
        } for i, text in enumerate(texts)]
