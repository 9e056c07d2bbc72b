// SPDX-License-Identifier: MIT
// The gated layer's forward and backward pass on a CPU: what PyTorch's convolutions do, several
// times faster for a dozen channels, since one clip at a time stays in the cache. Called by
// model/gated_layer.py through ctypes.
#include <algorithm>
#include <cstring>
#include <vector>

namespace {

constexpr int kLanes = 16;
constexpr int kVectors = 4;               // registers along time
constexpr int kTile = kLanes * kVectors;  // samples
constexpr int kRows = 6;                  // registers across channels
typedef float Vector __attribute__((vector_size(4 * kLanes), aligned(4), may_alias));

struct Shape {
  int channels, kernel_size, dilation;
  int heard;    // samples of the input
  int settled;  // whether the output begins with the first sample whose whole past is heard
  float limit;
  int inputs() const { return channels * kernel_size; }
  int history() const { return (kernel_size - 1) * dilation; }
  // Samples of the input before the output's first.
  int lead() const { return settled ? history() : 0; }
  int samples() const { return heard - lead(); }  // of the output
  // Rows are padded at their end so that the last tile may read and write past the clip.
  int stride() const { return (heard + history() + 2 * kTile) / kLanes * kLanes; }
};

// out[r][tile] += sum over i of weights[r * row_step + i] * in[i][tile], for R rows.
template <int R>
void Multiply(const float* weights, int row_step, int inputs, const float* const* in, int time,
              float* out, int out_stride) {
  Vector sums[R][kVectors];
  for (int r = 0; r < R; ++r)
    for (int v = 0; v < kVectors; ++v)
      sums[r][v] = *(const Vector*)(out + r * out_stride + time + v * kLanes);
  for (int i = 0; i < inputs; ++i) {
    const float* row = in[i] + time;
    Vector x[kVectors];
    for (int v = 0; v < kVectors; ++v) x[v] = *(const Vector*)(row + v * kLanes);
    for (int r = 0; r < R; ++r) {
      const float w = weights[r * row_step + i];
      for (int v = 0; v < kVectors; ++v) sums[r][v] += w * x[v];
    }
  }
  for (int r = 0; r < R; ++r)
    for (int v = 0; v < kVectors; ++v)
      *(Vector*)(out + r * out_stride + time + v * kLanes) = sums[r][v];
}

void MultiplyAll(const float* weights, int rows, int inputs, const float* const* in, int time,
                 float* out, int stride) {
  int r = 0;
  for (; r + kRows <= rows; r += kRows)
    Multiply<kRows>(weights + r * inputs, inputs, inputs, in, time, out + r * stride, stride);
  for (; r + 2 <= rows; r += 2)
    Multiply<2>(weights + r * inputs, inputs, inputs, in, time, out + r * stride, stride);
  for (; r < rows; ++r)
    Multiply<1>(weights + r * inputs, inputs, inputs, in, time, out + r * stride, stride);
}

float Sum(Vector v) {
  float s = 0;
  for (int i = 0; i < kLanes; ++i) s += v[i];
  return s;
}

// gradient[r][i] += sum over time of a[r] * b[i]; A x N registers.
template <int A, int N>
void Correlate(const float* const* a, const float* const* b, int samples, float* gradient,
               int step) {
  Vector sums[A][N] = {};
  for (int t = 0; t < samples; t += kLanes) {
    Vector x[A];
    for (int r = 0; r < A; ++r) x[r] = *(const Vector*)(a[r] + t);
    for (int i = 0; i < N; ++i) {
      const Vector y = *(const Vector*)(b[i] + t);
      for (int r = 0; r < A; ++r) sums[r][i] += x[r] * y;
    }
  }
  for (int r = 0; r < A; ++r)
    for (int i = 0; i < N; ++i) gradient[r * step + i] += Sum(sums[r][i]);
}

struct Scratch {
  std::vector<float> input, sums, flow;
  explicit Scratch(const Shape& s)
      : input(s.channels * s.stride()),
        sums(2 * s.channels * s.stride()),
        flow(2 * s.channels * s.stride()) {}
};

void LoadInput(const Shape& s, const float* h, std::vector<float>& input) {
  const int zeros = s.history() - s.lead();
  for (int c = 0; c < s.channels; ++c) {
    float* row = input.data() + c * s.stride();
    std::fill(row, row + zeros, 0.f);
    std::memcpy(row + zeros, h + (long)c * s.heard, 4 * s.heard);
    std::fill(row + zeros + s.heard, row + s.stride(), 0.f);
  }
}

// Input rows in the order of the weights: [tap][channel].
std::vector<const float*> Taps(const Shape& s, const float* rows) {
  std::vector<const float*> taps;
  for (int k = 0; k < s.kernel_size; ++k)
    for (int c = 0; c < s.channels; ++c) taps.push_back(rows + c * s.stride() + k * s.dilation);
  return taps;
}

// Rows of `sums` before their clamps: filters (no bias, so that silence stays silence), then gates.
void Convolve(const Shape& s, const float* weights, const float* gate_bias,
              const std::vector<const float*>& taps, float* sums) {
  for (int time = 0; time < s.samples(); time += kTile) {
    for (int c = 0; c < 2 * s.channels; ++c) {
      float* row = sums + c * s.stride() + time;
      std::fill(row, row + kTile, c < s.channels ? 0.f : gate_bias[c - s.channels]);
    }
    MultiplyAll(weights, 2 * s.channels, s.inputs(), taps.data(), time, sums, s.stride());
  }
}

float Clamp(float x, float low, float high) { return x < low ? low : x > high ? high : x; }

}  // namespace

extern "C" {

// h (B, C, T), out the same, settled without the first (K - 1) * dilation samples; weights
// (2C, K * C) with taps outermost; gate_bias (B, C).
void gated_layer_forward(int batch, int channels, int kernel_size, int dilation, int heard,
                         int settled, float limit, const float* h, const float* weights,
                         const float* gate_bias, float* out) {
  const Shape s{channels, kernel_size, dilation, heard, settled, limit};
  const int samples = s.samples();
#pragma omp parallel
  {
    Scratch scratch(s);
#pragma omp for
    for (int b = 0; b < batch; ++b) {
      LoadInput(s, h + (long)b * channels * heard, scratch.input);
      Convolve(s, weights, gate_bias + b * channels, Taps(s, scratch.input.data()),
               scratch.sums.data());
      for (int c = 0; c < channels; ++c) {
        const float* filter = scratch.sums.data() + c * s.stride();
        const float* gate = filter + channels * s.stride();
        const float* in = scratch.input.data() + c * s.stride() + s.history();
        float* to = out + ((long)b * channels + c) * samples;
        for (int t = 0; t < samples; ++t)
          to[t] = Clamp(in[t] + Clamp(filter[t], -1, 1) * Clamp(gate[t], 0, 1), -limit, limit);
      }
    }
  }
}

// From the gradient of out (B, C, T) to those of h (B, C, T), weights (2C, K * C), summed, and
// gate_bias (B, C).
void gated_layer_backward(int batch, int channels, int kernel_size, int dilation, int heard,
                          int settled, float limit, const float* h, const float* weights,
                          const float* transposed, const float* gate_bias, const float* grad_out,
                          float* grad_h, float* grad_weights, float* grad_gate) {
  const Shape s{channels, kernel_size, dilation, heard, settled, limit};
  const int inputs = s.inputs(), stride = s.stride(), samples = s.samples(), lead = s.lead();
  std::fill(grad_weights, grad_weights + 2 * channels * inputs, 0.f);
#pragma omp parallel
  {
    Scratch scratch(s);
    std::vector<float> own(2 * channels * inputs), back(channels * stride);
#pragma omp for
    for (int b = 0; b < batch; ++b) {
      LoadInput(s, h + (long)b * channels * heard, scratch.input);
      const std::vector<const float*> taps = Taps(s, scratch.input.data());
      Convolve(s, weights, gate_bias + b * channels, taps, scratch.sums.data());
      for (int c = 0; c < channels; ++c) {
        const float* filter = scratch.sums.data() + c * stride;
        const float* gate = filter + channels * stride;
        const float* in = scratch.input.data() + c * stride + s.history();
        const float* grad = grad_out + ((long)b * channels + c) * samples;
        float* to_filter = scratch.flow.data() + c * stride + lead;
        float* to_gate = to_filter + channels * stride;
        float* to_h = back.data() + c * stride + lead;
        std::fill(to_h - lead, to_h, 0.f);
        std::fill(to_h + samples, to_h + stride - lead, 0.f);
        float gate_sum = 0;
        for (int t = 0; t < samples; ++t) {
          const float f = Clamp(filter[t], -1, 1), g = Clamp(gate[t], 0, 1);
          const float sum = in[t] + f * g;
          const float d = sum > -limit && sum < limit ? grad[t] : 0.f;
          const float dg = gate[t] > 0 && gate[t] < 1 ? d * f : 0.f;
          to_filter[t] = filter[t] > -1 && filter[t] < 1 ? d * g : 0.f;
          to_gate[t] = dg;
          to_h[t] = d;
          gate_sum += dg;
        }
        for (float* row : {to_filter, to_gate}) {
          std::fill(row - lead, row, 0.f);
          std::fill(row + samples, row + stride - lead, 0.f);
        }
        grad_gate[b * channels + c] = gate_sum;
      }
      // Sample t of the input was read by tap k at time t + history - k * dilation - lead, and rows
      // of `flow` begin `lead` before their first time.
      std::vector<const float*> flow;
      for (int k = 0; k < kernel_size; ++k)
        for (int r = 0; r < 2 * channels; ++r)
          flow.push_back(scratch.flow.data() + r * stride + s.history() - k * dilation);
      for (int time = 0; time < heard; time += kTile)
        MultiplyAll(transposed, channels, 2 * channels * kernel_size, flow.data(), time,
                    back.data(), stride);
      for (int c = 0; c < channels; ++c)
        std::memcpy(grad_h + ((long)b * channels + c) * heard, back.data() + c * stride, 4 * heard);
      std::vector<const float*> rows;
      for (int r = 0; r < 2 * channels; ++r)
        rows.push_back(scratch.flow.data() + r * stride + lead);
      int r = 0;
      for (; r + 4 <= 2 * channels; r += 4) {
        int i = 0;
        for (; i + 6 <= inputs; i += 6)
          Correlate<4, 6>(rows.data() + r, taps.data() + i, samples, own.data() + r * inputs + i,
                          inputs);
        for (; i < inputs; ++i)
          Correlate<4, 1>(rows.data() + r, taps.data() + i, samples, own.data() + r * inputs + i,
                          inputs);
      }
      for (; r < 2 * channels; ++r)
        for (int i = 0; i < inputs; ++i)
          Correlate<1, 1>(rows.data() + r, taps.data() + i, samples, own.data() + r * inputs + i,
                          inputs);
    }
#pragma omp critical
    for (int i = 0; i < 2 * channels * inputs; ++i) grad_weights[i] += own[i];
  }
}
}
