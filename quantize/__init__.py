# SPDX-License-Identifier: MIT
"""From floats to integers to artefacts: Brevitas QAT, the `.tflite` file, the golden integer model, generated C++."""
