/// Pictures of calibration and recovery: SVG files that stand alone.
#pragma once

#include <string>
#include <vector>

#include "run/calibrate.hpp"

namespace labile {

/// A panel a quantity: by how much more ranks lie below each place than of uniform ranks, with the band that holds all
/// of it in 95 of 100 calibrated quantities.
[[nodiscard]] std::string calibration_picture(const CalibrationSummary& s, const std::string& title);

/// One scatter: true against fitted.
struct ScatterPanel {
  std::string name, unit, note;
  std::vector<double> truth, fitted;  // NaN: left out
  std::vector<double> low, high;      // of intervals, empty for none
};
[[nodiscard]] std::string scatter_picture(const std::vector<ScatterPanel>& panels, const std::string& title,
                                          const std::string& note);

}  // namespace labile
