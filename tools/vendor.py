"""Fetch and check the vendored front-end files listed in fulian/web/static/vendor/VENDOR.toml.

`python tools/vendor.py verify`   every committed file has the sha256 written down (needs nothing but Python)
`python tools/vendor.py refresh`  fetch each package with the npm client, write its files and their sha256
"""

from __future__ import annotations

import gzip
import hashlib
import re
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from pathlib import Path
from typing import Any

VENDOR = Path(__file__).parent.parent / "fulian/web/static/vendor"
LIST = VENDOR / "VENDOR.toml"
SOURCE_MAP = re.compile(rb"\n?/[*/]# sourceMappingURL=[^\n]*\n?")
SYMBOL = re.compile(r"<svg[^>]*viewBox=\"([^\"]+)\"[^>]*>(.*)</svg>", re.DOTALL)


def files() -> list[tuple[dict[str, Any], dict[str, Any], Path]]:
    """Every vendored file as (its package, its entry, where it lies), in the order of VENDOR.toml."""
    packages = tomllib.loads(LIST.read_text("utf-8"))["package"]
    return [
        (package, entry, (VENDOR / f"{package['name']}-{package['version']}" / entry["to"]).resolve())
        for package in packages
        for entry in package["file"]
    ]


def problems() -> list[str]:
    """What is wrong with the committed files, one line each; empty where all is well."""
    found = []
    for _package, entry, path in files():
        data = path.read_bytes() if path.is_file() else b""
        packed = path.with_name(path.name + ".gz")
        if hashlib.sha256(data).hexdigest() != entry["sha256"]:
            found.append(f"{path.relative_to(VENDOR.parent)}: not the file VENDOR.toml names")
        elif entry.get("gz") and (not packed.is_file() or gzip.decompress(packed.read_bytes()) != data):
            found.append(f"{packed.relative_to(VENDOR.parent)}: does not unpack to its file")
        if b"sourceMappingURL" in data:
            found.append(f"{path.relative_to(VENDOR.parent)}: names a source map that is not shipped")
    return found


def refresh() -> None:
    """Fetch every package by its name and version and write its files, their compressed copies and their sha256."""
    text = LIST.read_text("utf-8")
    sums = []
    with tempfile.TemporaryDirectory() as folder:
        unpacked: dict[str, Path] = {}
        for package, entry, path in files():
            name = f"{package['name']}@{package['version']}"
            if name not in unpacked:
                unpacked[name] = _fetch(name, Path(folder) / package["name"])
            data = _content(unpacked[name], entry)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            if entry.get("gz"):
                path.with_name(path.name + ".gz").write_bytes(gzip.compress(data, 9, mtime=0))
            sums.append(hashlib.sha256(data).hexdigest())
    new = iter(sums)
    LIST.write_text(re.sub(r'^sha256 = ".*"$', lambda _: f'sha256 = "{next(new)}"', text, flags=re.MULTILINE), "utf-8")


def _fetch(name: str, folder: Path) -> Path:
    folder.mkdir()
    subprocess.run(["npm", "pack", "--silent", name], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    (archive,) = folder.glob("*.tgz")
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    return folder / "package"


def _content(package: Path, entry: dict[str, Any]) -> bytes:
    if "icons" in entry:
        return _symbols(package / "icons", entry["icons"])
    data = (package / entry["from"]).read_bytes()
    return SOURCE_MAP.sub(b"\n", data) if entry.get("strip_map") else data


def _symbols(folder: Path, names: list[str]) -> bytes:
    lines = ['<svg xmlns="http://www.w3.org/2000/svg">']
    for name in names:
        found = SYMBOL.search((folder / f"{name}.svg").read_text("utf-8"))
        if found is None:
            raise SystemExit(f"{name}.svg is not one svg element")
        drawing = " ".join(found[2].split())
        lines.append(f'<symbol id="{name}" viewBox="{found[1]}">{drawing}</symbol>')
    return "\n".join([*lines, "</svg>", ""]).encode()


def main(arguments: list[str]) -> int:
    """Run `verify` or `refresh`; returns the exit status."""
    if arguments not in (["verify"], ["refresh"]):
        print(__doc__)
        return 2
    if arguments == ["refresh"]:
        refresh()
    found = problems()
    print("\n".join(found) or f"{len(files())} vendored files are as VENDOR.toml says.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
