"""Names in prose: told by their letters where letters tell, and roles, months and countries are none."""

import pytest

from planning.checks.names import names, organisations


@pytest.mark.parametrize(
    ("sentence", "language", "expected"),
    [
        ("We met the Acacia Foundation in May.", "en", ("Acacia Foundation",)),
        (
            "The Ministry of Water and Sanitation agrees.",
            "en",
            ("Ministry of Water and Sanitation",),
        ),
        ("A foundation may help, or the Bank.", "en", ()),
        ("Con la Fundación Árbol Verde.", "es", ("Fundación Árbol Verde",)),
        ("Mit der Robert Bosch Stiftung.", "de", ("Robert Bosch Stiftung",)),
        ("Вместе с Фонд Устойчивость.", "ru", ("Фонд Устойчивость",)),
        ("بالتعاون مع مؤسسة النور الخيرية.", "ar", ("مؤسسة النور الخيرية",)),
        ("टाटा ट्रस्ट के साथ।", "hi", ("टाटा ट्रस्ट",)),
    ],
)
def test_organisations_are_known_by_their_kind(
    sentence: str, language: str, expected: tuple[str, ...]
) -> None:
    assert organisations(sentence, language) == expected


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("Our partner is Nile Water in Cairo.", ("Nile Water",)),
        ("We thank Jane Maria Smith for it.", ("Jane Maria Smith",)),
        ("Nile Water is our partner.", ()),
        ("The Finance Officer and the Programme Lead report to the Board Chair.", ()),
        ("It serves the Sustainable Development Goals in South Africa.", ()),
        ("We begin with the first school.", ()),
    ],
)
def test_names_are_rows_of_capitals_that_are_nothing_general(
    sentence: str, expected: tuple[str, ...]
) -> None:
    """A name that begins its sentence has lost its first word, and so may not be told."""
    assert names(sentence, "en") == expected
    assert names(sentence, "de") == ()
