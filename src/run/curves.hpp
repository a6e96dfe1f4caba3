/// Signals aligned on rule changes, summed over subjects block by block.
#pragma once

#include "core/archive.hpp"
#include "run/run.hpp"

namespace labile {

class CurveSum {
 public:
  CurveSum(int before, int after) : before_(before), after_(after) {}
  /// Adds every subject of the record.
  void add(const Trials& t);
  /// Adds what another sum holds; call in a fixed order, sums of doubles depend on it.
  void merge(const CurveSum& other);
  [[nodiscard]] std::vector<Curve> curves() const;
  void keep(Archive& a) { a(signals_); }

 private:
  struct Sums {
    std::vector<double> sum, square, n;  // [x]
    void keep(Archive& a) { a(sum, square, n); }
  };
  void add_subject(const Trials& t, std::size_t first, std::size_t last, const std::string& signal,
                   const std::function<double(std::size_t)>& value);
  int before_, after_;
  std::map<std::string, Sums> signals_;
};

}  // namespace labile
