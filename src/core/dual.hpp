/// Forward-mode derivatives: a value with its gradient in P directions, exact to rounding.
///
/// Dual<double, P> gives gradients; Dual<Dual<double, P>, P> gives Hessians. Comparisons look at the value.
#pragma once

#include <array>
#include <type_traits>

#include "core/math.hpp"

namespace labile {

template <class B, int P>
struct Dual {
  B v;
  std::array<B, P> d;
  Dual() = default;
  Dual(double c) : v(c) { d.fill(B(0.0)); }
  Dual(B value, const std::array<B, P>& grad) : v(value), d(grad) {}
  /// A constant that differs between lanes.
  explicit Dual(const B& c)
    requires(!std::is_same_v<B, double>)
      : v(c) {
    d.fill(B(0.0));
  }

  /// The value x with derivative one in direction i.
  static Dual variable(B x, int i) {
    Dual r(0.0);
    r.v = x;
    r.d[i] = B(1.0);
    return r;
  }
  /// f(v) with f'(v) = slope, by the chain rule.
  Dual chain(B value, B slope) const {
    Dual r;
    r.v = value;
    for (int i = 0; i < P; ++i) r.d[i] = slope * d[i];
    return r;
  }

  friend Dual operator+(const Dual& a, const Dual& b) {
    Dual r;
    r.v = a.v + b.v;
    for (int i = 0; i < P; ++i) r.d[i] = a.d[i] + b.d[i];
    return r;
  }
  friend Dual operator-(const Dual& a, const Dual& b) {
    Dual r;
    r.v = a.v - b.v;
    for (int i = 0; i < P; ++i) r.d[i] = a.d[i] - b.d[i];
    return r;
  }
  friend Dual operator*(const Dual& a, const Dual& b) {
    Dual r;
    r.v = a.v * b.v;
    for (int i = 0; i < P; ++i) r.d[i] = a.d[i] * b.v + a.v * b.d[i];
    return r;
  }
  /// By numbers that no parameter moves.
  friend Dual operator*(const Dual& a, double b) { return a.chain(a.v * B(b), B(b)); }
  friend Dual operator*(const Dual& a, const B& b)
    requires(!std::is_same_v<B, double>)
  {
    return a.chain(a.v * b, b);
  }
  friend Dual operator/(const Dual& a, const Dual& b) {
    Dual r;
    r.v = a.v / b.v;
    const B inv = B(1.0) / b.v;
    for (int i = 0; i < P; ++i) r.d[i] = (a.d[i] - r.v * b.d[i]) * inv;
    return r;
  }
  friend Dual operator-(const Dual& a) { return a.chain(-a.v, B(-1.0)); }
  friend Dual& operator+=(Dual& a, const Dual& b) { return a = a + b; }
  friend Dual& operator-=(Dual& a, const Dual& b) { return a = a - b; }
  friend Dual& operator*=(Dual& a, const Dual& b) { return a = a * b; }

  friend auto operator<(const Dual& a, const Dual& b) { return a.v < b.v; }
  friend auto operator>(const Dual& a, const Dual& b) { return a.v > b.v; }
  friend auto operator<=(const Dual& a, const Dual& b) { return a.v <= b.v; }
  friend auto operator>=(const Dual& a, const Dual& b) { return a.v >= b.v; }
  friend auto operator==(const Dual& a, const Dual& b) { return a.v == b.v; }
  friend auto operator!=(const Dual& a, const Dual& b) { return a.v != b.v; }
};

template <class B, int P>
struct Lanes<Dual<B, P>> : Lanes<B> {};

template <class B, int P>
Dual<B, P> select(Mask<B> c, const Dual<B, P>& a, const Dual<B, P>& b) {
  Dual<B, P> r;
  r.v = select(c, a.v, b.v);
  for (int i = 0; i < P; ++i) r.d[i] = select(c, a.d[i], b.d[i]);
  return r;
}
template <class B, int P>
Dual<B, P> fma(const Dual<B, P>& a, const Dual<B, P>& b, const Dual<B, P>& c) {
  return a * b + c;
}
template <class B, int P>
Dual<B, P> min(const Dual<B, P>& a, const Dual<B, P>& b) {
  return select(b < a, b, a);
}
template <class B, int P>
Dual<B, P> max(const Dual<B, P>& a, const Dual<B, P>& b) {
  return select(a < b, b, a);
}
template <class B, int P>
Dual<B, P> abs(const Dual<B, P>& a) {
  return select(a < Dual<B, P>(0.0), -a, a);
}
template <class B, int P>
Dual<B, P> exp(const Dual<B, P>& a) {
  const B e = exp(a.v);
  return a.chain(e, e);
}
template <class B, int P>
Dual<B, P> log(const Dual<B, P>& a) {
  return a.chain(log(a.v), B(1.0) / a.v);
}
template <class B, int P>
Dual<B, P> log1p(const Dual<B, P>& a) {
  return a.chain(log1p(a.v), B(1.0) / (B(1.0) + a.v));
}
template <class B, int P>
Dual<B, P> expm1(const Dual<B, P>& a) {
  return a.chain(expm1(a.v), exp(a.v));
}
template <class B, int P>
Dual<B, P> sqrt(const Dual<B, P>& a) {
  const B s = sqrt(a.v);
  return a.chain(s, B(0.5) / s);
}
template <class B, int P>
Dual<B, P> pow(const Dual<B, P>& a, const Dual<B, P>& b) {
  return exp(b * log(a));
}
template <class B, int P>
Dual<B, P> logistic(const Dual<B, P>& a) {
  const B s = logistic(a.v);
  return a.chain(s, s * logistic(-a.v));
}
template <class B, int P>
Dual<B, P> softplus(const Dual<B, P>& a) {
  return a.chain(softplus(a.v), logistic(a.v));
}

/// The plain number inside, whatever the nesting.
inline double value_of(double x) {
  return x;
}
inline Vec value_of(Vec x) {
  return x;
}
template <class B, int P>
auto value_of(const Dual<B, P>& x) {
  return value_of(x.v);
}

}  // namespace labile
