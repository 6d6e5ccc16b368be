"""Tests of the pages in a browser. A package of its own, so that one sandbox and one browser serve them all."""
