"""Between a request's JSON keys and the parameters of the module's serving method.

The runner binds, because only it has the method: a key that the method does not take is the caller's
mistake (400, with the accepted names), a TypeError from inside the method is the module's (500).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from hub.errors import BindingError, ConfigError
from hub.module.arguments import names_server_files, parameters, plain, refuse_names
from hub.module.contract import ServingOptions
from hub.module.signature import Signature
from hub.serving.messages.manifest import Manifest, Parameter

_NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


class Binding:
    """The serving method's signature, and the config file's ``predict_args`` as defaults under it."""

    def __init__(
        self,
        method: Callable[..., Any],
        defaults: Mapping[str, Any],
        signature: Signature | None = None,
        *,
        names_paths: bool = True,
    ) -> None:
        """Take a method's parameters.

        Args:
            method: the serving method.
            defaults: the config file's ``predict_args``.
            signature: checks the values; None calls with what was sent.
            names_paths: callers may send arguments that name files of the server.

        Raises:
            ConfigError: a default is not what the signature allows.
        """
        self.method = method
        self.signature = signature
        self._parameters = parameters(method)
        self.accepted = [p.name for p in self._parameters if p.kind in _NAMED]
        self.offered = [name for name in self.accepted if names_paths or not names_server_files(name)]
        self.required = [p.name for p in self._parameters if p.kind in _NAMED and p.default is p.empty]
        self.takes_any = any(p.kind is p.VAR_KEYWORD for p in self._parameters)
        bound = inspect.unwrap(
            method, stop=inspect.ismethod
        )  # it may be wrapped, see hub.compat.paddlehub_api.static_mode
        function = getattr(bound, "__func__", None)
        self.taken = list(inspect.signature(function).parameters)[:1] if function else []
        try:
            self.defaults = signature.apply(defaults) if signature else dict(defaults)
        except BindingError as error:
            raise ConfigError(f"predict_args: {error}") from None

    def bind(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Return keyword arguments for the method: the request's, over ``predict_args``.

        Raises:
            BindingError: a key is unknown, a required one is missing, or a value is not what its annotation
                allows.
        """
        bound = {**self.defaults, **arguments}
        unknown = [name for name in bound if name not in self.accepted]
        if self.takes_any:  # but for `self`, whatever it is called: Python would take it for the instance
            unknown = [name for name in unknown if name in self.taken]
        missing = [name for name in self.required if name not in bound]
        refuse_names(unknown, missing, self.offered)
        return self.signature.apply(bound) if self.signature else bound

    def manifest(self, options: ServingOptions, *, max_batch_size: int = 1) -> Manifest:
        """Return what the gateway and the API page need to know of the method."""
        signature = inspect.signature(self.method)
        returns = self.signature.returns if self.signature else None
        owner = getattr(inspect.unwrap(self.method), "__self__", None)
        return Manifest(
            method=self.method.__name__,
            summary=str(getattr(owner, "summary", None) or ""),
            doc=inspect.getdoc(self.method) or "",
            returns=_annotation(signature.return_annotation),
            returns_schema=returns.schema if returns else None,
            example=None if options.example is None else dict(options.example),
            parameters=tuple(
                self._parameter(parameter) for parameter in self._parameters if parameter.kind in _NAMED
            ),
            takes_any=self.takes_any,
            batch=options.batch,
            images=tuple(options.images),
            documents=options.documents,
            whole_documents=options.whole_documents,
            idempotent=bool(options.idempotent),
            max_batch_size=max_batch_size,
        )

    def _parameter(self, parameter: inspect.Parameter) -> Parameter:
        is_json = isinstance(parameter.default, (str, int, float, bool, type(None)))
        return Parameter(
            name=parameter.name,
            required=parameter.name in self.required,
            annotation=_annotation(plain(parameter.annotation)),
            has_default=is_json,
            default=parameter.default if is_json else None,
            schema=self._schema(parameter.name),
        )

    def _schema(self, name: str) -> dict[str, Any] | None:
        check = self.signature.checks.get(name) if self.signature else None
        return check.schema if check else None


def _annotation(given: Any) -> str:
    return "" if given is inspect.Signature.empty else inspect.formatannotation(given)
