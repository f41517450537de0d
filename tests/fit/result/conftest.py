"""Small fits that the files of this folder share, made once."""

import numpy as np
import pytest
from steady import HELD, SIGMA, START, model, simulated

import homodyne_eqx as hx

FRAMES = 24


@pytest.fixture(scope="session")
def steady_fit():
    """Diffusion and shear in four sectors, contrast and offset one for each sector."""
    return hx.fit(model(**START), simulated(FRAMES), fixed=HELD, sample=False, scan=False)


@pytest.fixture(scope="session")
def masked_data():
    """The same as float32 data with a masked frame, missing pixels, a gap of frames and one sigma a pixel."""
    data = simulated(FRAMES)
    c2 = np.array(data.c2, np.float32)
    c2[1, 3, :] = c2[1, :, 3] = np.nan
    c2[2, 5, 6] = np.inf
    mask = np.zeros(c2.shape, bool)
    mask[0, 7, :] = mask[0, :, 7] = True
    sigma = np.full(c2.shape, SIGMA, np.float32) * np.linspace(1, 1.5, FRAMES, dtype=np.float32)
    origin = hx.Provenance(
        path="somewhere.hdf",
        format="aps-u",
        frames=(3, 3 + FRAMES),
        notes=("one", "two"),
        metadata={"J": 3e4, "n": np.int64(3), "axis": np.arange(3, dtype=np.float32), "names": ["a", "b"]},
    )
    return hx.TwoTimeData(c2, data.geometry, sigma, mask, origin, sigma_source="by hand")
