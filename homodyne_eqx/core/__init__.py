"""Holds the documented path `homodyne_eqx.core.jax_backend`, and nothing else."""
