/// How a modulator spreads within a step of time: on a grid of one to three dimensions, or between regions.
///
///   grid     dC/dt = D laplace C, by differences of second order in space, borders that nothing crosses
///   regions  dC_i/dt = sum over j of g_ij (C_j - C_i) / V_i, g_ij = g_ji
///
/// Solved exactly in time, by the exponential of the matrix, for any step: values stay positive, and the mass (sum of C V) stays what it was
/// to rounding. On a grid dimensions are taken one after the other, which is exact too; each is a short kernel with images at the borders.
#pragma once

#include <array>
#include <span>
#include <vector>

namespace labile {

class Diffusion {
 public:
  struct Grid {
    std::array<int, 3> cells{1, 1, 1};  // 1 in dimensions that are not there
    double spacing_um = 10;             // > 0
    double d_um2_s = 400;               // D, >= 0
  };
  /// Throws Error on values out of range, or a grid so fine that a step spreads over more than 4,000 cells.
  Diffusion(const Grid& grid, double dt_ms);
  /// Volumes V [region], any unit, > 0; exchange g [region][region] in that unit per s, symmetric, >= 0. Throws Error otherwise.
  Diffusion(std::span<const double> volumes, std::span<const double> exchange, double dt_ms);
  /// C, [x][y][z] with z fastest or [region], a step later.
  void step(std::span<double> c);
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  std::array<int, 3> cells_{1, 1, 1};
  std::size_t size_;
  std::vector<double> kernel_;  // [distance], of an infinite line; grids
  std::vector<double> matrix_;  // [to][from]; regions
  std::vector<double> line_, spread_;
};

}  // namespace labile
