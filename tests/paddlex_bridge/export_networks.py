"""Exports the tiny networks of all pipelines; run by the Python that has PaddleX:

python export_networks.py FOLDER
"""

from __future__ import annotations

import sys
from pathlib import Path

import export_documents
import export_pipelines
import export_prompted
import export_speech
import export_vision

if __name__ == "__main__":
    for part in (export_pipelines, export_documents, export_prompted, export_speech, export_vision):
        part.main(Path(sys.argv[1]))
