"""How much may be in a gateway at once."""

from __future__ import annotations

import threading

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


def test_a_page_of_a_job_waits_until_no_other_request_is_here() -> None:
    admission, ready = Admission(InflightBytes(100)), threading.Event()
    waiting = threading.Thread(target=lambda: (admission.let_others_go_first("a", 30), ready.set()))
    with admission.admit("a", 9, 0, True), admission.admit("b", 9, 0):  # a page, and another module's
        with admission.admit("a", 9, 0):
            waiting.start()
            assert not ready.wait(0.1)
        assert ready.wait(10)
    waiting.join()


def test_a_page_of_a_job_does_not_wait_for_ever() -> None:
    admission = Admission(InflightBytes(100))
    with admission.admit("a", 9, 0):
        admission.let_others_go_first("a", 0.01)
