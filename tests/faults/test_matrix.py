"""The page of faults tells the truth: each has a test of its name where the page says."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROWS = re.findall(
    r"^\| ([A-Z]\d\d) \|.*\| ([^|]+) \|$", (ROOT / "docs/FAULTS.md").read_text(), re.MULTILINE
)
# The faults of the catalogue that have to be tested, without those of `docs/SECURITY.md`.
AUTOMATED = """
    T01 T02 T03 T04 T05 T06 T10 T11 H01 H02 H03 H04 H05 H06 H07 H08 H09 H11 H16
    B01 B02 B03 B04 B05 B06 B09 B11 B12
    E01 E02 E03 E04 E05 E06 E07 E08 E10 E11 E14 L01 L02 L03 L08 Q01 Q02 Q03 Q04 Q07 Q08 Q10 Q12
    C01 C02 C03 C04 C05 C06 C11 C12 C14 D01 D02 D05 D06 K01 K02 K04 K05 P01 P02 P03 P07 P08
"""


@pytest.mark.parametrize(("fault", "places"), ROWS, ids=[fault for fault, _ in ROWS])
def test_each_fault_has_a_test_of_its_name_where_the_page_says(fault: str, places: str) -> None:
    """In every file that is named."""
    files = re.findall(r"`([^`]+)`", places)
    assert files
    for name in files:
        tests = re.findall(r"def (test_\w+)", (ROOT / "tests" / name).read_text())
        assert any(f"_{fault.lower()}_" in test for test in tests), name


def test_no_fault_of_the_catalogue_is_missing() -> None:
    """Nor told twice."""
    told = [fault for fault, _ in ROWS]
    assert len(told) == len(set(told))
    assert set(AUTOMATED.split()) <= set(told)
