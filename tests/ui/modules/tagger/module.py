"""Tags words in the shape of LAC's answers, by what they look like."""

from hub.module import Module, moduleinfo, serving


@moduleinfo(name="tagger", version="1.2.0", summary="tags words by their looks")
class Tagger(Module):
    @serving(batch="texts", example={"texts": ["HubServing 2026 in Beijing", "I like it"]})
    def tag(self, texts: list[str], return_tag: bool = True) -> list[dict[str, list[str]]]:
        """Split texts at spaces and tag each word.

        Args:
            texts: the texts, each a string
                of any length.
            return_tag: also tell the tags.
        """
        answer = []
        for text in texts:
            words = text.split()
            tags = ["m" if word.isdigit() else "nz" if word[:1].isupper() else "v" for word in words]
            answer.append({"word": words, **({"tag": tags} if return_tag else {})})
        return answer
