"""What the tests of the documented functions share: the reference cases, small arguments, and the documented equations
in plain NumPy loops."""

import math
from pathlib import Path

import numpy as np

REFERENCE = np.load(Path(__file__).parent / "data" / "golden.npz")
CASES = sorted({key.split("/")[0] for key in REFERENCE})

N_T, N_PHI, DT = 5, 2, 0.1
T = DT * np.arange(N_T)
PHI = np.array([10.0, 70.0])
LAMINAR = np.array([900.0, -0.4, 15.0, 0.02, 0.3, 0.002, 12.0])
STATIC = LAMINAR[:3]
SETTING = {"phi": PHI, "q": 0.015, "L": 3.0e5, "contrast": 0.4, "offset": 1.1, "dt": DT}
OF_G1 = {name: SETTING[name] for name in ("phi", "q", "L", "dt")}
DATA = 1.1 + 0.4 * np.random.default_rng(3).random((N_PHI, N_T, N_T))
SIGMA = 0.05 + 0.1 * np.random.default_rng(4).random((N_PHI, N_T, N_T))


def reference(case: str) -> dict:
    return {key.split("/")[1]: REFERENCE[key] for key in REFERENCE if key.startswith(f"{case}/")}


def setting(values: dict) -> dict:
    return {"phi": values["phi"], **{k: float(values[k]) for k in ("q", "L", "contrast", "offset", "dt")}}


def rate(amplitude, exponent, offset, t):
    floor = max(abs(t[1] - t[0]) / 2, 1e-8)
    return [max(amplitude * max(x, floor) ** exponent + offset, 1e-10) for x in t]


def between(f, i, j):
    """Trapezoid sum of f from frame i to frame j, in steps."""
    low, high = min(i, j), max(i, j)
    return math.fsum((f[k] + f[k + 1]) / 2 for k in range(low, high))


def brute_force_g2(params, t, phi, q, L, contrast, offset, dt):
    diffusion = rate(*params[:3], t)
    shear = rate(*params[3:6], t) if len(params) == 7 else None
    g2 = np.empty((len(phi), len(t), len(t)))
    for k, azimuth in enumerate(phi):
        for i in range(len(t)):
            for j in range(len(t)):
                g1 = math.exp(-min(0.5 * q**2 * dt * between(diffusion, i, j), 700))
                if shear:
                    angle = math.radians(params[6] - azimuth)
                    x = q * L * dt / (2 * math.pi) * math.cos(angle) * between(shear, i, j)
                    g1 *= (math.sin(x) / x) ** 2 if x else 1.0
                g2[k, i, j] = offset + contrast * max(g1, 1e-10) ** 2
    return g2
