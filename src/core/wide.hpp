/// Four of a scalar type side by side, so that a model can work through parts of its own (causes, times) four at
/// a time: Vec for double, Dual over Vec for Dual over double. A Vec, which is four subjects already, stays one.
///
/// An operation on a Wide is that of its scalar in each lane, to the bit.
#pragma once

#include "core/dual.hpp"

namespace labile {

template <class T>
struct WideOf;
template <>
struct WideOf<double> {
  using type = Vec;
  static constexpr int lanes = kWidth;
  static Vec spread(double x) { return Vec(x); }
  static double get(const Vec& x, int k) { return x[k]; }
  static void set(Vec& x, int k, double y) { x.set(k, y); }
  static Vec scaled(const Vec& x, const Vec& by) { return by * x; }
};
template <>
struct WideOf<Vec> {
  using type = Vec;
  static constexpr int lanes = 1;
  static Vec spread(const Vec& x) { return x; }
  static Vec get(const Vec& x, int) { return x; }
  static void set(Vec& x, int, const Vec& y) { x = y; }
  static Vec scaled(const Vec& x, const Vec& by) { return by * x; }
};
template <class B, int P>
struct WideOf<Dual<B, P>> {
  using Part = WideOf<B>;
  using type = Dual<typename Part::type, P>;
  static constexpr int lanes = Part::lanes;
  static type spread(const Dual<B, P>& x) {
    type r;
    r.v = Part::spread(x.v);
    for (int i = 0; i < P; ++i) r.d[i] = Part::spread(x.d[i]);
    return r;
  }
  static Dual<B, P> get(const type& x, int k) {
    Dual<B, P> r;
    r.v = Part::get(x.v, k);
    for (int i = 0; i < P; ++i) r.d[i] = Part::get(x.d[i], k);
    return r;
  }
  static void set(type& x, int k, const Dual<B, P>& y) {
    Part::set(x.v, k, y.v);
    for (int i = 0; i < P; ++i) Part::set(x.d[i], k, y.d[i]);
  }
  /// by x, lane by lane.
  static type scaled(const type& x, const Vec& by) {
    type r;
    r.v = Part::scaled(x.v, by);
    for (int i = 0; i < P; ++i) r.d[i] = Part::scaled(x.d[i], by);
    return r;
  }
};

/// As many of T as work side by side, and their number.
template <class T>
using Wide = typename WideOf<T>::type;
template <class T>
inline constexpr int kSide = WideOf<T>::lanes;

/// The largest of the four lanes, in every lane; a bit for each lane where c holds; the first of them (there must
/// be one).
inline Vec top_of(const Vec& x) {
  const Vec halves = max(x, Vec(RawDoubles(_mm256_permute2f128_pd(x.v, x.v, 1))));
  return max(halves, Vec(RawDoubles(_mm256_permute_pd(halves.v, 5))));
}
inline unsigned bits_of(const Mask4& c) {
  return static_cast<unsigned>(_mm256_movemask_pd((RawDoubles)c.m));
}
inline int first_of(const Mask4& c) {
  return std::countr_zero(bits_of(c));
}

}  // namespace labile
