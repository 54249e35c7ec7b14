"""Lets the tests import the recipe from any folder, and keeps them small."""

import sys
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parent))
torch.set_num_threads(1)
