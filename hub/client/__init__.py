"""Calling a HubServing server from Python.

    client = hub.Client("http://127.0.0.1:8868")
    client.predict("ocr_system", images=["a.jpg"])

``conversation.py`` says what is sent when, without doing any I/O, and ``replies.py`` what an answer means;
``blocking.py`` and ``asynchronous.py`` are the two ways of doing it. One library, httpx2, serves both.
"""

from __future__ import annotations

from hub.client.asynchronous import AsyncClient
from hub.client.blocking import Client
from hub.client.job_steps import JobPage
from hub.client.jobs import AsyncJob, Job
from hub.client.many import Prediction

__all__ = ["AsyncClient", "AsyncJob", "Client", "Job", "JobPage", "Prediction"]
