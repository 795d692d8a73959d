"""PaddleX itself: its pipeline, and the application that its own server would open a port for.

The only file that imports paddlex, and it does so when a pipeline is built: the module imports without.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import hub
from hub.errors import ConfigError, EngineError, WeightsError
from hub.settings import engine_threads

from .documents import bound
from .guards import Below
from .indexes import SharedIndexes, shared, shared_folder
from .signing import Signer
from .upstream_fix import fix

log = logging.getLogger("hub.paddlex")

#: Packages that serving a pipeline imports; the second one comes with paddlex's extra ``serving``.
PACKAGES: Final = ("paddlex", "fastapi", "paddle")
FONT_WEIGHTS: Final = "NotoSansCJKsc"
FONT_VARIABLE: Final = "PADDLE_PDX_LOCAL_FONT_FILE_PATH"


@dataclass(frozen=True)
class Options:
    """How a pipeline is built; the names and meanings are those of PaddleX's ``create_pipeline``.

    Attributes:
        pipeline: a name of PaddleX's, the path of a YAML or JSON file, or what would be in one.
        font: a font file, or the name of weights, for what is written into pictures.
        mend: (sic) fix a fault of PaddleX; see ``upstream_fix.py``.
    """

    pipeline: str | Mapping[str, Any]
    device: str
    engine: str | None = None
    engine_config: Mapping[str, Any] | None = None
    use_hpip: bool | None = None
    hpi_config: Mapping[str, Any] | None = None
    font: str | None = None
    mend: bool = True


@dataclass(frozen=True)
class Built:
    """PaddleX's FastAPI application, not started yet.

    Attributes:
        routes: names of the routes at which it takes requests.
        indexes: where it keeps the indexes of image or face recognition, if it is for that.
        signer: of what it gives out to be given back.
    """

    application: Any
    routes: tuple[str, ...]
    indexes: SharedIndexes | None
    signer: Signer


def build(options: Options) -> Built:
    """Build the pipeline and its application, as ``paddlex --serve`` does.

    Raises:
        EngineError: PaddleX is missing, or cannot build it; with its reason.
        ConfigError: there is no such pipeline or file.
    """
    check_installed()
    _prepare(options)
    config = _configuration(options.pipeline)
    name = config["pipeline_name"]
    _check_served(name)  # before models are downloaded for it
    if options.mend:
        from paddlex.inference.models.predictors.base_predictor import BasePredictor

        fix(BasePredictor)
    from paddlex.inference.pipelines import create_pipeline
    from paddlex.inference.serving.basic_serving import create_pipeline_app
    from paddlex.inference.serving.infra import utils

    bound(utils)
    try:
        pipeline = create_pipeline(
            config=config,
            device=options.device,
            engine=options.engine,
            engine_config=options.engine_config,
            use_hpip=_usable_hpip(options.use_hpip, config),
            hpi_config=options.hpi_config,
        )
        application = create_pipeline_app(pipeline, config)
    except Exception as error:
        raise EngineError(f"PaddleX cannot build the pipeline {name}: {error}{_advice(config)}") from error
    context = application.state.context
    _keep_pictures_in_their_folder(context)
    signer = Signer(shared_folder((context.config.extra or {}).get("index_storage")))
    return Built(application, routes(application), _share_indexes(context), signer)


def check_installed() -> None:
    """Raise EngineError, with the commands that help, where a package is missing."""
    missing = [name for name in PACKAGES if find_spec(name) is None]
    if missing:
        raise EngineError(
            f"not installed in this Python ({sys.prefix}): {', '.join(missing)}. "
            "Give the module an environment of its own with: hub install --isolated paddlex_pipeline; "
            "or install PaddleX into this one with: "
            f"pip install -r {Path(__file__).with_name('requirements.txt')}"
        )


def routes(application: Any) -> tuple[str, ...]:
    """Return the names of the routes that take POST, without aliases, which have a further ``/``."""
    paths = [route.path for route in application.routes if "POST" in (getattr(route, "methods", None) or ())]
    return tuple(path.strip("/") for path in paths if "/" not in path.strip("/"))


def _keep_pictures_in_their_folder(context: Any) -> None:
    extra = context.config.extra or {}
    if (extra.get("file_storage") or {}).get("type") == "file_system" and "file_storage" in context.extra:
        context.extra["file_storage"] = Below(context.extra["file_storage"])


def _share_indexes(context: Any) -> SharedIndexes | None:
    """Make PaddleX's place for indexes fit for several runners; None where it has none."""
    storage = context.extra.get("index_storage")
    if storage is None:
        return None
    indexes = shared(storage, (context.config.extra or {}).get("index_storage"))
    context.extra["index_storage"] = indexes
    return indexes


def _prepare(options: Options) -> None:
    """Set the environment that PaddleX reads for settings without an argument."""
    # Its own default is ten threads per model, however many runners share the cores.
    os.environ.setdefault("PADDLE_PDX_CPU_NUM_THREADS", str(engine_threads()))
    # A card that is asked for and missing should be an error, not a slow server.
    os.environ.setdefault("PADDLE_PDX_DISABLE_DEVICE_FALLBACK", "True")
    # Its preparations at import are for training.
    os.environ.setdefault("PADDLE_PDX_EAGER_INIT", "False")
    font = _font(options.font)
    if font is not None:
        os.environ[FONT_VARIABLE] = str(font)
    # For those who compile extensions; it would stand in the log of every runner.
    warnings.filterwarnings("ignore", message="No ccache found")
    if logging.getLogger().handlers:  # a server's: its lines have the time, the process and the request
        logging.getLogger("paddlex").addHandler(_ToRoot())  # and PaddleX adds none of its own


class _ToRoot(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        logging.getLogger().handle(record)


def _font(given: str | None) -> Path | None:
    """Return a font file for PaddleX, or None: then it downloads one with its first picture."""
    if given is not None:
        return _font_file(Path(hub.model_path(given)))
    if os.environ.get(FONT_VARIABLE) or any(_cache().glob("fonts/*.ttf")):
        return None
    try:
        return _font_file(Path(hub.model_path(FONT_WEIGHTS)))
    except WeightsError:
        return None


def _font_file(path: Path) -> Path:
    files = [path] if path.is_file() else sorted(path.glob("*.[ot]t[fc]"))
    if not files:
        raise ConfigError(f"font: there is no font file (.otf, .ttf, .ttc) in {path}")
    return files[0]


def _cache() -> Path:
    """Return the folder of PaddleX's downloads."""
    return Path(os.environ.get("PADDLE_PDX_CACHE_HOME") or Path.home() / ".paddlex")


def _configuration(pipeline: str | Mapping[str, Any]) -> dict[str, Any]:
    from paddlex.inference.pipelines import get_pipeline_path, load_pipeline_config

    if isinstance(pipeline, Mapping):
        config = dict(pipeline)
    elif pipeline.endswith((".yaml", ".yml", ".json")):
        if not Path(pipeline).is_file():
            raise ConfigError(f"pipeline: there is no file {Path(pipeline).absolute()}")
        is_json = pipeline.endswith(".json")
        config = json.loads(Path(pipeline).read_bytes()) if is_json else load_pipeline_config(pipeline)
    elif get_pipeline_path(pipeline) is None:
        raise ConfigError(_unknown(pipeline))
    else:
        config = load_pipeline_config(pipeline)
    if not isinstance(config, dict) or not isinstance(config.get("pipeline_name"), str):
        raise ConfigError(f"pipeline: {pipeline!r:.80} has no pipeline_name")
    return config


def _check_served(name: str) -> None:
    """Raise ConfigError where PaddleX has no server for a pipeline, or no such pipeline."""
    from paddlex.inference.pipelines import get_pipeline_path
    from paddlex.inference.serving.name_mappings import pipeline_name_to_mod_name

    applications = "paddlex.inference.serving.basic_serving._pipeline_apps"
    if find_spec(f"{applications}.{pipeline_name_to_mod_name(name)}") is None:
        exists = get_pipeline_path(name) is not None
        raise ConfigError(f"PaddleX has no server for the pipeline {name}" if exists else _unknown(name))


def _unknown(name: str) -> str:
    import difflib

    from paddlex.inference.pipelines import get_pipeline_path

    folder = Path(get_pipeline_path("OCR") or "").parent
    known = sorted(path.stem for path in folder.glob("*.yaml"))
    near = difflib.get_close_matches(name, known, n=1)
    meant = f"; did you mean {near[0]}?" if near else ""
    return f"PaddleX has no pipeline {name!r}{meant} It has: {', '.join(known)}. A YAML file ends in .yaml"


def _usable_hpip(asked: bool | None, config: Mapping[str, Any]) -> bool | None:
    """Return ``asked``, or False without PaddleX's plugin for it: then the plain engine runs."""
    wanted = config.get("use_hpip", False) if asked is None else asked
    if not wanted or find_spec("ultra_infer") is not None:
        return asked
    log.warning(
        "use_hpip: PaddleX's high-performance plugin (ultra-infer) is not installed, so %s runs on the plain "
        "engine; `paddlex --install hpi-cpu` (or hpi-gpu) installs it",
        config["pipeline_name"],
    )
    return False


def _advice(config: Mapping[str, Any]) -> str:
    """Name the models that had to be downloaded, and where else they may come from."""
    kept = _cache() / "official_models"
    absent = [name for name in _official_models(config) if not (kept / name).is_dir()]
    if not absent:
        return ""
    return (
        f" Not on this machine: {', '.join(absent)}. PaddleX downloads them into {kept}, once; without a "
        "network copy them there, or name a folder as model_dir of the model in the pipeline's YAML"
    )


def _official_models(config: Any) -> list[str]:
    """Return the models of a configuration, however deep, that have no folder of their own."""
    if not isinstance(config, Mapping):
        return []
    name = config.get("model_name")
    own = [name] if isinstance(name, str) and not config.get("model_dir") else []
    return own + [model for value in config.values() for model in _official_models(value)]
