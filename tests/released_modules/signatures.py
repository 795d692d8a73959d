"""Describe public names as data, so that those of a release can be compared with today's.

A description holds what a caller relies on: parameters, members, allowed values, and the classes of ``hub``
that a call returns. Where such a class is defined is not part of it.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Iterable
from typing import Any, get_args, get_origin

from tests.released_modules.imports import resolve

#: A name's description; ``types`` in it are keys of the same record.
Description = dict[str, Any]
_REQUIRED = "required"


class Recorder:
    """Collects descriptions of ``names``, and of the classes of ``hub`` that they return.

    A class with a name is described in full; one that is only returned, by its members in ``attributes``.
    Names that are gone are left out.
    """

    def __init__(self, names: Iterable[str], attributes: Iterable[str]) -> None:
        values = {name: value for name in sorted(names) if (value := _found(name)) is not None}
        self._attributes = frozenset(attributes)
        self._named = [value for value in values.values() if inspect.isclass(value)]
        self.types: dict[str, Description] = {}
        self.names = {name: self._described(value) for name, value in values.items()}

    def _described(self, value: Any) -> Description:
        if inspect.isclass(value):
            return {"kind": "class", "types": self._keys([value])}
        if callable(value) and not get_origin(value):
            return {"kind": "function", **self._callable(value)}
        if get_origin(value) is typing.Literal:
            return {"kind": "values", "values": list(get_args(value))}
        return {"kind": "module" if inspect.ismodule(value) else "value"}

    def _keys(self, annotations: Iterable[Any]) -> list[str]:
        classes = [each for annotation in annotations for each in _classes_in(annotation)]
        for found in classes:
            if found.__name__ not in self.types:
                self.types[found.__name__] = {}  # before its members: they may mention it
                self.types[found.__name__] = self._class(found)
        return [found.__name__ for found in classes]

    def _class(self, found: type) -> Description:
        fields = {name: {"types": self._keys([hint])} for name, hint in _hints(found).items()}
        own = {name for base in found.__mro__ if _is_of_hub(base) for name in vars(base)}
        methods = {name: self._member(getattr(found, name)) for name in own if not name.startswith("_")}
        members = {**methods, **{name: field for name, field in fields.items() if not name.startswith("_")}}
        bases = [base.__name__ for base in found.__mro__[1:-1]]
        if typing.is_typeddict(found):
            return {"bases": bases, "members": members}
        if found not in self._named:
            return {
                "bases": bases,
                "members": {name: members[name] for name in members.keys() & self._attributes},
            }
        return {"bases": bases, "call": _parameters(found), "members": members}

    def _member(self, member: Any) -> Description:
        if isinstance(member, property):
            return {"types": self._keys([_hints(member.fget).get("return")])}
        return self._callable(member) if inspect.isroutine(member) else {}

    def _callable(self, function: Callable[..., Any]) -> Description:
        return {"call": _parameters(function), "types": self._keys([_hints(function).get("return")])}


def problems(released: dict[str, Any], today: dict[str, Any]) -> list[str]:
    """Tell what of a released record (``names`` and ``types``) today's does not offer any more."""
    compare = _Comparison(released["types"], today["types"])
    for name, old in released["names"].items():
        if name not in today["names"]:
            compare.found.append(f"{name} is gone")
        elif old["kind"] != today["names"][name]["kind"]:
            compare.found.append(f"{name} was a {old['kind']} and is a {today['names'][name]['kind']}")
        else:
            compare.descriptions(name, old, today["names"][name])
    return compare.found


class _Comparison:
    def __init__(self, released: dict[str, Description], today: dict[str, Description]) -> None:
        self.released, self.today = released, today
        self.found: list[str] = []
        self._seen: set[tuple[str, str]] = set()

    def descriptions(self, where: str, old: Description, new: Description) -> None:
        missing = [value for value in old.get("values", []) if value not in new.get("values", [])]
        self.found += [f"{where} does not allow {value!r} any more" for value in missing]
        if "call" in old:
            self.found += [f"{where}: {what}" for what in _refused(old["call"], new.get("call"))]
        if len(old.get("types", [])) != len(new.get("types", [])):
            self.found.append(f"{where}: its types were {old['types']} and are {new.get('types')}")
            return
        for old_type, new_type in zip(old.get("types", []), new.get("types", []), strict=True):
            if (old_type, new_type) not in self._seen:
                self._seen.add((old_type, new_type))
                self._classes(new_type, self.released[old_type], self.today[new_type])

    def _classes(self, name: str, old: Description, new: Description) -> None:
        if "call" in old:
            self.found += [f"{name}(): {what}" for what in _refused(old["call"], new.get("call"))]
        public = [base for base in old["bases"] if base.endswith(("Error", "Exception"))]
        self.found += [f"{name} is not a {base} any more" for base in public if base not in new["bases"]]
        for member, description in old["members"].items():
            if member not in new["members"]:
                self.found.append(f"{name}.{member} is gone")
            else:
                self.descriptions(f"{name}.{member}", description, new["members"][member])


def _refused(old: list[str], new: list[str] | None) -> list[str]:
    """Tell which calls that ``old`` accepts ``new`` refuses; both are lists of parameters."""
    if new is None:
        return ["cannot be called any more"]
    before, after = _read(old), _read(new)
    kinds = {kind for kind, _ in after.values()}
    found = []
    for name, (kind, required) in before.items():
        if "variadic" in kind:
            found += [] if kind in kinds else [f"takes no {kind} arguments any more"]
        elif name not in after:
            taken = "variadic keyword" in kinds and kind == "keyword-only"
            found += [] if taken else [f"the parameter {name} is gone"]
        elif after[name][0] not in (kind, "positional or keyword"):
            found.append(f"{name} was {kind} and is {after[name][0]}")
        elif after[name][1] and not required:
            found.append(f"{name} is required now")
    added = [name for name in after if name not in before and after[name][1]]
    found += [f"{name} is new and required" for name in added]
    positions = [
        [name for name, (kind, _) in each.items() if "positional or" in kind] for each in (before, after)
    ]
    if not found and positions[1][: len(positions[0])] != positions[0]:
        found.append(f"its positions were {positions[0]} and are {positions[1]}")
    return found


def _read(parameters: list[str]) -> dict[str, tuple[str, bool]]:
    split = (each.split(" | ") for each in parameters)
    return {name: (kind, need == _REQUIRED) for name, kind, need in split}


def _parameters(function: Callable[..., Any]) -> list[str]:
    try:
        signature = inspect.signature(function)
    except ValueError:  # of a class that is written in C, such as an exception's
        return []
    found = []
    for parameter in signature.parameters.values():
        keys = _unpacked(function, parameter)
        if keys is not None:
            found += [f"{key} | keyword-only | optional" for key in keys]
            continue
        variadic = "VAR_" in parameter.kind.name
        needed = _REQUIRED if parameter.default is parameter.empty and not variadic else "optional"
        found.append(f"{parameter.name} | {parameter.kind.description} | {needed}")
    return found


def _unpacked(function: Callable[..., Any], parameter: inspect.Parameter) -> list[str] | None:
    """Return the keys of ``**options: Unpack[AnyTypedDict]``; None for any other parameter."""
    hint = _hints(function).get(parameter.name)
    if parameter.kind is not parameter.VAR_KEYWORD or get_origin(hint) is not typing.Unpack:
        return None
    return sorted(get_args(hint)[0].__annotations__)


def _found(name: str) -> Any:
    try:
        return resolve(name)
    except (ImportError, AttributeError):
        return None


def _hints(value: Any) -> dict[str, Any]:
    try:
        return typing.get_type_hints(value)
    except (NameError, TypeError):  # imported for the type checker only
        return {}


def _classes_in(annotation: Any) -> list[type]:
    """Return the classes of ``hub`` in an annotation, however deep, in its order."""
    inner = [found for each in get_args(annotation) for found in _classes_in(each)]
    own = inspect.isclass(annotation) and not get_origin(annotation) and _is_of_hub(annotation)
    return ([annotation] if own else []) + inner


def _is_of_hub(found: type) -> bool:
    return found.__module__.split(".")[0] == "hub"
