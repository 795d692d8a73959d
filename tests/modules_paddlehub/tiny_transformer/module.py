# -*- coding:utf-8 -*-
"""TransformerModule: data in, labels out, by the module's own tokenizer and a dynamic network."""
import paddle
import paddle.nn as nn
from paddlehub.module.module import moduleinfo
from paddlehub.module.nlp_module import TransformerModule
from paddlehub.utils.log import logger


class Tokenizer:
    def __call__(self, text, text_pair=None, max_seq_len=128, pad_to_max_seq_len=True, is_split_into_words=False,
                 return_length=False):
        ids = [1] + [len(word) for word in (text if is_split_into_words else text.split())][:max_seq_len - 1]
        return {"input_ids": ids + [0] * (max_seq_len - len(ids)), "token_type_ids": [0] * max_seq_len}


@moduleinfo(
    name="tiny_transformer",
    version="2.0.0",
    summary="",
    author="somebody",
    author_email="",
    type="nlp/semantic_model",
    meta=TransformerModule)
class TinyTransformer(nn.Layer):
    def __init__(self, task=None, label_map=None):
        super(TinyTransformer, self).__init__()
        self.task = task
        self.label_map = label_map
        self.dropout = nn.Dropout(0.9)
        logger.info('task {}'.format(task))

    def get_tokenizer(self, *args, **kwargs):
        return Tokenizer()

    def forward(self, input_ids, token_type_ids=None):
        values = self.dropout(paddle.cast(input_ids, 'float32')).unsqueeze(-1)
        if self.task is None:
            return values, values.sum(axis=1)
        scores = paddle.concat([4 - values, values - 4], axis=-1)
        return scores if self.task == 'token-cls' else scores[:, 1]
