"""The base of a server's settings: what all of them refuse."""

from __future__ import annotations

from typing import Any, get_args

from pydantic import BaseModel, ConfigDict, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError


class Settings(BaseModel):
    """Keys and values of a config file. Unknown keys are refused, and so are NaN and infinity.

    true and false do not count as numbers, and only they say yes or no: ``"no"`` would count as true.
    """

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        use_attribute_docstrings=True,
        allow_inf_nan=False,
        protected_namespaces=(),
    )

    @field_validator("*", mode="before")
    @classmethod
    def _true_or_false(cls, value: Any, info: ValidationInfo) -> Any:
        annotation = cls.model_fields[info.field_name or ""].annotation
        if annotation is Any:
            return value
        wants_bool = annotation is bool or bool in get_args(annotation)
        if value is None and wants_bool:
            return value  # where nothing may stand, too
        if wants_bool and not isinstance(value, bool):
            raise PydanticCustomError("bool_type", "must be true or false")
        if isinstance(value, bool) and not wants_bool:
            raise PydanticCustomError("not_bool", "must not be true or false")
        return value
