"""Units: known ones converted, however they are spelled; unknown ones refused by name."""

import numpy as np
import pytest

from homodyne_eqx.data.errors import WrongOption
from homodyne_eqx.data.units import in_base_unit, numbers_in_base_unit, unit_factor

KNOWN = {
    "q": {
        1.0: [
            "Å⁻¹",
            "Å^-1",
            "A^-1",
            "angstrom^-1",
            "Angstrom-1",
            "1/A",
            "1/Å",
            "1/angstrom",
            "Å**-1",
            "A^(-1)",
            "1 / Å",
        ],
        0.1: ["nm^-1", "nm⁻¹", "1/nm", "nm-1", "nm**-1", "per nm", "inverse nm"],
        1e-4: ["um^-1", "µm^-1", "1/μm"],
        1e-10: ["m^-1", "1/m"],
    },
    "length": {1.0: ["Å", "A", "angstrom"], 10.0: ["nm"], 1e4: ["um", "µm", "μm", "micron"], 1e7: ["mm"], 1e10: ["m"]},
    "angle": {1.0: ["deg", "degree", "degrees", "°"], 180 / np.pi: ["rad", "radian"], 0.18 / np.pi: ["mrad"]},
    "time": {1.0: ["s", "sec", "seconds"], 1e-3: ["ms"], 1e-6: ["us", "µs"], 1e-9: ["ns"], 60.0: ["min"]},
    "energy": {1.0: ["keV", "kev"], 1e-3: ["eV"]},
}
SPELLED = [(q, factor, unit) for q, of in KNOWN.items() for factor, units in of.items() for unit in units]


@pytest.mark.parametrize(("quantity", "factor", "unit"), SPELLED)
def test_a_unit_however_it_is_spelled(quantity, factor, unit):
    assert unit_factor(unit, quantity) == pytest.approx(factor, rel=1e-12)
    assert in_base_unit("x", f"2.5e-1 {unit}", quantity) == pytest.approx(0.25 * factor, rel=1e-12)


@pytest.mark.parametrize(
    ("quantity", "unit"),
    [
        ("q", "nm"),
        ("q", "furlong^-1"),
        ("q", "1/"),
        ("length", "nm^-1"),
        ("length", "MM"),
        ("time", "m"),
        ("angle", "s"),
        ("q", ""),
    ],
)
def test_other_units_are_not_known(quantity, unit):
    assert unit_factor(unit, quantity) is None


def test_what_is_no_text_is_left_as_it_is():
    for value in (None, 3, 2.5, np.arange(3.0), [1, 2]):
        assert in_base_unit("gap", value, "length") is value
    assert in_base_unit("gap", "200um", "length") == pytest.approx(2e6)
    assert in_base_unit("gap", "2e6", "length") == 2e6
    assert in_base_unit("q", ("0.05nm^-1", 0.006), "q") == pytest.approx((0.005, 0.006))


@pytest.mark.parametrize("text", ["", "um", "nan", "inf um", "200 bananas", "1e999", "2 00um", "1" * 200])
def test_text_that_is_no_number_is_refused(text):
    with pytest.raises(WrongOption, match="expected a number in Å, or one with a unit, of Å, nm, um, mm"):
        in_base_unit("gap", text, "length")


def test_lists_of_numbers():
    np.testing.assert_allclose(numbers_in_base_unit("phi", "0,45,90deg", "angle"), [0, 45, 90])
    np.testing.assert_allclose(numbers_in_base_unit("phi", "0, 1rad, 0.5", "angle"), [0, np.degrees(1), 0.5])
    np.testing.assert_allclose(numbers_in_base_unit("q", 0.01, "q"), [0.01])
    np.testing.assert_allclose(numbers_in_base_unit("q", np.array([0.01, 0.02]), "q"), [0.01, 0.02])
    for wrong in ([], [np.nan], [[1.0, 2.0]], ["a"], {"q": 1}, None):
        with pytest.raises(WrongOption):
            numbers_in_base_unit("q", wrong, "q")
