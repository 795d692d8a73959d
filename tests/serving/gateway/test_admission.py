"""How much may be in a gateway at once."""

from __future__ import annotations

import pytest

from hub.errors import QueueFullError, UnavailableError
from hub.serving.gateway.admission import Admission
from hub.serving.gateway.inflight import InflightBytes

pytestmark = pytest.mark.unit


def test_admission_holds_bytes_and_places_only_while_inside() -> None:
    admission = Admission(InflightBytes(100))
    for _ in range(3):
        with admission.admit("a", 1, 100):
            pass
    with admission.admit("a", 1, 60), pytest.raises(QueueFullError), admission.admit("a", 1, 1):
        pass
    with admission.admit("a", 2, 60), pytest.raises(UnavailableError, match="max_inflight_mb"):  # noqa: SIM117
        with admission.admit("b", 2, 60):
            pass
    with admission.admit("a", 1, 100):
        pass


def test_admission_lets_go_when_the_request_fails() -> None:
    admission = Admission(InflightBytes(100))
    with pytest.raises(KeyError), admission.admit("a", 1, 100):
        raise KeyError
    with admission.admit("a", 1, 100):
        pass
