"""What imports cannot show: relations and migrations name other apps by string."""

import importlib.util
import pkgutil

import pytest
from django.apps import apps

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
