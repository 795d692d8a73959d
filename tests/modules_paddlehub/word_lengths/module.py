# -*- coding:utf-8 -*-
"""Shape 2: texts, use_gpu, batch_size; a hub.Module with _initialize and a file of its own."""
import math
import os

import paddlehub as hub
from paddlehub.common.logger import logger
from paddlehub.io.parser import txt_parser
from paddlehub.module.module import moduleinfo
from paddlehub.module.module import serving

from word_lengths.processor import postprocess


@moduleinfo(
    name="word_lengths", version="1.2.0", summary="", author="somebody", author_email="", type="nlp/lexical_analysis")
class WordLengths(hub.Module):
    def _initialize(self, user_dict=None):
        """initialize with the necessary elements"""
        self.words = txt_parser.parse(os.path.join(self.directory, "assets", "vocab.txt"))
        if user_dict:
            self.words += txt_parser.parse(user_dict)
        logger.info("{} words".format(len(self.words)))

    @serving
    def lengths(self, texts=[], data={}, use_gpu=False, batch_size=1):
        if texts != [] and isinstance(texts, list) and data == {}:
            predicted_data = texts
        elif texts == [] and isinstance(data, dict) and isinstance(data.get('text', None), list) and data['text']:
            predicted_data = data["text"]
        else:
            raise ValueError("The input data is inconsistent with expectations.")
        results = []
        for i in range(int(math.ceil(len(predicted_data) / batch_size))):
            results += postprocess(predicted_data[i * batch_size:(i + 1) * batch_size], self.words)
        return results
