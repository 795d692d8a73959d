"""Runners that die, hang, or never come up: cases 1 to 7, 16, 17, 23 and 24 of the fault list."""

from __future__ import annotations

import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.serving.running import Server, wait_until


def background(server: Server, module: str, bodies: list[dict[str, Any]], **options: Any) -> Any:
    pool = ThreadPoolExecutor(len(bodies))
    url = f"{server.url}/predict/{module}"
    return [pool.submit(requests.post, url, json=body, timeout=40, **options) for body in bodies]


@pytest.mark.parametrize("runners", [pytest.param(2, id="case 1"), pytest.param(1, id="case 2")])
def test_requests_of_a_killed_runner_are_answered_all_the_same(home: Path, runners: int) -> None:
    with Server(home, {"probe": {"instances": [{"count": runners}]}}) as server:
        futures = background(server, "probe", [{"text": str(n), "sleep": 0.5} for n in range(6)])
        time.sleep(0.3)
        server.kill_runner("probe")
        replies = [future.result() for future in futures]

        assert [reply.status_code for reply in replies] == [200] * 6
        assert [reply.json()["results"]["text"] for reply in replies] == [str(n) for n in range(6)]
        assert [reply.headers.get("X-Hub-Attempts") for reply in replies].count("2") == 1
        wait_until(lambda: server.module("probe").restarts == 1, what="the death counted")


def test_case_3_a_request_that_kills_its_runner_is_blamed_and_its_neighbours_are_not(home: Path) -> None:
    with Server(home, {"probe": {"instances": [{"count": 2}]}}) as server:
        poison = {"action": "crash", "text": "poison"}
        others = [{"text": str(n), "sleep": 0.05} for n in range(12)]
        futures = background(server, "probe", [*others[:6], poison, *others[6:]])
        replies = [future.result() for future in futures]
        bad = replies.pop(6)
        wait_until(lambda: server.module("probe").restarts == 3, what="three deaths counted")
        again = server.post("probe", poison)
        time.sleep(0.5)

        assert [reply.status_code for reply in replies] == [200] * 12
        assert (bad.status_code, "killed" in bad.json()["msg"]) == (500, True)
        assert again.status_code == 500
        assert server.module("probe").restarts == 3  # refused without another victim


def test_a_request_during_whose_first_try_the_runner_died_is_not_poison(home: Path, tmp_path: Path) -> None:
    with Server(home, {"probe": {}}) as server:
        reply = server.post("probe", {"action": "crash once", "marker": str(tmp_path / "marker")})

        assert reply.status_code == 200


def test_case_4_killing_every_runner_again_and_again_loses_nothing(home: Path) -> None:
    with Server(home, {"probe": {"instances": [{"count": 2}]}}) as server:
        stop = threading.Event()
        codes: list[int] = []

        def call(worker: int) -> None:
            with requests.Session() as session:
                number = 0
                while not stop.is_set():
                    number += 1
                    body = {"text": f"{worker}-{number}", "sleep": 0.01}
                    reply = session.post(f"{server.url}/predict/probe", json=body, timeout=40)
                    codes.append(reply.status_code if reply.json()["results"]["text"] == body["text"] else -1)

        callers = [threading.Thread(target=call, args=(worker,)) for worker in range(8)]
        for caller in callers:
            caller.start()
        for _ in range(20):
            time.sleep(0.3)
            for pid in server.runner_pids("probe"):
                os.kill(pid, signal.SIGKILL)
        stop.set()
        for caller in callers:
            caller.join(40)

        assert len(codes) > 50
        assert set(codes) == {200}


@pytest.mark.parametrize("hang", ["frozen while busy", "frozen while idle", "busy for ever"])
def test_case_5_a_hung_runner_is_replaced(home: Path, hang: str) -> None:
    with Server(home, {"probe": {}}, timeout=2, hang_timeout=2.5) as server:
        first = server.runner_pids("probe")[0]
        if hang == "frozen while idle":
            os.kill(first, signal.SIGSTOP)
            late = server.post("probe", {})
        else:
            future = background(server, "probe", [{"sleep": 60}])[0]
            time.sleep(0.3)
            if hang == "frozen while busy":
                os.kill(first, signal.SIGSTOP)
            late = future.result()
        wait_until(lambda: server.runner_pids("probe") not in ([], [first]), 15, "another runner")

        assert late.status_code == 504
        assert server.post("probe", {}).status_code == 200
        assert "hangs" in server.log()


def test_the_stacks_of_a_hung_runner_are_in_the_log(home: Path) -> None:
    with Server(home, {"probe": {}}, timeout=1, hang_timeout=1) as server:
        server.post("probe", {"sleep": 60})
        wait_until(lambda: "Current thread" in server.log(), 15, "a stack dump")

        assert "in probe" in server.log()


def test_case_7_a_module_that_dies_while_loading_is_failed_after_three_tries(home: Path) -> None:
    with Server(home, {"crash_on_load": {}, "probe": {}}) as server:
        refused = server.post("crash_on_load", {})

        assert (refused.status_code, "SIGKILL" in refused.json()["msg"]) == (503, True)
        assert server.module("crash_on_load").state == "FAILED"
        assert server.post("probe", {}).status_code == 200
        assert server.log().count("did not load") == 3


def test_case_6_a_module_that_loads_too_long_is_given_up(home: Path) -> None:
    modules = {"slow_start": {"init_args": {"seconds": 60}}, "probe": {}}
    with Server(home, modules, load_timeout=1) as server:
        assert "not ready after 1 s" in server.module("slow_start").reason
        assert server.post("probe", {}).status_code == 200


def test_case_16_a_request_whose_time_is_up_in_the_queue_is_never_run(home: Path, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    with Server(home, {"probe": {"init_args": {"journal": str(journal)}}}) as server:
        first = background(server, "probe", [{"text": "first", "sleep": 1.5}])[0]
        time.sleep(0.3)
        late = server.post("probe", {"text": "late"}, headers={"X-Request-Timeout": "0.5"})
        first.result()
        server.post("probe", {"text": "last"})

        assert late.status_code == 504
        assert journal.read_text().split() == ["first", "last"]


def test_case_17_a_request_whose_caller_left_the_queue_is_never_run(home: Path, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    with Server(home, {"probe": {"init_args": {"journal": str(journal)}}}) as server:
        first = background(server, "probe", [{"text": "first", "sleep": 1.5}])[0]
        time.sleep(0.3)
        server.ask_and_leave("probe", {"text": "leaver"}, 0.3)
        first.result()
        server.post("probe", {"text": "last"})

        assert journal.read_text().split() == ["first", "last"]


def test_case_17_a_caller_that_leaves_while_its_request_runs_frees_its_place(
    home: Path, tmp_path: Path
) -> None:
    journal = tmp_path / "journal"
    with Server(home, {"probe": {"init_args": {"journal": str(journal)}, "max_queue_size": 1}}) as server:
        pids = server.runner_pids("probe")
        server.post("probe", {"text": "between"})  # the first opens the files of metrics
        before = descriptors(server)
        for number in range(6):
            with pytest.raises(requests.Timeout):
                server.post("probe", {"text": str(number), "sleep": 0.5}, timeout=0.2)
            wait_until(
                lambda: server.post("probe", {"text": "between"}).status_code == 200, 5, "a free place"
            )
        server.session.close()
        time.sleep(0.5)

        assert [line for line in journal.read_text().split() if line != "between"] == list("012345")
        assert server.runner_pids("probe") == pids
        assert all(after <= count + 3 for after, count in zip(descriptors(server), before, strict=True))


def descriptors(server: Server) -> list[int]:
    """Descriptors of each process; a result that nobody takes must not leave one behind."""
    return [len(list(Path(f"/proc/{pid}/fd").iterdir())) for pid, _ in server.all_processes()]


def test_a_request_that_may_not_run_twice_is_not_sent_again(home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "once"
    folder.mkdir()
    (folder / "module.py").write_text('''
import os, pathlib, time
from hub.module import Module, moduleinfo, serving

@moduleinfo(name="once", version="1.0.0")
class Once(Module):
    @serving(idempotent=False)
    def pay(self, journal):
        with open(journal, "a") as file:
            file.write("paid\\\\n")
        time.sleep(1.5)
        return "done"
'''.replace("\\\\n", "\\n"))  # fmt: skip
    journal = tmp_path / "journal"
    with Server(home, {"once": {"init_args": {"directory": str(folder)}}}) as server:
        futures = background(server, "once", [{"journal": str(journal)}] * 2)
        time.sleep(0.7)
        server.kill_runner("once")
        codes = sorted(future.result().status_code for future in futures)

        assert codes == [200, 502]  # the one that had started is refused, the queued one is run
        assert journal.read_text().split() == ["paid", "paid"]


def test_case_23_one_bad_request_does_not_fail_its_batch(home: Path, at_once: Any) -> None:
    entry = {"max_batch_size": 8, "max_queue_delay_ms": 300}
    with Server(home, {"greet": entry}) as server:
        blocker = background(server, "greet", [{"names": ["first"], "sleep": 1.0}])[0]
        time.sleep(0.3)
        names = ["a", "b", "c", "bad", "d", "e", "f", "g"]
        replies = at_once(server, "greet", [{"names": [name]} for name in names])
        blocker.result()

        assert [reply.status_code for reply in replies] == [200, 200, 200, 500, 200, 200, 200, 200]


def test_case_24_a_batch_with_the_wrong_number_of_results_fails_no_innocent(home: Path, at_once: Any) -> None:
    with Server(home, {"greet": {"max_batch_size": 8}}) as server:
        blocker = background(server, "greet", [{"names": ["first"], "sleep": 1.0}])[0]
        time.sleep(0.3)
        replies = at_once(server, "greet", [{"names": [name]} for name in ("a", "lost", "b")])
        blocker.result()

        assert [reply.status_code for reply in replies] == [200, 200, 200]
        assert replies[1].json()["results"] == []  # alone it is what the module says


def test_waiting_requests_are_joined_up_to_the_batch_size(home: Path, at_once: Any) -> None:
    with Server(home, {"greet": {"max_batch_size": 4}}) as server:
        blocker = background(server, "greet", [{"names": ["first"], "sleep": 2.0}])[0]
        time.sleep(0.3)
        replies = at_once(server, "greet", [{"names": [str(n)]} for n in range(8)])
        blocker.result()
        said = [reply.json()["results"][0] for reply in replies]

        assert [line.split(",")[0] for line in said] == [f"hello {n}" for n in range(8)]
        assert {line.split()[-1] for line in said} == {"4"}


def test_requests_with_other_arguments_are_not_joined(home: Path, at_once: Any) -> None:
    with Server(home, {"greet": {"max_batch_size": 4}}) as server:
        blocker = background(server, "greet", [{"names": ["first"], "sleep": 1.0}])[0]
        time.sleep(0.3)
        replies = at_once(server, "greet", [{"names": ["a"]}, {"names": ["b"], "sleep": 0.01}])
        blocker.result()

        assert [reply.json()["results"][0].split()[-1] for reply in replies] == ["1", "1"]


def test_a_lone_request_is_not_delayed_by_batching(home: Path) -> None:
    with Server(home, {"greet": {"max_batch_size": 8, "max_queue_delay_ms": 2000}}) as server:
        started = time.monotonic()
        server.post("greet", {"names": ["a"]})

        assert time.monotonic() - started < 1.0
