"""The pipelines of PaddleX, by name: all that its serving documents list, and newer ones."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hub.errors import ConfigError
from hub.suggestion import closest

_TABLE: Final = Path(__file__).with_name("pipelines.csv")


@dataclass(frozen=True)
class Pipeline:
    """One pipeline.

    Attributes:
        chinese, english: its title in the documents.
        routes: where PaddleX's server answers for it, without the slash, its main operation first. Empty
            where PaddleX has no server for it.
        former: its names in PaddleX's 2024 releases.
        only_model: what a pipeline of one model, which those releases had, calls the model's entry.
    """

    chinese: str
    english: str
    routes: tuple[str, ...]
    former: tuple[str, ...]
    only_model: str


def _read() -> Iterator[tuple[str, Pipeline]]:
    with _TABLE.open(encoding="utf-8", newline="") as lines:
        for name, chinese, english, routes, former, only_model in list(csv.reader(lines))[1:]:
            yield name, Pipeline(chinese, english, tuple(routes.split()), tuple(former.split()), only_model)


PIPELINES: Final[Mapping[str, Pipeline]] = dict(_read())
#: Names of PaddleX's 2024 releases → today's.
FORMER: Final = {former: name for name, each in PIPELINES.items() for former in each.former}


def known(name: str) -> str:
    """Return today's name of a pipeline.

    Raises:
        ConfigError: there is no such pipeline, or PaddleX itself has no server for it.
    """
    name = FORMER.get(name, name)
    if name not in PIPELINES:
        raise ConfigError(_unknown(name))
    if not PIPELINES[name].routes:
        raise ConfigError(f"the pipeline {name} cannot be served: PaddleX itself has no server for it")
    return name


def _unknown(name: str) -> str:
    meant = closest(name, [*PIPELINES, *FORMER]) or _by_title(name)
    said = f"there is no pipeline {name!r}."
    if meant:
        return f"{said} Did you mean {FORMER.get(meant, meant)}?"
    return f"{said} There are: {', '.join(PIPELINES)}. To name a pipeline's YAML file, write its suffix, too"


def _by_title(given: str) -> str | None:
    """Return the pipeline whose title in the documents this nearly is."""
    titles = {title: name for name, each in PIPELINES.items() for title in (each.english, each.chinese)}
    bare = given.removesuffix("产线").removesuffix(" Pipeline")
    meant = closest(bare, titles)
    return titles[meant] if meant else None
