"""Repeats its texts: ``POST /predict/echo``. The smallest module, to learn from and to test with."""

from __future__ import annotations

from hub.module import Module, moduleinfo, serving


@moduleinfo(name="echo", version="1.0.0", summary="says back what it is told", type="example")
class Echo(Module):
    def _initialize(self, prefix: str = "") -> None:
        """Keep ``prefix``, which comes from ``init_args`` in config.json."""
        self.prefix = prefix

    @serving(batch="texts", thread_safe=True)
    def echo(self, texts: list[str], times: int | float = 1) -> list[str]:
        """Return each text ``times`` times, after the prefix; the arguments are the request's keys."""
        if times != times:  # NaN, by which pandas and others write a missing value
            times = 1
        return [self.prefix + text * int(times) for text in texts]
