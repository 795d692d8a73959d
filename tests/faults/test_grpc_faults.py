"""The gRPC gateway under callers that are many, silent, large or without a key."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hub.serving.gateway.protocols.oip.messages import MESSAGES, SERVICE
from tests.serving.running import Server, free_port, wait_until

grpc = pytest.importorskip("grpc")

KEY = (("x-api-key", "0123456789abcdef"),)
#: The server's max_body_mb and max_inflight_mb: one message on its way at a time.
LARGEST_MB = 24


class GrpcServer(Server):
    """A server that asks for a key; a call is a connection of its own unless a channel is given."""

    def __init__(self, home: Path, **settings: Any) -> None:
        self.grpc_port = free_port()
        home.mkdir(parents=True)
        (home / "keys").write_text(f"ops:{KEY[0][1]}\n")
        super().__init__(
            home,
            {"greet": {}},
            grpc_port=self.grpc_port,
            api_key_file=str(home / "keys"),
            max_body_mb=LARGEST_MB,
            max_inflight_mb=LARGEST_MB,
            **{"grpc_max_streams": 4, **settings},
        )
        wait_until(lambda: "Started GRPCInferenceService" in self.log())

    def channel(self) -> Any:
        # Of its own, and one that buffers no reply that nobody asks for.
        options = [("grpc.use_local_subchannel_pool", 1), ("grpc.http2.bdp_probe", 0)]
        return grpc.insecure_channel(f"127.0.0.1:{self.grpc_port}", options)

    def grpc_pid(self) -> int:
        return next(each.pid for each in self.state().processes if each.role == "grpc_gateway")

    def descriptors(self) -> int:
        return sum(1 for _ in Path(f"/proc/{self.grpc_pid()}/fd").iterdir())

    def begin_peak(self) -> float:
        """Measure the peak anew from now on; the memory that there is, in MB."""
        assert is_answered(self)
        Path(f"/proc/{self.grpc_pid()}/clear_refs").write_text("5")
        return self.peak_mb()

    def peak_mb(self) -> float:
        """The most memory that the gateway had since."""
        status = Path(f"/proc/{self.grpc_pid()}/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) / 1000


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GrpcServer]:
    with GrpcServer(tmp_path_factory.mktemp("grpc") / "home") as running:
        yield running


def greeting(name: bytes = b"a", model: str = "greet") -> Any:
    message = MESSAGES["ModelInferRequest"](model_name=model)
    tensor = message.inputs.add(name="names", datatype="BYTES", shape=[1])
    tensor.contents.bytes_contents.append(name)
    return message


def unary(channel: Any, message: Any, *, key: Any = KEY, timeout: float = 30.0) -> Any:
    call = channel.unary_unary(
        f"/{SERVICE}/ModelInfer",
        request_serializer=MESSAGES["ModelInferRequest"].SerializeToString,
        response_deserializer=MESSAGES["ModelInferResponse"].FromString,
    )
    return call(message, metadata=key, timeout=timeout)


def stream(channel: Any, messages: Iterator[Any], *, key: Any = KEY, method: str = "ModelStreamInfer") -> Any:
    call = channel.stream_stream(
        f"/{SERVICE}/{method}",
        request_serializer=MESSAGES["ModelInferRequest"].SerializeToString,
        response_deserializer=MESSAGES["ModelStreamInferResponse"].FromString,
    )
    return call(messages, metadata=key, timeout=60)


@contextlib.contextmanager
def silent_calls(server: GrpcServer, number: int, **options: Any) -> Iterator[None]:
    """Keep ``number`` calls open that never send a message."""
    over = threading.Event()

    def nothing() -> Iterator[Any]:
        over.wait(60)
        yield from ()

    with server.channel() as channel:
        calls = [stream(channel, nothing(), **options) for _ in range(number)]
        time.sleep(1)
        try:
            yield
        finally:
            for call in calls:
                call.cancel()
            over.set()


def is_answered(server: GrpcServer) -> bool:
    with server.channel() as channel:
        return bool(unary(channel, greeting()).raw_output_contents[0].endswith(b"hello a, one of 1"))


def streams(server: GrpcServer) -> bool:
    with server.channel() as channel:
        (answer,) = stream(channel, iter([greeting()]))
        return bool(answer.infer_response.raw_output_contents[0].endswith(b"hello a, one of 1"))


def test_streams_without_a_key_take_nothing_from_those_who_have_one(server: GrpcServer) -> None:
    with silent_calls(server, 180, key=()):
        assert is_answered(server)
        assert streams(server)


def test_silent_streams_stop_no_unary_call_and_leave_their_places_to_others(server: GrpcServer) -> None:
    with silent_calls(server, 180):
        assert is_answered(server)
        assert streams(server)


@pytest.mark.slow
def test_unary_calls_whose_message_does_not_come_make_room_for_others(server: GrpcServer) -> None:
    with silent_calls(server, 180, method="ModelInfer"):
        assert is_answered(server)


def test_health_is_answered_while_messages_do_not_come(server: GrpcServer) -> None:
    with silent_calls(server, 180, method="ModelInfer"), server.channel() as channel:
        live = channel.unary_unary(
            f"/{SERVICE}/ServerLive", response_deserializer=MESSAGES["ServerLiveResponse"].FromString
        )
        assert live(b"", timeout=20).live


def test_a_stream_of_many_messages_keeps_its_number_of_descriptors(server: GrpcServer) -> None:
    counted = threading.Event()

    def messages() -> Iterator[Any]:
        yield from (greeting() for _ in range(1200))
        counted.wait(60)

    with server.channel() as channel:
        answers = stream(channel, messages())
        next(answers)
        before = server.descriptors()
        for _ in range(1199):
            next(answers)
        after = server.descriptors()
        counted.set()

    assert after <= before + 10


def _send_large(server: GrpcServer, key: Any) -> list[str]:
    """Send sixteen large messages for no model at once, on a connection each; what they are answered."""
    large, said = greeting(b"x" * ((LARGEST_MB - 2) * 1_000_000), model="nothing"), []

    def send() -> None:
        with server.channel() as channel:
            with pytest.raises(grpc.RpcError) as error:
                unary(channel, large, key=key)
            said.append(error.value.code().name)

    threads = [threading.Thread(target=send) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return said


def test_messages_without_a_key_are_not_received(server: GrpcServer) -> None:
    before = server.begin_peak()

    assert _send_large(server, key=()) == ["UNAUTHENTICATED"] * 16
    assert server.peak_mb() < before + LARGEST_MB


def test_messages_are_received_as_max_inflight_mb_has_room_for_them(server: GrpcServer) -> None:
    before = server.begin_peak()

    assert "NOT_FOUND" in _send_large(server, key=KEY)
    # A message is there as gRPC received it, as bytes, and parsed.
    assert server.peak_mb() < before + 10 * LARGEST_MB


def test_a_message_of_very_many_parts_is_refused_before_it_is_parsed(server: GrpcServer) -> None:
    before = server.begin_peak()
    with server.channel() as channel, pytest.raises(grpc.RpcError) as error:  # empty tensors, two bytes each
        channel.unary_unary(f"/{SERVICE}/ModelInfer")(b"\x2a\x00" * (10 << 20), metadata=KEY, timeout=60)

    assert error.value.code().name == "RESOURCE_EXHAUSTED"
    assert server.peak_mb() < before + 10 * LARGEST_MB


def test_a_caller_that_does_not_take_its_reply_is_cut_off(tmp_path: Path) -> None:
    with GrpcServer(tmp_path / "home", body_timeout=1) as server, server.channel() as channel:
        assert is_answered(server)
        before = server.descriptors()
        call = stream(channel, iter([greeting(b"x" * 8_000_000)]))

        wait_until(lambda: not call.is_active())
        wait_until(lambda: server.descriptors() <= before)
        assert is_answered(server)


def test_a_silent_stream_does_not_hold_up_the_end_of_the_server(tmp_path: Path) -> None:
    with GrpcServer(tmp_path / "home", graceful_timeout=60) as server, silent_calls(server, 2):
        began = time.monotonic()
        assert server.stop() == 0

    assert time.monotonic() - began < 15


def test_a_models_name_cannot_write_lines_into_the_log(server: GrpcServer) -> None:
    name = "greet\n[2026-01-01 00:00:00,000] [INFO] [gateway] forged \x1b[2J\x9b2J\u202e" + "x" * 5000
    with server.channel() as channel, pytest.raises(grpc.RpcError):
        unary(channel, greeting(model=name))

    wait_until(lambda: "forged" in server.log())
    (line,) = [line for line in server.log().splitlines() if "forged" in line]
    assert "ModelInfer greet\\n[2026" in line
    assert not {"\x1b", "\x9b", "\u202e"} & set(line)
    assert len(line) < 400
