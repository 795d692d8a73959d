"""Schemathesis sends what the document allows, and what it does not, and compares every answer with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hub import settings
from tests.serving.running import ROOT, Server
from tests.ui.conftest import own

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
#: Requests per operation and mode; a server takes one to two minutes.
EXAMPLES = 40
OCR = ("ocr_system", "ocr_det", "ocr_cls", "ocr_rec")


def test_no_answer_of_small_modules_is_undeclared(home: Path) -> None:
    with Server(home, {**own("boxes", "tagger", "shapes"), "greet": {}, "broken": {}}) as server:
        codes = fuzz(server)

    for name in ("boxes", "tagger", "shapes"):
        assert {200, 400} <= codes[f"POST /predict/{name}"]
        assert {200, 400} <= codes[f"POST /v2/models/{name}/infer"]
    assert 503 in codes["POST /predict/broken"]


@pytest.mark.models
def test_no_answer_of_the_ocr_modules_is_undeclared(home: Path) -> None:
    weights = settings.hub_home() / "weights"
    weights.mkdir(parents=True, exist_ok=True)
    home.mkdir()
    (home / "weights").symlink_to(weights)
    modules = {name: {"init_args": {"directory": str(ROOT / "deploy" / "hubserving" / name)}} for name in OCR}
    with Server(home, modules) as server:
        codes = fuzz(server)

    for name in OCR:
        assert {200, 400} <= codes[f"POST /predict/{name}"]


def fuzz(server: Server) -> dict[str, set[int]]:
    """Check many answers of each operation; which codes each gave."""
    import schemathesis
    from hypothesis import HealthCheck, Phase, given, settings
    from schemathesis.checks import CheckFunction
    from schemathesis.generation import GenerationMode
    from schemathesis.specs.openapi.checks import (
        content_type_conformance,
        response_headers_conformance,
        response_schema_conformance,
        status_code_conformance,
    )

    checks: list[CheckFunction] = [
        status_code_conformance,
        content_type_conformance,
        response_headers_conformance,
        response_schema_conformance,
    ]
    document = server.get("/openapi.json").json()
    schema = schemathesis.openapi.from_dict(document)
    codes: dict[str, set[int]] = {}

    def check(operation: Any, mode: GenerationMode) -> None:
        @given(case=operation.as_strategy(generation_mode=mode))
        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            derandomize=True,
            phases=(Phase.explicit, Phase.generate),
            suppress_health_check=list(HealthCheck),
        )
        def one(case: Any) -> None:
            response = case.call(base_url=server.url)
            codes.setdefault(operation.label, set()).add(response.status_code)
            case.validate_response(response, checks=checks)

        one()

    for result in schema.get_all_operations():
        operation = result.ok()
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            try:
                check(operation, mode)
            except Exception as error:
                if "Unsatisfiable" in type(error).__name__:  # nothing about a bare GET can be wrong
                    continue
                raise
    assert len(codes) == sum(len(operations) for operations in document["paths"].values())
    assert server.get("/health/live").json() == {"live": True}
    return codes
