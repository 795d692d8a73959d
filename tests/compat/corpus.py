"""Module folders as PaddleHub's public modules are written, one for each cause that stops some of them.

All of it is written for the tests, which make the networks too.
"""

from __future__ import annotations

from pathlib import Path

_HEAD = """# -*- coding:utf-8 -*-
from __future__ import absolute_import
from __future__ import division

import os
import sys

import paddlehub as hub
from paddlehub.module.module import moduleinfo, runnable, serving
"""


def _module(name: str, body: str, *, base: str = "hub.Module", imports: str = "", meta: str = "") -> str:
    info = f'@moduleinfo(name="{name}", version="1.0.0", summary="", author="somebody", author_email="",'
    return f'{_HEAD}{imports}\n\n{info} type="nlp/x"{meta})\nclass Sample({base}):\n{body}'


def _serves(expression: str = "text", name: str = "text") -> str:
    return f"    @serving\n    def predict(self, {name}='x', **kwargs):\n        return {expression}\n"


BETA_CLASSIFIER = _module(
    "beta_classifier",
    """
    def __init__(self, class_dim=3, load_checkpoint=None):
        super(Sample, self).__init__()
        initializer = nn.initializer.MSRA(uniform=False)
        self.conv = Conv2d(3, 3, 1, weight_attr=ParamAttr(initializer=MSRA()), bias_attr=False)
        self.pool, self.drop = AdaptiveAvgPool2d(1), nn.Dropout2d(0.5)
        checkpoint = os.path.join(self.directory, "beta_classifier.pdparams")
        if not os.path.exists(checkpoint):
            os.system("wget https://example.invalid/beta_classifier.pdparams -O" + checkpoint)
        model_dict = paddle.load(checkpoint)[0]
        self.set_dict(model_dict)

    def forward(self, inputs):
        x = self.drop(self.conv(inputs))
        if inputs.shape[2:] != [224, 224]:
            print("The size of the image is incorrect.")
            exit()
        gate = F.hard_sigmoid(self.pool(x) * 0 + 3)
        x = paddle.multiply(x=x, y=paddle.squeeze(gate, axis=[2, 3]), axis=0)
        x = paddle.elementwise_add(F.hard_swish(x) * 0, x)
        return paddle.reduce_mean(x, dim=[2, 3])
""",
    base="nn.Layer",
    imports="""
import paddle
import paddle.nn as nn
import paddle.nn.functional as F
from paddle import ParamAttr
from paddle.nn import AdaptiveAvgPool2d, Conv2d
from paddle.nn.initializer import MSRA
from paddlehub.module.cv_module import ImageClassifierModule
""",
    meta=", meta=ImageClassifierModule",
)
FLUID_PREDICTOR = _module(
    "fluid_predictor",
    """
    def _initialize(self):
        model = os.path.join(self.directory, "infer_model")
        config = AnalysisConfig(os.path.join(model, "model.pdmodel"), os.path.join(model, "model.pdiparams"))
        config.disable_glog_info()
        config.disable_gpu()
        self.cpu_predictor = create_paddle_predictor(config)

    def context(self, trainable=False):
        with fluid.program_guard(fluid.Program(), fluid.Program()):
            return fluid.layers.data(name="words", shape=[1], dtype="int64", lod_level=1)

    @serving
    def predict(self, numbers, train=False):
        if train:
            return self.context()
        tensor = PaddleTensor(np.array(numbers, "int64").reshape(-1, 1))
        tensor.lod = [[0, len(numbers)]]
        out = self.cpu_predictor.run([tensor])
        return int(np.argmax(out[0].as_ndarray()[0]))
""",
    imports="""
import numpy as np
import paddle.fluid as fluid
from paddle.fluid.core import PaddleTensor, AnalysisConfig, create_paddle_predictor
from paddle.fluid.dygraph.nn import Conv2D
""",
)
#: As senta_bilstm and emotion_detection_textcnn are written: words by lac, a bag of them by a network.
WORDS_BY_LAC = _module(
    "words_by_lac",
    """
    def _initialize(self):
        self.pretrained_model_path = os.path.join(self.directory, "infer_model")
        self._word_seg_module = None
        self.predict = self.sentiment_classify
        self._set_config()

    @property
    def word_seg_module(self):
        if not self._word_seg_module:
            self._word_seg_module = hub.Module(name="lac")
        return self._word_seg_module

    @serving
    def sentiment_classify(self, texts=[], data={}, use_gpu=False, batch_size=1, use_device=None):
        if texts != [] and isinstance(texts, list) and data == {}:
            given = texts
        elif texts == [] and isinstance(data.get("text", None), list) and data["text"]:
            given = data["text"]
        else:
            raise ValueError("The input data is inconsistent with expectations.")
        processed = preprocess(self.word_seg_module, given, use_gpu, batch_size, use_device)
        if len(given) == 1:
            out = self.cpu_predictor.run([self.texts2tensor(processed)])[0].as_ndarray()
        else:
            out = self._internal_predict(self.cpu_predictor, processed).copy_to_cpu()
        return [{"words": each["words"], "label": int(row.argmax())} for each, row in zip(processed, out)]
""",
    base="hub.NLPPredictionModule",
    imports="""
import paddle.fluid as fluid
from words_by_lac.processor import preprocess
""",
)
PROCESSOR = """
VOCAB = {u"很好吃": 1, u"差": 2}


def preprocess(lac, texts, use_gpu, batch_size, use_device):
    result = []
    for data in lac.lexical_analysis(
            data={"text": texts}, use_gpu=use_gpu, batch_size=batch_size, use_device=use_device):
        assert lac.cut(data["word"][0], use_gpu, 1, True) and lac.cut([""]) == [{"tag": [""], "word": [""]}]
        words = data["word"]
        result.append({"processed": [VOCAB.get(word, 0) for word in words], "words": words})
    return result
"""
OLD_TRANSFORMER = _module(
    "old_transformer",
    """
    def _initialize(self):
        self.params_path = os.path.join(self.directory, "assets", "params")

    @serving
    def predict(self, texts=[], train=False):
        return self.get_embedding(texts=[texts]) if train else [len(text) for text in texts]
""",
    base="TransformerModule",
    imports="from paddlehub import TransformerModule\n",
)

#: Modules that are installed and served → their files.
SERVED = {
    "beta_classifier": {"module.py": BETA_CLASSIFIER},
    "fluid_predictor": {"module.py": FLUID_PREDICTOR},
    "words_by_lac": {"module.py": WORDS_BY_LAC, "processor.py": PROCESSOR},
    "old_transformer": {"module.py": OLD_TRANSFORMER},
    "helps_others": {
        "module.py": _module("helps_others", _serves()),
        "processor.py": "def postprocess(text):\n    return text.upper()\n",
    },
    "imports_a_neighbour": {
        "module.py": _module(
            "imports_a_neighbour",
            _serves("postprocess(text)"),
            imports="from helps_others.processor import postprocess\n",
        )
    },
    "reads_when_called": {
        "module.py": _module(
            "reads_when_called",
            "    address = 'wget https://example.invalid/late.bin'\n"
            + _serves("open(text + '/late.bin').read()"),
        )
    },
    "exits_when_called": {
        "module.py": _module(
            "exits_when_called",
            _serves("text if text == 'x' else sys.exit() if text == 'bare' else sys.exit('no ' + text)"),
        )
    },
}
_LOADS = "    def _initialize(self):\n{}\n\n" + _serves()
_READS = """
        path = os.path.join(self.directory, "weights.pkl")
        if not os.path.exists(path):
            os.system({}"https://example.invalid/dygraph/weights.pkl" + " -O " + path)
        import pickle
        with open(path, "rb") as weights:
            self.weights = pickle.load(weights)
"""
#: Modules that are installed and cannot be loaded → their source, and what the reply says.
NOT_LOADED = {
    "exits_when_loaded": (
        _LOADS.format("        sys.exit('give me a card')"),
        "module exits_when_loaded ended itself while it was loaded: SystemExit: give me a card",
    ),
    "leaves_an_empty_file": (
        _LOADS.format(_READS.format('"touch " + path + "; false " + ')),
        "weights.pkl is empty, its download failed; fetch https://example.invalid/dygraph/weights.pkl",
    ),
    "leaves_no_file": (
        _LOADS.format(_READS.format('"false " + ')),
        "weights.pkl is not there, its download failed; fetch https://example.invalid/dygraph/weights.pkl",
    ),
    "brings_an_empty_file": (
        _LOADS.format("        import pickle\n        pickle.load(open(self.directory + '/own.pkl', 'rb'))"),
        "own.pkl is empty; put the right one there",
    ),
}
#: Modules that ``hub install`` refuses → their files, and what it says.
REFUSED = {
    "imports_an_absent_neighbour": (
        {"module.py": _module("a", _serves(), imports="from falling_star.processor import postprocess\n")},
        "needs other modules that are not installed: falling_star. Install them first with: hub install",
    ),
    "imports_and_loads_one": (
        {"module.py": _module("b", _serves("hub.Module(name='night_sky')"), imports="import night_sky\n")},
        "needs other modules that are not installed: night_sky. Install them first with: hub install",
    ),
    "imports_one_of_the_documents": (
        {"module.py": _module("c", _serves(), imports="import senta_bilstm\nimport absent_one\n")},
        "not installed: senta_bilstm. Install them first with: hub install senta_bilstm (by name, or the "
        "path of each folder); and it needs packages that are not installed: absent_one",
    ),
    "imports_absent_packages": (
        {"module.py": _module("d", _serves(), imports="import absent_two\nimport absent_one.x\n")},
        "Install them with: pip install absent_one absent_two",
    ),
    "requires_absent_packages": (
        {
            "module.py": _module("e", _serves()),
            "requirements.txt": "absent_one >= 2\nabsent-one\nAbsent.One<3\n",
        },
        "absent_one<3,>=2 (not installed)",
    ),
    "exits_when_imported": (
        {"module.py": _module("f", _serves(), imports="sys.exit('only for Python 2')\n")},
        "does not import: SystemExit: only for Python 2",
    ),
    "needs_a_checkout": (
        {"module.py": _module("g", _serves(), imports="from tools.infer.utility import base64_to_cv2\n")},
        "run the command in that checkout's top folder",
    ),
    "fine_tunes": (
        {"module.py": _module("h", _serves(), imports="from paddlehub.finetune.trainer import Trainer\n")},
        "paddlehub.finetune is not in it. For training, data sets and fine-tuning use PaddleHub",
    ),
    "lacks_an_import": (
        {"module.py": _module("i", _serves() + "\n    def other(self) -> Tuple[int]:\n        pass\n")},
        "does not import: NameError: name 'Tuple' is not defined",
    ),
    "is_of_paddlehub_1": ({"module_desc.pb": "x"}, "module.py"),
}


def write(folder: Path, files: dict[str, str]) -> Path:
    """Write a module's folder."""
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def write_not_loaded(folder: Path, name: str) -> Path:
    source, _ = NOT_LOADED[name]
    files = {"module.py": _module(name, source)}
    return write(folder, files | ({"own.pkl": ""} if name == "brings_an_empty_file" else {}))
