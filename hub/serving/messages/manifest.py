"""Runner → supervisor → gateway: what a loaded module takes and gives, as its runner found out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Self

from hub.serving.messages.message import Message


@dataclass(frozen=True)
class Parameter(Message):
    """A parameter of the serving method.

    Attributes:
        annotation: as text, because the gateway never imports a module; "" where there is none.
        schema: as JSON Schema, where it is checked.
        has_default: whether ``default`` is one; a default that is not JSON is not told.
    """

    name: str
    required: bool
    annotation: str = ""
    has_default: bool = False
    default: Any = None
    schema: dict[str, Any] | None = None


@dataclass(frozen=True)
class Manifest(Message):
    """A module as its callers need to know it. The defaults hold until its first runner was READY.

    Attributes:
        method: the serving method's name; "" until it is known. All that follows is about this one.
        returns: its return annotation as text; ``returns_schema`` is what that means, where it is checked.
        takes_any: it has ``**kwargs``.
        batch: the argument by which requests are joined.
        images: arguments that hold images.
        streams: it answers with one item after the other; ``returns_schema`` is that of an item.
        documents: it takes several pages of a file, and PDFs.
        whole_documents: the result of a document is of all its pages together.
        idempotent: whether a request may be sent again after a runner died under it; None: not known yet.
        endpoints: a pipeline's endpoints, and the fields of each that hold files.
        once: those endpoints that must not run a request twice.
        endpoint_schemas: JSON schemas of the endpoints' bodies.
        concurrency: calls at once in one runner.
        max_batch_size: items in one call.
        models: what it computes with, by names of the catalogue or by folder.
        methods: every serving method by name, this one too, of a module that has more than one.
    """

    method: str = ""
    summary: str = ""
    doc: str = ""
    returns: str = ""
    returns_schema: dict[str, Any] | None = None
    example: dict[str, Any] | None = None
    parameters: tuple[Parameter, ...] = ()
    takes_any: bool = True
    batch: str | None = None
    images: tuple[str, ...] = ()
    streams: bool = False
    documents: bool = False
    whole_documents: bool = False
    idempotent: bool | None = None
    endpoints: dict[str, tuple[str, ...]] = field(default_factory=dict)
    once: tuple[str, ...] = ()
    endpoint_schemas: dict[str, Any] = field(default_factory=dict)
    concurrency: int = 1
    max_batch_size: int = 1
    models: tuple[str, ...] = ()
    methods: dict[str, Manifest] = field(default_factory=dict)

    @property
    def is_known(self) -> bool:
        """True once a runner has told it."""
        return bool(self.method)

    @property
    def each(self) -> tuple[Manifest, ...]:
        """The manifests of all serving methods."""
        return tuple(self.methods.values()) or (self,)

    @property
    def others(self) -> tuple[str, ...]:
        """The names of the methods besides this one."""
        return tuple(name for name in self.methods if name != self.method)

    @property
    def largest_batch(self) -> int:
        """Items in one call of whichever method."""
        return max(manifest.max_batch_size for manifest in self.each)

    def of(self, method: str) -> Manifest | None:
        """Return the manifest of a serving method; None where there is none of that name."""
        if method == self.method:
            return self
        found = self.methods.get(method)
        return None if found is None else replace(found, methods=self.methods)

    def without(self, is_refused: Callable[[str], bool]) -> Self:
        """Return the manifest without the parameters of some names."""
        kept = tuple(parameter for parameter in self.parameters if not is_refused(parameter.name))
        return replace(self, parameters=kept)
