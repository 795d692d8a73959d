"""tools/sizing.py: by hand for one number, and the table of doc/kubernetes.md."""

from __future__ import annotations

import subprocess
import sys

from tests.serving.running import ROOT


def sizing(*words: str) -> str:
    command = [sys.executable, str(ROOT / "tools" / "sizing.py"), *words]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout


def test_a_number_that_can_be_done_in_the_head() -> None:
    given = "--cpu_ms=250 --peak=2 --utilisation=0.5 --image_kb=500 --pod_mb=800 8640000"
    row = sizing(*given.split())

    # 100 a second on average, 200 at the peak, 50 cores busy, 100 there, 25 pods of 0.8 GB, 100 MB/s
    assert row.splitlines()[-1] == "| 8 640 000 | 200.0 | 100 | 25 | 20 GB | 800 Mbit/s |"


def test_there_are_never_fewer_than_two_pods() -> None:
    assert "| 1 | 2 |" in sizing("1000")


def test_the_documents_table_is_what_it_prints() -> None:
    assert sizing() in (ROOT / "doc" / "kubernetes.md").read_text()
