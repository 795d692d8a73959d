"""Every error HubServing raises on purpose, in one tree.

Each class carries how it leaves the program: ``status`` (the envelope's code, a
string as in PaddleHub: 111 no such module, 112 not JSON, 101 everything else),
``http_status`` and the command line's ``exit_code``. The message is for the person
who has to correct it: what was wrong, which value, what is allowed, what to do.

    HubError
    ├── UsageError                  the command line itself is wrong (exit 2)
    ├── ConfigError                 a config file, setting or params.py is wrong
    ├── InvalidModuleError          a folder is not a module, or does not import
    ├── ModuleNotInstalledError     the registry has no such module or version
    ├── RegistryError               the registry on disk cannot be read or changed
    ├── WeightsError                weights cannot be found, fetched or verified
    │   ├── WeightsMissingError     they have not been fetched; names the command
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
    │   └── ReplyError              the reply is not a module's: a proxy's page, another program's
    └── RequestError                one request failed; the server goes on
        ├── InvalidInputError       400  modules may raise it for bad input
        ├── BindingError            400  unknown, missing or mistyped argument
        ├── NotJSONError            400  (status 112)
        ├── UnauthorizedError       401
        ├── ForbiddenError          403  a page of another origin, or a name that is not ours
        ├── UnknownModuleError      404  (status 111)
        ├── UnknownJobError         404  there is none of that id, or it is another's
        ├── BodyTimeoutError        408
        ├── ConflictError           409  a job's result before it is done; an Idempotency-Key used twice
        ├── PayloadTooLargeError    413
        ├── MediaTypeError          415
        ├── TooManyJobsError        429
        ├── ModuleRaisedError       500  the module's own code raised
        ├── PoisonError             500  the request killed its runner twice
        ├── NotOfferedError         501  the protocol cannot do this; names the route that can
        ├── RunnerLostError         502  the runner died, the request may not be resent
        ├── UnavailableError        503  loading, failed, or draining
        │   └── QueueFullError      503
        ├── DeadlineError           504
        └── StorageFullError        507  no room on the disk for another job

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
    """The command line itself is wrong."""

    exit_code = 2


class ConfigError(HubError):
    """A config file, a setting, a variable of the environment or a module's params.py is wrong."""


class InvalidModuleError(HubError):
    """A folder or an archive is not a module, or its code cannot be imported."""


class ModuleNotInstalledError(HubError):
    """The registry has no such module, or not this version of it."""


class RegistryError(HubError):
    """The registry on disk cannot be read or changed."""


class WeightsError(HubError):
    """Weights cannot be found, fetched or verified."""


class WeightsMissingError(WeightsError):
    """Weights of the catalogue, ``names``, have not been fetched."""

    def __init__(self, names: tuple[str, ...]) -> None:
        super().__init__(
            f"the weights {', '.join(names)} are not on this machine. "
            f"Fetch them with: hub weights fetch {' '.join(names)}"
        )
        self.names = names


class ChecksumError(WeightsError):
    """A file is not the one that was meant: its SHA-256 differs."""


class NetworkError(WeightsError):
    """Something could not be downloaded."""


class EngineError(HubError):
    """An engine is absent, or cannot load or run a model."""


class ModelNotFoundError(EngineError):
    """A model's folder, or one of its files, is missing."""


class AbandonedError(HubError):
    """Nobody waits any more for the work at hand."""


class ServerError(HubError):
    """A server cannot be started, stopped or told something."""


class PortBusyError(ServerError):
    """Another program listens on the port."""


class NotRunningError(ServerError):
    """No server of this user runs on the port."""


class StartupError(ServerError):
    """A server, or one of its modules, did not come up."""


class ClientError(HubError):
    """A client got no answer from a module."""


class UnreachableError(ClientError):
    """No connection to the server can be made."""


class ConnectionLostError(ClientError):
    """The connection ended before the answer was there."""


class ReplyError(ClientError):
    """The reply is not a module's: a proxy's page, or another program's."""


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
    """The input cannot be used. Modules raise it for what is the caller's fault."""


class BindingError(RequestError):
    """An argument is unknown, missing or of the wrong type."""


class NotJSONError(RequestError):
    """The body is not JSON, or not an object."""

    status = "112"


class UnauthorizedError(RequestError):
    """The server needs an API key, and got none or a wrong one."""

    http_status = 401


class ForbiddenError(RequestError):
    """A browser sent it for a page of somebody else."""

    http_status = 403


class UnknownModuleError(RequestError):
    """No module of this name is served."""

    status = "111"
    http_status = 404


class UnknownJobError(RequestError):
    """No job of the caller's has this id."""

    http_status = 404


class BodyTimeoutError(RequestError):
    """The body did not arrive within ``body_timeout``."""

    http_status = 408


class ConflictError(RequestError):
    """The job is in another state, or the Idempotency-Key belongs to another body."""

    http_status = 409


class PayloadTooLargeError(RequestError):
    """The body, an image or the number of images is above its limit."""

    http_status = 413


class MediaTypeError(RequestError):
    """The body is of a content type that is not read."""

    http_status = 415


class TooManyJobsError(RequestError):
    """``max_jobs`` jobs are not done yet."""

    http_status = 429


class ModuleRaisedError(RequestError):
    """The module's own code raised; the traceback is in the server's log."""

    http_status = 500


class PoisonError(RequestError):
    """The request killed its runner twice, alone; it is refused for a while."""

    http_status = 500


class NotOfferedError(RequestError):
    """The protocol in which it was asked for cannot do it; the message names the route that can."""

    http_status = 501


class RunnerLostError(RequestError):
    """The runner died, and the request may not be run twice, or a part of its answer has been sent."""

    http_status = 502


class UnavailableError(RequestError):
    """The module is loading, has failed or is being stopped."""

    http_status = 503


class QueueFullError(UnavailableError):
    """The queue is full: ``max_queue_size`` requests wait, or bodies fill ``max_inflight_mb``."""


class DeadlineError(RequestError):
    """There was no answer within the timeout."""

    http_status = 504


class StorageFullError(RequestError):
    """The disk, or ``max_jobs_gb``, has no room for another job."""

    http_status = 507
