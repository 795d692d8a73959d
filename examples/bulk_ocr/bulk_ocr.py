"""Read the text of very many images with an installed OCR module, on one machine or on a Ray cluster.

    python bulk_ocr.py IMAGES OUT [--format jsonl] [--readers 4] [--ray_address auto]

IMAGES is a folder (searched through) or a text file with one path per line. The images are taken in shards;
each becomes one file of OUT, written whole: ``part-00042.parquet`` with a row per image (path, text, lines,
error). Started again with the same arguments, it goes on with the shards that have no file yet. On a cluster
every node must see IMAGES, OUT and the module at the same paths.

Ray Data hands out the shards to readers, of which each loads the module once, and gives a shard to another
reader when one dies.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import logging
import os
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

SUFFIXES = (".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")
JOB = "job.json"


@dataclass(frozen=True)
class Job:
    """What OUT holds, written there at the first start; another list or format needs another folder."""

    module: str
    init_args: dict[str, Any]
    format: str
    shard_size: int
    images: int
    list_sha256: str

    def shards(self) -> int:
        return -(-self.images // self.shard_size)


class ShardReader:
    """One loaded copy of the module; Ray Data keeps several of them, each in a process of its own."""

    def __init__(self, out: str, module: str, init_args: dict[str, Any], format: str, threads: int) -> None:
        os.environ["HUB_ENGINE_THREADS"] = str(threads)
        import hub

        self.module = hub.Module(name=module, **init_args)
        self.out = Path(out)
        self.format = format

    def __call__(self, shard: dict[str, Any]) -> dict[str, Any]:
        """Read a shard's images, write its file, and say how it went."""
        begun = time.monotonic()
        rows = [self.read(str(path)) for path in shard["paths"]]
        final = self.out / part_name(int(shard["number"]), self.format)
        fresh = final.with_name(f".{final.name}-{os.getpid()}")
        (write_parquet if self.format == "parquet" else write_jsonl)(rows, fresh)
        fresh.replace(final)
        failed = sum(bool(row["error"]) for row in rows)
        return {"images": len(rows), "failed": failed, "seconds": time.monotonic() - begun}

    def read(self, path: str) -> dict[str, Any]:
        """One image's row. What is wrong with one image is told there and stops nothing."""
        from hub.pictures.decode import decoded

        row: dict[str, Any] = {"path": path, "text": "", "lines": [], "error": ""}
        try:
            (row["lines"],) = self.module.predict(images=[decoded(Path(path).read_bytes())])
            row["text"] = "\n".join(line["text"] for line in row["lines"])
        except Exception as error:
            row["error"] = f"{type(error).__name__}: {error}"
        return row


def part_name(number: int, format: str) -> str:
    return f"part-{number:05d}.{format}"


def write_jsonl(rows: Sequence[dict[str, Any]], path: Path) -> None:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def write_parquet(rows: Sequence[dict[str, Any]], path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    line = pa.struct(
        {
            "text": pa.string(),
            "confidence": pa.float32(),
            "text_region": pa.list_(pa.list_(pa.int32())),  # four corners, clockwise from the top left
        }
    )
    schema = pa.schema(
        {"path": pa.string(), "text": pa.string(), "lines": pa.list_(line), "error": pa.string()}
    )
    pq.write_table(pa.Table.from_pylist(list(rows), schema=schema), path, compression="zstd")


def find_images(where: Path) -> list[str]:
    """Absolute paths in a fixed order: of a folder's images, or of those that a list names."""
    if where.is_dir():
        found = [path for path in where.rglob("*") if path.suffix.lower() in SUFFIXES]
        return sorted(str(path.absolute()) for path in found)
    lines = where.read_text(encoding="utf-8").splitlines()
    return [str(Path(line.strip()).absolute()) for line in lines if line.strip()]


def begin_or_resume(out: Path, job: Job) -> None:
    """Note in OUT what it is for; exits when it is for something else."""
    out.mkdir(parents=True, exist_ok=True)
    note = out / JOB
    if not note.exists():
        note.write_text(json.dumps(asdict(job), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        return
    known = json.loads(note.read_text(encoding="utf-8"))
    different = [key for key, value in asdict(job).items() if known.get(key) != value]
    if different:
        sys.exit(f"{out} holds another job ({', '.join(different)} differ); choose another folder")


def pending(job: Job, paths: Sequence[str], out: Path) -> list[dict[str, Any]]:
    """The shards that have no file yet."""
    return [
        {"number": number, "paths": list(paths[number * job.shard_size : (number + 1) * job.shard_size])}
        for number in range(job.shards())
        if not (out / part_name(number, job.format)).exists()
    ]


def read_all(
    job: Job, shards: list[dict[str, Any]], out: Path, readers: int, cpus: float
) -> Iterator[dict[str, Any]]:
    """Have Ray read the shards; one summary for each as it is done."""
    import ray.data

    logging.getLogger("ray.data").setLevel(logging.ERROR)  # this script tells how far it is
    ray.data.DataContext.get_current().enable_progress_bars = False
    dataset = ray.data.from_items(shards, override_num_blocks=len(shards)).map(
        ShardReader,
        fn_constructor_kwargs={
            "out": str(out.absolute()),
            "module": job.module,
            "init_args": job.init_args,
            "format": job.format,
            "threads": max(1, int(cpus)),
        },
        compute=ray.data.ActorPoolStrategy(size=min(readers, len(shards))),
        num_cpus=cpus,
    )
    yield from dataset.iter_rows()


def connect(address: str | None) -> None:
    """To a cluster, or to a Ray instance that begins and ends with this script and listens on 127.0.0.1."""
    if address is None:
        os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"
    import ray

    options = {} if address else {"include_dashboard": False}
    ray.init(address=address or "local", logging_level=logging.ERROR, **options)


def report(summaries: Iterator[dict[str, Any]], done: int, total: int) -> int:
    """Print how far it is after each shard; the number of images that could not be read."""
    begun, read, failed = time.monotonic(), 0, 0
    for summary in summaries:
        read += int(summary["images"])
        failed += int(summary["failed"])
        rate = read / (time.monotonic() - begun)
        minutes = (total - done - read) / rate / 60
        print(f"{done + read} of {total} images, {rate:.1f} images/s, {minutes:.0f} min left", flush=True)
    return failed


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("images", type=Path, help="a folder, or a text file with one path per line")
    parser.add_argument("out", type=Path, help="folder for the results")
    parser.add_argument("--format", choices=("parquet", "jsonl"), default="parquet")
    parser.add_argument(
        "--module", default="ocr_system", help="an installed module with ocr_system's predict"
    )
    parser.add_argument("--init_args", type=json.loads, default={}, help='as in config.json: {"model": …}')
    parser.add_argument("--shard_size", type=int, default=500, help="images per file (default: 500)")
    parser.add_argument("--readers", type=int, default=1, help="copies of the module (default: 1)")
    parser.add_argument("--num_cpus", type=float, default=1.0, help="cores for each (default: 1)")
    parser.add_argument("--ray_address", help="auto or host:port; without, a Ray instance of its own")
    options = parser.parse_args()
    paths = find_images(options.images)
    if not paths:
        sys.exit(f"{options.images}: no images")
    digest = hashlib.sha256("\n".join(paths).encode()).hexdigest()
    job = Job(options.module, options.init_args, options.format, options.shard_size, len(paths), digest)
    begin_or_resume(options.out, job)
    shards = pending(job, paths, options.out)
    done = len(paths) - sum(len(shard["paths"]) for shard in shards)
    if done:
        print(f"{done} of {len(paths)} images were read before", flush=True)
    failed = 0
    if shards:
        connect(options.ray_address)
        found = read_all(job, shards, options.out, options.readers, options.num_cpus)
        failed = report(found, done, len(paths))
    print(f"{options.out}: {job.shards()} files, {len(paths)} images, {failed} unreadable in this run")
    return 0


if __name__ == "__main__":
    sys.exit(main())
