"""The contract of modules: the base class and the three decorators its author uses.

    from hub.module import Module, moduleinfo, serving

    @moduleinfo(name="echo", version="1.0.0", summary="says it again")
    class Echo(Module):
        def _initialize(self, prefix=""):          # the config file's init_args
            self.prefix = prefix

        @serving                                   # what POST /predict/echo calls
        def echo(self, texts):                     # the request's JSON keys
            return [self.prefix + text for text in texts]

The names and their meaning are PaddleHub's, so its modules read the same here.
Standard library only: runners in a module's own environment import this file.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Final, TypeVar, overload

from hub.errors import InvalidModuleError

F = TypeVar("F", bound=Callable[..., Any])
C = TypeVar("C", bound=type)

_SERVING_MARK = "__hub_serving__"
_RUNNABLE_MARK = "__hub_runnable__"
_INFO_MARK = "__hub_info__"
_EXAMPLE: Final = re.compile(r"^[ \t]*Examples?::?\s+(?P<object>\{.*)", re.MULTILINE | re.DOTALL)
#: On modules written for PaddleHub: their annotations are hints, as nothing ever checked them.
HINTS_MARK = "__hub_hints__"


@dataclass(frozen=True)
class ServingOptions:
    """The options of a serving method.

    Attributes:
        batch: name of the argument that holds a list of independent items, so that waiting
            requests may be joined into one call; the method then returns one result per item.
        max_batch_size: most items that such a call should have, unless the server's config file
            says otherwise; 1 joins nothing.
        images: names of the arguments that are images (or lists of them). They reach the
            method decoded: ``uint8`` arrays of shape (height, width, 3), BGR, EXIF orientation
            applied, or None for bytes that are not an image. Other arguments arrive as sent.
        documents: True where the method takes files with several pages, and PDFs: such a file reaches it as
            ``hub.pictures.pages.Pages``. It has an argument ``pages``, by which callers say which.
        whole_documents: True where the result of a document is of all its pages together: a job sends it as
            one request, not page by page.
        idempotent: False where calling twice does harm; such a request is never resent.
        thread_safe: True where several threads may call the method at once.
        example: arguments of a call that works, as JSON; the API page and the playground show it, and
            ``hub check`` calls the method with it. Without, what the docstring has in a section ``Example:``.
    """

    batch: str | None = None
    max_batch_size: int = 1
    images: tuple[str, ...] = ()
    documents: bool = False
    idempotent: bool = True
    thread_safe: bool = False
    example: Mapping[str, Any] | None = None
    whole_documents: bool = False


class ModuleType(type):
    """Makes ``Module(name=…)`` find and load a module, while subclasses build as usual."""

    resolver: ClassVar[Callable[..., Module] | None] = None

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        if cls.__dict__.get("_is_module_base"):
            if ModuleType.resolver is None:
                raise InvalidModuleError("to load a module by name call hub.Module(name=…), after import hub")
            return ModuleType.resolver(*args, **kwargs)
        return super().__call__(*args, **kwargs)


class Module(metaclass=ModuleType):
    """Base class of modules, and the way to load one: ``hub.Module(name="ocr_system")``.

    Attributes:
        directory: the folder that holds ``module.py`` (a string, as in PaddleHub).
        name, version, …: as declared in ``@moduleinfo``.
        endpoints: of a pipeline, routes of its own (``{"ocr": ("file",)}`` for ``POST /ocr``), each with
            the fields of the JSON body that hold a file; see :mod:`hub.serving.runner.endpoints`. May be set
            for an instance in ``_initialize``.
        once: those of them that do harm when a request is run twice; see ``idempotent`` above.
        endpoint_schemas: JSON schemas of their bodies (without ``$ref``), which the API page shows.
    """

    _is_module_base: ClassVar[bool] = True
    endpoints: Mapping[str, Sequence[str]] = {}
    once: Collection[str] = ()
    endpoint_schemas: Mapping[str, Mapping[str, Any]] = {}
    directory: str = ""
    name: str = ""
    version: str = ""

    def __init__(self, directory: str | None = None, **_: Any) -> None:
        self.directory = directory or str(Path(inspect.getfile(type(self))).resolve().parent)


def moduleinfo(
    name: str,
    version: str,
    author: str | None = None,
    author_email: str | None = None,
    summary: str | None = None,
    type: str | None = None,
    weights: list[str] | tuple[str, ...] = (),
) -> Callable[[C], C]:
    """Mark a class as the module of its file and describe it.

    The values must be literals: ``hub list`` and ``hub install`` read them from the source
    without importing it. ``weights`` names catalogue entries that ``hub install`` fetches.
    """

    def mark(cls: C) -> C:
        setattr(cls, _INFO_MARK, True)
        described = {"name": name, "version": version, "author": author, "summary": summary}
        for key, value in {**described, "author_email": author_email, "type": type}.items():
            setattr(cls, key, value)
        return cls

    return mark


@overload
def serving(func: F) -> F: ...
@overload
def serving(
    *,
    batch: str | None = None,
    max_batch_size: int = 1,
    images: str | list[str] | tuple[str, ...] = (),
    documents: bool = False,
    idempotent: bool = True,
    thread_safe: bool = False,
    example: Mapping[str, Any] | None = None,
    whole_documents: bool = False,
) -> Callable[[F], F]: ...
def serving(
    func: F | None = None,
    *,
    batch: str | None = None,
    max_batch_size: int = 1,
    images: str | list[str] | tuple[str, ...] = (),
    documents: bool = False,
    idempotent: bool = True,
    thread_safe: bool = False,
    example: Mapping[str, Any] | None = None,
    whole_documents: bool = False,
) -> F | Callable[[F], F]:
    """Mark a method that requests call; plain or with options.

    The first of them in the class answers at ``POST /predict/<module>``, each other at
    ``POST /predict/<module>/<method>``.

    See :class:`ServingOptions` for the options.
    """
    names = (images,) if isinstance(images, str) else tuple(images)
    options = ServingOptions(
        batch, max_batch_size, names, documents, idempotent, thread_safe, example, whole_documents
    )

    def mark(method: F) -> F:
        told = options.example if options.example is not None else _example_of(method)
        setattr(method, _SERVING_MARK, replace(options, example=told))
        return method

    return mark if func is None else mark(func)


def _example_of(method: Callable[..., Any]) -> Mapping[str, Any] | None:
    """Return the JSON object in the section ``Example:`` of a docstring, if there is one."""
    found = _EXAMPLE.search(getattr(method, "__doc__", None) or "")
    try:
        return json.JSONDecoder().raw_decode(found["object"])[0] if found else None
    except ValueError:  # prose, or a call in Python
        return None


def runnable(func: F) -> F:
    """Mark the method that ``hub run <module> …`` calls with the remaining arguments."""
    setattr(func, _RUNNABLE_MARK, True)
    return func


def is_module_class(value: object) -> bool:
    """Tell whether a class carries its own ``@moduleinfo`` (an inherited one does not count)."""
    return isinstance(value, type) and _INFO_MARK in value.__dict__


def is_contract(cls: type) -> bool:
    """Tell whether a module's annotations are checked: not where it was written for PaddleHub."""
    return not getattr(cls, HINTS_MARK, False)


def _marked_method(cls: type, mark: str) -> tuple[str, Any] | None:
    """Return name and mark of the first method that has it, nearest class first."""
    for owner in cls.__mro__:
        for name, value in owner.__dict__.items():
            if hasattr(value, mark):
                return name, getattr(value, mark)
    return None


def serving_method(cls: type) -> tuple[str, ServingOptions] | None:
    """Return name and options of the ``@serving`` method, nearest class in the MRO first."""
    return _marked_method(cls, _SERVING_MARK)


def serving_methods(cls: type) -> dict[str, ServingOptions]:
    """Return name → options of every ``@serving`` method, the one that ``serving_method`` finds first.

    PaddleHub's base classes have one called ``serving_method``: a class that has another in its place
    inherits no second one.
    """
    found: dict[str, ServingOptions] = {}
    for owner in cls.__mro__:
        inherited = bool(found)
        for name, value in owner.__dict__.items():
            options = getattr(value, _SERVING_MARK, None)
            is_replaced = inherited and name == "serving_method"
            if isinstance(options, ServingOptions) and not is_replaced:
                found.setdefault(name, options)
    return found


def runnable_method(cls: type) -> str | None:
    """Return the name of the ``@runnable`` method, nearest class in the MRO first."""
    found = _marked_method(cls, _RUNNABLE_MARK)
    return found[0] if found else None
