"""Finds the application that MODULE[:CALLABLE] names, as gunicorn reads it."""

from __future__ import annotations

import ast
import importlib
import os
from types import ModuleType
from typing import Any, Callable

from . import fault

Application = Callable[..., Any]

DEFAULT_NAMES = ("application", "app")


class LoadError(Exception):
    """The application could not be loaded, for a reason that one sentence tells better than a traceback."""


def load(spec: str) -> Application:
    """Imports the module and returns the application. What the module's own code raises passes through."""
    name, _, expression = spec.partition(":")
    module = _import(name, spec)
    found = _evaluate(expression, module) if expression else _by_default_name(module)
    if not callable(found):
        raise LoadError(f"{spec} is of type {type(found).__name__} and cannot be called: it is no WSGI application")
    return found  # type: ignore[no-any-return]


def _import(name: str, spec: str) -> ModuleType:
    if not all(part.isidentifier() for part in name.split(".")):
        raise LoadError(
            f"{name!r} is no module name; an application is named as MODULE:CALLABLE, such as shop.wsgi:app"
        )
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        # Only where nothing of the application has run yet is it the name that is wrong.
        if fault.own_part(error.__traceback__) is None:
            raise LoadError(_not_found(name, error, spec)) from None
        raise


def _not_found(name: str, error: ModuleNotFoundError, spec: str) -> str:
    if name.endswith(".py") and os.path.exists(name):
        return f"{name} is a file; did you mean {spec.replace('.py', '', 1)}?"
    return f"there is no module {error.name} for the application {spec}, neither in {os.getcwd()} nor on Python's path"


def _by_default_name(module: ModuleType) -> Any:
    for name in DEFAULT_NAMES:
        found = getattr(module, name, None)
        if callable(found):
            return found
    raise LoadError(
        f"module {module.__name__} has no callable {' or '.join(DEFAULT_NAMES)}; "
        f"name another one as {module.__name__}:CALLABLE"
    )


def _evaluate(expression: str, module: ModuleType) -> Any:
    try:
        node = ast.parse(expression.strip(), mode="eval").body
    except SyntaxError:
        raise _not_understood(expression) from None
    if not isinstance(node, ast.Call):
        return _look_up(node, module, expression)
    factory = _look_up(node.func, module, expression)
    if not callable(factory):
        raise LoadError(
            f"{ast.unparse(node.func)} in {module.__name__} is of type {type(factory).__name__}: no factory"
        )
    args, keywords = _arguments(node, expression)
    return factory(*args, **keywords)


def _look_up(node: ast.expr, module: ModuleType, expression: str) -> Any:
    """Follows NAME.ATTRIBUTE... from the module."""
    if isinstance(node, ast.Name):
        holder, name = module, node.id
    elif isinstance(node, ast.Attribute):
        holder, name = _look_up(node.value, module, expression), node.attr
    else:
        raise _not_understood(expression)
    try:
        return getattr(holder, name)
    except AttributeError:
        raise LoadError(f"module {module.__name__} has no {ast.unparse(node)}") from None


def _arguments(call: ast.Call, expression: str) -> tuple[list[Any], dict[str, Any]]:
    try:
        args = [ast.literal_eval(arg) for arg in call.args]
        keywords = {keyword.arg: ast.literal_eval(keyword.value) for keyword in call.keywords}
    except ValueError:
        raise LoadError(
            f"{expression}: the arguments of a factory can only be literals, such as 'x', 1 or False"
        ) from None
    if None in keywords:  # **mapping
        raise _not_understood(expression)
    return args, keywords  # type: ignore[return-value]


def _not_understood(expression: str) -> LoadError:
    return LoadError(
        f"{expression!r} is neither a name, nor an attribute such as obj.attr, nor a call such as create_app()"
    )
