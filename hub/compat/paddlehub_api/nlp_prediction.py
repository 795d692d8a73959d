"""Base classes of text modules with an inference model: its predictor, tensors with LoD, ``hub run``.

PaddleHub built these on ``paddle.fluid``, which is gone; the methods that modules call are the same, on
``paddle.inference``.
"""

from __future__ import annotations

import argparse
import ast
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from hub.compat.paddlehub_api.contract import RunModule, runnable
from hub.compat.paddlehub_api.parsers import txt_parser
from hub.errors import InvalidModuleError, ModelNotFoundError
from hub.settings import visible_gpus

_GPU_MEMORY_MB = 500


class DataFormatError(Exception):
    """The input of ``hub run`` does not have the form that the module expects."""


class PaddleTensor:
    """An array with its name and its LoD (where each sequence of a batch begins), as fluid's of that name."""

    def __init__(self, data: Any, name: str = "", lod: Sequence[Sequence[int]] = ()) -> None:
        self.data: npt.NDArray[Any] = np.asarray(data)
        self.name = name
        self.lod = [list(level) for level in lod]

    @property
    def shape(self) -> list[int]:
        return list(self.data.shape)

    @shape.setter
    def shape(self, shape: Sequence[int]) -> None:
        self.data = self.data.reshape(shape)

    def as_ndarray(self) -> npt.NDArray[Any]:
        return self.data

    #: The same, as outputs of today's predictors name it.
    copy_to_cpu = as_ndarray


class Predictor:
    """``run(tensors)`` on an inference model; tensors without a name fill the inputs in order."""

    def __init__(self, model: str, *, use_gpu: bool = False) -> None:
        from paddle import inference

        config = inference.Config(*_model_files(Path(model)))
        config.disable_glog_info()
        if use_gpu:
            config.enable_use_gpu(_GPU_MEMORY_MB, 0)
        else:
            config.disable_gpu()
        self._predictor = inference.create_predictor(config)

    def run(self, inputs: Sequence[PaddleTensor]) -> list[PaddleTensor]:
        """Return the model's outputs, in its order."""
        names = self._predictor.get_input_names()
        for number, tensor in enumerate(inputs):
            handle = self._predictor.get_input_handle(tensor.name if tensor.name in names else names[number])
            handle.reshape(tensor.shape)
            if tensor.lod:
                handle.set_lod(tensor.lod)
            handle.copy_from_cpu(np.ascontiguousarray(tensor.data))
        self._predictor.run()
        outputs = []
        for name in self._predictor.get_output_names():
            handle = self._predictor.get_output_handle(name)
            outputs.append(PaddleTensor(handle.copy_to_cpu(), name, handle.lod()))
        return outputs


class NLPBaseModule(RunModule):
    """A module with a vocabulary."""

    vocab_path: str

    def get_vocab_path(self) -> str:
        return self.vocab_path


class NLPPredictionModule(NLPBaseModule):
    """Base class of text modules; they set ``pretrained_model_path`` and call ``_set_config()``."""

    pretrained_model_path: str
    predict: Any

    def _set_config(self) -> None:
        """Build ``cpu_predictor``, and ``gpu_predictor`` where CUDA_VISIBLE_DEVICES names a card."""
        import paddle

        self.cpu_predictor = Predictor(self.pretrained_model_path)
        cards = visible_gpus()
        if cards and cards[0][:1].isdigit() and paddle.is_compiled_with_cuda():
            self.gpu_predictor = Predictor(self.pretrained_model_path, use_gpu=True)

    def texts2tensor(self, texts: Sequence[dict[str, Any]]) -> PaddleTensor:
        """Return the token numbers under each text's ``processed`` as one int64 column, with their LoD."""
        lengths = [len(text["processed"]) for text in texts]
        numbers = [number for text in texts for number in text["processed"]]
        ends = np.cumsum([0, *lengths]).tolist()
        return PaddleTensor(np.array(numbers, np.int64).reshape(-1, 1), "words", [ends])

    def _internal_predict(self, predictor: Predictor, texts: Sequence[dict[str, Any]]) -> PaddleTensor:
        """Return the first output of a predictor for texts with their ``processed``."""
        return predictor.run([self.texts2tensor(texts)])[0]

    def to_unicode(self, texts: Any) -> Any:
        """Return texts as they are: only Python 2 had bytes here."""
        return texts

    @runnable
    def run_cmd(self, argvs: list[str]) -> Any:
        """Run ``hub run NAME --input_text TEXT`` or ``--input_file FILE``."""
        description = f"Run the {self.name} module."
        self.parser = argparse.ArgumentParser(prog=f"hub run {self.name}", description=description)
        self.arg_input_group = self.parser.add_argument_group("Input options", "Input data. Required")
        self.arg_config_group = self.parser.add_argument_group("Config options", "Not required.")
        self.add_module_config_arg()
        self.add_module_input_arg()
        given = self.parser.parse_args(argvs)
        try:
            texts = self.check_input_data(given)
        except (DataFormatError, RuntimeError):
            self.parser.print_help()
            return None
        return self.predict(texts=texts, use_gpu=given.use_gpu, batch_size=given.batch_size)

    def add_module_config_arg(self) -> None:
        self.arg_config_group.add_argument(
            "--use_gpu", type=ast.literal_eval, default=False, help="whether use GPU for prediction"
        )
        self.arg_config_group.add_argument(
            "--batch_size", type=int, default=1, help="batch size for prediction"
        )

    def add_module_input_arg(self) -> None:
        self.arg_input_group.add_argument("--input_file", help="file contain input data")
        self.arg_input_group.add_argument("--input_text", help="text to predict")

    def check_input_data(self, args: argparse.Namespace) -> list[str]:
        """Return the texts that the command line gives.

        Raises:
            FileNotFoundError: there is no such input file.
            DataFormatError: neither a text nor a file was given.
        """
        if args.input_file:
            if not Path(args.input_file).exists():
                raise FileNotFoundError(f"File {args.input_file} does not exist.")
            return txt_parser.parse(args.input_file, use_strip=True)
        if not args.input_text:
            raise DataFormatError("give --input_text or --input_file")
        return [args.input_text]


class TransformerModule(NLPBaseModule):
    """Base class of PaddleHub 1.x's transformers, as far as inference needs it.

    Its other half was for fine-tuning: programs of ``paddle.fluid`` layers, built by the module's ``net``.
    """

    params_path: str = ""

    def __init__(self, *args: Any, max_seq_len: int = 128, **kwargs: Any) -> None:
        super().__init__()
        self.max_seq_len = max_seq_len

    def param_prefix(self) -> str:
        """Return what the names of the network's variables begin with in another program."""
        return f"@HUB_{self.name}@"

    def context(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refuse to build the program: its layers are gone.

        Raises:
            InvalidModuleError: always.
        """
        raise InvalidModuleError(
            f"context() of module {self.name} would build the network for fine-tuning out of layers of "
            "paddle.fluid, which Paddle dropped in version 2.5. HubServing serves the module's inference "
            "model and does not train; for that, use PaddleHub itself with Paddle 2.4 or older"
        )

    #: They run the program that ``context`` builds.
    get_embedding = get_params_layer = context


def _model_files(model: Path) -> tuple[str, ...]:
    """Return the arguments of Paddle's Config for a folder, or for a path without its ending."""
    if (model / "__model__").is_file():  # Paddle 1.x
        params = model / "__params__"
        return (str(model / "__model__"), str(params)) if params.is_file() else (str(model),)
    for ending in (".json", ".pdmodel"):
        for graph in sorted(model.glob(f"*{ending}")) or [model.with_name(model.name + ending)]:
            params = graph.with_suffix(".pdiparams")
            if graph.is_file() and params.is_file():
                return str(graph), str(params)
    if (model / "model").is_file() and (model / "params").is_file():
        return str(model / "model"), str(model / "params")
    raise ModelNotFoundError(
        f"there is no Paddle inference model in {model}: it needs __model__ with its weights, or a .json or "
        ".pdmodel file beside its .pdiparams. PaddleHub's archives contain it, its source repository does not"
    )
