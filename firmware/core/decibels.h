// SPDX-License-Identifier: MIT
// Decibels to gains without libm, whose last bits differ from library to library: the same gain on
// every board.
#pragma once

namespace gritspace {

// 10^(db / 20), relative error below 2e-6, for -150..150 dB; beyond that as at the end.
float GainOfDecibels(float db);

}  // namespace gritspace
