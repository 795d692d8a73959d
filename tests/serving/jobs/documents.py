"""PDFs that tests draw, and a server that has jobs."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from tests.serving.running import Server, wait_until


def pdf(pages: int) -> bytes:
    """A PDF whose page n is 40 + n points wide, and is rendered twice as many pixels wide."""
    import pypdfium2

    document = pypdfium2.PdfDocument.new()
    for number in range(pages):
        document.new_page(40 + number, 40)
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


def lines(pages: int, mark: str = "") -> list[dict[str, Any]]:
    """What pager reads of it."""
    return [{"width": 80 + 2 * number, "mark": mark, "page": number} for number in range(pages)]


class JobServer(Server):
    """A server with pager, which keeps a journal of the pages that it has begun with."""

    def __init__(
        self, home: Path, *, seconds: float = 0.02, others: dict[str, Any] | None = None, **settings: Any
    ) -> None:
        self.journal = home / "journal"
        entry = {"init_args": {"journal": str(self.journal), "seconds": seconds}}
        super().__init__(home, {"pager": entry, **(others or {})}, access_log=False, **settings)

    def began(self) -> list[str]:
        return self.journal.read_text().split("\n")[:-1] if self.journal.exists() else []

    def submit(self, name: str, **options: Any) -> Any:
        options.setdefault("timeout", 60)
        return self.session.post(f"{self.url}/jobs/{name}", **options)

    def job(self, id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.get(f"/jobs/{id}").json()
        return found

    def wait_for(self, id: str, state: str = "done", seconds: float = 60.0) -> dict[str, Any]:
        def ended() -> dict[str, Any] | None:
            job = self.job(id)
            return job if job["state"] in ("done", "failed", "cancelled") else None

        job: dict[str, Any] = wait_until(ended, seconds, f"job {id} ended")
        assert job["state"] == state, (job, self.log()[-3000:])
        return job

    def result(self, id: str) -> dict[str, Any]:
        reply = self.get(f"/jobs/{id}/result")
        assert reply.status_code == 200, reply.text
        found: dict[str, Any] = reply.json()
        return found
