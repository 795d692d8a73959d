"""The SDK's client as a wheel, without any build tool: a zip of its files and a list of them."""

from __future__ import annotations

import base64
import hashlib
import zipfile
from collections.abc import Mapping
from pathlib import Path


def write(target: Path, files: Mapping[str, str], info: str) -> None:
    """Write the wheel ``target`` of ``files`` (path in it → text); ``info`` is its metadata's folder."""
    record = "".join(f"{path},{_hash(text.encode())},{len(text.encode())}\n" for path, text in files.items())
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, text in {**files, f"{info}/RECORD": f"{record}{info}/RECORD,,\n"}.items():
            member = zipfile.ZipInfo(path)  # without the time of now: the same content is the same file
            member.external_attr = 0o644 << 16
            archive.writestr(member, text, zipfile.ZIP_DEFLATED)


def _hash(data: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=")
    return f"sha256={digest.decode()}"
