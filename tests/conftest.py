"""Options of the tests."""

import os

import pytest
from hypothesis import HealthCheck, settings

# What a process wrote before is used only where a test is about that (test_cache.py).
os.environ["DSLNET_CACHE"] = ""

# What else runs on a machine makes an example slow, and is no mistake.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update", action="store_true", help="write what is printed into the expectations")
