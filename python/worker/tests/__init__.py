"""Tests of the worker program. Run: python3 -m unittest discover -s python/worker/tests -t python/worker"""
