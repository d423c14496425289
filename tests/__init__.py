"""Tests, one folder a tier; a package so that helpers are imported by their full name."""
