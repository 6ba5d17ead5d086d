"""Leaves while it is imported, as a settings module does that misses a variable."""

import sys

sys.exit("SECRET_KEY is not set")
