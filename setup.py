"""Names the packages to install. All else is in pyproject.toml, which can't put a prefix before what it finds."""

from setuptools import find_packages, setup

setup(packages=[f"eks_observability.{name}" for name in find_packages(include=["components*", "policies*"])])
