"""Every error HubServing raises on purpose, in one tree.

Each class carries how it leaves the program: ``status`` (the envelope's code, a
string as in PaddleHub: 111 no such module, 112 not JSON, 101 everything else),
``http_status`` and the command line's ``exit_code``. The message is for the person
who has to mend it: what was wrong, which value, what is allowed, what to do.

    HubError
    ├── UsageError                  the command line itself is wrong (exit 2)
    ├── ConfigError                 a config file, setting or params.py is wrong
    ├── InvalidModuleError          a folder is not a module, or does not import
    ├── ModuleNotInstalledError     the registry has no such module or version
    ├── RegistryError               the registry on disk cannot be read or changed
    ├── WeightsError                weights cannot be found, fetched or verified
    │   ├── ChecksumError
    │   └── NetworkError
    ├── EngineError                 an engine is absent, or cannot load or run a model
    │   └── ModelNotFoundError      the model folder or one of its files is missing
    ├── ServerError                 start, stop and control of a server
    │   ├── PortBusyError
    │   ├── NotRunningError
    │   └── StartupError            a server, or one of its modules, did not come up
    ├── ClientError                 a client got no answer from a module
    │   ├── UnreachableError        no connection to the server can be made
    │   ├── ConnectionLostError     the connection ended before the answer was there
    │   └── ReplyError              what came is no answer of a module: a proxy's page, another program's
    └── RequestError                one request failed; the server goes on
        ├── InvalidInputError       400  modules may raise it for bad input
        ├── BindingError            400  unknown, missing or mistyped argument
        ├── NotJSONError            400  (status 112)
        ├── UnauthorizedError       401
        ├── UnknownModuleError      404  (status 111)
        ├── BodyTimeoutError        408
        ├── PayloadTooLargeError    413
        ├── MediaTypeError          415
        ├── ModuleRaisedError       500  the module's own code raised
        ├── PoisonError             500  the request killed its runner twice
        ├── RunnerLostError         502  the runner died, the request may not be resent
        ├── UnavailableError        503  loading, failed, or draining
        │   └── QueueFullError      503
        └── DeadlineError           504

Standard library only: runners in a module's own environment import this file.
"""

from __future__ import annotations

from typing import ClassVar


class HubError(Exception):
    """Base of all; ``except HubError`` catches what HubServing reports on purpose."""

    status: ClassVar[str] = "101"
    http_status: ClassVar[int] = 500
    exit_code: ClassVar[int] = 1


class UsageError(HubError):
    exit_code = 2


class ConfigError(HubError):
    pass


class InvalidModuleError(HubError):
    pass


class ModuleNotInstalledError(HubError):
    pass


class RegistryError(HubError):
    pass


class WeightsError(HubError):
    pass


class ChecksumError(WeightsError):
    pass


class NetworkError(WeightsError):
    pass


class EngineError(HubError):
    pass


class ModelNotFoundError(EngineError):
    pass


class ServerError(HubError):
    pass


class PortBusyError(ServerError):
    pass


class NotRunningError(ServerError):
    pass


class StartupError(ServerError):
    pass


class ClientError(HubError):
    pass


class UnreachableError(ClientError):
    pass


class ConnectionLostError(ClientError):
    pass


class ReplyError(ClientError):
    pass


class RequestError(HubError):
    """One request failed. ``retry_after`` (seconds) becomes the ``Retry-After`` header.

    ``hub.Client`` raises the same class that the server did, with the server's message; ``request_id`` then
    names the request in the server's log.
    """

    http_status = 400

    def __init__(
        self, message: str, *, retry_after: int | None = None, request_id: str | None = None
    ) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.request_id = request_id


class InvalidInputError(RequestError):
    pass


class BindingError(RequestError):
    pass


class NotJSONError(RequestError):
    status = "112"


class UnauthorizedError(RequestError):
    http_status = 401


class UnknownModuleError(RequestError):
    status = "111"
    http_status = 404


class BodyTimeoutError(RequestError):
    http_status = 408


class PayloadTooLargeError(RequestError):
    http_status = 413


class MediaTypeError(RequestError):
    http_status = 415


class ModuleRaisedError(RequestError):
    http_status = 500


class PoisonError(RequestError):
    http_status = 500


class RunnerLostError(RequestError):
    http_status = 502


class UnavailableError(RequestError):
    http_status = 503


class QueueFullError(UnavailableError):
    pass


class DeadlineError(RequestError):
    http_status = 504
