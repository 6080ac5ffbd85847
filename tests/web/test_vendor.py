from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def vendor() -> ModuleType:
    spec = importlib.util.spec_from_file_location("vendor", ROOT / "tools/vendor.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_vendored_files_are_what_the_list_names(vendor: ModuleType) -> None:
    assert vendor.problems() == []


def test_nothing_lies_there_that_the_list_does_not_name(vendor: ModuleType) -> None:
    named = {path for _package, _entry, path in vendor.files()}
    packed = {path.with_name(path.name + ".gz") for _package, entry, path in vendor.files() if entry.get("gz")}
    assert {path for path in vendor.VENDOR.rglob("*") if path.is_file()} - named - packed == {vendor.LIST}


def test_each_package_has_its_licence(vendor: ModuleType) -> None:
    for package, _entry, path in vendor.files():
        assert package["licence"]
        assert (vendor.VENDOR / f"{package['name']}-{package['version']}" / "LICENSE").is_file(), path
