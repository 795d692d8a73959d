# -*- coding:utf-8 -*-
def postprocess(texts, words):
    return [{"text": text, "known": [word for word in words if word in text]} for text in texts]
