"""The gate: how much of a request's body is worth receiving, judged by its head.

The app decides all of this again, with everything else. The gate only prevents that somebody sends, and
memory holds, a large body that the app would refuse unread.
"""

from __future__ import annotations

from typing import Final

from hub.errors import PayloadTooLargeError, RequestError
from hub.serving.gateway import admission, model_paths, origins, page_pictures, spool, targets
from hub.serving.gateway.context import Gateway
from hub.serving.gateway.job_target import job_target
from hub.serving.gateway.spool import Spool
from hub.serving.gateway.targets import Target
from hub.serving.gateway.wsgi import Head
from hub.serving.messages.jobs_dir import JobsDir

#: A body up to this size is received whatever becomes of it, so that the connection can be used again; no
#: route needs more but those that call a module and the one that shows a page.
SMALL_BODY: Final = 65_536


class Gate:
    """Judges requests by their heads; of one HTTP worker."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def admit(self, head: Head) -> int:
        """Return how many bytes of the body to receive at most.

        Raises:
            RequestError: none; the reason, which the app tells unless it finds another one first.
        """
        length = head.length
        if length is not None and length <= SMALL_BODY:
            return length
        gateway, target, is_preview = self._gateway, self._target(head), self._is_preview(head)
        page = gateway.job_pages.found(head)
        most = gateway.limits.max_body if page is None else gateway.limits.max_page
        if target is None and not is_preview:
            if length is None:
                return SMALL_BODY
            raise too_large(SMALL_BODY)
        if page is None:
            self._refuse_strangers(head)
        name, capacity = page_pictures.NAME, page_pictures.AT_ONCE
        if target is not None:
            module = target.module()
            name, capacity = module.name, targets.capacity(module)
        if gateway.admission.is_full(name, capacity):
            raise admission.queue_full(name, capacity)
        if length is not None and length > most:
            raise too_large(most)
        return most

    def spool(self, head: Head) -> Spool | None:
        """Return the file that a job's body goes to; None for every other request.

        Raises:
            RequestError: the job is refused.
        """
        parts = head.path.split("/")[1:]
        if head.method != "POST" or parts[0] != "jobs" or len(parts) not in (2, 3) or not parts[1]:
            return None
        self._refuse_strangers(head)
        config, limit = self._gateway.config, self._gateway.limits.max_job
        if head.length is not None and head.length > limit:
            raise spool.too_large(limit)
        job_target(self._gateway, *parts[1:]).module()
        return Spool(JobsDir(config.jobs_folder), limit, head.get("Content-Type"))

    def _refuse_strangers(self, head: Head) -> None:
        origins.refuse_strangers(head.method, head, self._gateway.config)
        self._gateway.keys.check(head)

    def _is_preview(self, head: Head) -> bool:
        return self._gateway.config.ui and head.method == "POST" and head.path == page_pictures.PATH

    def _target(self, head: Head) -> Target | None:
        """Return what a request calls, None for one that calls no model."""
        path = model_paths.find(head.method, head.path, self._gateway.states.current)
        return None if path is None else path.target(self._gateway)


def too_large(limit: int) -> RequestError:
    """Return the error of a body over a limit in bytes."""
    if limit == SMALL_BODY:
        return PayloadTooLargeError(f"no body of more than {limit} bytes is read here")
    return PayloadTooLargeError(f"the body is larger than {limit / 1e6:g} MB (max_body_mb)")
