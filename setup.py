"""All metadata of the distribution ``hubserving``; pyproject.toml holds tool settings only."""

import re
from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent
VERSION = re.search(r'^__version__ = "([^"]+)"', (HERE / "hub/__init__.py").read_text(), re.M)[1]

CORE = [
    "click>=8.1",
    "filelock>=4.2.1",
    "flask>=3.0",
    "gunicorn>=25",
    "numpy>=1.26",
    "opencv-python>=4.10",
    "orjson>=3.10",
    "packaging>=24",
    "paddlepaddle>=3.0",
    "pillow>=10.3",
    "prometheus-client>=0.21",
    "pyclipper>=1.3",
    "pydantic>=2.7",
    "requests>=2.32",
    "rich>=13.7",
    "shapely>=2.0",
    "unearth>=0.17",
]
OPENVINO = ["openvino>=2025.4"]
ONNXRUNTIME = ["onnxruntime>=1.20"]
DEVELOPMENT = [
    "import-linter>=2.1",
    "mypy>=1.15",
    "pytest>=8.3",
    "pytest-timeout>=2.3",
    "ruff>=0.12",
    "types-requests",
    *OPENVINO,
    *ONNXRUNTIME,
]

setup(
    name="hubserving",
    version=VERSION,
    description="Serve model modules on your own machine: the maintained successor to PaddleHub Serving",
    long_description=(HERE / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    python_requires=">=3.11",
    packages=find_packages(include=["hub", "hub.*"]),
    package_data={"hub": ["py.typed"], "hub.registry": ["*.json"]},
    install_requires=CORE,
    extras_require={"openvino": OPENVINO, "onnxruntime": ONNXRUNTIME, "dev": DEVELOPMENT},
    entry_points={"console_scripts": ["hub = hub.cli.main:main"]},
    classifiers=[
        "Operating System :: POSIX :: Linux",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
    ],
)
