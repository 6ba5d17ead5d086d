"""Has nothing to call."""

answer = 42
