/// The hot loops: one source's spike delivered to its synapses in one block of targets, plasticity included.
///
/// A row's synapses lie in chunks of 16 or 8 lanes, one array after another within the chunk:
///   index   u16[L]   2 x target within the block (scaled for addressing); padding points at a dummy target
///   dw      f32[L]   weight minus reference, with what targets' sums held at the last visit taken off
///   e       f32[L]   gated rules: eligibility at the last visit, likewise compensated
///   z       f32[L]   soft bounds: the compensation of dw, kept apart because the bounds' factor is frozen
///   w0      f32[L]   reference weights, where synapses differ in them; otherwise one number a projection
/// Static projections keep index and weight, or the index alone where all weights are equal.
///
/// Sums of a target's spikes (post_sums.hpp) of epoch p, relative to reference r: A_p, B_p. With
/// d = exp(-(t - r)/tau_e) and G = integral of exp(-(s - r)/tau_e) g from r to t, a presynaptic trace of one
/// at p's anchor has since collected the eligibility E_p = d A_p and the weight integral W_p = B_p + G A_p.
/// A visit at t1, last visit t0 in epoch p, present epoch q:
///   e1 = D e~ + c0 E_p            w1 = clip(w~ + eta J(t0,t1) e~ + eta c0 W_p)     delivered
///   e1 += kY Y                    e~' = e1 - c1 E_q        w~' = w1 - eta c1 W_q
/// Rules without a gate: w1 = clip(clip(w~ + eta c0 A_p) + eta kY Y), delivered; w~' = w1 - eta c1 A_q.
#pragma once

#include <cstddef>
#include <cstdint>

namespace labile {

/// What differs between rows; products are taken in double and rounded once.
struct RowConstants {
  // Decay of e since the last visit: D, or, where more than half is left, D - 1 to be added to what was
  // there. D itself, rounded alike at every visit of a regular source, would shift long tags.
  float D = 0;
  bool keep_e = true;
  float c0_d = 0;                  // c0 d
  float eta_J = 0;                 // eta J(t0, t1)
  float eta_c0 = 0, eta_c0_G = 0;  // eta c0, eta c0 G
  float kY = 0;                    // depression per unit of stored Y (times eta without a gate)
  float c1_d = 0;                  // c1 d
  float eta_c1 = 0, eta_c1_G = 0;  // eta c1, eta c1 G
  float w0 = 0, dw_min = 0,
        dw_max = 0;  // reference and bounds relative to it; with own references: 0 and bounds
};

/// Sums of the block's targets. Gated rules: now [n]{Y, A, B, 0}, frame [n]{A, B}; others: now [n]{Y, A},
/// frame [n]{A}.
struct RowTargets {
  const float* now;
  const float* frame;
};

/// Chunks of the row that will be visited next, to be fetched meanwhile.
struct NextRow {
  const std::byte* begin = nullptr;
  std::size_t chunks = 0;
};

/// Visits `chunks` chunks and adds the delivered weights to `input` [targets].
using VisitRow = void (*)(std::byte* row, std::size_t chunks, const RowConstants& k,
                          const RowTargets& targets, float* input, const NextRow& next) noexcept;
/// Adds a row's weights to `input`; `w` is the weight where all are equal.
using DeliverRow = void (*)(const std::byte* row, std::size_t chunks, float w, float* input,
                            const NextRow& next) noexcept;

struct RowShape {
  int lanes = 16;  // 16 or 8
  bool plastic = false, gated = false, soft = false;
  bool own = false;  // each synapse has its own reference weight (static: its own weight)

  [[nodiscard]] std::size_t chunk_bytes() const {
    const std::size_t floats = plastic ? 1 + gated + soft + own : own;
    return static_cast<std::size_t>(lanes) * (2 + 4 * floats);
  }
  // Offsets within a chunk, bytes.
  [[nodiscard]] std::size_t dw_at() const { return static_cast<std::size_t>(lanes) * 2; }
  [[nodiscard]] std::size_t e_at() const { return static_cast<std::size_t>(lanes) * 6; }
  [[nodiscard]] std::size_t z_at() const { return static_cast<std::size_t>(lanes) * (gated ? 10 : 6); }
  [[nodiscard]] std::size_t w0_at() const { return chunk_bytes() - static_cast<std::size_t>(lanes) * 4; }
};

/// The loop for a shape; `wide` asks for AVX-512 where machine and shape have it. Same bits either way.
[[nodiscard]] VisitRow visit_row(const RowShape& shape, bool wide);
[[nodiscard]] DeliverRow deliver_row(const RowShape& shape);
[[nodiscard]] bool machine_is_wide() noexcept;
/// As visit_row, for the translation unit compiled for AVX-512; null where the shape has no wide loop.
[[nodiscard]] VisitRow visit_row_wide(const RowShape& shape);

}  // namespace labile
