from paddlehub.module.module import moduleinfo, serving


@moduleinfo(
    name="say_paddlehub",
    version="1.0.0",
    type="nlp/text",
    summary="says texts, written for PaddleHub",
    author="",
    author_email="",
)
class Say:
    @serving
    def say(self, texts: str, times: int = 1, style: str = "plain", margins=None):
        said = [text * times for text in texts]
        return [text.upper() for text in said] if style == "loud" else said
