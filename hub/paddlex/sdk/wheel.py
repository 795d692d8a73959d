"""The SDK's client as a wheel: a zip of its files and three of metadata, without any build tool."""

from __future__ import annotations

import base64
import hashlib
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import hub

#: PaddleX's name, so that scripts which import it, and the document's ``pip install`` line, work as they are.
NAME: Final = "paddlex_hps_client"
#: The same content is the same file.
_TIME: Final = (2026, 1, 1, 0, 0, 0)
_METADATA: Final = """\
Metadata-Version: 2.1
Name: paddlex-hps-client
Version: {version}
Summary: Client of HubServing's SDK folders, with the functions that PaddleX's client of that name has
License: Apache-2.0
Requires-Python: >=3.8
Provides-Extra: grpc
Requires-Dist: tritonclient[grpc]; extra == 'grpc'

HTTP needs the standard library only; gRPC needs tritonclient.
"""
_WHEEL: Final = """\
Wheel-Version: 1.0
Generator: hubserving
Root-Is-Purelib: true
Tag: py3-none-any
"""


def write(folder: Path, sources: Mapping[str, bytes]) -> Path:
    """Write the wheel of ``sources`` (path within it → content) into ``folder``; returns the file."""
    version = f"{hub.__version__}+hubserving"
    info = f"{NAME}-{version}.dist-info"
    contents = {
        **sources,
        f"{info}/METADATA": _METADATA.format(version=version).encode(),
        f"{info}/WHEEL": _WHEEL.encode(),
    }
    record = "".join(f"{path},{_hash(data)},{len(data)}\n" for path, data in contents.items())
    contents[f"{info}/RECORD"] = (record + f"{info}/RECORD,,\n").encode()
    target = folder / f"{NAME}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in contents.items():
            member = zipfile.ZipInfo(path, _TIME)
            member.external_attr = 0o644 << 16
            archive.writestr(member, data, zipfile.ZIP_DEFLATED)
    return target


def _hash(data: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=")
    return f"sha256={digest.decode()}"
