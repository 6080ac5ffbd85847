"""Finding, checking and holding the installed plugins of one application."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

import pluggy
from flask import current_app

from fulian import hooks
from fulian.db import Base, Lineage, db, savepoint
from fulian.errors import StartRefused
from fulian.lineages import core_lineage
from fulian.programmes.programme import Plugin, Programme

GROUP = "fulian"
EXTENSION = "fulian.programmes"
CODE = re.compile(r"[a-z][a-z0-9]{1,19}")


@dataclass(frozen=True)
class Installed:
    """The plugins of one application: by code, with the programmes among them and the codes that were left out."""

    manager: pluggy.PluginManager
    plugins: Mapping[str, Plugin] = field(default_factory=dict)
    programmes: Mapping[str, Programme] = field(default_factory=dict)
    blocked: tuple[str, ...] = ()

    def lineages(self) -> tuple[Lineage, ...]:
        """The lineages in the order they are migrated: the core's, then every installed plugin's, by code."""
        return (core_lineage(), *(plugin_lineage(plugin) for _code, plugin in sorted(self.plugins.items())))


def plugin_lineage(plugin: Plugin) -> Lineage:
    """Where a plugin's migrations stand (its package's `migrations/`) and which tables are its own."""
    package = import_module(plugin.package)
    return Lineage(plugin.code, Path(str(package.__file__)).parent / "migrations", (f"{plugin.code}_",))


def _refuse(name: str, why: str) -> StartRefused:
    return StartRefused(f"插件 {name} 不能装载：{why}。可先用 FULIAN_BLOCK={name} 不装它启动，其案件仍可查看。")


def _check_plugin(name: str, plugin: Any, taken: Mapping[str, Plugin], reserved: frozenset[str]) -> Plugin:
    if not isinstance(plugin, Plugin):
        raise _refuse(name, "模块里没有 PLUGIN = Plugin(…)")
    if plugin.code != name:
        raise _refuse(name, f"PLUGIN 的代码是 {plugin.code}，与入口名不同")
    if not CODE.fullmatch(plugin.code):
        raise _refuse(name, "代码只能用小写字母和数字，字母开头，2 到 20 位")
    if plugin.code in taken or plugin.code in reserved:
        raise _refuse(name, "这个代码已被占用")
    return plugin


def _check_tables(plugin: Plugin) -> None:
    for mapper in Base.registry.mappers:
        module = mapper.class_.__module__
        if module != plugin.package and not module.startswith(plugin.package + "."):
            continue
        table = str(mapper.local_table)
        if not table.startswith(f"{plugin.code}_"):
            raise _refuse(plugin.code, f"数据表 {table} 的名称须以 {plugin.code}_ 开头")


def _check_programme(plugin: Plugin, programme: Any) -> Programme:
    if not isinstance(programme, Programme):
        raise _refuse(plugin.code, "fulian_programme 没有给出 Programme")
    if programme.code != plugin.code:
        raise _refuse(plugin.code, f"Programme 的代码是 {programme.code}，与插件不同")
    if programme.detail.__table__.name != f"{programme.code}_detail":
        raise _refuse(plugin.code, f"明细表应名为 {programme.code}_detail")
    stages = {stage.code for stage in programme.stages}
    for transition in programme.transitions:
        unknown = (set(transition.from_) | ({transition.to} if transition.to else set())) - stages
        if unknown:
            raise _refuse(plugin.code, f"办理动作 {transition.code} 用到没有的阶段 {'、'.join(sorted(unknown))}")
    return programme


def _modules(plugins: Sequence[str | ModuleType] | None, blocked: Sequence[str]) -> Iterator[tuple[str, Any]]:
    if plugins is None or any(isinstance(plugin, str) for plugin in plugins):
        wanted = None if plugins is None else {plugin for plugin in plugins if isinstance(plugin, str)}
        for entry in sorted(entry_points(group=GROUP), key=lambda entry: entry.name):
            if entry.name in blocked or (wanted is not None and entry.name not in wanted):
                continue
            try:
                yield entry.name, entry.load()
            except Exception as error:
                raise _refuse(entry.name, f"导入时出错（{type(error).__name__}: {error}）") from error
    for plugin in plugins or ():
        if isinstance(plugin, ModuleType):
            yield getattr(getattr(plugin, "PLUGIN", None), "code", plugin.__name__), plugin


def load_plugins(
    plugins: Sequence[str | ModuleType] | None = None,
    *,
    blocked: Sequence[str] = (),
    reserved: frozenset[str] = frozenset(),
    core: Sequence[tuple[str, object]] = (),
) -> Installed:
    """Load the entry points of the group `fulian` (or only those named, or modules) and check each of them.

    `reserved` are the core's URL prefixes; `core` are (name, object) of core features that answer hooks too. Raises
    StartRefused with one plain sentence for a plugin that cannot be loaded.
    """
    manager = pluggy.PluginManager(hooks.PROJECT)
    manager.add_hookspecs(hooks)
    found: dict[str, Plugin] = {}
    programmes: dict[str, Programme] = {}
    for name, module in _modules(plugins, blocked):
        plugin = _check_plugin(name, getattr(module, "PLUGIN", None), found, reserved)
        _check_tables(plugin)
        try:
            manager.register(module, name)
            manager.check_pending()
        except pluggy.PluginValidationError as error:
            raise _refuse(name, f"钩子不合规（{error}）") from error
        found[name] = plugin
    for name, plugin in found.items():
        for result, raised in _call(manager, "fulian_programme", name, {}):
            if raised is not None:
                raise _refuse(name, f"fulian_programme 出错（{type(raised).__name__}: {raised}）") from raised
            if result is not None:
                programmes[name] = _check_programme(plugin, result)
    for name, answerer in core:
        manager.register(answerer, name)
    return Installed(manager, found, programmes, tuple(blocked))


def _call(
    manager: pluggy.PluginManager, hook: str, name: str, arguments: Mapping[str, Any]
) -> Iterator[tuple[Any, Exception | None]]:
    others = [plugin for other, plugin in manager.list_name_plugin() if other != name and plugin is not None]
    try:
        for result in manager.subset_hook_caller(hook, others)(**arguments):
            yield result, None
    except Exception as error:
        yield None, error


@dataclass(frozen=True)
class HookResult:
    """One answer to a hook: of which plugin, and what it raised where it raised."""

    name: str
    value: Any
    error: Exception | None


def hook_results(hook: str, **arguments: Any) -> list[HookResult]:
    """Ask every plugin one by one, each in a savepoint that is undone where it raises."""
    results = []
    for name, _plugin in installed().manager.list_name_plugin():
        try:
            with savepoint(db.session()):
                for value, error in _call(installed().manager, hook, name, arguments):
                    if error is not None:
                        raise error
                    results.append(HookResult(name, value, None))
        except Exception as error:
            results.append(HookResult(name, None, error))
    return results


def installed() -> Installed:
    """The plugins of the current application."""
    loaded: Installed = current_app.extensions[EXTENSION]
    return loaded


def programmes() -> Mapping[str, Programme]:
    """The installed programmes by code."""
    return installed().programmes


def find_programme(code: str) -> Programme | None:
    """The installed programme with this code; None where its plugin is gone or blocked."""
    return installed().programmes.get(code)
