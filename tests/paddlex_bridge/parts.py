"""The files of modules/paddlex_pipeline, imported as the loader imports a module's."""

from __future__ import annotations

import importlib

from hub.module.loader import load_class
from tests.serving.running import ROOT

MODULE = ROOT / "modules" / "paddlex_pipeline"

module_class = load_class(MODULE)
asgi = importlib.import_module("paddlex_pipeline.asgi")
documents = importlib.import_module("paddlex_pipeline.documents")
guards = importlib.import_module("paddlex_pipeline.guards")
indexes = importlib.import_module("paddlex_pipeline.indexes")
older_form = importlib.import_module("paddlex_pipeline.older_form")
signing = importlib.import_module("paddlex_pipeline.signing")
upstream_fix = importlib.import_module("paddlex_pipeline.upstream_fix")
pipeline = importlib.import_module("paddlex_pipeline.pipeline")
