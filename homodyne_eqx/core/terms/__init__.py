from .abstract import AbstractTerm as AbstractTerm, Nodes as Nodes
from .diffusion import Diffusion as Diffusion
from .product import Product as Product
from .shear import Shear as Shear
