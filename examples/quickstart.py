"""From bundled two-time maps to diffusion, shear rate and flow direction.

python examples/quickstart.py
"""

import numpy as np

import homodyne_eqx as hx

data = hx.datasets.sheared_colloid()  # or hx.load("scan_0042.hdf", gap=2.0e6, sigma="estimate")
g1 = hx.Diffusion(hx.Constant(2.0e4)) * hx.Shear(hx.Constant(1.5e-4), phi0=40.0, kernel=hx.GapAverage())
scaling = hx.ContrastOffset(contrast=np.full(data.n_sector, 0.3), offset=np.full(data.n_sector, 1.0))

result = hx.fit(hx.TwoTimeModel(g1, scaling), data)  # streaming Levenberg–Marquardt
print(result)  # every parameter with its uncertainty and unit, χ², how it ended
print(f"\nput in: {dict(hx.datasets.SHEARED_COLLOID_TRUTH)}")
