"""The signature of a serving method as its contract: what its annotations allow is checked before the call.

Standard library only: runners in a module's own environment import this file.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any, Final

from hub.errors import BindingError
from hub.module import streams
from hub.module.annotations import check_of
from hub.module.arguments import parameters, resolved_annotations
from hub.module.check import Check, Mismatch
from hub.module.contract import ServingOptions, is_contract, serving_methods

#: Annotations that say nothing on purpose.
_ANYTHING: Final = (Any, object, inspect.Parameter.empty)


class Signature:
    """The annotated parameters of a method.

    Attributes:
        checks: argument → what its annotation means.
        unchecked: annotated arguments whose annotation means nothing to JSON.
        returns: what the return annotation means, if anything; of a stream, what it says of an item.
    """

    def __init__(self, method: Callable[..., Any], images: Collection[str] = ()) -> None:
        hints = resolved_annotations(method)
        self.checks: dict[str, Check] = {}
        self.unchecked: tuple[str, ...] = ()
        for parameter in parameters(method):
            name = parameter.name
            annotation = hints.get(name, parameter.annotation)
            is_variadic = parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
            if is_variadic or _says_nothing(annotation):
                continue
            check = check_of(annotation)
            if name in images:
                check = _image_check(check)
            if check is None:
                self.unchecked += (name,)
            else:
                self.checks[name] = _or_default(check, parameter.default)
        returned = streams.returned(method, hints.get("return", inspect.Parameter.empty))
        self.returns = None if _says_nothing(returned) else check_of(returned)

    def apply(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Return the arguments, checked and converted.

        Raises:
            BindingError: one is not what its annotation allows; names it, what is wanted and what came.
        """
        found = dict(arguments)
        for name, check in self.checks.items():
            if name in found:
                try:
                    found[name] = check.convert(found[name], True)
                except Mismatch as error:
                    raise BindingError(error.told(name)) from None
        return found


def enforce(instance: Any) -> Any:
    """Have the serving methods of a module's instance check their arguments, and return the instance.

    Those that answer with streams return lists.
    """
    if is_contract(type(instance)):
        methods = serving_methods(type(instance))
        for name, options in methods.items():
            _enforce(instance, name, options)
        streams.collect(instance, methods)
    return instance


def _enforce(instance: Any, name: str, options: ServingOptions) -> None:
    method = getattr(instance, name)
    signature, taken = Signature(method, options.images), inspect.signature(method)
    if not signature.checks:
        return
    keywords = {each.name for each in taken.parameters.values() if each.kind is each.VAR_KEYWORD}

    @functools.wraps(method)
    def checked(*args: Any, **kwargs: Any) -> Any:
        bound = taken.bind(*args, **kwargs)
        bound.arguments.update(signature.apply(bound.arguments))
        for name in bound.arguments.keys() & keywords:  # the fields of an Unpack are in there
            bound.arguments[name] = signature.apply(bound.arguments[name])
        return method(*bound.args, **bound.kwargs)

    setattr(instance, name, checked)


def _says_nothing(annotation: Any) -> bool:
    return any(annotation is each for each in _ANYTHING)


def _or_default(check: Check, default: Any) -> Check:
    """Allow None where it is the default, whatever the annotation says."""
    if default is not None:
        return check
    return replace(check, convert=lambda value, wrap: None if value is None else check.convert(value, wrap))


def _image_check(check: Check | None) -> Check:
    """Return the check of a declared image or list of images, which is decoded before.

    An image that cannot be read is None.
    """
    if check is not None and check.is_list:
        return replace(check, convert=lambda value, wrap: value if isinstance(value, list) else [value])

    def convert(value: Any, wrap: bool) -> Any:
        if not isinstance(value, list):
            return value
        if len(value) != 1:
            raise Mismatch("one image", value)
        return value[0]

    return Check("one image", {}, convert)
