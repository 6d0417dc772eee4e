"""What imports cannot show: relations and migrations name other apps by string."""

import importlib.util
import os
import pkgutil
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from django.apps import apps

from tests.live import PROJECT

OURS = ("assets", "kvstore", "powerplant")


@pytest.mark.parametrize("label", OURS)
def test_no_model_of_an_app_points_to_another_of_ours(label: str) -> None:
    others = set(OURS) - {label}
    for model in apps.get_app_config(label).get_models(include_auto_created=True):
        related = {field.related_model._meta.app_label for field in model._meta.get_fields() if field.related_model}
        assert not related & others, model


@pytest.mark.parametrize("label", OURS)
def test_no_migration_of_an_app_depends_on_another_of_ours(label: str) -> None:
    others = set(OURS) - {label}
    if importlib.util.find_spec(f"{label}.migrations") is None:
        return
    package = importlib.import_module(f"{label}.migrations")
    for found in pkgutil.iter_modules(package.__path__):
        migration = importlib.import_module(f"{label}.migrations.{found.name}").Migration
        named = {app for app, _ in [*migration.dependencies, *migration.run_before]}
        assert not named & others, found.name


PLANTED = {
    "The apps know neither each other nor the project; the tests know all": ("kvstore/views.py", "powerplant.units"),
    "In an app the edges know the rules, never the other way round": ("assets/models.py", "assets.views"),
    "The domain is plain Python: no framework, no client, no file format": ("powerplant/units/plants.py", "django"),
    "boto3 in the S3 store only, moto in the mock only": ("assets/views.py", "boto3"),
    "Settings are read through django.conf": ("buildserver/views.py", "buildserver.settings"),
    "The message function stands alone": ("buildserver/process.py", "buildserver.env"),
}


@pytest.mark.parametrize("contract", PLANTED)
def test_each_import_contract_breaks_on_a_planted_fault(contract: str, tmp_path: Path) -> None:
    for name in (*OURS, "buildserver", "tests"):
        shutil.copytree(PROJECT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "static"))
    shutil.copy(PROJECT / "pyproject.toml", tmp_path)
    file, module = PLANTED[contract]
    with (tmp_path / file).open("a") as text:
        text.write(f"import {module}\n")
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    variables = {**os.environ, "PYTHONPATH": str(tmp_path)}
    ended = subprocess.run(command, cwd=tmp_path, env=variables, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert f"{contract} BROKEN" in ended.stdout


def test_every_import_contract_is_tried() -> None:
    contracts = tomllib.loads((PROJECT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    assert {contract["name"] for contract in contracts} == PLANTED.keys()
