# coding:utf-8
"""Shape 4: one text, and a class that is only a hub.Module; uses another module, which it asks for late."""
import paddlehub as hub
from paddlehub.module.module import moduleinfo, serving


@moduleinfo(name="say_it", version="1.0.0", summary="", author="somebody", type="nlp/text_generation")
class SayIt(hub.Module):
    def _initialize(self):
        self._lengths = None

    @property
    def lengths(self):
        if not self._lengths:
            self._lengths = hub.Module(name="word_lengths", version="1.2.0")
        return self._lengths

    @serving
    def generate(self, text, use_gpu=False):
        from word_lengths.processor import postprocess
        from paddlehub.compat.task.tokenization import convert_to_unicode
        nested = self.lengths.lengths(texts=[text], use_gpu=use_gpu)
        return {"nested": nested, "imported": postprocess([convert_to_unicode(text.encode("utf8"))], ["paris"])}
