#include "modulators/clearance.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "core/error.hpp"
#include "core/math.hpp"

namespace labile {
static_assert(sizeof(Vec) == kWidth * sizeof(double) &&
              std::is_trivially_copyable_v<Vec>);  // copied as bytes
namespace {
constexpr double kFinest = 0.05;  // substep x fastest rate
constexpr int kMost = 10'000;

double at_least_zero(const char* what, double x) {
  if (!(x >= 0 && std::isfinite(x)))
    throw Error(fmt::format("clearance: {} = {} must be a finite number >= 0", what, x));
  return x;
}
std::size_t at(int i) {
  return static_cast<std::size_t>(i);
}
}  // namespace

Clearance::Clearance(int regions, double dt_ms) : regions_(regions), dt_s_(dt_ms / 1000) {
  if (regions <= 0) throw Error(fmt::format("clearance: {} regions; at least one is needed", regions));
  if (!(dt_ms > 0 && std::isfinite(dt_ms)))
    throw Error(fmt::format("clearance: dt = {} must be a finite time > 0 ms", dt_ms));
  loss_.assign(at(regions), 0.0);
  source_ = loss_;
}

int Clearance::add_transporter(std::span<const double> vmax, double km) {
  if (vmax.size() != at(regions_))
    throw Bug(fmt::format("{} values of Vmax for {} regions", vmax.size(), regions_));
  if (!(km > 0 && std::isfinite(km)))
    throw Error(fmt::format("clearance: Km = {} must be a finite concentration > 0 µM", km));
  for (const double v : vmax) at_least_zero("Vmax", v);
  transporters_.push_back({km, {vmax.begin(), vmax.end()}, std::vector<double>(at(regions_), 0.0)});
  ready_ = false;
  return static_cast<int>(transporters_.size()) - 1;
}

void Clearance::set_vmax(int transporter, int region, double vmax) {
  transporters_.at(at(transporter)).vmax.at(at(region)) = at_least_zero("Vmax", vmax);
  ready_ = false;
}
void Clearance::set_inhibition(int transporter, int region, double relative) {
  transporters_.at(at(transporter)).inhibition.at(at(region)) = at_least_zero("I/Ki", relative);
  ready_ = false;
}
void Clearance::set_loss(int region, double per_s) {
  loss_.at(at(region)) = at_least_zero("the loss", per_s);
  ready_ = false;
}
void Clearance::set_source(int region, double source) {
  source_.at(at(region)) = at_least_zero("the source", source);
  if (ready_) four_source_[at(region / kWidth)].set(region % kWidth, source);
}

void Clearance::set_sources(std::span<const double> source) {
  if (source.size() != source_.size())
    throw Bug(fmt::format("{} sources for {} regions", source.size(), source_.size()));
  std::ranges::copy(source, source_.begin());
  if (!ready_) return;
  std::memcpy(four_source_.data(), source.data(), source.size_bytes());
}

int Clearance::substeps() {
  if (!ready_) prepare();
  return substeps_;
}

void Clearance::prepare() {
  double fastest = 0;
  for (int r = 0; r < regions_; ++r) {
    double rate = loss_[at(r)];
    for (const auto& t : transporters_) rate += t.vmax[at(r)] / (t.km * (1 + t.inhibition[at(r)]));
    fastest = std::max(fastest, rate);
  }
  const double wanted = transporters_.empty() ? 1 : std::max(1.0, std::ceil(dt_s_ * fastest / kFinest));
  if (wanted > kMost)
    throw Error(
        fmt::format("clearance: a step of {} ms is too long for a rate of {:.4g} per s (at most {} substeps)",
                    dt_s_ * 1000, fastest, kMost));
  substeps_ = static_cast<int>(wanted);
  const int fours = (regions_ + kWidth - 1) / kWidth;
  four_loss_.assign(at(fours), Vec(0.0));
  four_source_ = decay_ = arrives_ = four_loss_;
  four_vmax_.assign(at(fours) * transporters_.size(), Vec(0.0));
  four_km_.assign(four_vmax_.size(), Vec(1.0));
  for (int r = 0; r < regions_; ++r) {
    const auto four = at(r / kWidth);
    const int lane = r % kWidth;
    const double k = loss_[at(r)], j = source_[at(r)];
    four_loss_[four].set(lane, k);
    four_source_[four].set(lane, j);
    const double lost = -expm1(-k * dt_s_);
    decay_[four].set(lane, 1 - lost);
    arrives_[four].set(lane, k > 0 ? lost / k : dt_s_);
    for (std::size_t t = 0; t < transporters_.size(); ++t) {
      const auto& x = transporters_[t];
      four_vmax_[four * transporters_.size() + t].set(lane, x.vmax[at(r)]);
      four_km_[four * transporters_.size() + t].set(lane, x.km * (1 + x.inhibition[at(r)]));
    }
  }
  ready_ = true;
}

void Clearance::step(std::span<double> c) {
  if (c.size() != at(regions_))
    throw Bug(fmt::format("{} concentrations for {} regions", c.size(), regions_));
  if (!ready_) prepare();
  const std::size_t n = transporters_.size();
  const Vec h(dt_s_ / substeps_), half(0.5), sixth(1.0 / 6);
  for (int first = 0; first < regions_; first += kWidth) {
    const auto four = at(first / kWidth);
    const int used = std::min(kWidth, regions_ - first);
    Vec x(0.0);
    std::memcpy(&x, &c[at(first)], at(used) * sizeof(double));
    if (n == 0) {
      x = x * decay_[four] + arrives_[four] * four_source_[four];
    } else {
      const Vec* vmax = &four_vmax_[four * n];
      const Vec* km = &four_km_[four * n];
      const auto slope = [&](Vec y) {
        Vec s = four_source_[four] - four_loss_[four] * y;
        for (std::size_t t = 0; t < n; ++t) s -= vmax[t] * y / (km[t] + y);
        return s;
      };
      for (int i = 0; i < substeps_; ++i) {
        const Vec a = slope(x), b = slope(x + half * h * a), d = slope(x + half * h * b),
                  e = slope(x + h * d);
        x += h * sixth * (a + b + b + d + d + e);
      }
    }
    std::memcpy(&c[at(first)], &x, at(used) * sizeof(double));
  }
}

double Clearance::cleared(int region, double c) const {
  double sum = loss_[at(region)] * c;
  for (const auto& t : transporters_)
    sum += t.vmax[at(region)] * c / (t.km * (1 + t.inhibition[at(region)]) + c);
  return sum;
}

double Clearance::steady(int region) const {
  const double j = source_.at(at(region));
  if (j == 0) return 0;
  double capacity = 0;
  for (const auto& t : transporters_) capacity += t.vmax[at(region)];
  if (loss_[at(region)] == 0 && capacity <= j) return std::numeric_limits<double>::infinity();
  double hi = 1;
  while (cleared(region, hi) < j) hi *= 2;
  double lo = 0;
  for (int i = 0; i < 200 && lo < hi; ++i) {
    const double middle = lo + (hi - lo) / 2;
    if (middle <= lo || middle >= hi) break;
    (cleared(region, middle) < j ? lo : hi) = middle;
  }
  return hi;
}

void Clearance::keep(Archive& a) {
  for (Transporter& t : transporters_) {
    a.each(t.vmax);
    a.each(t.inhibition);
  }
  a.each(loss_);
  a.each(source_);
  if (a.loading()) ready_ = false;
}

}  // namespace labile
