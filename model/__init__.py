# SPDX-License-Identifier: MIT
"""PyTorch: learns the 2-D latent space of distortions. Imports nothing of ours but itself."""
