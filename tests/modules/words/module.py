"""Four serving methods: two that join requests, an ``async def``, one that must not run twice."""

from hub.module import Module, moduleinfo, runnable, serving


@moduleinfo(name="words", version="1.0.0", summary="counts and writes words")
class Words(Module):
    @serving(batch="texts", max_batch_size=8)
    def count(self, texts: list[str]) -> list[int]:
        return [len(text.split()) for text in texts]

    @serving(batch="texts", max_batch_size=4, example={"texts": ["a b"]})
    def split(self, texts: list[str], mark: str = " ") -> list[list[str]]:
        """Split texts at a mark."""
        return [text.split(mark) for text in texts]

    @serving
    async def repeat(self, text: str, times: int = 2) -> str:
        return " ".join([text] * times)

    @serving(idempotent=False)
    def note(self, text: str) -> str:
        return f"noted: {text}"

    @runnable
    def run(self, argv):
        return f"runnable {argv}"
