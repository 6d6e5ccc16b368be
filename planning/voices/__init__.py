"""Voices: what can speak, each behind one verb."""
